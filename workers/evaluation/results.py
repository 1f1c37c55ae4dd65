"""The three steps of a study: prepare a batch of pages, read them, compare with the true texts.

prepared = prepare(batch, study)            # loads the pages, makes the images of all modes
readings = read(engine, prepared)           # one call of the engine
rows = results(prepared, readings, study)   # a row for each page and mode
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from schemas.evaluation import BUCKET_TOKENS
from schemas.ids import split_page_id
from schemas.pages import PageImage, Reading
from schemas.recipe_sections import Raster
from workers.engines import Engine
from workers.evaluation.metrics import compare
from workers.evaluation.modes import PixelMode
from workers.evaluation.normalise import plain, script
from workers.evaluation.pages import Batch
from workers.evaluation.rows import AgreementFields, CostFields, EngineFields, PageFields, Row
from workers.evaluation.truth import cut_truth
from workers.rasterising.pictures import decode, encode
from workers.text import clean
from workers.text.measures import count_tokens

_LOSSLESS = Raster(format="png")


@dataclass(frozen=True, slots=True)
class Study:
    """Which pages are read, and in which sizes.

    Args:
        modes: the sizes in which each page is read; empty for an engine with modes of its own, and
            for reading pages at their own size.
        min_tokens: texts with fewer text tokens are left out, with all their pages.
        max_tokens: likewise texts with more; None for no limit.
    """

    modes: tuple[PixelMode, ...] = ()
    min_tokens: int = 1
    max_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class TrueText:
    """A page without its picture. `text` is the plain form of `TruePage.text`."""

    page_id: str
    source_uri: str
    text: str | None
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Prepared:
    """A batch's pages without their pictures, and the images of each page, one a mode."""

    pages: tuple[TrueText, ...]
    images: tuple[tuple[PageImage, ...], ...]
    skipped: Counter[str]


@dataclass(frozen=True, slots=True)
class Readings:
    """The readings of a batch, by page and then by mode, and the engine that made them."""

    of_pages: list[list[Reading]]
    engine: str
    model: str
    model_revision: str
    mode: str
    task: str


def prepare(batch: Batch, study: Study) -> Prepared:
    """Load a batch and make the images of each page that the study takes."""
    loaded = batch.load()
    skipped = Counter(loaded.skipped)
    pages, images = [], []
    reason: str | None = None
    for page in loaded.pages:
        text = None if page.text is None else plain(clean(page.text))
        if text is not None:  # else the page has the text, and so the reason, of the one before
            reason = _unfit(count_tokens(text), study)
        if reason is not None:
            skipped[reason] += 1
            continue
        size = page.image.width, page.image.height
        pages.append(TrueText(page.page_id, page.source_uri, text, *size))
        images.append(_images(page.image, study.modes))
    return Prepared(tuple(pages), tuple(images), skipped)


def _unfit(tokens: int, study: Study) -> str | None:
    if tokens < study.min_tokens:
        return "too_few_tokens"
    if study.max_tokens is not None and tokens > study.max_tokens:
        return "too_many_tokens"
    return None


def _images(image: PageImage, modes: Sequence[PixelMode]) -> tuple[PageImage, ...]:
    if not modes:
        return (image,)
    page = decode(image.data)
    return tuple(
        PageImage(image.page_id, encode(picture, _LOSSLESS), picture.width, picture.height)
        for picture in (mode.picture(page) for mode in modes)
    )


def read(engine: Engine, prepared: Prepared) -> Readings:
    """Read all images of a batch in one call, without retries, rotation or fallback."""
    todo = [image for images in prepared.images for image in images]
    readings = iter(engine.read(todo) if todo else [])
    of_pages = [[next(readings) for _ in images] for images in prepared.images]
    return Readings(of_pages, engine.name, engine.model, engine.revision, engine.mode, engine.task)


def results(prepared: Prepared, readings: Readings, study: Study) -> list[Row]:
    """A row of `schemas.evaluation.RESULTS` for each page and mode."""
    rows: list[Row] = []
    for number in range(max(1, len(study.modes))):
        mode = study.modes[number] if study.modes else None
        in_mode = [of_page[number] for of_page in readings.of_pages]
        texts = ["" if reading.error else plain(clean(reading.text)) for reading in in_mode]
        truths = _truths([page.text for page in prepared.pages], texts)
        for page, images, reading, text, truth in zip(
            prepared.pages, prepared.images, in_mode, texts, truths, strict=True
        ):
            tokens = count_tokens(truth)
            rows.append(
                {
                    **_page_fields(page, images[number], tokens),
                    **_engine_fields(readings, mode),
                    **_cost_fields(page, reading, mode, tokens),
                    **_agreement_fields(truth, text),
                    "reason": reading.error.reason if reading.error else None,
                    "truth": truth,
                    "reading": text,
                }
            )
    return rows


def _truths(texts: Sequence[str | None], readings: Sequence[str]) -> list[str]:
    """The plain truth of each page; a text of several pages is cut between them."""
    truths: list[str] = []
    starts = [place for place, text in enumerate(texts) if text is not None]
    for start, stop in itertools.pairwise([*starts, len(texts)]):
        whole = texts[start]
        assert whole is not None
        truths += [whole] if stop - start == 1 else cut_truth(whole, readings[start:stop])
    return truths


def _page_fields(page: TrueText, image: PageImage, tokens: int) -> PageFields:
    return {
        "page_id": page.page_id,
        "source_uri": page.source_uri,
        "page_index": split_page_id(page.page_id)[1],
        "source_edge_px": max(page.width, page.height),
        "width": image.width,
        "height": image.height,
        "text_tokens": tokens,
        "bucket": tokens // BUCKET_TOKENS * BUCKET_TOKENS,
    }


def _engine_fields(readings: Readings, mode: PixelMode | None) -> EngineFields:
    return {
        "engine": readings.engine,
        "model": readings.model,
        "model_revision": readings.model_revision,
        "mode": mode.name if mode else readings.mode,
        "task": readings.task,
    }


def _cost_fields(
    page: TrueText, reading: Reading, mode: PixelMode | None, tokens: int
) -> CostFields:
    vision = mode.vision_tokens(page.width, page.height) if mode else reading.vision_tokens
    return {
        "vision_tokens": vision or None,
        "compression": tokens / vision if vision else None,
    }


def _agreement_fields(truth: str, reading: str) -> AgreementFields:
    agreement = compare(truth, reading)
    return {
        "truth_chars": agreement.truth_chars,
        "reading_chars": agreement.reading_chars,
        "char_errors": agreement.char_errors,
        "truth_words": agreement.truth_words,
        "word_errors": agreement.word_errors,
        "edit_distance": agreement.edit_distance,
        "char_precision": agreement.char_precision,
        "char_recall": agreement.char_recall,
        "char_f1": agreement.char_f1,
        "word_precision": agreement.word_precision,
        "word_recall": agreement.word_recall,
        "word_f1": agreement.word_f1,
        "bleu": agreement.bleu,
        "precision": agreement.precision,
        "cer": agreement.cer,
        "wer": agreement.wer,
        "script": script(truth),
    }
