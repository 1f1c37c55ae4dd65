"""Addresses of the Internet are found; versions, sections, times and private ones are not."""

from __future__ import annotations

import pytest

from workers.policies.personal.evidence import digit_runs
from workers.policies.personal.networks import networks


def spans(text: str) -> list[str]:
    found = networks(text, digit_runs(text))
    return [text[one.start : one.end] for one in found if one.certainty >= 0.5]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("from 84.17.203.9.", "84.17.203.9"),
        ("IP: 5.9.1.12", "5.9.1.12"),
        ("see 203.5.17.201, too", "203.5.17.201"),
        ("[2a02:6b8::feed:ff]:80", "2a02:6b8::feed:ff"),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c.", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"),
    ],
)
def test_a_public_address_is_found(text: str, address: str) -> None:
    assert spans(text) == [address]


@pytest.mark.parametrize(
    "text",
    [
        "version 84.17.203.9 and v4.17.203.9",
        "libXext 1.0.99.1, section 3.1.2.4",
        "\n## 12.4.17.2 Results",
        "10.0.0.1, 192.168.3.4, 127.0.0.1, 192.0.2.1 and 224.0.0.1",
        "fe80::1, fd00::2, ::1, 2001:db8::7",
        "8.8.8.8 answers",
        "at 12:34:56 from 00:1a:2b:3c:4d:5e",
        "0:1:2:3:4:5:6:7",
        "1.2.3.4.5.6 and 300.400.500.600",
        "std::vector::iterator, a::b",
    ],
)
def test_other_numbers_are_none(text: str) -> None:
    assert spans(text) == []
