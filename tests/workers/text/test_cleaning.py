"""A clean text breaks no consumer."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from workers.text.cleaning import clean, harmful_chars

any_text = st.text(st.characters())  # surrogates and control characters, too


@given(any_text)
def test_a_clean_text_has_nothing_that_breaks_consumers_and_stays_as_it_is(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert cleaned == cleaned.strip()
    cleaned.encode("utf-8")
    assert not {c for c in cleaned if unicodedata.category(c) in ("Cc", "Cs")} - {"\t", "\n"}


@given(st.text(st.characters(exclude_categories=["C"])))
def test_cleaning_leaves_visible_text_alone(text: str) -> None:
    assert clean(text) == text.strip()


def test_line_ends_become_newlines() -> None:
    assert clean("a\r\nb\rc\nd") == "a\nb\nc\nd"


@given(st.text(st.characters(exclude_characters="\r\x0b\x0c\x85")))
def test_what_is_removed_within_a_text_is_counted(text: str) -> None:
    framed = f"|{text}|"
    assert len(framed) - len(clean(framed)) == harmful_chars(framed)
