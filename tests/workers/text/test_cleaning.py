"""A clean text breaks no consumer, and any message becomes one line."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.text.cleaning import MAX_DETAIL_CHARS, clean, first_line, harmful_chars, one_line

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


@given(any_text)
def test_a_message_is_one_line_that_any_table_holds(message: str) -> None:
    line = one_line(message)
    assert line.splitlines() in ([], [line])
    assert line.isprintable() or all(unicodedata.category(c) != "Cc" for c in line)
    assert "\0" not in line
    assert len(line.encode()) <= 4 * MAX_DETAIL_CHARS


def test_a_message_keeps_its_words_and_shows_bytes_that_are_no_text() -> None:
    assert one_line(ValueError("no\nsuch\tfile\0 \udcff.pdf")) == "no such file \\udcff.pdf"


@pytest.mark.parametrize(
    ("exc", "line"),
    [
        (ValueError("\n no such shape \nTraceback: …"), "no such shape "),
        (ValueError(), "ValueError"),
        (OSError(" "), "OSError"),
    ],
)
def test_the_first_line_of_an_exception_is_never_empty(exc: Exception, line: str) -> None:
    assert first_line(exc) == line
