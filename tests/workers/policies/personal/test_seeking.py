"""A value is sought in lines as OCR may have misread it, and other values are not taken for it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workers.policies.personal.pictures import drawn
from workers.engines.text_lines import Line
from workers.policies.personal.seeking import (
    LEAST_LIKENESS,
    Value,
    in_reading_order,
    parts,
    parts_anywhere,
)

MAIL = Value("ada@lovelace.org", "email")
words = st.text(st.sampled_from("ad@lov.e 1O|"), max_size=12)


def line(text: str) -> Line:
    return Line(np.zeros((4, 2), np.float32), text, 0.9, False)


def sought(value: Value, *texts: str) -> list[str]:
    lines = [line(text) for text in texts]
    found = parts(value, lines, LEAST_LIKENESS)
    return [part.line.text[part.first : part.last + 1] for part in found]


@pytest.mark.parametrize(
    "text",
    [
        "ada@lovelace.org",
        "ada@love1ace.org",
        "ada@lovelace.orq",
        "bda@lovelace.org",
        "ADA@Lovelace.org",
        "ada @lovelace. org",
        "ada@lovelaceorg",
    ],
)
def test_the_sought_signs_are_those_of_the_value(text: str) -> None:
    assert sought(MAIL, f"to {text} now") == [text]


def test_a_value_that_wraps_is_in_two_parts() -> None:
    assert sought(MAIL, "to ada@love", "lace.org now") == ["ada@love", "lace.org"]


def test_every_exact_place_is_found_and_then_no_likely_one() -> None:
    assert len(sought(MAIL, "ada@lovelace.org", "ada@lovelace.org", "ada@lovelace.orq")) == 2


def test_unlike_values_are_none() -> None:
    assert sought(MAIL, "bob@quarry.net", "", "ada") == []
    assert sought(Value("020 7946 0958", "phone"), "020 7946 1317") == []


def test_in_a_whole_picture_a_misread_value_is_within_one_line() -> None:
    number = Value("1 67 04 15 233 445 88", "national_id")
    cells = [line("1 67 04 15 2"), line("ISBN 978-8"), line("33 445 88")]
    assert list(parts_anywhere(number, cells, LEAST_LIKENESS)) == []
    assert len(list(parts_anywhere(MAIL, [line("ada@love"), line("lace.org")], 82))) == 2
    assert len(list(parts_anywhere(MAIL, [line("x"), line("ada@lovelace.orq")], 82))) == 1


@given(words, st.lists(words, max_size=4))
def test_no_text_raises_and_parts_are_within_lines(value: str, texts: list[str]) -> None:
    lines = [line(text) for text in texts]
    for part in parts(Value(value, "phone"), lines, LEAST_LIKENESS):
        assert 0 <= part.first <= part.last < len(part.line.text)


def test_lines_are_read_from_the_top_and_from_the_left() -> None:
    lines = drawn("a", "b", "c").lines
    right = lines[0]._replace(text="z", corners=lines[0].corners + np.array([300, 6], np.float32))
    assert [line.text for line in in_reading_order([lines[2], right, lines[1], lines[0]])] == list(
        "azbc"
    )
