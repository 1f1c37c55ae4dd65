"""Draws the pages of the sample corpus: typeset PDFs, and worn scans of them.

Owns layout and bytes in memory. Does not: choose the corpus's files (`workers.sample.corpus`), or
open any. Equal arguments give equal bytes: no dates, no random ids, seeded noise, and only the
fonts that MuPDF carries, never those of the machine.
"""

from __future__ import annotations

import html
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pymupdf
from PIL import Image

# B5: a sheet of prose fills it, and its letters stay large at 1280 px.
PAGE_WIDTH_PT, PAGE_HEIGHT_PT = 499, 709
COLUMN_GAP_PT = 18
# 170 dots an inch make a page 1674 px high: finer than the 1280 px that it is read at.
SCAN_DPI = 170
SCAN_SKEW_DEGREES = 0.7
STYLE = """
* {{ font-family: {family}; font-size: {size}px; line-height: 1.35; }}
h1 {{ font-size: {h1}px; font-weight: {weight}; margin: 0 0 8px 0; }}
h2 {{ font-size: {h2}px; font-weight: {weight}; margin: 10px 0 4px 0; }}
p {{ margin: 0 0 7px 0; text-align: justify; }}
table {{ border-collapse: collapse; margin: 4px 0 10px 0; }}
th, td {{ border: 1px solid black; padding: 3px 6px 3px 6px; }}
ul {{ margin: 0 0 7px 0; }}
"""


@dataclass(frozen=True)
class Sheet:
    """One typeset page: columns side by side in one style.

    `sideways` draws the page on its side and sets /Rotate, so that viewers show it upright in
    landscape.
    """

    columns: tuple[str, ...]
    font_size_px: float = 12
    margin_pt: int = 50
    family: str = "serif"
    lang: str = "en"
    sideways: bool = False


def to_html(text: str, lang: str) -> str:
    """Turn the small markup of `workers.sample.prose` into HTML."""
    return "".join(_block_html(block.splitlines(), lang) for block in text.strip().split("\n\n"))


def _block_html(lines: list[str], lang: str) -> str:
    first = lines[0]
    if first.startswith("#"):
        level = len(first) - len(first.lstrip("#"))
        return f"<h{level} lang='{lang}'>{html.escape(first[level:].strip())}</h{level}>"
    if first.startswith("|"):
        rows = "".join(_row_html(line, index) for index, line in enumerate(lines))
        return f"<table>{rows}</table>"
    if first.startswith("- "):
        texts = "\n".join(lines).removeprefix("- ").split("\n- ")
        items = "".join(f"<li>{html.escape(text)}</li>" for text in texts)
        return f"<ul lang='{lang}'>{items}</ul>"
    # Chinese is written without spaces, so lines of a paragraph are joined without one.
    paragraph = ("" if lang.startswith("zh") else " ").join(lines)
    return f"<p lang='{lang}'>{html.escape(paragraph)}</p>"


def _row_html(line: str, index: int) -> str:
    tag = "td" if index else "th"
    cells = (cell.strip() for cell in line.strip("|").split("|"))
    return f"<tr>{''.join(f'<{tag}>{html.escape(cell)}</{tag}>' for cell in cells)}</tr>"


def new_document(title: str) -> pymupdf.Document:
    """An empty PDF whose metadata is fixed."""
    document = pymupdf.open()
    document.set_metadata({"title": title, "producer": "PageFoundry sample corpus"})
    return document


def add_sheet(document: pymupdf.Document, sheet: Sheet) -> None:
    """Typeset `sheet` as a new last page. Raises ValueError if its text does not fit."""
    page = document.new_page(width=PAGE_WIDTH_PT, height=PAGE_HEIGHT_PT)
    style = STYLE.format(
        family=sheet.family,
        size=sheet.font_size_px,
        h1=sheet.font_size_px * 1.7,
        h2=sheet.font_size_px * 1.2,
        # MuPDF's bold face has only some Greek letters, and would mix them with a light one.
        weight="normal" if sheet.lang == "el" else "bold",
    )
    for box, text in zip(_column_boxes(sheet), sheet.columns, strict=True):
        spare_pt, _ = page.insert_htmlbox(
            box,
            to_html(text, sheet.lang),
            css=style,
            scale_low=1,
            rotate=90 if sheet.sideways else 0,
        )
        if spare_pt < 0:
            raise ValueError(f"the text does not fit its page: {text.strip()[:40]!r}")
    if sheet.sideways:
        page.set_rotation(90)


