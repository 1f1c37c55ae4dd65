"""Quality scores are shares, and every reading either passes or has a known reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.recipe import Quality
from schemas.reject_reasons import REJECT_REASONS
from tests.builders import PROSE
from workers.text.quality import Scores, judge, measure, repetition, symbol_share
from workers.text.signatures import words

shares = st.floats(0, 1)
GOOD = Scores(score=0.9, confidence=0.9, repetition=0.0, symbol_share=0.1, ink_share=0.1)


@given(
    text=st.one_of(st.text(), st.text(st.sampled_from(" .-_|\n\tab"))),
    confidence=st.none() | shares,
    ink_share=shares,
    text_tokens=st.integers(0, 10_000),
    floors=st.builds(
        Quality,
        min_text_tokens=st.integers(1, 100),
        min_confidence=shares,
        max_repetition=shares,
        max_symbol_share=shares,
    ),
)
def test_every_reading_is_measured_and_judged(text, confidence, ink_share, text_tokens, floors):
    scores = measure(text, words(text), confidence, ink_share)
    for share in (scores.score, scores.repetition, scores.symbol_share, scores.ink_share):
        assert 0 <= share <= 1
    error = judge(scores, text_tokens, floors)
    assert error is None or error.reason in REJECT_REASONS


@pytest.mark.parametrize(
    ("change", "text_tokens", "reason"),
    [
        ({}, 100, None),
        ({}, 0, "no_text"),
        ({"confidence": 0.49}, 100, "low_confidence"),
        ({"confidence": None}, 100, None),
        ({"coverage": 0.07}, 100, "incomplete"),
        ({"coverage": 0.5}, 100, None),
        ({"repetition": 0.71}, 100, "repetition"),
        ({"symbol_share": 0.71}, 100, "garbage"),
        ({"confidence": 0.1, "symbol_share": 1.0}, 0, "no_text"),
    ],
)
def test_the_first_floor_missed_gives_the_reason(change, text_tokens, reason) -> None:
    scores = Scores(**({name: getattr(GOOD, name) for name in GOOD.__slots__} | change))
    error = judge(scores, text_tokens, Quality())
    assert (error and error.reason) == reason


def test_a_value_on_its_floor_passes() -> None:
    floors = Quality()
    on_floor = Scores(0.1, floors.min_confidence, floors.max_repetition, floors.max_symbol_share, 0)
    assert judge(on_floor, floors.min_text_tokens, floors) is None


def test_a_loop_repeats_and_prose_does_not() -> None:
    assert repetition(words(PROSE)) == 0.0
    assert repetition(["again"] * 100) > 0.95
    assert repetition(["the", "same", "five", "words", "here"] * 40) > 0.9
    assert repetition(["short"] * 9) == 0.0


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        (PROSE, 0.0, 0.1),
        ("1 Introduction " + "." * 300 + " 7", 0.0, 0.1),
        ("2 Method " + ". " * 300 + " 9", 0.0, 0.2),
        ("मिट्टी का बर्तन", 0.0, 0.0),
        ("الفَخَّار", 0.0, 0.0),
        ("#@%&*!?^~+=", 1.0, 1.0),
        ("", 0.0, 0.0),
    ],
)
def test_symbols_are_counted_leaders_once_and_vowel_marks_as_letters(text, low, high) -> None:
    assert low <= symbol_share(text) <= high


def test_a_text_layer_counts_as_sure() -> None:
    found = words(PROSE)
    assert measure(PROSE, found, None, 0.1).score == measure(PROSE, found, 1.0, 0.1).score
    assert measure(PROSE, found, 0.5, 0.1).score == pytest.approx(
        measure(PROSE, found, None, 0.1).score / 2, abs=1e-4
    )
