"""What a PDF page draws, as plain values: lines of text, ruling lines, pictures.

Owns the text layer's calls into PyMuPDF, except those for tables, and the step from MuPDF's
coordinates, which ignore the page's rotation, to the view of the page. Does not order or judge.

Two passes of MuPDF over the page, 2.5 and 3.5 ms: `get_text("dict")` for text with styles and
vector boxes, `get_bboxlog` for pictures, because the dictionary would carry each picture encoded.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pymupdf

from schemas.pages import Box
from workers.layout.tables.ruled import THICK
from workers.textlayer.orientation import AS_DISPLAYED, View, upright_view_of
from workers.textlayer.raw import RawBlock, RawLine

MAX_LINES = 5_000
"""A full broadsheet page has about 1,500 lines; further lines of a hostile page are not read."""

MAX_RULES = 4_000
"""Paths kept as ruling lines and areas; all paths are counted. A table of 60 x 12 cells, each drawn
as a box with four edges of its own, has 3,600."""

# No TEXT_PRESERVE_LIGATURES: MuPDF then writes "fi" for U+FB01. No TEXT_CID_FOR_UNKNOWN_UNICODE:
# an unmapped glyph must show as U+FFFD, not as an arbitrary character. No TEXT_COLLECT_STYLES: it
# doubles the time of a page, and is quadratic (MuPDF 1.28: 54 s for 100,000 rectangles, without it
# 0.1 s); what it adds is strike-outs and bold made by double printing.
TEXT_FLAGS = pymupdf.TEXT_PRESERVE_WHITESPACE | pymupdf.TEXT_CLIP | pymupdf.TEXT_COLLECT_VECTORS
_CHAR_PAINTED = 16 | 32  # FZ_STEXT_FILLED, FZ_STEXT_STROKED; render mode 3 has neither
_MONO_FONT = re.compile(r"mono|courier|cmtt|cmsltt|sftt|typewriter|consol|inconsolata", re.I)
_BOLD_FONT = re.compile(r"bold|cmbx|sfbx|black|heavy", re.I)
_CLEAN: dict[int, str | None] = {
    **dict.fromkeys((*range(32), *range(127, 160), 0x200B, 0xFEFF)),
    **dict.fromkeys((9, 10, 13, 0x85, 0xA0), " "),
    # bullets and signs of the Symbol and Wingdings fonts, mapped into the private use area
    **dict(zip((0xF0B7, 0xF0A7, 0xF0D8, 0xF0FC, 0xF02D), "•▪➢✓\u2212", strict=True)),
}
_GARBLED = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ue000-\uf8ff\ufffd\U000f0000-\U0010ffff]"
)
_COMPATIBILITY = re.compile("[\u2f00-\u2fdf\ufb00-\ufb06\ufb50-\ufdfb\ufe70-\ufefc]")
"""Kangxi radicals that stand for ideographs, ligatures, shaped Arabic: NFKC gives the letters."""

# What MuPDF 1.28 gets wrong in right-to-left lines: numbers in Arabic-Indic digits come reversed
# (those in Persian digits do not), and the vowel signs at the end of a word come after its space.
_ARABIC = re.compile("[\u0600-\u06ff]")
_ARABIC_NUMBER = re.compile("[\u0660-\u0669\u066b\u066c]{2,}")
_STRAY_MARKS = re.compile("( +)([\u064b-\u0652\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed]+)")

_SUPERSCRIPT = str.maketrans("0123456789+-\u2212=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱ")


@dataclass(frozen=True, slots=True)
class Line:
    """One line as MuPDF found it; `box` is in points of the page's view.

    `quadrant` is the writing direction in quarter turns clockwise: 0 reads across the page, 1
    downwards, 3 upwards. `block` numbers MuPDF's paragraphs in content-stream order. `upright` is
    the view in which the line's glyphs stand upright, of the view that `box` is in.
    """

    text: str
    box: Box
    size: float
    block: int
    is_bold: bool = False
    is_mono: bool = False
    quadrant: int = 0
    upright: View = AS_DISPLAYED


@dataclass(frozen=True, slots=True)
class PageContent:
    """Everything the text layer looks at. Boxes are in points of the page's view.

    `matrix` maps MuPDF's coordinates, which ignore the page's rotation, to that view. `rules` are
    paths that could be ruling lines or cell borders. `hidden_chars` counts characters that are not
    painted, `garbled_chars` painted ones that have no meaning as Unicode. `covered_share` is the
    share of the text, by length, that a later picture covers.
    """

    width: float
    height: float
    matrix: pymupdf.Matrix
    lines: tuple[Line, ...]
    hidden_chars: int
    garbled_chars: int
    rules: tuple[Box, ...]
    fills: tuple[Box, ...]
    images: tuple[Box, ...]
    path_count: int
    covered_share: float


def read_page(page: pymupdf.Page, view: View = AS_DISPLAYED) -> PageContent:
    """Read the lines, ruling lines and pictures that lie on the page, as they lie in `view`."""
    matrix = view_matrix(page, view)
    width, height = view.size(float(page.rect.width), float(page.rect.height))
    text = _read_text(page, view)
    lines: list[Line] = []
    rules: list[Box] = []
    fills: list[Box] = []
    hidden_chars = garbled_chars = 0
    for block in text.blocks:
        if block["type"] == 3:
            if block["isrect"] and len(rules) + len(fills) < MAX_RULES:
                box = place(block["bbox"], text.matrix)
                is_area = not block["stroked"] and min(box[2] - box[0], box[3] - box[1]) > THICK
                (fills if is_area else rules).append(box)
        elif block["type"] == 0:
            for raw in block["lines"][: MAX_LINES - len(lines)]:
                line, hidden, garbled = _line(raw, block["number"], text)
                hidden_chars += hidden
                garbled_chars += garbled
                if line is not None:
                    lines.append(line)
    return PageContent(
        width,
        height,
        matrix,
        tuple(lines),
        hidden_chars,
        garbled_chars,
        tuple(rules),
        tuple(fills),
        *_pictures(page, matrix, width, height),
    )


def count_glyphs(page: pymupdf.Page, view: View) -> Counter[View]:
    """How many characters, painted or not, stand upright in each view.

    These views are relative to the page as `view` shows it.
    """
    text = _read_text(page, view, TEXT_FLAGS & ~pymupdf.TEXT_COLLECT_VECTORS)
    counts: Counter[View] = Counter()
    for block in text.blocks:
        for raw in block.get("lines", ()):
            if not all(map(math.isfinite, (*raw["bbox"], *raw["dir"]))):
                continue
            chars = sum(len(span["text"]) - span["text"].count(" ") for span in raw["spans"])
            counts[_upright(raw, _quadrant(raw, text.quarter_turns))] += chars
    return counts


def view_matrix(page: pymupdf.Page, view: View) -> pymupdf.Matrix:
    """From MuPDF's coordinates, which ignore the page's rotation, to its view."""
    if view == AS_DISPLAYED:
        return page.rotation_matrix
    return page.rotation_matrix * pymupdf.Matrix(*view.matrix(page.rect.width, page.rect.height))


@dataclass(frozen=True, slots=True)
class _Text:
    """MuPDF's blocks, the quarter turns from them to the view, and the matrix to it."""

    blocks: Sequence[RawBlock]
    quarter_turns: int
    matrix: pymupdf.Matrix


