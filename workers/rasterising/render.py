"""Render one page of a document, and read its text layer: what runs in the child.

A document is opened by path and one at a time, so memory depends on the page, not on the file.
Nothing is fetched for a document: MuPDF has no network code, its JavaScript is off, and embedded
files and external streams are not read. The parent, in `rasterizer`, keeps the deadlines.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pymupdf
from PIL import Image

from schemas.errors import DocumentError
from schemas.ids import page_id
from schemas.pages import PageError, PageImage, RasteredPage
from schemas.provenance import Provenance
from workers.layout.furniture import OFFSETS
from workers.layout.placed_lines import Edges, PageEdges
from workers.rasterising import native, opening
from workers.rasterising.comics import Comic
from workers.rasterising.description import facts_of
from workers.rasterising.drawing import PagePicture, draw_pdf_page, ink_share, lost_content
from workers.rasterising.first_reads import FirstReads
from workers.rasterising.frames import ImageFile, draw_frame
from workers.rasterising.larger import larger_frame, larger_page
from workers.rasterising.opening import Opened
from workers.rasterising.page_text import Around, PageText, page_text
from workers.rasterising.pictures import encode
from workers.rasterising.settings import RasterSettings, page_error
from workers.text.signatures import image_hash
from workers.textlayer.content import first_read
from workers.textlayer.display_list import display_list
from workers.textlayer.furniture import edge_lines
from workers.textlayer.orientation import AS_DISPLAYED

# MuPDF keeps all it parsed while a document is open, and pictures longer: 3,000 pages with a
# picture each took 565 MiB where 64 pages took 193. Reading text draws no pictures.
_DRAWN_BEFORE_REOPENING = 64
_NO_EDGES: Mapping[int, PageEdges] = {}


@dataclass(slots=True)
class _OpenDocument:
    key: tuple[str, int, int] | None = None
    handle: Opened | None = None
    drawn: int = 0


_open = _OpenDocument()


def prepare(memory_bytes: int) -> str | None:
    """Restrict this process. Returns what could not be forbidden; None where everything was."""
    spend_less()
    native.die_with_parent()
    native.silence()
    native.limit_resources(memory_bytes)
    pymupdf.TOOLS.mupdf_display_errors(False)
    pymupdf.TOOLS.mupdf_display_warnings(False)
    Image.MAX_IMAGE_PIXELS = None  # the recipe's limit is checked instead, before decoding
    try:
        native.forbid_network_and_programs()
    except OSError as exc:
        return f"network and programs are not forbidden, as {exc.strerror}"
    return None


def spend_less() -> None:
    """Keep the memory of one page's picture for the next, and look for garbage less often.

    Both save 3 % of a page's time: 10,000 dictionaries of text come and go with each page, and the
    kernel clears 10 MB of memory for its pictures.
    """
    native.keep_memory()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


def _opened(path: str, media_type: str) -> Opened:
    # The same path may hold another file by now.
    status = os.stat(path)
    key = (path, status.st_size, status.st_mtime_ns)
    if _open.key != key or _open.drawn >= _DRAWN_BEFORE_REOPENING:
        if _open.handle is not None:
            _first_reads.forget_commands()
            _open.handle.close()
        _open.key, _open.handle = None, None
        if _open.drawn >= _DRAWN_BEFORE_REOPENING:
            _open.drawn = 0
            # Closing a document leaves its pictures in this store. It is not emptied after each
            # document, because that drops the colour transforms too.
            pymupdf.TOOLS.store_shrink(100)
        _open.handle = opening.open_document(path, media_type)
        _open.key = key
    return _open.handle


def describe(
    path: str, media_type: str, original: str, original_type: str
) -> tuple[int, Provenance] | PageError:
    """Pages of a document, and what it says of itself; or why its pages cannot be counted.

    The pages are drawn from `path`, which is the `original` or a PDF that was made of it.
    """
    try:
        document = _opened(path, media_type)
        return opening.count_pages(document), facts_of(document, Path(original), original_type)
    except Exception as exc:  # noqa: BLE001 - a worker's boundary: becomes a typed reject
        return page_error(exc, path)
    finally:
        _forget_warnings()


def edges(path: str, media_type: str, indices: range) -> list[PageEdges]:
    """The lines near the top and bottom of some pages of a PDF, as the pages around them ask.

    None where a page is not there or cannot be read. What was read of a page is kept for the time
    when it is rendered.
    """
    found: list[PageEdges] = []
    for index in indices:
        try:
            document = _opened(path, media_type)
            is_there = isinstance(document, pymupdf.Document) and index < document.page_count
            found.append(_edges_of(document, index) if is_there else ())
        except Exception:  # noqa: BLE001 - a worker's boundary: the page reports it when rendered
            found.append(())
    _forget_warnings()
    return found


def _edges_of(document: pymupdf.Document, index: int) -> PageEdges:
    page = document.load_page(index)
    first = first_read(page)
    _first_reads.keep(_open.key, index, first)
    return edge_lines(first.content)


_first_reads = FirstReads()


def render_pages(
    path: str,
    media_type: str,
    doc_id: str,
    indices: range,
    settings: RasterSettings,
    around: Mapping[int, PageEdges] = _NO_EDGES,
) -> list[RasteredPage]:
    """Render some pages of a document; a page that fails is a RasteredPage with an error.

    `around` holds the edges of the pages and of their neighbours by page index.
    """
    pages = []
    for index in indices:
        page = page_id(doc_id, index)
        try:
            neighbours = {k: around.get(index + k, ()) for k in OFFSETS}
            pages.append(_render_page(path, media_type, page, index, settings, neighbours))
        except Exception as exc:  # noqa: BLE001 - a worker's boundary: becomes a typed reject
            pages.append(RasteredPage(page, error=page_error(exc, path)))
    _forget_warnings()
    return pages


def _forget_warnings() -> None:
    # MuPDF holds a message back while it repeats, also one of a page that was read before.
    pymupdf.mupdf.fz_flush_warnings()
    pymupdf.TOOLS.reset_mupdf_warnings()  # PyMuPDF keeps all of them, and a bad file gives many


def _render_page(
    path: str,
    media_type: str,
    page: str,
    index: int,
    settings: RasterSettings,
    neighbours: Edges,
) -> RasteredPage:
    document, number = _opened(path, media_type), index
    if isinstance(document, Comic):
        document, number = document.page(index), 0  # each page is a file of one picture
    _open.drawn += 1
    first = _first_reads.take(_open.key, index)
    commands = None if first is None else first.commands
    if isinstance(document, ImageFile):
        pdf_page, drawn = None, PagePicture(draw_frame(document, number, settings.raster))
    else:
        pdf_page = document.load_page(index)
        # Made again where it was not kept: a picture drawn without it may differ in a level.
        commands = commands or display_list(pdf_page)
        drawn = draw_pdf_page(pdf_page, settings.raster, commands=commands)
    grey = drawn.picture.convert("L")  # whole: the hash of a sample would change with the scale
    marked = ink_share(grey)
    if marked < settings.min_ink_share:
        if pdf_page is not None and (lost := _lost_content(document, index, settings)):
            raise DocumentError("corrupt", f"what was to be drawn is lost: {lost}")
        error = PageError("blank", f"{marked:.6f} of the pixels are marked")
        return RasteredPage(page, error=error, ink_share=marked)
    text = PageText()
    if pdf_page is not None:
        text = page_text(pdf_page, page, settings, Around(neighbours, first), drawn, grey)
    if text.view != AS_DISPLAYED:
        drawn = draw_pdf_page(pdf_page, settings.raster, text.view, commands)
        grey = drawn.picture.convert("L")
        marked = ink_share(grey)
    picture = drawn.picture
    failure: PageError | None = None
    if settings.routing == "only" and text.layer is None:
        failure = PageError("no_text_layer", text.layer_reason or "an image")
    return RasteredPage(
        page,
        PageImage(page, encode(picture, settings.raster), picture.width, picture.height),
        marked,
        image_hash(grey),
        text.layer,
        text.layer_reason,
        text.doubted,
        failure,
        rotation=text.view.rotation,
        is_mirrored=text.view.is_mirrored,
        large=_larger(document, number, pdf_page, grey, page, settings, text),
    )


def _lost_content(document: pymupdf.Document, index: int, settings: RasterSettings) -> str | None:
    """MuPDF's message about what it could not draw of a page that looks blank.

    The page is loaded and drawn again, for the messages.
    """
    _forget_warnings()
    return lost_content(draw_pdf_page(document.load_page(index), settings.raster))


def _larger(
    document: pymupdf.Document | ImageFile,
    index: int,
    pdf_page: pymupdf.Page | None,
    grey: Image.Image,
    page: str,
    settings: RasterSettings,
    text: PageText,
) -> PageImage | None:
    """A larger image of a page that an engine reads, if its print is too small in the stored."""
    if settings.routing == "only" or text.layer is not None:
        return None
    if isinstance(document, ImageFile):
        return larger_frame(document, index, grey, page, settings.raster)
    return larger_page(pdf_page, grey, page, settings.raster, text.view)
