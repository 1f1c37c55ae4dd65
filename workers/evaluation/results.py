"""What an engine reads of pages whose text is known, and the rows that come of it.

    results(prepare(batch), read(engine, prepare(batch)))

Three steps of a chain; `prepare` loads pages and makes the images of all modes, `read` is one call
of the engine, `results` compares.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from schemas.evaluation import BUCKET_TOKENS
from schemas.ids import split_page_id
from schemas.pages import PageImage, Reading
from schemas.recipe import Raster
from workers.engines import Engine
from workers.evaluation.metrics import compare
from workers.evaluation.modes import PixelMode
from workers.evaluation.normalise import plain, script
from workers.evaluation.pages import Batch
from workers.evaluation.truth import cut_truth
from workers.rasterising.pictures import decode, encode
from workers.text import clean
from workers.text.measures import count_tokens

Row = dict[str, Any]
"""A row of `schemas.evaluation.RESULTS`."""

_LOSSLESS = Raster(format="png")


@dataclass(frozen=True, slots=True)
class Study:
    """What is asked of each page.

    Args:
        modes: the sizes that a page is read in; none where the engine has a mode of its own, or is
            given the page as it is.
        min_tokens: texts of fewer text tokens are left out, with all pages that they are on.
        max_tokens: likewise those with more; None for no such limit.
    """

    modes: tuple[PixelMode, ...] = ()
    min_tokens: int = 1
    max_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class TrueText:
    """A page without its picture. `text` is the plain form of what `TruePage` has."""

    page_id: str
    source_uri: str
    text: str | None
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Prepared:
    """A batch's pages without their pictures, and for each the images to be read, one a mode."""

    pages: tuple[TrueText, ...]
    images: tuple[tuple[PageImage, ...], ...]
    skipped: Counter[str]


@dataclass(frozen=True, slots=True)
class Readings:
    """The readings of a batch, page by page and mode by mode, and who read."""

    of_pages: list[list[Reading]]
    engine: str
    model: str
    model_revision: str
    mode: str
    task: str


def prepare(batch: Batch, study: Study) -> Prepared:
    """Load a batch and make the images of each page that the study is about."""
    loaded = batch.load()
    skipped = Counter(loaded.skipped)
    pages, images = [], []
    reason: str | None = None
    for page in loaded.pages:
        text = None if page.text is None else plain(clean(page.text))
        if text is not None:  # else the page fares as the one whose text goes on
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
    pictures = [mode.picture(page) for mode in modes]
    return tuple(
        PageImage(image.page_id, encode(one, _LOSSLESS), one.width, one.height) for one in pictures
    )


def read(engine: Engine, prepared: Prepared) -> Readings:
    """Read all images of a batch in one call; nothing is tried again, turned or left to others."""
    todo = [image for images in prepared.images for image in images]
    found = iter(engine.read(todo) if todo else [])
    of_pages = [[next(found) for _ in images] for images in prepared.images]
    return Readings(of_pages, engine.name, engine.model, engine.revision, engine.mode, engine.task)


def results(prepared: Prepared, readings: Readings, study: Study) -> list[Row]:
    """A row of `schemas.evaluation.RESULTS` for each page and mode."""
    rows = []
    for number in range(max(1, len(study.modes))):
        mode = study.modes[number] if study.modes else None
        read_now = [of_page[number] for of_page in readings.of_pages]
        texts = ["" if one.error else plain(clean(one.text)) for one in read_now]
        truths = _truths([page.text for page in prepared.pages], texts)
        for page, images, reading, text, truth in zip(
            prepared.pages, prepared.images, read_now, texts, truths, strict=True
        ):
            names = {
                "engine": readings.engine,
                "model": readings.model,
                "model_revision": readings.model_revision,
                "mode": mode.name if mode else readings.mode,
                "task": readings.task,
            }
            tokens = count_tokens(truth)
            rows.append(
                {
                    **_page_fields(page, images[number], tokens),
                    **names,
                    **_costs(page, reading, mode, tokens),
                    **_agreement_fields(truth, text),
                    "reason": reading.error.reason if reading.error else None,
                    "truth": truth,
                    "reading": text,
                }
            )
    return rows


def _truths(texts: Sequence[str | None], readings: Sequence[str]) -> list[str]:
    """The plain truth of each page; a text that goes on over pages is cut among them."""
    truths: list[str] = []
    starts = [place for place, text in enumerate(texts) if text is not None]
    for start, stop in itertools.pairwise([*starts, len(texts)]):
        whole = texts[start]
        assert whole is not None
        truths += [whole] if stop - start == 1 else cut_truth(whole, readings[start:stop])
    return truths


def _page_fields(page: TrueText, image: PageImage, tokens: int) -> Row:
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


def _costs(page: TrueText, reading: Reading, mode: PixelMode | None, tokens: int) -> Row:
    vision = mode.vision_tokens(page.width, page.height) if mode else reading.vision_tokens
    return {
        "vision_tokens": vision or None,
        "compression": tokens / vision if vision else None,
    }


def _agreement_fields(truth: str, reading: str) -> Row:
    found = compare(truth, reading)
    return {
        **asdict(found),
        "precision": found.precision,
        "cer": found.cer,
        "wer": found.wer,
        "script": script(truth),
    }
