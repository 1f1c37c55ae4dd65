"""Draw formulas with matplotlib's mathtext, without TeX; the text is their LaTeX.

Mathtext draws single lines. Matrices and aligned lines are put together here from their parts.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from numpy.random import Generator
from PIL import Image

from schemas.charts import FormulaSource
from schemas.pages import Block, Box, own_text
from workers.synthetic.charts.fonts import matplotlib, own_settings
from workers.synthetic.drawn import Drawn
from workers.synthetic.formulas.grammar import Formula, Line, Matrix, sample_formula
from workers.synthetic.sampling import happens, pick, within

if TYPE_CHECKING:
    from matplotlib.font_manager import FontProperties
    from matplotlib.mathtext import MathTextParser, RasterParse

Ink = npt.NDArray[np.uint8]

_FONTS = ("cm", "cm", "cm", "stix", "stix", "dejavuserif", "dejavusans", "stixsans")
_WIDEST_PX = 1500
_SMALLEST_PX = 18
_SPACED = ("\\sum", "\\prod", "\\lim", "\\exp")
_AXIS = 0.25  # ems from the baseline up to the bars of fractions and the middles of matrices
# paper, ink
_COLOURS = (
    *(("#ffffff", "#000000"),) * 6,
    ("#ffffff", "#1a1a1a"),
    ("#ffffff", "#1f3b70"),
    ("#fbf8f1", "#2b2620"),
    ("#f3f3f3", "#111111"),
    ("#fffbe6", "#222222"),
    ("#eef3fa", "#10243f"),
    ("#1e1e1e", "#f0f0f0"),
    ("#22384f", "#f4f1e4"),
)


@dataclass(frozen=True, slots=True)
class SetPiece:
    """A drawn part of a formula: its ink, uint8 (height, width) with 255 for full ink, and how many
    of its rows are above the baseline."""

    ink: Ink
    ascent: int

    @property
    def width(self) -> int:
        """In pixels."""
        return int(self.ink.shape[1])

    @property
    def descent(self) -> int:
        """Rows from the baseline down."""
        return int(self.ink.shape[0]) - self.ascent


@dataclass(frozen=True, slots=True)
class MathFont:
    """A font family of mathtext, and its size in pixels."""

    family: str
    px: float


def draw(rng: Generator, settings: FormulaSource) -> Drawn:
    """One formula, or several below each other, some numbered as equations.

    Raises RequestError where matplotlib is not installed.
    """
    count = 1 if happens(rng, 0.6) else within(rng, (1, settings.max_on_a_page))
    formulas = [sample_formula(rng, within(rng, settings.difficulty)) for _ in range(count)]
    font = MathFont(pick(rng, _FONTS), float(rng.uniform(22, 52)))
    paper, ink = pick(rng, _COLOURS)
    is_numbered = happens(rng, 0.6 if count > 1 else 0.12)
    first = within(rng, (1, 30)) if happens(rng, 0.3) else 1
    tags = [str(first + i) if is_numbered else "" for i in range(count)]
    margins = [float(rng.uniform(0.4, 2.0)) for _ in range(4)]
    is_centred, gap = happens(rng, 0.7), float(rng.uniform(0.9, 1.8))
    with own_settings():
        font, parts = _fitting(formulas, tags, font)
        marks = [_set_line(f"({tag})", font) if tag else None for tag in tags]
    texts = [
        formula.latex + (f" \\tag{{{tag}}}" if tag else "")
        for formula, tag in zip(formulas, tags, strict=True)
    ]
    page, boxes = _page(parts, marks, font, margins, gap, is_centred)
    picture = Image.new("RGB", (page.shape[1], page.shape[0]), paper)
    picture.paste(ink, (0, 0), Image.fromarray(page))
    blocks = tuple(Block("formula", box, text) for box, text in zip(boxes, texts, strict=True))
    return Drawn(picture, own_text(blocks), blocks)


def _fitting(
    formulas: Sequence[Formula], tags: Sequence[str], font: MathFont
) -> tuple[MathFont, list[SetPiece]]:
    """The formulas set in `font`, or in a smaller size if they would be too wide."""
    parts = [_set_formula(formula, font) for formula in formulas]
    room = _WIDEST_PX - (4 * font.px if any(tags) else 0)
    widest = max(part.width for part in parts)
    if widest <= room:
        return font, parts
    smaller = MathFont(font.family, max(_SMALLEST_PX, font.px * room / widest))
    return smaller, [_set_formula(formula, smaller) for formula in formulas]


def _page(
    parts: Sequence[SetPiece],
    marks: Sequence[SetPiece | None],
    font: MathFont,
    margins: Sequence[float],
    gap: float,
    is_centred: bool,
) -> tuple[Ink, list[Box]]:
    """The ink of a page, and the boxes of its formulas; a formula's box includes its number."""
    left, top, right, bottom = (round(margin * font.px) + 2 for margin in margins)
    mark_px = max((mark.width + round(1.5 * font.px) for mark in marks if mark), default=0)
    column = max(part.width for part in parts)
    width = left + column + mark_px + right
    places, y = [], top
    for part, mark in zip(parts, marks, strict=True):
        places.append(y)
        y += max(part.ink.shape[0], mark.ink.shape[0] if mark else 0) + round(gap * font.px)
    height = y - round(gap * font.px) + bottom
    page = np.zeros((height, width), np.uint8)
    boxes: list[Box] = []
    for part, mark, y in zip(parts, marks, places, strict=True):
        x = left + ((column - part.width) // 2 if is_centred else 0)
        rows = part.ink.shape[0]
        if mark:
            rows = max(rows, mark.ink.shape[0])
            _lay(page, mark.ink, width - right - mark.width, y + (rows - mark.ink.shape[0]) // 2)
        _lay(page, part.ink, x, y + (rows - part.ink.shape[0]) // 2)
        end = width - right if mark else x + part.width
        boxes.append((x / width, y / height, end / width, (y + rows) / height))
    return page, boxes


def _lay(page: Ink, ink: Ink, x: int, y: int) -> None:
    place = page[y : y + ink.shape[0], x : x + ink.shape[1]]
    np.maximum(place, ink, out=place)


def _set_formula(formula: Formula, font: MathFont) -> SetPiece:
    """A formula's lines; several are aligned."""
    sides = [(_set_row(left, font), _set_row(rest, font)) for left, rest in formula.lines]
    # Mathtext already draws space before a relation.
    gap = round(0.08 * font.px)
    column = max(left.width for left, _ in sides)
    edge = column + gap if column else 0
    lines = []
    for left, rest in sides:
        ascent = max(left.ascent, rest.ascent)
        ink = np.zeros((ascent + max(left.descent, rest.descent), edge + rest.width), np.uint8)
        _lay(ink, left.ink, column - left.width, ascent - left.ascent)
        _lay(ink, rest.ink, edge, ascent - rest.ascent)
        lines.append(ink)
    width, skip = max(line.shape[1] for line in lines), round(0.5 * font.px)
    block = np.zeros((sum(len(line) + skip for line in lines) - skip, width), np.uint8)
    y = 0
    for line in lines:
        _lay(block, line, 0, y)
        y += len(line) + skip
    return SetPiece(block, len(block) // 2)


def _set_row(line: Line, font: MathFont) -> SetPiece:
    """A line's pieces side by side on one baseline."""
    if not line:
        return SetPiece(np.zeros((0, 0), np.uint8), 0)
    parts = [
        _set_line(piece, font) if isinstance(piece, str) else _set_matrix(piece, font)
        for piece in line
    ]
    # Matrices have no space around them, nor has mathtext after its last letter or sign.
    gap = round(0.42 * font.px)
    ascent = max(part.ascent for part in parts)
    width = sum(part.width + gap for part in parts) - gap
    ink = np.zeros((ascent + max(part.descent for part in parts), width), np.uint8)
    x = 0
    for part in parts:
        _lay(ink, part.ink, x, ascent - part.ascent)
        x += part.width + gap
    return SetPiece(ink, ascent)


def _set_matrix(matrix: Matrix, font: MathFont) -> SetPiece:
    """Cells centred in columns, on the baselines of their rows, between brackets."""
    cells = [[_set_line(cell, font) for cell in row] for row in matrix.cells]
    widths = [max(row[i].width for row in cells) for i in range(len(cells[0]))]
    ascents = [max(cell.ascent for cell in row) for row in cells]
    descents = [max(cell.descent for cell in row) for row in cells]
    between, skip = round(0.9 * font.px), round(0.35 * font.px)
    stroke, hook, inset = (max(1, round(share * font.px)) for share in (0.06, 0.2, 0.3))
    height = sum(ascents) + sum(descents) + skip * (len(cells) - 1) + 2 * (inset // 2)
    width = sum(widths) + between * (len(widths) - 1) + 2 * inset
    ink = np.zeros((height, width), np.uint8)
    y = inset // 2
    for row, ascent, descent in zip(cells, ascents, descents, strict=True):
        x = inset
        for cell, column in zip(row, widths, strict=True):
            _lay(ink, cell.ink, x + (column - cell.width) // 2, y + ascent - cell.ascent)
            x += column + between
        y += ascent + descent + skip
    ink[:, :stroke] = ink[:, -stroke:] = 255
    if matrix.fence == "[":
        for rows in (slice(0, stroke), slice(height - stroke, height)):
            ink[rows, :hook] = ink[rows, -hook:] = 255
    return SetPiece(ink, height // 2 + round(_AXIS * font.px))


def _set_line(latex: str, font: MathFont) -> SetPiece:
    """A line of LaTeX as mathtext draws it."""
    parsed = _parser().parse(
        f"${displayed(latex)}$", dpi=72, prop=_properties(font.family, font.px), antialiased=True
    )
    ink = np.asarray(parsed.image, np.uint8)
    return SetPiece(ink, ink.shape[0] - round(parsed.depth))


def displayed(latex: str) -> str:
    """LaTeX rewritten so that mathtext draws it as a display.

    Fractions outside braces get full size, and large operators the space before them.

    >>> displayed(r"\\frac{a}{b} + \\sqrt{\\frac{c}{d}}")
    '\\\\dfrac{a}{b} + \\\\sqrt{\\\\frac{c}{d}}'
    """
    depth, parts = 0, []
    for token in re.findall(r"\\[a-zA-Z]+|\\.|.", latex):
        depth += (token == "{") - (token == "}")
        if token in _SPACED:
            parts.append("\\," + token)
        else:
            parts.append("\\dfrac" if token == "\\frac" and depth == 0 else token)
    return "".join(parts)


@functools.cache
def _parser() -> MathTextParser[RasterParse]:
    matplotlib()
    from matplotlib.mathtext import MathTextParser

    return MathTextParser("agg")


def _properties(family: str, px: float) -> FontProperties:
    from matplotlib.font_manager import FontProperties

    return FontProperties(math_fontfamily=family, size=px)
