"""The lines of a page: their text, type and direction. Pure.

Owns the step from MuPDF's line to `Line`. Does not order lines, join them or judge.
"""

from __future__ import annotations

import functools
import math
import re
import unicodedata
from dataclasses import dataclass

import pymupdf

from schemas.pages import Box
from workers.textlayer import repairs
from workers.textlayer.broken import BROKEN, lost_words, with_bullets, without_broken
from workers.textlayer.orientation import AS_DISPLAYED, View, upright_view_of
from workers.textlayer.page_text import PageText, place
from workers.textlayer.private_use import KNOWN_PRIVATE
from workers.textlayer.raw import MONO_FONT, RawLine, RawSpan

_MIN_RUN_IN_CHARS = 4  # a sign for a footnote, a symbol and the like may be of other type
MIN_SIZE_PT = 1.0
"""Type 3 fonts of Ghostscript have a scale of their own: MuPDF gives their letters a size of 0.1
points and boxes that reach as far below the line as above it."""
_CHAR_PAINTED = 16 | 32  # FZ_STEXT_FILLED, FZ_STEXT_STROKED; render mode 3 has neither
_BOLD_FONT = re.compile(r"bold|cmbx|sfbx|black|heavy", re.I)
_SIZES = range(0xFE00, 0xFE06)  # TeX writes them after brackets, for their sizes
_CLEAN: dict[int, str | None] = {
    **dict.fromkeys((*range(32), *range(127, 160), 0x200B, 0xFEFF, *_SIZES)),
    **dict.fromkeys((9, 10, 13, 0x85, 0xA0), " "),
    **KNOWN_PRIVATE,
}
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_COMPATIBILITY = re.compile("[\u2f00-\u2fdf\ufb00-\ufb06\ufb50-\ufdfb\ufe70-\ufefc]")
"""Kangxi radicals that stand for ideographs, ligatures, shaped Arabic: NFKC gives the letters."""
_SUPERSCRIPT = str.maketrans("0123456789+-\u2212=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱ")


@dataclass(frozen=True, slots=True)
class Line:
    """One line as MuPDF found it; `box` is in points of the page's view.

    `quadrant` is the writing direction in quarter turns clockwise: 0 reads across the page, 1
    downwards, 3 upwards. `block` numbers MuPDF's paragraphs in content-stream order. `upright` is
    the view in which the line's glyphs stand upright, of the view that `box` is in. A line that
    `is_run_in` begins in bold and goes on in other type, as a heading within a paragraph does.
    """

    text: str
    box: Box
    size: float
    block: int
    is_bold: bool = False
    is_mono: bool = False
    quadrant: int = 0
    upright: View = AS_DISPLAYED
    is_run_in: bool = False


def quadrant_of(raw: RawLine, quarter_turns: int) -> int:
    """The writing direction in the view, to which `quarter_turns` lead, in quarter turns."""
    cosine, sine = raw["dir"]
    if cosine == 1.0:
        return quarter_turns % 4
    return (round(math.atan2(sine, cosine) / (math.pi / 2)) + quarter_turns) % 4


def upright_of(raw: RawLine, quadrant: int) -> View:
    """The view in which the glyphs of a line stand upright."""
    is_vertical = raw["wmode"] == 1
    is_mirrored = not is_vertical and _is_mirrored(raw)
    return upright_view_of(quadrant, is_mirrored, is_vertical)


def _is_mirrored(raw: RawLine) -> bool:
    """Whether the tops of the letters lie to the right of the writing direction.

    Letters rise further above their baseline than they reach below it.
    """
    spans = raw["spans"]
    span = spans[0] if len(spans) == 1 else max(spans, key=lambda span: len(span["text"]))
    if span["size"] < MIN_SIZE_PT:
        return False
    (x, y), (x0, y0, x1, y1) = span["origin"], span["bbox"]
    cosine, sine = raw["dir"]
    if abs(cosine) >= abs(sine):
        above, below = (y - y0, y1 - y) if cosine > 0 else (y1 - y, y - y0)
    else:
        above, below = (x1 - x, x - x0) if sine > 0 else (x - x0, x1 - x)
    return bool(above < below)


