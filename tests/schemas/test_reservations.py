"""What headers of a response reserve."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.reservations import reserved_by_headers


@pytest.mark.parametrize(
    ("headers", "reserved"),
    [
        ([("Content-Type", "application/pdf")], None),
        ([("tdm-reservation", "1")], "tdm-reservation"),
        ([("tdm-reservation", "0")], None),
        ([("tdm-reservation", "yes")], None),  # not a value of the protocol: as if it were not set
        ([("tdm-policy", "https://example.org/policy.json")], None),
        ([("X-Robots-Tag", "noindex, nofollow")], None),
        ([("X-Robots-Tag", "NoAI, noimageai"), ("TDM-Reservation", " 1 ")],
         "noai; noimageai; tdm-reservation"),
        ([("x-robots-tag", "noindex"), ("x-robots-tag", "noai")], "noai"),
        ([("X-Robots-Tag", "otherbot: noai, noimageai")], None),
        ([("X-Robots-Tag", "pagefoundry: noai")], "noai"),
        ([("X-Robots-Tag", "unavailable_after: 25 Jun 2030 15:00:00 PST, noai")], "noai"),
    ],
)  # fmt: skip
def test_reservations_of_headers(headers: list[tuple[str, str]], reserved: str | None) -> None:
    assert reserved_by_headers(headers) == reserved


@given(st.lists(st.tuples(st.sampled_from(["x-robots-tag", "tdm-reservation"]), st.text())))
def test_any_headers_are_read(headers: list[tuple[str, str]]) -> None:
    found = reserved_by_headers(headers)
    assert found is None or set(found.split("; ")) <= {
        "tdm-reservation", "noai", "no-ai", "noimageai", "no-imageai", "noimage-ai", "no-image-ai",
    }  # fmt: skip
