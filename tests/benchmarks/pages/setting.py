"""Lines, paragraphs, rules and cells on a page: what the pages typeset by us are set with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import matplotlib
import pymupdf

A4 = (595.0, 842.0)
BLACK, GREY = (0.0, 0.0, 0.0), (0.72, 0.72, 0.72)
LEADING = 1.25
Colour = tuple[float, float, float]
Document = tuple[bytes, int]
"""A PDF, and the index of the page that is meant."""


@lru_cache
def font_of(name: str) -> pymupdf.Font:
    """A font of MuPDF or of pymupdf-fonts by its short name: tiro, helv, notos, figo, ...

    `dejavu` is the DejaVu Sans of matplotlib, which has the shaped letters of Arabic.
    """
    if name == "dejavu":
        return pymupdf.Font(fontfile=f"{matplotlib.get_data_path()}/fonts/ttf/DejaVuSans.ttf")
    return pymupdf.Font(name)


@lru_cache(None)
def _advance_of(character: str, font: str) -> float:
    """The width of a character at size 1."""
    return float(font_of(font).text_length(character, 1))


def width_of(text: str, font: str, size: float) -> float:
    """The width of a text, as `Font.text_length` has it: the sum of its characters' widths."""
    return size * sum(_advance_of(character, font) for character in text)


def line(
    page: pymupdf.Page,
    x: float,
    y: float,
    text: str,
    font: str = "tiro",
    size: float = 10,
    align: str = "left",
    colour: Colour = BLACK,
    rotate: int = 0,
) -> None:
    """One line of text with its base line at `y`; `x` is its left end, middle or right end."""
    shift = {"left": 0.0, "centre": 0.5, "right": 1.0}[align] * width_of(text, font, size)
    at = (x, y + shift) if rotate == 90 else (x - shift, y)
    if font in pymupdf.Base14_fontdict:
        page.insert_text(at, text, fontname=font, fontsize=size, color=colour, rotate=rotate)
        return
    name = f"F{font}"
    page.insert_font(fontname=name, fontbuffer=font_of(font).buffer)
    page.insert_text(at, text, fontname=name, fontsize=size, color=colour, rotate=rotate)


def wrapped(text: str, width: float, font: str, size: float, first_indent: float = 0) -> list[str]:
    """Lines of at most this width; a word may be parted at its soft hyphens."""
    lines: list[str] = []
    current, room = "", width - first_indent
    for word in text.split():
        joined = f"{current} {word}" if current else word
        if width_of(joined.replace("\u00ad", ""), font, size) <= room:
            current = joined
            continue
        head, tail = _parted(current, word, room, font, size)
        lines.append(head.replace("\u00ad", ""))
        current, room = tail, width
    return [*lines, current.replace("\u00ad", "")]


def _parted(current: str, word: str, room: float, font: str, size: float) -> tuple[str, str]:
    """The line with as much of the word as fits before one of its soft hyphens, and the rest."""
    pieces = word.split("\u00ad")
    for count in range(len(pieces) - 1, 0, -1):
        head = f"{current} {''.join(pieces[:count])}-".strip()
        if width_of(head.replace("\u00ad", ""), font, size) <= room:
            return head, "\u00ad".join(pieces[count:])
    return current, word


def paragraph(
    page: pymupdf.Page,
    x: float,
    y: float,
    width: float,
    text: str,
    font: str = "tiro",
    size: float = 10,
    indent: float = 0,
    leading: float = LEADING,
    colour: Colour = BLACK,
) -> float:
    """Set lines from the base line `y` down; the base line of the line after the last."""
    for number, words in enumerate(wrapped(text, width, font, size, indent)):
        line(page, x + (indent if number == 0 else 0), y, words, font, size, colour=colour)
        y += size * leading
    return y


def paragraphs(
    page: pymupdf.Page,
    x: float,
    y: float,
    width: float,
    texts: Sequence[str],
    font: str = "tiro",
    size: float = 10,
    gap: float = 6,
) -> float:
    for text in texts:
        y = paragraph(page, x, y, width, text, font, size) + gap
    return y


def rule(
    page: pymupdf.Page, x0: float, y0: float, x1: float, y1: float, width: float = 0.6
) -> None:
    page.draw_line((x0, y0), (x1, y1), width=width)


def row_of_cells(
    page: pymupdf.Page,
    xs: Sequence[float],
    y: float,
    cells: Sequence[str],
    font: str = "helv",
    size: float = 9,
    aligns: str = "",
    pad: float = 4,
) -> None:
    """Cells between the edges `xs` on one base line; `aligns` has a letter a cell: l, c or r."""
    for number, text in enumerate(cells):
        left, right = xs[number] + pad, xs[number + 1] - pad
        how = aligns[number] if aligns else "l"
        where = {"l": left, "c": (left + right) / 2, "r": right}[how]
        name = {"l": "left", "c": "centre", "r": "right"}[how]
        if text:
            line(page, where, y, text, font, size, name)


def edges(x: float, widths: Sequence[float]) -> list[float]:
    """The edges of columns of these widths from `x` on."""
    xs = [x]
    for width in widths:
        xs.append(xs[-1] + width)
    return xs


def document(
    count: int,
    index: int,
    fill: Callable[[pymupdf.Page, int], None],
    size: tuple[float, float] = A4,
) -> Document:
    """A PDF of `count` pages, each filled by its index; the page at `index` is meant."""
    pdf = pymupdf.open()
    for number in range(count):
        fill(pdf.new_page(width=size[0], height=size[1]), number)
    pdf.subset_fonts()
    return bytes(pdf.tobytes(deflate=True, garbage=3, no_new_id=True)), index
