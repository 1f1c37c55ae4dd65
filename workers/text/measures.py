"""Facts about a text: token counts and language. Pure but for loading vocabularies.

A text is cleaned in `workers.text.cleaning`, signed in `workers.text.signatures`, judged in
`workers.text.quality`.
"""

from __future__ import annotations

import functools
import importlib.resources
from pathlib import Path
from typing import TYPE_CHECKING

from py3langid.langid import MODEL_FILE, LanguageIdentifier

if TYPE_CHECKING:
    from mistral_common.tokens.tokenizers.tekken import Tekkenizer

TOKENIZER = "tekken_240911"
"""The fixed tokenizer of `text_tokens`: mistral-common's, 131,072 entries, in its wheel."""

_LANGUAGE_CHARS = 2000  # more text does not change the answer and costs time


@functools.cache
def _tokenizer() -> Tekkenizer:
    # Takes 25 MB and a quarter of a second, which a replica, counting nothing, can do without.
    from mistral_common.tokens.tokenizers.tekken import Tekkenizer

    data = importlib.resources.files("mistral_common") / "data" / f"{TOKENIZER}.json"
    return Tekkenizer.from_file(Path(str(data)))


def count_tokens(text: str) -> int:
    """Text tokens of `text`, without begin or end marks."""
    return len(_tokenizer().encode(text, bos=False, eos=False))


def count_up_to(text: str, enough: int) -> int:
    """`enough`, where there are at least so many text tokens, else how many there are.

    No token spans two words, so where there are `enough` words the vocabulary is not needed, whose
    loading takes a second and 119 MB.
    """
    return enough if len(text.split()) >= enough else min(enough, count_tokens(text))


@functools.cache
def _identifier() -> LanguageIdentifier:
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def language(text: str) -> tuple[str, float]:
    """ISO 639-1 code and probability of the text's language; `und`, 0.0 without letters."""
    sample = text[:_LANGUAGE_CHARS]
    if not any(char.isalpha() for char in sample):
        return "und", 0.0
    code, score = _identifier().classify(sample)
    return str(code), float(score)
