"""The row of a study as Python holds it: `schemas.evaluation.RESULTS`, column by column."""

from __future__ import annotations

from typing import TypedDict


class PageFields(TypedDict):
    """The page, and the image that the engine was given."""

    page_id: str
    source_uri: str
    page_index: int
    source_edge_px: int
    width: int
    height: int
    text_tokens: int
    bucket: int


class EngineFields(TypedDict):
    """Who read the page, and how."""

    engine: str
    model: str
    model_revision: str
    mode: str
    task: str


class CostFields(TypedDict):
    """What the page cost; None where the model does not say."""

    vision_tokens: int | None
    compression: float | None


class AgreementFields(TypedDict):
    """The fields of `workers.evaluation.metrics.Agreement`, its rates, and the truth's script."""

    truth_chars: int
    reading_chars: int
    char_errors: int
    truth_words: int
    word_errors: int
    edit_distance: float
    char_precision: float
    char_recall: float
    char_f1: float
    word_precision: float
    word_recall: float
    word_f1: float
    bleu: float
    precision: float
    cer: float
    wer: float
    script: str


class Row(PageFields, EngineFields, CostFields, AgreementFields):
    """One page in one mode. `reason` is None for a page that was read."""

    reason: str | None
    truth: str
    reading: str
