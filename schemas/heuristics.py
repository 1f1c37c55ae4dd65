"""Heuristics: what is counted of a text to filter it by, as a row of `schemas.tables.HEURISTICS`.

Thresholds are those of the papers and of the programs that users of the field filter with:

| key | who filters by it, and what is kept |
|---|---|
| `words` | Gopher: 50 to 100,000 |
| `mean_word_length` | Gopher: 3 to 10 |
| `letter_share` | Gopher: at least 0.8 of the words have a letter |
| `stop_words` | Gopher: at least 2 of eight English ones |
| `capital_share` | RefinedWeb and NeMo Curator: not mainly capitals |
| `digit_share` | RefinedWeb, FinePDFs' tables: not mainly numbers |
| `short_line_share` | FineWeb: at most 0.67 of the lines have 30 characters or fewer |
| `bullet_share` | Gopher: at most 0.9 |
| `ellipsis_share` | Gopher: at most 0.3 |
| `punctuated_share` | FineWeb: at least 0.12; C4 drops the lines that have none |
| `duplicate_line_share` | FineWeb: at most 0.1 (0.01 in its code's default); Gopher: 0.2 |

Gopher: Rae et al. 2021, appendix A.1. C4: Raffel et al. 2020, section 2.2. RefinedWeb: Penedo et
al. 2023, appendix G. FineWeb: Penedo et al. 2024, section 3.6.
"""

from __future__ import annotations

from typing import TypedDict


class HeuristicsRow(TypedDict, total=False):
    """Counts, and shares from 0 to 1. A share of nothing is None."""

    words: int | None
    mean_word_length: float | None  # characters
    letter_share: float | None  # of the words
    capital_share: float | None  # of the words: two letters or more, all capitals
    stop_words: int | None  # how many different ones of eight; None for languages without a list
    stop_word_share: float | None  # of the words
    digit_share: float | None  # of the visible characters
    lines: int | None
    table_share: float | None  # of the lines
    mean_line_length: float | None  # characters
    short_line_share: float | None
    bullet_share: float | None
    ellipsis_share: float | None
    punctuated_share: float | None  # that end a sentence
    duplicate_line_share: float | None  # of the characters, in lines that stand further up
