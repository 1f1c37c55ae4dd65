"""Any text has a token count."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.builders import PROSE
from workers.text.cleaning import clean
from workers.text.measures import count_tokens, count_up_to

any_text = st.text(st.characters())  # surrogates and control characters, too


@given(any_text.map(clean))
def test_any_clean_text_has_tokens(text: str) -> None:
    assert (count_tokens(text) > 0) == bool(text)


def test_token_counts_are_those_of_published_datasets() -> None:
    """`compression` is comparable across datasets only while all are counted by one tokenizer."""
    assert count_tokens("Hello, world!") == 4
    assert count_tokens(PROSE) == 58


@given(st.text(max_size=60).map(clean), st.integers(0, 12))
def test_counting_up_to_what_is_enough_agrees_with_counting(text: str, enough: int) -> None:
    assert count_up_to(text, enough) == min(enough, count_tokens(text))
