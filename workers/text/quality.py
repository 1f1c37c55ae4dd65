"""Scores of a reading, and the floors below which it is a reject. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from schemas.pages import PageError
from schemas.recipe_sections import Quality

_RUN = re.compile(r"(\W)(?:\s*\1)+")  # such as the dots of a table of contents
_SYMBOL = re.compile(r"[^\w\s]|_")  # `\w` contains the underscore, which is a symbol here
_NGRAM = 5


@dataclass(frozen=True, slots=True)
class Scores:
    """The quality of a reading: shares of 0 to 1. `confidence` is None for a text layer.

    `coverage` is the share of the inked text area that the text accounts for, None where it was not
    measured.
    """

    score: float
    confidence: float | None
    repetition: float
    symbol_share: float
    ink_share: float
    coverage: float | None = None


def repetition(words: Sequence[str]) -> float:
    """The share of word 5-grams that occurred earlier on the page; 0 under ten words."""
    count = len(words) - _NGRAM + 1
    if len(words) < 2 * _NGRAM:
        return 0.0
    distinct = len({tuple(words[i : i + _NGRAM]) for i in range(count)})
    return 1 - distinct / count


def symbol_share(text: str) -> float:
    """The share of visible characters that are no letter, digit or mark; a run counts once."""
    counted = _RUN.sub(r"\1", text)
    symbols = sum(not _is_mark(char) for char in _SYMBOL.findall(counted))
    visible = sum(map(len, counted.split()))
    return symbols / max(1, visible)


def _is_mark(char: str) -> bool:
    # Combining marks carry vowels in Arabic and the Indic scripts.
    return not char.isascii() and unicodedata.category(char).startswith("M")


def measure(
    text: str,
    words: Sequence[str],
    confidence: float | None,
    ink_share: float,
    coverage: float | None = None,
) -> Scores:
    """Score one reading.

    `score` orders duplicates: confidence x (1 - repetition) x (1 - symbol share). A text layer has
    confidence 1 in it.
    """
    repeated, symbols = repetition(words), symbol_share(text)
    certainty = 1.0 if confidence is None else confidence
    return Scores(
        score=round(certainty * (1 - repeated) * (1 - symbols), 4),
        confidence=confidence,
        repetition=round(repeated, 4),
        symbol_share=round(symbols, 4),
        ink_share=round(ink_share, 6),
        coverage=None if coverage is None else round(coverage, 4),
    )


def judge(scores: Scores, text_tokens: int, floors: Quality) -> PageError | None:
    """The first floor that a reading falls below, or None."""
    if text_tokens < floors.min_text_tokens:
        return PageError("no_text", f"{text_tokens} text tokens, floor {floors.min_text_tokens}")
    if scores.confidence is not None and scores.confidence < floors.min_confidence:
        detail = f"confidence {scores.confidence:.3f}, floor {floors.min_confidence}"
        return PageError("low_confidence", detail)
    if scores.coverage is not None and scores.coverage < floors.min_coverage:
        detail = f"text for {scores.coverage:.3f} of the print, floor {floors.min_coverage}"
        return PageError("incomplete", detail)
    if scores.repetition > floors.max_repetition:
        detail = f"{scores.repetition:.3f} of the 5-grams repeat, limit {floors.max_repetition}"
        return PageError("repetition", detail)
    if scores.symbol_share > floors.max_symbol_share:
        detail = f"{scores.symbol_share:.3f} symbols, limit {floors.max_symbol_share}"
        return PageError("garbage", detail)
    return None