def clean(text: str) -> str:
    """`text` without control and broken characters, with base letters for shaped ones."""
    if text.isascii() and text.isprintable():
        return text
    text = text.translate(_CLEAN)
    if BROKEN.search(text):
        text = without_broken(text)
    if _COMPATIBILITY.search(text):
        text = text.replace("\u0627\ufdf2", "\ufdf2")  # fonts draw it without its first letter
        text = _COMPATIBILITY.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)
    return text


def line_of(raw: RawLine, block: int, read: PageText) -> tuple[Line | None, int, int, int]:
    """One visible line, its hidden and garbled characters, and the words that lost a letter."""
    parts: list[str] = []
    hidden = bold = mono = total = plain = 0
    sizes: dict[float, int] = {}
    for span in raw["spans"]:
        text: str = span["text"]
        count = len(text.strip())
        if not span["char_flags"] & _CHAR_PAINTED or span["alpha"] == 0:
            hidden += count
            continue
        flags = span["flags"]
        if flags & pymupdf.TEXT_FONT_SUPERSCRIPT and (parts or _is_note_mark(raw, span)):
            text = _superscript(text)
        parts.append(text)
        total += count
        is_bold, is_mono = _font_style(span["font"], flags)
        bold += count * is_bold
        plain = 0 if is_bold else plain + count * (not is_mono)  # after all bold type
        mono += count * is_mono
        size = round(span["size"] * 2) / 2
        sizes[size] = sizes.get(size, 0) + count
    raw_text = "".join(parts)
    garbled = lost = 0
    if not (raw_text.isascii() and raw_text.isprintable()):
        raw_text = with_bullets(repairs.with_ligatures(raw_text))
        garbled = len(_CONTROL.findall(raw_text)) + len(BROKEN.findall(raw_text))
        lost = lost_words(raw_text) if garbled else 0
    text = clean(raw_text)
    is_mono = mono * 10 > total * 8
    if not is_mono:
        text = repairs.repaired(text)
    if not text.strip() or not math.isfinite(sum(raw["bbox"])):
        return None, hidden, garbled, lost
    quadrant = quadrant_of(raw, read.quarter_turns)
    line = Line(
        text=text,
        box=place(raw["bbox"], read.matrix),
        size=max(max(sizes, key=sizes.__getitem__), MIN_SIZE_PT),
        block=block,
        is_bold=bold * 2 > total,
        is_mono=is_mono,
        quadrant=quadrant,
        upright=upright_of(raw, quadrant),
        is_run_in=0 < bold < total and plain >= _MIN_RUN_IN_CHARS,
    )
    return line, hidden, garbled, lost


@functools.lru_cache(maxsize=1024)
def _font_style(font: str, flags: int) -> tuple[bool, bool]:
    """Whether a font is bold, and whether its letters are of one width."""
    return (
        bool(flags & pymupdf.TEXT_FONT_BOLD or _BOLD_FONT.search(font)),
        bool(flags & pymupdf.TEXT_FONT_MONOSPACED or MONO_FONT.search(font)),
    )


def _is_note_mark(raw: RawLine, first: RawSpan) -> bool:
    """Whether a line begins with the raised number of a footnote, and goes on in larger type."""
    sizes = [span["size"] for span in raw["spans"][1:2]]
    return first["text"].strip().isdecimal() and any(first["size"] < 0.85 * s for s in sizes)


def _superscript(text: str) -> str:
    """Raised digits as Unicode superscripts; other raised text as it is."""
    raised = text.translate(_SUPERSCRIPT)
    is_whole = all(a != b or a == " " for a, b in zip(text, raised, strict=True))
    return raised if is_whole and len(text) <= 4 else text
