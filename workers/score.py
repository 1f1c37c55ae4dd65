"""From a page and its reading to a row of the shard: clean, count, score, sign, judge.

The row is a plain dict in the shape of `schemas.tables.STAGED`, without its image's place.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from schemas.ids import split_page_id
from schemas.pages import Attempt, PageError, PageReading, RasteredPage
from schemas.recipe import Quality
from schemas.tokens import ReferenceMode, reference_vision_tokens
from workers import quality, signatures, text

Row = dict[str, Any]


def reject_row(page: str, stage: str, error: PageError, attempts: tuple[Attempt, ...] = ()) -> Row:
    """The row of a page that has no text."""
    doc_id, page_index = split_page_id(page)
    return {
        "page_id": page,
        "doc_id": doc_id,
        "page_index": page_index,
        "stage": stage,
        "reason": error.reason,
        "detail": error.detail,
        "attempts": [asdict(attempt) for attempt in attempts],
    }


@dataclass(frozen=True, slots=True)
class ScoreSettings:
    """What scoring takes from the recipe."""

    floors: Quality
    vision_mode: ReferenceMode
    permutations: int


def score_page(page: RasteredPage, result: PageReading | None, settings: ScoreSettings) -> Row:
    """Turn one page into its row: a sample, or a reject with its reason and scores."""
    if page.error is not None:
        stage = "quality" if page.error.reason == "blank" else "raster"
        return reject_row(page.page_id, stage, page.error)
    assert result is not None  # only failed pages go unread
    image = result.image or page.image
    assert image is not None
    if result.reading.error is not None:
        return reject_row(page.page_id, "read", result.reading.error, result.attempts)

    cleaned = text.clean(result.reading.text)
    words = signatures.words(cleaned)
    text_tokens = text.count_tokens(cleaned)
    scores = quality.measure(cleaned, words, result.reading.confidence, page.ink_share)
    error = quality.judge(scores, text_tokens, settings.floors)
    language, language_score = text.language(cleaned)
    vision_tokens = result.reading.vision_tokens or reference_vision_tokens(
        settings.vision_mode, image.width, image.height
    )
    doc_id, page_index = split_page_id(page.page_id)
    shingles = signatures.shingle_hashes(words)
    return {
        "page_id": page.page_id,
        "doc_id": doc_id,
        "page_index": page_index,
        "stage": "quality" if error else None,
        "reason": error.reason if error else None,
        "detail": error.detail if error else None,
        "width": image.width,
        "height": image.height,
        "rotation": result.rotation,
        "text": cleaned,
        "text_source": result.text_source,
        "task": result.task,
        "engine": result.engine,
        "model": result.model,
        "model_revision": result.model_revision,
        "mode": result.mode,
        "blocks": [asdict(block) for block in result.reading.blocks],
        "vision_tokens": vision_tokens,
        "output_tokens": result.reading.output_tokens,
        "text_tokens": text_tokens,
        "compression": round(text_tokens / vision_tokens, 4),
        "language": language,
        "language_score": round(language_score, 4),
        "quality": asdict(scores),
        "attempts": [asdict(attempt) for attempt in result.attempts],
        "is_fallback": result.is_fallback,
        "text_hash": signatures.text_hash(words or [cleaned]),
        "minhash": signatures.minhash(shingles, settings.permutations).astype("<u8").tobytes(),
        "image_hash": page.image_hash,
    }
