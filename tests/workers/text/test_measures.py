"""Any text has a token count."""

from __future__ import annotations

from pathlib import Path

import mistral_common
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mistral_common.tokens.tokenizers.tekken import Tekkenizer

from tests.builders import PROSE
from tests.language_texts import TEXTS
from workers.text.cleaning import clean
from workers.text.measures import TOKENIZER, count_tokens, count_up_to

any_text = st.text(st.characters())  # surrogates and control characters, too


@given(any_text.map(clean))
def test_any_clean_text_has_tokens(text: str) -> None:
    assert (count_tokens(text) > 0) == bool(text)


def test_token_counts_are_those_of_published_datasets() -> None:
    """`compression` is comparable across datasets only while all are counted by one tokenizer."""
    assert count_tokens("Hello, world!") == 4
    assert count_tokens(PROSE) == 58


@pytest.fixture(scope="module")
def tekken() -> Tekkenizer:
    return Tekkenizer.from_file(Path(mistral_common.__file__).parent / f"data/{TOKENIZER}.json")


@pytest.mark.parametrize("text", [" ".join(pair) for pair in TEXTS.values()], ids=list(TEXTS))
def test_counts_of_prose_are_those_of_the_tokenizers_makers(tekken: Tekkenizer, text: str) -> None:
    assert count_tokens(text) == len(tekken.encode(text, bos=False, eos=False))


@given(text=any_text.map(clean))
def test_counts_are_those_of_the_tokenizers_makers(tekken: Tekkenizer, text: str) -> None:
    assert count_tokens(text) == len(tekken.encode(text, bos=False, eos=False))


@given(st.text(max_size=60).map(clean), st.integers(0, 12))
def test_counting_up_to_what_is_enough_agrees_with_counting(text: str, enough: int) -> None:
    assert count_up_to(text, enough) == min(enough, count_tokens(text))
