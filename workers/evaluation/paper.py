"""The figures of DeepSeek-OCR's own compression study (arXiv 2510.18234, table 2).

They are of 100 English pages of the Fox benchmark, grouped by the text tokens of their truths in
DeepSeek-OCR's tokenizer of 129,000 entries, and read in Tiny (64 vision tokens) and Small (100)
with the prompt `Free OCR.`. The paper does not say how its precision is computed.
"""

from __future__ import annotations

from typing import NamedTuple


class PaperRow(NamedTuple):
    """One row: text tokens from `bucket` to `bucket` + 100, precisions as shares."""

    bucket: int
    pages: int
    tiny_precision: float
    tiny_compression: float
    small_precision: float
    small_compression: float


PAPER = (
    PaperRow(600, 7, 0.965, 10.5, 0.985, 6.7),
    PaperRow(700, 28, 0.938, 11.8, 0.973, 7.5),
    PaperRow(800, 28, 0.838, 13.2, 0.968, 8.5),
    PaperRow(900, 14, 0.859, 15.1, 0.968, 9.7),
    PaperRow(1000, 11, 0.793, 16.5, 0.915, 10.6),
    PaperRow(1100, 8, 0.764, 17.7, 0.898, 11.3),
    PaperRow(1200, 4, 0.591, 19.7, 0.871, 12.6),
)
