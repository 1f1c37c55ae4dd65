"""Scores of a reading and the floors below which it is a reject. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from schemas.pages import PageError
from schemas.recipe import Quality

_RUN = re.compile(r"(\W)(?:\s*\1)+")  # leaders of a table of contents count once
_SYMBOL = re.compile(r"[^\w\s]|_")  # of `\w`, the underscore alone is not alphanumeric
_SPACE = re.compile(r"\s")
_NGRAM = 5


@dataclass(frozen=True, slots=True)
class Scores:
    """What a reading is worth. All are shares in 0..1; `confidence` is None for a text layer."""

    score: float
    confidence: float | None
    repetition: float
    symbol_share: float
    ink_share: float


def repetition(words: Sequence[str]) -> float:
    """Share of word 5-grams that were seen before on the page; 0 under ten words."""
    count = len(words) - _NGRAM + 1
    if len(words) < 2 * _NGRAM:
        return 0.0
    distinct = len({tuple(words[i : i + _NGRAM]) for i in range(count)})
    return 1 - distinct / count


def symbol_share(text: str) -> float:
    """Share of visible characters that are neither letter, digit nor mark; runs count once."""
    shown = _RUN.sub(r"\1", text)
    symbols = sum(not _is_mark(char) for char in _SYMBOL.findall(shown))
    visible = len(shown) - len(_SPACE.findall(shown))
    return symbols / max(1, visible)


def _is_mark(char: str) -> bool:
    # Combining marks carry vowels in Arabic and the Indic scripts.
    return not char.isascii() and unicodedata.category(char).startswith("M")


def measure(text: str, words: Sequence[str], confidence: float | None, ink_share: float) -> Scores:
    """Score one reading.

    `score` orders duplicates: confidence x (1 - repetition) x (1 - symbol share), where a text
    layer counts as confidence 1.
    """
    repeated, symbols = repetition(words), symbol_share(text)
    sure = 1.0 if confidence is None else confidence
    return Scores(
        score=round(sure * (1 - repeated) * (1 - symbols), 4),
        confidence=confidence,
        repetition=round(repeated, 4),
        symbol_share=round(symbols, 4),
        ink_share=round(ink_share, 6),
    )


def judge(scores: Scores, text_tokens: int, floors: Quality) -> PageError | None:
    """The first floor that a reading falls below, or None."""
    if text_tokens < floors.min_text_tokens:
        return PageError("no_text", f"{text_tokens} text tokens, floor {floors.min_text_tokens}")
    if scores.confidence is not None and scores.confidence < floors.min_confidence:
        detail = f"confidence {scores.confidence:.3f}, floor {floors.min_confidence}"
        return PageError("low_confidence", detail)
    if scores.repetition > floors.max_repetition:
        detail = f"{scores.repetition:.3f} of the 5-grams repeat, limit {floors.max_repetition}"
        return PageError("repetition", detail)
    if scores.symbol_share > floors.max_symbol_share:
        detail = f"{scores.symbol_share:.3f} symbols, limit {floors.max_symbol_share}"
        return PageError("garbage", detail)
    return None
