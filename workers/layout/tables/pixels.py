"""Tables of a page image whose lines were recognised: ruling lines from its pixels.

Owns finding ruling lines by morphology, and where in a recognised line its words stand: a detector
takes cells that stand close for one line, which is cut at the gaps and rules that its pixels show.
Does not recognise text.
"""

from __future__ import annotations

import functools
import itertools
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from schemas.pages import Box
from workers.layout.mask_parts import mask_parts
from workers.layout.tables.grid import Piece, Table, rows_of
from workers.layout.tables.model import GridModel
from workers.layout.tables.runs import runs_of_figures
from workers.layout.tables.search import find
from workers.layout.tables.words import RTL, cut_in_proportion

Grey = NDArray[np.uint8]

_EM = 9.0
"""Boxes are scaled so that the median line has this font size, for distances in points."""
_LINE_HEIGHT = 1.4
"""The height of a detector's box over the font size."""
_RULE_EM = 2.2
"""A rule is at least this long: longer than the uprights of any letter."""
_THICK_EM = 0.45
_DARKER = 12
"""Grey levels that ink is darker than the mean around it; hairlines are 40, paper's noise 5."""
_AROUND_PX = 31
_CUT_EM = 0.9
"""A gap in a line's ink at least as wide parts two cells, as no space is."""


@dataclass(frozen=True, slots=True)
class _Ink:
    """Text without ruling lines, ruling lines, and the boxes of these, in pixels."""

    text: Grey
    uprights: Grey
    rules: list[Box]


def tables_of(
    grey: Grey,
    lines: Sequence[Piece],
    regions: Sequence[Box] = (),
    model: GridModel | None = None,
) -> list[Table]:
    """The tables of the page, from top to bottom, in pixels.

    Args:
        grey: uint8 (height, width), the page that the lines were found on.
        lines: recognised lines with their boxes in these pixels. `Table.pieces` are their numbers.
        regions: boxes in pixels that a layout model calls tables.
        model: tells rows apart where alignment cannot, at 31 ms a region.
    """
    heights = [p.box[3] - p.box[1] for p in lines if not p.quadrant % 2]
    if len(lines) < 4 or not heights:
        return []
    em = max(statistics.median(heights) / _LINE_HEIGHT, 4.0)
    ink = _ink(grey, em)
    scale = _EM / em
    parts, owners = _cut(lines, ink, em)
    pieces = [replace(p, box=_scaled(p.box, scale), size=_EM) for p in parts]
    runs = runs_of_figures(pieces)
    if not (ink.rules or regions or runs):
        return []

    @functools.lru_cache(maxsize=max(len(pieces), 1))
    def words(number: int) -> Sequence[Piece]:
        cut = _words(parts[number], ink)
        return [replace(word, box=_scaled(word.box, scale), size=_EM) for word in cut]

    tables = find(
        pieces,
        words,
        [_scaled(box, scale) for box in ink.rules],
        [_scaled(box, scale) for box in regions],
        runs,
        edges_of=functools.partial(_edges, grey, model, scale) if model is not None else None,
    )
    return [_of_lines(table, parts, owners, 1 / scale) for table in tables]


def _edges(grey: Grey, model: GridModel, scale: float, box: Box) -> tuple[list[float], list[float]]:
    height, width = grey.shape
    x0, y0, x1, y1 = (round(value / scale) for value in box)
    x0, y0, x1, y1 = max(x0, 0), max(y0, 0), min(x1, width), min(y1, height)
    if x1 - x0 < 2 or y1 - y0 < 2:
        return [], []
    columns, rows = model.edges(grey[y0:y1, x0:x1])
    return (
        [(x0 + share * (x1 - x0)) * scale for share in columns],
        [(y0 + share * (y1 - y0)) * scale for share in rows],
    )


def _of_lines(table: Table, parts: Sequence[Piece], owners: Sequence[int], scale: float) -> Table:
    """The table in pixels, with whole lines: parts of them that it left go to the nearest cell."""
    taken = frozenset(owners[i] for i in table.pieces)
    cells = [replace(cell, bbox=_scaled(cell.bbox, scale)) for cell in table.cells]
    for i, part in enumerate(parts):
        if owners[i] in taken and i not in table.pieces:
            at = min(range(len(cells)), key=lambda at: _distance(cells[at].bbox, part.box))
            text = f"{cells[at].text} {part.text}".strip()
            cells[at] = replace(cells[at], text=text)
    return replace(table, box=_scaled(table.box, scale), cells=tuple(cells), pieces=taken)


