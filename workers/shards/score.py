"""From a page and its reading to a row of the shard: clean, count, score, sign, judge.

A page becomes a `StagedRow`, each of its crops a `StagedCrop`. Where the images lie is added when
the rows are written (`workers.shards.staging`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from schemas.crop_links import signed_text
from schemas.ids import split_page_id
from schemas.lines import one_line
from schemas.pages import (
    CROP_LINK,
    Attempt,
    Block,
    Cell,
    Conversation,
    Crop,
    PageError,
    PageImage,
    PageReading,
    RasteredPage,
    Reading,
    full_text,
    image_path,
    own_text,
)
from schemas.recipe_sections import Quality
from schemas.rows import (
    AttemptRow,
    BlockRow,
    CellRow,
    QualityRow,
    StagedCrop,
    StagedRow,
)
from schemas.tokens import ReferenceMode, reference_vision_tokens
from workers.rasterising import pictures
from workers.text import clean, harmful_chars, languages, measures, quality, signatures
from workers.text.heuristics import heuristics


def reject_row(
    page: str, stage: str, error: PageError, attempts: Iterable[Attempt] = ()
) -> StagedRow:
    """The row of a page that has no text."""
    doc_id, page_index = split_page_id(page)
    return {
        "page_id": page,
        "doc_id": doc_id,
        "page_index": page_index,
        "stage": stage,
        "reason": error.reason,
        "detail": one_line(error.detail),
        "attempts": _attempts(attempts),
    }


def _attempts(attempts: Iterable[Attempt]) -> list[AttemptRow]:
    return [
        AttemptRow(
            engine=a.engine, mode=a.mode, outcome=a.outcome, guard=a.guard, rotation=a.rotation
        )
        for a in attempts
    ]


@dataclass(frozen=True, slots=True)
class ScoreSettings:
    """What scoring takes from the recipe."""

    floors: Quality
    vision_mode: ReferenceMode
    permutations: int
    keeps_furniture: bool = False


def score_page(
    page: RasteredPage, result: PageReading | None, settings: ScoreSettings
) -> StagedRow:
    """Turn one page into its row: a sample, or a reject with its reason and scores."""
    if page.error is not None:
        stage = "quality" if page.error.reason == "blank" else "raster"
        return reject_row(page.page_id, stage, page.error)
    assert result is not None  # only failed pages go unread
    if result.reading.error is not None:
        return reject_row(page.page_id, "read", result.reading.error, result.attempts)

    digests = crop_digests((crop.crop_id, crop.image.data) for crop in result.crops)
    cleaned = _with_own_links(clean(_page_text(result.reading, settings)), digests)
    # Two formulas that differ in one mark are different samples: a synthetic text is signed whole.
    is_formal = result.text_source == "synthetic"
    words = [cleaned] if is_formal else signatures.words(signed_text(cleaned, digests))
    text_tokens = measures.count_tokens(cleaned)
    scores = quality.measure(
        cleaned, words, result.reading.confidence, page.ink_share, result.reading.coverage
    )
    error = _quality_error(page, scores, text_tokens, settings)
    language, language_score = languages.language(cleaned)
    vision_tokens = _vision_tokens(page, result, settings)
    doc_id, page_index = split_page_id(page.page_id)
    cleaned_chars = harmful_chars(result.reading.text) + result.reading.cleaned_chars
    shingles = signatures.shingle_hashes(words)
    row: StagedRow = {
        "page_id": page.page_id,
        "doc_id": doc_id,
        "page_index": page_index,
        "stage": "quality" if error else None,
        "reason": error.reason if error else None,
        "detail": error.detail if error else None,
        "rotation": result.rotation,
        "text": cleaned,
        "text_source": result.text_source,
        "task": result.task,
        "engine": result.engine,
        "model": result.model,
        "model_revision": result.model_revision,
        "mode": result.mode,
        "blocks": [_block_row(block) for block in result.reading.blocks],
        "vision_tokens": vision_tokens,
        "output_tokens": result.reading.output_tokens,
        "text_tokens": text_tokens,
        "compression": _ratio(text_tokens, vision_tokens),
        "language": language,
        "language_score": round(language_score, 4),
        "quality": _quality_row(scores, cleaned_chars),
        "heuristics": heuristics(cleaned, language),
        "hidden": None if page.hidden is None else page.hidden.to_row(),
        "attempts": _attempts(result.attempts),
        "is_fallback": result.is_fallback,
        "text_hash": signatures.text_hash(words or [cleaned]),
        "minhash": signatures.minhash(shingles, settings.permutations).astype("<u8").tobytes(),
        "image_hash": _upright_hash(page, result),
    }
    if page.conversation is not None:
        _add_conversation(row, page.conversation)
    else:
        image = _stored_image(page, result)
        row["width"], row["height"] = image.width, image.height
    return row


def _page_text(reading: Reading, settings: ScoreSettings) -> str:
    """The reading's text; with its furniture if the recipe keeps it and the blocks have it."""
    is_of_blocks = reading.text == own_text(reading.blocks)
    return full_text(reading.blocks) if settings.keeps_furniture and is_of_blocks else reading.text


