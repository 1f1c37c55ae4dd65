"""Builders that many tests share: ids, files, ranges, rows and PDFs."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pymupdf

from schemas.ids import crop_id, page_id
from schemas.pages import Attempt, Crop, PageImage, PageReading, RasteredPage, Reading
from schemas.recipe import Quality
from schemas.rows import StagedCrop, StagedRow
from schemas.shards import PageRange, SeenFile, Shard
from workers.rasterising import Rasterizer
from workers.shards import ScoreSettings, score_crops, score_page
from workers.sources import Examined, examine_file
from workers.sources.containers import Examiner, Selection

RECIPE_DIGEST = "0123456789abcdef"
SCORING = ScoreSettings(Quality(), "base", 128)
PROSE = (
    "The kiln was fired twice in the spring, and the second firing gave the better glaze. "
    "Clay from the river bank was dug in March, left to weather, and wedged by hand. "
    "Each bowl took two days to dry before it could be trimmed and stacked for the fire."
)


def make_doc_id(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def make_range(number: int, start: int, stop: int) -> PageRange:
    file = SeenFile(f"/corpus/{number}.pdf", 1000 + number, "1.000000")
    return PageRange(make_doc_id(number), start, stop, "application/pdf", (file,))


def make_shard(*ranges: tuple[int, int, int]) -> Shard:
    """A shard of `(document number, start, stop)` ranges."""
    return Shard(tuple(make_range(*parts) for parts in ranges), RECIPE_DIGEST)


def make_rastered(page: str, **fields: Any) -> RasteredPage:
    image = PageImage(page, b"picture of " + page[-5:].encode(), 800, 1000)
    hashed = hashlib.sha256(page.encode()).digest()
    return RasteredPage(page, **({"image": image, "ink_share": 0.1, "image_hash": hashed} | fields))


def make_reading(
    page: str, text: str = PROSE, crops: tuple[Crop, ...] = (), **fields: Any
) -> PageReading:
    reading = Reading(page, **({"text": text, "confidence": 0.9} | fields))
    attempts = (Attempt("fake", "plain", reading.error.reason if reading.error else "ok"),)
    return PageReading(reading, attempts, "ocr", "fake", "fake-1", "r1", "plain", crops=crops)


def make_crop(page: str, number: int, **fields: Any) -> Crop:
    """A crop whose image has only the first bytes of a PNG."""
    name = crop_id(page, number)
    image = PageImage(name, b"\x89PNG of " + str(number).encode(), 300, 200)
    content = {"label": "figure", "bbox": (0.0, 0.25, 0.5, 1.0), "image": image, "text": "a kiln"}
    names = {"engine": "eye", "model": "eye-1", "model_revision": "r2", "mode": "near"}
    return Crop(name, **(content | names | fields))


def make_crop_rows(row: StagedRow, crops: list[Crop]) -> list[tuple[StagedCrop, bytes]]:
    """The rows and images of the crops on the page of `row`."""
    return score_crops(row, make_reading(row["page_id"], crops=tuple(crops)), SCORING)


def make_row(number: int, index: int, text: str = PROSE) -> StagedRow:
    """The row that scoring makes for a page."""
    page = page_id(make_doc_id(number), index)
    return score_page(make_rastered(page), make_reading(page, text), SCORING)


def add_page(document: Any, text: str = "", width: float = 595, height: float = 842) -> None:
    page = document.new_page(width=width, height=height)
    if text:
        page.insert_textbox((36, 36, width - 36, height - 36), text, fontsize=11)


def write_pdf(path: Path, *texts: str) -> Path:
    """Write a PDF with one A4 page for each text."""
    with pymupdf.open() as document:
        for text in texts:
            add_page(document, text)
        document.save(path)
    return path


def examine(file: SeenFile, rasterizer: Rasterizer) -> Examined:
    """What an inventory finds in a file that is one document at most."""
    (document,) = examine_file(file, Examiner(Selection(), rasterizer, None)).documents
    return document