def _read_text(page: pymupdf.Page, view: View, flags: int = TEXT_FLAGS) -> _Text:
    """The page's text, and its vector boxes where `flags` ask for them.

    MuPDF joins lines best where they read across, so MuPDF gets the page as the view turns it.
    """
    if view == AS_DISPLAYED:
        blocks = page.get_text("dict", flags=flags)["blocks"]
        return _Text(blocks, page.rotation // 90, page.rotation_matrix)
    sides = view.size(page.rect.width, page.rect.height)
    matrix = view_matrix(page, view)
    textpage = page.get_textpage(clip=(0, 0, *sides), flags=flags, matrix=matrix)
    return _Text(page.get_text("dict", textpage=textpage)["blocks"], 0, pymupdf.Identity)


def _quadrant(raw: RawLine, quarter_turns: int) -> int:
    cosine, sine = raw["dir"]
    return (round(math.atan2(sine, cosine) / (math.pi / 2)) + quarter_turns) % 4


def _upright(raw: RawLine, quadrant: int) -> View:
    is_vertical = raw["wmode"] == 1
    is_mirrored = not is_vertical and _is_mirrored(raw)
    return upright_view_of(quadrant, is_mirrored, is_vertical)


def _is_mirrored(raw: RawLine) -> bool:
    """Whether the tops of the letters lie to the right of the writing direction.

    Letters rise further above their baseline than they reach below it.
    """
    spans = raw["spans"]
    span = spans[0] if len(spans) == 1 else max(spans, key=lambda span: len(span["text"]))
    (x, y), (x0, y0, x1, y1) = span["origin"], span["bbox"]
    cosine, sine = raw["dir"]
    if abs(cosine) >= abs(sine):
        above, below = (y - y0, y1 - y) if cosine > 0 else (y1 - y, y - y0)
    else:
        above, below = (x1 - x, x - x0) if sine > 0 else (x - x0, x1 - x)
    return bool(above < below)


def place(box: Sequence[float], matrix: pymupdf.Matrix) -> Box:
    """Map a box from MuPDF's coordinates to the page's view."""
    if matrix.b == 0 and matrix.a == 1 and matrix.d == 1:
        return (box[0], box[1], box[2], box[3])
    ax, ay = box[0] * matrix.a + box[1] * matrix.c, box[0] * matrix.b + box[1] * matrix.d
    bx, by = box[2] * matrix.a + box[3] * matrix.c, box[2] * matrix.b + box[3] * matrix.d
    e, f = matrix.e, matrix.f
    return (min(ax, bx) + e, min(ay, by) + f, max(ax, bx) + e, max(ay, by) + f)


def clean(text: str) -> str:
    """`text` without control characters, with base letters for shaped ones and plain spaces."""
    text = text.translate(_CLEAN)
    if _COMPATIBILITY.search(text):
        text = _COMPATIBILITY.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)
    if _ARABIC.search(text):
        text = _ARABIC_NUMBER.sub(lambda found: found[0][::-1], text)
        text = _STRAY_MARKS.sub(r"\2\1", text)
    return text


