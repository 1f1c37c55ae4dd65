"""Coordinates are of people where words say so."""

from __future__ import annotations

import pytest

from workers.policies.personal.coordinates import coordinates
from workers.policies.personal.evidence import digit_runs


def sure(text: str) -> list[str]:
    found = coordinates(text, digit_runs(text))
    return [text[one.start : one.end] for one in found if one.certainty >= 0.5]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("She lives at 52.51704, 13.38886.", "52.51704, 13.38886"),
        ("Wohnort: -33.85678, 151.21530", "-33.85678, 151.21530"),
        ("自宅: 35.68950, 139.69170", "35.68950, 139.69170"),
        ("home 52°31'1.3\"N 13°23'19.9\"E", "52°31'1.3\"N 13°23'19.9\"E"),
    ],
)
def test_those_of_people_are_found(text: str, place: str) -> None:
    assert sure(text) == [place]


@pytest.mark.parametrize(
    "text",
    [
        "sampling station 52.51704, 13.38886",
        "52.51704, 13.38886",
        "home at 52.5, 13.4",
        "his results 95.51704, 13.38886",
        "the values 1.2345 and 2.3456 at home",
    ],
)
def test_others_are_not(text: str) -> None:
    assert sure(text) == []
