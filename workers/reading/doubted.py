"""Whether a reading bears out the text layer that was doubted. Pure.

A layer that tells the truth has the words that an engine reads, in better spelling. One whose map
lies has hardly any of them.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

_WORD = re.compile(r"[^\W\d_]{3,}|\d{3,}")
_MIN_AGREEMENT = 0.5
"""Engines read 80 to 99 % of the words of a clean page as they are; of permuted ones under 5 %."""


def bears_out(layer: str, reading: str) -> bool:
    """Whether the reading of a page has the words of its layer."""
    return agreement(layer, reading) >= _MIN_AGREEMENT


def agreement(layer: str, reading: str) -> float:
    """The share of the layer's words of three letters or digits that the reading has as well.

    Markup and case do not count. 0.0 where the layer has no such word.

    >>> agreement("The **Bells** of 1788", "the bells of 1788")
    1.0
    """
    expected, found = _words(layer), _words(reading)
    return (expected & found).total() / max(expected.total(), 1)


def _words(text: str) -> Counter[str]:
    return Counter(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))
