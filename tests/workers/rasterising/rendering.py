"""What the tests of whole rasterizers share: open one, render a file, look at its pages."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pymupdf
from PIL import Image

from schemas.pages import RasteredPage
from schemas.recipe import Raster, TextLayer
from tests.builders import make_doc_id
from workers.rasterising.media_types import sniff
from workers.rasterising.rasterizer import Rasterizer
from workers.rasterising.settings import ChildLimits, RasterSettings

EDGE = 256
DOC = make_doc_id(1)
GIB = 2**30
LIMITS = ChildLimits(page_timeout_s=60, memory_bytes=3 * GIB)
# Each of these strokes covers a good part of the page: hours of work in 30 KB of file.
HEAVY_STROKES = b"3 w\n" + b"0 0 m 600 800 0 800 600 0 c S\n" * 400_000
# A dark left half and a light right half, 40 x 60.
HALVES = np.repeat(np.array([[40] * 20 + [220] * 20]), 60, axis=0).astype(np.uint8)
GREY = Image.fromarray(HALVES)


def settings(routing: str = "never", **raster: object) -> RasterSettings:
    return RasterSettings(
        Raster(**({"longest_edge_px": EDGE, "format": "png"} | raster)), routing, TextLayer(), 1e-4
    )


@contextmanager
def open_rasterizer(
    made: RasterSettings | None = None, limits: ChildLimits = LIMITS
) -> Iterator[Rasterizer]:
    rasterizer = Rasterizer(made or settings(), limits)
    try:
        yield rasterizer
    finally:
        rasterizer.close()


def render(rasterizer: Rasterizer, path: Path, pages: int = 1) -> list[RasteredPage]:
    media_type = sniff(path.read_bytes()[:1024])
    assert media_type is not None
    return list(rasterizer.rasterise(path, media_type, DOC, range(pages)))


def reasons(pages: list[RasteredPage]) -> list[str | None]:
    return [page.error and page.error.reason for page in pages]


def pixels(page: RasteredPage, mode: str = "L") -> np.ndarray:
    assert page.image is not None, page.error
    return np.asarray(Image.open(io.BytesIO(page.image.data)).convert(mode)).astype(int)


def hang(document: pymupdf.Document, index: int) -> None:
    """Give a page strokes that take hours to draw."""
    stream = document.get_new_xref()
    document.update_object(stream, "<<>>")
    document.update_stream(stream, HEAVY_STROKES)
    document[index].set_contents(stream)
