"""Measures against cases worked by hand, and what must hold of any two texts."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.evaluation.metrics import bleu, compare
from workers.evaluation.normalise import plain

TEXTS = st.text(alphabet="ab c漢", max_size=60).map(plain)


def test_a_case_worked_by_hand() -> None:
    """the cat sat down -> the bat sat: 1 wrong and 5 missing characters, of 16, with 11 read."""
    found = compare("the cat sat down", "the bat sat")
    assert (found.char_errors, found.truth_chars, found.reading_chars) == (6, 16, 11)
    assert found.edit_distance == 6 / 16
    assert found.precision == 10 / 16
    assert (found.char_precision, found.char_recall) == (10 / 11, 10 / 16)
    assert found.char_f1 == pytest.approx(2 * 10 / (11 + 16))
    assert (found.word_errors, found.truth_words, found.wer) == (2, 4, 0.5)
    assert (found.word_precision, found.word_recall) == (2 / 3, 2 / 4)
    assert found.cer == 6 / 16


def test_words_are_compared_as_sets() -> None:
    found = compare("to be or not to be", "be to not or")
    assert (found.word_precision, found.word_recall, found.word_f1) == (1, 1, 1)
    assert found.word_errors > 0


def test_too_much_counts_against_the_precision_and_may_pass_an_error_rate_of_one() -> None:
    found = compare("ab", "ab" * 5)
    assert (found.char_precision, found.char_recall) == (0.2, 1)
    assert found.cer == 4
    assert found.edit_distance == 0.8


def test_bleu_of_a_case_worked_by_hand() -> None:
    """5 of 6 words, 3 of 5 pairs, 2 of 4 triples and 1 of 3 fours; no penalty at equal length."""
    truth, reading = list("abcdef"), list("abcdxf")
    expected = math.exp((math.log(5 / 6) + math.log(3 / 5) + math.log(2 / 4) + math.log(1 / 3)) / 4)
    assert bleu(truth, reading) == pytest.approx(expected)
    assert bleu(truth, truth[:4]) == pytest.approx(math.exp(1 - 6 / 4))
    assert bleu(truth, list("xyzuvw")) == 0


@given(TEXTS)
def test_a_text_agrees_with_itself(text: str) -> None:
    found = compare(text, text)
    assert (found.precision, found.char_f1, found.cer, found.wer) == (1, 1, 0, 0)
    assert (found.word_f1, found.bleu) == (1, pytest.approx(1))


@given(TEXTS, TEXTS)
def test_what_must_hold_of_any_two_texts(truth: str, reading: str) -> None:
    there, back = compare(truth, reading), compare(reading, truth)
    assert there.char_errors == back.char_errors
    assert there.edit_distance == back.edit_distance
    shares = (there.precision, there.char_precision, there.char_recall, there.word_f1, there.bleu)
    assert all(0 <= share <= 1 + 1e-9 for share in shares)
    assert (there.word_precision, there.word_recall) == (back.word_recall, back.word_precision)
    assert (there.edit_distance == 0) == (truth == reading)
    # What is right cannot be more than either text has, and every other character costs an edit.
    right = there.char_recall * len(truth) if truth else 0
    assert right <= len(reading) + 1e-9
    assert there.char_errors >= max(len(truth), len(reading)) - right - 1e-9
