"""Page numbers: what is one, and what only looks like one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.layout.page_numbers import first_number, folded, last_number, page_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *(("7", 7), ("- 3 -", 3), ("Page 3 of 10", 3), ("3 / 10", 3), ("Seite 4 von 9", 4)),
        *(("xiv", 14), ("IX", 9), ("A-12", 12), ("3.12", 12), ("第 5 頁", 5), ("\u0661\u0662", 12)),
        *(("mild", None), ("Page", None), ("Table 3", None), ("12 monkeys", None), ("", None)),
        *(("civil", None), ("iXv", None), ("12345", None)),
    ],
)
def test_page_number(text: str, number: int | None) -> None:
    assert page_number(text) == number


def test_numbers_at_the_ends_of_a_head() -> None:
    assert first_number("12  CHAPTER 1. ROPES") == 12
    assert last_number("Manual of ropes 12") == 12
    assert first_number("Ropes of 1872") is None
    assert last_number("1872 and after") is None


@given(st.text(max_size=40))
def test_any_text_is_read(text: str) -> None:
    number = page_number(text)
    assert number is None or number >= 0
    assert folded(folded(text)) == folded(text)
