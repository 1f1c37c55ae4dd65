"""From a page and its reading to a row of the shard: clean, count, score, sign, judge.

The row is a plain dict in the shape of `schemas.tables.STAGED`, without its image's place; those
of a page's crops are in the shape of `STAGED_CROPS`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from schemas.ids import split_page_id
from schemas.lines import one_line
from schemas.pages import (
    CROP_LINK,
    Attempt,
    Block,
    Conversation,
    Crop,
    PageError,
    PageImage,
    PageReading,
    RasteredPage,
    image_path,
)
from schemas.recipe import Quality
from schemas.tokens import ReferenceMode, reference_vision_tokens
from workers.rasterising import pictures
from workers.text import clean, harmful_chars, measures, quality, signatures

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
        "detail": one_line(error.detail),
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
    if result.reading.error is not None:
        return reject_row(page.page_id, "read", result.reading.error, result.attempts)

    digests = _crop_digests(result.crops)
    cleaned = _with_own_links(clean(result.reading.text), digests)
    # Tables, formulas and molecules that nearly agree say different things, as case and marks do.
    is_formal = result.text_source == "synthetic"
    words = [cleaned] if is_formal else signatures.words(_signed_text(cleaned, digests))
    text_tokens = measures.count_tokens(cleaned)
    scores = quality.measure(cleaned, words, result.reading.confidence, page.ink_share)
    # The text of a page that was made is no reading that could be bad; one taken over was judged.
    is_judged = page.maker is None and page.taken is None
    error = quality.judge(scores, text_tokens, settings.floors) if is_judged else None
    language, language_score = measures.language(cleaned)
    seen = _seen(page, result, settings)
    doc_id, page_index = split_page_id(page.page_id)
    cleaned_chars = harmful_chars(result.reading.text) + result.reading.cleaned_chars
    shingles = signatures.shingle_hashes(words)
    return {
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
        "blocks": [asdict(_clean_block(block)) for block in result.reading.blocks],
        **seen,
        "output_tokens": result.reading.output_tokens,
        "text_tokens": text_tokens,
        "compression": _ratio(text_tokens, seen["vision_tokens"]),
        "language": language,
        "language_score": round(language_score, 4),
        "quality": asdict(scores) | {"cleaned_chars": cleaned_chars},
        "attempts": [asdict(attempt) for attempt in result.attempts],
        "is_fallback": result.is_fallback,
        "text_hash": signatures.text_hash(words or [cleaned]),
        "minhash": signatures.minhash(shingles, settings.permutations).astype("<u8").tobytes(),
        "image_hash": _upright_hash(page, result),
    }


def _seen(page: RasteredPage, result: PageReading, settings: ScoreSettings) -> Row:
    """What is stored of the image, or of the images of a conversation."""
    if page.conversation is not None:
        return conversation_columns(page.conversation)
    image = result.image or page.image
    assert image is not None
    vision_tokens = result.reading.vision_tokens or _reference_tokens(image, settings)
    return {"width": image.width, "height": image.height, "vision_tokens": vision_tokens}


def conversation_columns(conversation: Conversation) -> Row:
    """The columns that a conversation has beside those of any page."""
    before, after = conversation.tokens_before, conversation.tokens_after
    return {
        "messages": [asdict(message) for message in conversation.messages],
        "turns": [asdict(turn) for turn in conversation.turns],
        "shown": [
            {
                "mode": shown.mode,
                "width": shown.image.width,
                "height": shown.image.height,
                "vision_tokens": shown.vision_tokens,
                "text": shown.text,
                "bytes": len(shown.image.data),
            }
            for shown in conversation.images
        ],
        "tokens_before": before,
        "tokens_after": after,
        "ratio": _ratio(before, after),
        "vision_tokens": conversation.vision_tokens,
    }


def _ratio(before: int, after: int) -> float | None:
    """How many times as many; None where there is nothing after."""
    return round(before / after, 4) if after else None


def _clean_block(block: Block) -> Block:
    return replace(block, label=clean(block.label), text=clean(block.text))


def _reference_tokens(image: PageImage, settings: ScoreSettings) -> int:
    return reference_vision_tokens(settings.vision_mode, image.width, image.height)


def _crop_digests(crops: Iterable[Crop]) -> dict[str, str]:
    """The digest of each crop's picture, by the path that links it."""
    return {
        image_path(crop.crop_id, crop.image.data): hashlib.sha256(crop.image.data).hexdigest()
        for crop in crops
    }


def _with_own_links(page_text: str, own: Mapping[str, str]) -> str:
    """The text, where a link to a crop that is not the page's own is left with its label only.

    What is printed on a page may look like such a link.
    """
    return CROP_LINK.sub(lambda link: link[0] if link[2] in own else link[1], page_text)


def _signed_text(page_text: str, own: Mapping[str, str]) -> str:
    """The text with the digest of its picture for each link, which names the document: so equal
    pages of two documents are equal, and pages of two pictures are not."""
    return CROP_LINK.sub(lambda link: own[link[2]], page_text)


def _upright_hash(page: RasteredPage, result: PageReading) -> bytes:
    """The hash of the stored image: a turned page's is another than the rasterised one's."""
    if result.image is None:
        return page.image_hash
    return signatures.image_hash(pictures.decode(result.image.data).convert("L"))


def score_crops(
    row: Row, result: PageReading | None, settings: ScoreSettings
) -> list[tuple[Row, bytes]]:
    """The rows and images of a page's crops; none for a page whose own `row` is a reject."""
    if result is None or row["reason"] is not None:
        return []
    return [(_crop_row(row, crop, settings), crop.image.data) for crop in result.crops]


def _crop_row(page: Row, crop: Crop, settings: ScoreSettings) -> Row:
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