def _line(raw: RawLine, block: int, read: _Text) -> tuple[Line | None, int, int]:
    """One visible line, and how many of its characters are hidden and garbled."""
    parts: list[str] = []
    hidden = bold = mono = total = 0
    sizes: dict[float, int] = {}
    for span in raw["spans"]:
        text: str = span["text"]
        count = len(text.strip())
        if not span["char_flags"] & _CHAR_PAINTED or span["alpha"] == 0:
            hidden += count
            continue
        flags, font = span["flags"], span["font"]
        if flags & pymupdf.TEXT_FONT_SUPERSCRIPT and parts:
            text = _superscript(text)
        parts.append(text)
        total += count
        bold += count if flags & pymupdf.TEXT_FONT_BOLD or _BOLD_FONT.search(font) else 0
        mono += count if flags & pymupdf.TEXT_FONT_MONOSPACED or _MONO_FONT.search(font) else 0
        size = round(span["size"] * 2) / 2
        sizes[size] = sizes.get(size, 0) + count
    raw_text = "".join(parts)
    text = clean(raw_text)
    garbled = len(_GARBLED.findall(raw_text))
    if not text.strip() or not all(map(math.isfinite, raw["bbox"])):
        return None, hidden, garbled
    quadrant = _quadrant(raw, read.quarter_turns)
    line = Line(
        text=text,
        box=place(raw["bbox"], read.matrix),
        size=max(max(sizes, key=sizes.__getitem__), 1.0),
        block=block,
        is_bold=bold * 2 > total,
        is_mono=mono * 10 > total * 8,
        quadrant=quadrant,
        upright=_upright(raw, quadrant),
    )
    return line, hidden, garbled


def _superscript(text: str) -> str:
    """Raised digits as Unicode superscripts; other raised text as it is."""
    raised = text.translate(_SUPERSCRIPT)
    is_whole = all(a != b or a == " " for a, b in zip(text, raised, strict=True))
    return raised if is_whole and len(text) <= 4 else text


def _pictures(
    page: pymupdf.Page, matrix: pymupdf.Matrix, width: float, height: float
) -> tuple[tuple[Box, ...], int, float]:
    """Picture boxes cut to the page, the number of paths, and the share of covered text.

    Some scanners write the recognised words in plain sight and paint the scan over them, so text
    before a picture of over half the page counts as covered; after it, it is a background.
    """
    images: list[Box] = []
    path_count = 0
    text_pt = covered_pt = 0.0
    for kind, raw in page.get_bboxlog():
        if kind.endswith("path"):
            path_count += 1
        elif kind in ("fill-text", "stroke-text"):
            text_pt += min(max(raw[2] - raw[0], raw[3] - raw[1]), width + height)
        elif kind == "fill-image":
            x0, y0, x1, y1 = place(raw, matrix)
            box = (max(x0, 0.0), max(y0, 0.0), min(x1, width), min(y1, height))
            if box[2] > box[0] and box[3] > box[1]:
                images.append(box)
                if (box[2] - box[0]) * (box[3] - box[1]) > 0.5 * width * height:
                    covered_pt = text_pt
    return tuple(images), path_count, covered_pt / text_pt if text_pt > 0 else 0.0
