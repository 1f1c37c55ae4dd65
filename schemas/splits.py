"""The splits of a dataset: which rows are to train on, and which to validate with."""

from __future__ import annotations

TRAIN = "train"
VALIDATION = "validation"
SPLITS = (TRAIN, VALIDATION)
"""In this order parts, cards and counts list them."""

SPLIT_TABLES = ("documents", "crops", "conversations", "pages")
"""The tables whose rows have a split."""