def _quality_error(
    page: RasteredPage, scores: quality.Scores, text_tokens: int, settings: ScoreSettings
) -> PageError | None:
    """Why the reading is too bad to be a sample."""
    if page.maker is not None or page.taken is not None:
        return None  # the text of a made page is known, and a page taken over was judged before
    return quality.judge(scores, text_tokens, settings.floors)


def _quality_row(scores: quality.Scores, cleaned_chars: int) -> QualityRow:
    return {
        "score": scores.score,
        "confidence": scores.confidence,
        "repetition": scores.repetition,
        "symbol_share": scores.symbol_share,
        "ink_share": scores.ink_share,
        "cleaned_chars": cleaned_chars,
        "coverage": scores.coverage,
    }


def _stored_image(page: RasteredPage, result: PageReading) -> PageImage:
    """The page's image, turned upright by its reading if need be."""
    image = result.image or page.image
    assert image is not None
    return image


def _vision_tokens(page: RasteredPage, result: PageReading, settings: ScoreSettings) -> int:
    """The tokens that the engine counted, else those of the image in the recipe's mode."""
    if page.conversation is not None:
        return page.conversation.vision_tokens
    image = _stored_image(page, result)
    return result.reading.vision_tokens or _reference_tokens(image, settings)


def _add_conversation(row: StagedRow, conversation: Conversation) -> None:
    """Fill the columns that only a conversation has."""
    row["messages"] = [
        {
            "role": message.role,
            "content": [{"type": part.type, "text": part.text} for part in message.content],
        }
        for message in conversation.messages
    ]
    row["turns"] = [
        {
            "turn": turn.turn,
            "role": turn.role,
            "age": turn.age,
            "mode": turn.mode,
            "text": turn.text,
            "text_tokens": turn.text_tokens,
            "images": turn.images,
        }
        for turn in conversation.turns
    ]
    row["shown"] = [
        {
            "mode": shown.mode,
            "width": shown.image.width,
            "height": shown.image.height,
            "vision_tokens": shown.vision_tokens,
            "text": shown.text,
            "bytes": len(shown.image.data),
        }
        for shown in conversation.images
    ]
    row["tokens_before"] = conversation.tokens_before
    row["tokens_after"] = conversation.tokens_after
    row["ratio"] = _ratio(conversation.tokens_before, conversation.tokens_after)


def _ratio(before: int, after: int) -> float | None:
    """`before` over `after`; None where `after` is 0."""
    return round(before / after, 4) if after else None


def _block_row(block: Block) -> BlockRow:
    return {
        "label": clean(block.label),
        "bbox": block.bbox,
        "text": clean(block.text),
        "confidence": block.confidence,
        "cells": [_cell_row(cell) for cell in block.cells] or None,
    }


def _cell_row(cell: Cell) -> CellRow:
    return {
        "row": cell.row,
        "column": cell.column,
        "rows": cell.rows,
        "columns": cell.columns,
        "bbox": cell.bbox,
        "text": clean(cell.text),
    }


def _reference_tokens(image: PageImage, settings: ScoreSettings) -> int:
    return reference_vision_tokens(settings.vision_mode, image.width, image.height)


def crop_digests(crops: Iterable[tuple[str, bytes]]) -> dict[str, str]:
    """The digest of each crop's picture, by the path that links it; of ids and pictures' files."""
    return {image_path(name, data): hashlib.sha256(data).hexdigest() for name, data in crops}


def _with_own_links(page_text: str, own: Mapping[str, str]) -> str:
    """The text, in which a link to a crop that the page does not have is cut to its label.

    What is printed on a page may look like such a link.
    """
    return CROP_LINK.sub(lambda link: link[0] if link[2] in own else link[1], page_text)


def _upright_hash(page: RasteredPage, result: PageReading) -> bytes:
    """The hash of the stored image, which a reading that turned the page has replaced."""
    if result.image is None:
        return page.image_hash
    return signatures.image_hash(pictures.decode(result.image.data).convert("L"))


def score_crops(
    row: StagedRow, result: PageReading | None, settings: ScoreSettings
) -> list[tuple[StagedCrop, bytes]]:
    """The rows and images of a page's crops; none for a page whose own `row` is a reject."""
    if result is None or row["reason"] is not None:
        return []
    return [(_crop_row(row, crop, settings), crop.image.data) for crop in result.crops]


def _crop_row(page: StagedRow, crop: Crop, settings: ScoreSettings) -> StagedCrop:
    cleaned = "" if crop.error else clean(crop.text)
    text_tokens = measures.count_tokens(cleaned)
    vision_tokens = crop.vision_tokens or _reference_tokens(crop.image, settings)
    return {
        "crop_id": crop.crop_id,
        "page_id": page["page_id"],
        "doc_id": page["doc_id"],
        "page_index": page["page_index"],
        "label": clean(crop.label),
        "bbox": crop.bbox,
        "width": crop.image.width,
        "height": crop.image.height,
        "text": cleaned,
        "vision_tokens": vision_tokens,
        "output_tokens": crop.output_tokens,
        "text_tokens": text_tokens,
        "compression": round(text_tokens / vision_tokens, 4),
        "engine": crop.engine,
        "model": crop.model,
        "model_revision": crop.model_revision,
        "mode": crop.mode,
        "reason": crop.error.reason if crop.error else None,
        "detail": one_line(crop.error.detail) if crop.error else None,
    }
