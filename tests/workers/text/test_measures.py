"""Any text has a token count, and a language or none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import PROSE
from workers.text.cleaning import clean
from workers.text.measures import count_tokens, count_up_to, language

any_text = st.text(st.characters())  # surrogates and control characters, too


@given(any_text.map(clean))
def test_any_clean_text_has_tokens_and_a_language(text: str) -> None:
    assert (count_tokens(text) > 0) == bool(text)
    code, score = language(text)
    assert 0 <= score <= 1
    if not any(char.isalpha() for char in text):
        assert (code, score) == ("und", 0.0)


def test_token_counts_are_those_of_published_datasets() -> None:
    """`compression` is comparable across datasets only while all are counted by one tokenizer."""
    assert count_tokens("Hello, world!") == 4
    assert count_tokens(PROSE) == 58


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (PROSE, "en"),
        ("Der Ofen wurde im Frühling zweimal gebrannt und die Glasur wurde sehr schön.", "de"),
        ("窑在春天烧了两次，第二次的釉色更好。", "zh"),
        ("Печь топили дважды за весну, и второй обжиг дал лучшую глазурь.", "ru"),
    ],
)
def test_languages_are_told_apart(text: str, code: str) -> None:
    found, score = language(text)
    assert found == code
    assert score > 0.8


@given(st.text(max_size=60).map(clean), st.integers(0, 12))
def test_counting_up_to_what_is_enough_agrees_with_counting(text: str, enough: int) -> None:
    assert count_up_to(text, enough) == min(enough, count_tokens(text))