def _column_boxes(sheet: Sheet) -> list[pymupdf.Rect]:
    margin, count = sheet.margin_pt, len(sheet.columns)
    width = (PAGE_WIDTH_PT - 2 * margin - (count - 1) * COLUMN_GAP_PT) / count
    lefts = (margin + index * (width + COLUMN_GAP_PT) for index in range(count))
    return [pymupdf.Rect(left, margin, left + width, PAGE_HEIGHT_PT - margin) for left in lefts]


def pdf_bytes(document: pymupdf.Document, *, packed: bool = False) -> bytes:
    """Serialise and close `document`. `packed` puts its objects, also the page tree, in streams."""
    document.subset_fonts()
    data: bytes = document.tobytes(
        garbage=3, deflate=True, deflate_fonts=True, no_new_id=True, use_objstms=int(packed)
    )
    document.close()
    return data


def typeset(title: str, sheets: Sequence[Sheet], *, packed: bool = False) -> bytes:
    """A born-digital PDF, one page a sheet."""
    document = new_document(title)
    for sheet in sheets:
        add_sheet(document, sheet)
    return pdf_bytes(document, packed=packed)


def render(sheet: Sheet, dpi: int = SCAN_DPI) -> Image.Image:
    """One sheet as a clean greyscale picture."""
    document = new_document("")
    add_sheet(document, sheet)
    pixels = document[0].get_pixmap(dpi=dpi, colorspace=pymupdf.csGRAY)
    document.close()
    return Image.frombytes("L", (pixels.width, pixels.height), pixels.samples)


def worn(picture: Image.Image, seed: int, skew_degrees: float = SCAN_SKEW_DEGREES) -> Image.Image:
    """`picture` as from a cheap scanner: askew, on grey paper, unevenly lit, with noise."""
    turned = picture.rotate(skew_degrees, Image.Resampling.BICUBIC, fillcolor=255)
    ink = np.asarray(turned, dtype=np.float32) / 255
    height, width = ink.shape
    # Paper at 236 of 255, ink at 45, and the right edge 14 levels darker, as beside a book's spine.
    light = 45 + ink * 191 - np.linspace(0, 14, width, dtype=np.float32)
    noise = np.random.default_rng(seed).standard_normal((height, width), dtype=np.float32)
    return Image.fromarray(np.clip(light + 7 * noise, 0, 255).astype(np.uint8))


def encode(pictures: Sequence[Image.Image], kind: str, **options: object) -> bytes:
    """Encode one picture, or several as the pages of a TIFF, in Pillow's format `kind`."""
    first, *others = pictures
    target = io.BytesIO()
    if others:
        options |= {"save_all": True, "append_images": others}
    first.save(target, kind, dpi=(SCAN_DPI, SCAN_DPI), **options)
    return target.getvalue()


def scanned(title: str, sheets: Sequence[Sheet], seed: int) -> bytes:
    """A PDF of worn JPEG scans, one page a sheet, with no text layer."""
    document = new_document(title)
    for index, sheet in enumerate(sheets):
        # The skew alternates: pages fed by hand lean to either side.
        skew_degrees = SCAN_SKEW_DEGREES * (-1) ** index
        jpeg = encode([worn(render(sheet), seed + index, skew_degrees)], "JPEG", quality=78)
        page = document.new_page(width=PAGE_WIDTH_PT, height=PAGE_HEIGHT_PT)
        page.insert_image(page.rect, stream=jpeg)
    return pdf_bytes(document)