def _distance(a: Box, b: Box) -> float:
    x = max(a[0] - b[2], b[0] - a[2], 0.0)
    y = abs(a[1] + a[3] - b[1] - b[3])
    return x + 2 * y


def _ink(grey: Grey, em: float) -> _Ink:
    dark = cv2.adaptiveThreshold(
        grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, _AROUND_PX, _DARKER
    )
    length = max(round(_RULE_EM * em), 12)
    # Lines of a scan lean a little; thickened by a pixel they hold longer straight pieces. Along
    # the line nothing is added, which would join the letters of a word.
    levels = cv2.morphologyEx(
        cv2.dilate(dark, np.ones((3, 1), np.uint8)),
        cv2.MORPH_OPEN,
        np.ones((1, length), np.uint8),
    )
    uprights = cv2.morphologyEx(
        cv2.dilate(dark, np.ones((1, 3), np.uint8)),
        cv2.MORPH_OPEN,
        np.ones((length, 1), np.uint8),
    )
    limit = max(_THICK_EM * em, 4.0) + 2
    rules: list[Box] = []
    for mask, is_level in ((levels, True), (uprights, False)):
        for x, y, wide, high in mask_parts(mask):
            if (high if is_level else wide) <= limit + 0.02 * max(wide, high):
                # back by the pixel that was added
                x_pad, y_pad = (0.0, 1.0) if is_level else (1.0, 0.0)
                rules.append((x + x_pad, y + y_pad, x + wide - x_pad, y + high - y_pad))
    text = cv2.subtract(dark, cv2.max(levels, uprights))
    return _Ink(text, uprights, _straight(rules))


def _straight(rules: Sequence[Box]) -> list[Box]:
    """Leaning lines as thin boxes at their mean place."""
    out: list[Box] = []
    for x0, y0, x1, y1 in rules:
        if x1 - x0 >= y1 - y0:
            y = (y0 + y1) / 2
            out.append((x0, y, x1, y))
        else:
            x = (x0 + x1) / 2
            out.append((x, y0, x, y1))
    return out


def _cut(lines: Sequence[Piece], ink: _Ink, em: float) -> tuple[list[Piece], list[int]]:
    """The lines cut where their pixels show wide gaps or upright rules; the line of each part."""
    parts: list[Piece] = []
    owners: list[int] = []
    for number, line in enumerate(_apart(lines)):
        own = [line] if line.quadrant % 2 else _parts(line, ink, em)
        parts += own
        owners += [number] * len(own)
    return parts, owners


def _apart(lines: Sequence[Piece]) -> list[Piece]:
    """Lines whose boxes do not overlap with those beside them: a detector's boxes are wide."""
    boxes = [line.box for line in lines]
    for row in rows_of(boxes):
        for a, b in itertools.pairwise(row):
            left, right = boxes[a], boxes[b]
            if left[2] > right[0] and left[0] < right[0] and left[2] < right[2]:
                # the ink of the right one begins where its box does, within a few pixels
                boxes[a] = (left[0], left[1], right[0], left[3])
    return [replace(line, box=box) for line, box in zip(lines, boxes, strict=True)]


def _parts(line: Piece, ink: _Ink, em: float) -> list[Piece]:
    runs = _runs(line.box, ink, _CUT_EM * em)
    _, y0, _, y1 = line.box
    text = line.text.strip()
    if len(runs) < 2 or len(text) < len(runs):
        return [replace(line, box=(runs[0][0], y0, runs[-1][1], y1))] if runs else [line]
    if line.places:
        return _placed_parts(line, runs)
    texts = _shared(text, [b - a for a, b in runs])
    if RTL.search(line.text):
        runs = runs[::-1]
    return [
        replace(line, text=text, box=(x0, y0, x1, y1))
        for text, (x0, x1) in zip(texts, runs, strict=True)
    ]


