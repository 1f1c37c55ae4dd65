"""A message is one line, from whatever error or log it comes."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.lines import MAX_DETAIL_CHARS, error_line, first_line, last_line, one_line

any_text = st.text(st.characters())  # surrogates and control characters, too


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


@pytest.mark.parametrize(
    ("text", "prefix", "line"),
    [
        ("", "", ""),
        (" \n\n", "ours: ", ""),
        ("Traceback:\n  File\nOSError: full \n\n", "", "OSError: full"),
        ("ours: no bucket\nprogress 1\n", "ours: ", "no bucket"),
        ("ours: no bucket\nprogress 1\n", "", "progress 1"),
        ("killed\nprogress 1\n", "ours: ", "progress 1"),
    ],
)
def test_the_last_line_is_the_last_with_the_prefix_if_any_has_it(
    text: str, prefix: str, line: str
) -> None:
    assert last_line(text, prefix) == line


@given(any_text)
def test_the_line_of_an_error_has_no_line_end_and_is_never_empty(text: str) -> None:
    line = error_line(OSError(text))
    assert line.splitlines() == [line]


def test_the_line_of_an_error_is_whole_and_without_colours() -> None:
    long = "x" * (MAX_DETAIL_CHARS + 1)
    assert error_line(OSError(f"\x1b[31mno\x1b[0m\n {long}")) == f"no {long}"
    assert error_line(TimeoutError()) == "TimeoutError"