def _placed_parts(line: Piece, runs: Sequence[tuple[float, float]]) -> list[Piece]:
    """The line cut into the runs that its characters stand in; runs without any are no text."""
    _, y0, _, y1 = line.box
    members: list[list[int]] = [[] for _ in runs]
    for number, (char, place) in enumerate(zip(line.text, line.places, strict=True)):
        if not char.isspace():
            away = [max(a - place, place - b) for a, b in runs]
            members[away.index(min(away))].append(number)
    return [
        replace(
            line,
            text=line.text[own[0] : own[-1] + 1],
            box=(x0, y0, x1, y1),
            places=line.places[own[0] : own[-1] + 1],
        )
        for (x0, x1), own in zip(runs, members, strict=True)
        if own
    ]


def _runs(box: Box, ink: _Ink, wide: float) -> list[tuple[float, float]]:
    """Where the box has ink, (left, right) each, apart by a gap of `wide` pixels or a rule."""
    height, width = ink.text.shape
    x0, x1 = max(round(box[0]), 0), min(round(box[2]), width)
    # the middle part, which the lines above and below do not reach
    inset = 0.15 * (box[3] - box[1])
    y0, y1 = max(round(box[1] + inset), 0), min(round(box[3] - inset), height)
    if x1 - x0 < 2 or y1 - y0 < 2:
        return []
    at = np.flatnonzero(ink.text[y0:y1, x0:x1].max(axis=0))
    if not len(at):
        return []
    uprights = ink.uprights[y0:y1, x0:x1]
    # most lines have no upright rule near them
    is_rule = (uprights > 0).mean(axis=0) > 0.9 if uprights.any() else np.zeros(x1 - x0, bool)
    rule_count = np.concatenate([[0], np.cumsum(is_rule)])
    gaps, rules = np.diff(at), np.diff(rule_count[at])
    breaks = np.flatnonzero((gaps > wide) | ((gaps > 2) & (rules > 0)))
    starts, ends = at[[0, *(breaks + 1)]].tolist(), at[[*breaks, -1]].tolist()
    # specks and what is left of a rule's edge
    kept = [(float(x0 + a), x0 + b + 1.0) for a, b in zip(starts, ends, strict=True) if b - a >= 2]
    return kept or [(float(x0), float(x1))]


def _shared(text: str, widths: Sequence[float]) -> list[str]:
    """The text cut to runs of these widths: at the spaces nearest to where the runs end."""
    total = sum(widths)
    cuts: list[int] = []
    last = 0
    for number, width in enumerate(itertools.accumulate(widths[:-1])):
        ideal = round(len(text) * width / total)
        most = len(text) - (len(widths) - 1 - number)
        near = [i for i, char in enumerate(text) if char == " " and last < i < most]
        best = min(near, key=lambda i: abs(i - ideal), default=None)
        is_near = best is not None and abs(best - ideal) <= max(3, 0.15 * len(text))
        cut = best if best is not None and is_near else min(max(ideal, last + 1), most)
        cuts.append(cut)
        last = cut
    return [text[a:b].strip() for a, b in itertools.pairwise([0, *cuts, len(text)])]


def _words(part: Piece, ink: _Ink) -> list[Piece]:
    """The words of a part of a line: cut at its widest gaps, else in proportion."""
    texts = part.text.split()
    if len(texts) < 2:
        return [replace(part, text=part.text.strip())]
    runs = _runs(part.box, ink, 1.0)
    gaps = sorted(
        sorted(((b[0] - a[1], a[1], b[0]) for a, b in itertools.pairwise(runs)), reverse=True)[
            : len(texts) - 1
        ],
        key=lambda gap: gap[1],
    )
    if len(gaps) < len(texts) - 1 or RTL.search(part.text):
        return cut_in_proportion(part)
    _, y0, _, y1 = part.box
    lefts = [runs[0][0], *(right for _, _, right in gaps)]
    rights = [*(left for _, left, _ in gaps), runs[-1][1]]
    return [
        replace(part, text=text, box=(x0, y0, x1, y1))
        for text, x0, x1 in zip(texts, lefts, rights, strict=True)
    ]


def _scaled(box: Box, scale: float) -> Box:
    return (box[0] * scale, box[1] * scale, box[2] * scale, box[3] * scale)
