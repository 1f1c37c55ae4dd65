"""The rows of lines at the top and bottom edge of a page, from the edge inwards. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from schemas.pages import Box
from workers.layout.page_numbers import page_number
from workers.layout.placed_lines import PageEdges, PlacedLine, side_of

EDGE_SHARE = 0.16
"""Of the page's height. A head of four lines on a letter ends at 0.15."""

LONE_SHARE = 0.2
"""Of the page's height: a number that stands alone is found further in."""

_MAX_ROWS = 5
_MAX_EDGE_LINES = 80
_RULE_WIDTH = 0.25
_SAME_UPRIGHT = 0.003
_CENTRED = 0.05
_MARGIN = 0.2
_SECTION = re.compile(r"(?:\d{1,2}|[A-Z])(?:\.\d{1,3}){0,4}\.?\s\D*[^\W\d_]\D*(?:\d{4})?|\[\d.*\]")
"""A year may end the name of a section, but no page number; a version has its date."""


@dataclass(frozen=True, slots=True)
class Row:
    """Lines side by side at an edge; `gap` separates the row from the next row inwards.

    The last row has nothing beyond it. A row `is_in_grid` whose cells have others below or above.
    """

    members: tuple[int, ...]
    lines: tuple[PlacedLine, ...]
    gap: float
    is_ruled_off: bool
    is_of_columns: bool
    is_last: bool
    is_in_grid: bool

    @property
    def top(self) -> float:
        """The highest edge of its lines."""
        return min(line.bbox[1] for line in self.lines)

    @property
    def bottom(self) -> float:
        """The lowest edge of its lines."""
        return max(line.bbox[3] for line in self.lines)

    @property
    def height(self) -> float:
        """That of its tallest line, by font size."""
        return max(line.height for line in self.lines)

    @property
    def text(self) -> str:
        """The texts of its lines from left to right, two spaces between them."""
        return "  ".join(line.text.strip() for line in self.lines)

    def is_hinted(self, hints: Collection[int], body_size: float, is_top: bool) -> bool:
        """Whether the layout model takes all of the row for a head or foot, and it stands apart.

        Larger type is a title, which models take for a head where it opens a page.
        """
        is_large = is_top and self.height > 1.15 * body_size
        if self.is_last or self.is_in_grid or not self.is_apart or is_large:
            return False
        if self.text[:1].islower() and self.text.endswith("."):
            return False  # the end of a sentence, at the top of a page
        return all(i in hints for i in self.members)

    def is_numbered_heading(self, body_size: float) -> bool:
        """Whether it looks like a section's heading, and ends in no page number."""
        is_heading_type = self.height > 1.1 * body_size or all(line.is_bold for line in self.lines)
        return is_heading_type and _SECTION.fullmatch(" ".join(self.text.split())) is not None

    @property
    def is_number(self) -> bool:
        """Whether it is nothing but a page's number."""
        return len(self.lines) == 1 and page_number(self.text) is not None

    @property
    def is_lone(self) -> bool:
        """Whether it is a page's number, and three lines of space part it from the rest.

        Numbers of pages stand in the middle or at a margin; one in parentheses at the right is that
        of an equation.
        """
        if not self.is_number or self.is_last or self.gap <= 3 * self.height:
            return False
        x0, _, x1, _ = self.lines[0].bbox
        middle = (x0 + x1) / 2
        is_equation = middle > 0.5 + _CENTRED and self.text.startswith("(")
        is_placed = abs(middle - 0.5) < _CENTRED or min(middle, 1 - middle) < _MARGIN
        return is_placed and not is_equation

    @property
    def is_apart(self) -> bool:
        """Whether a rule or half a line of space parts it from the rest."""
        return self.is_ruled_off or self.gap > 0.5 * self.height


def edge(lines: Sequence[PlacedLine]) -> PageEdges:
    """The lines that a neighbour of this page is to know: those near its edges."""
    zone = LONE_SHARE
    near = [
        line
        for line in lines
        if min(line.bbox[3], 1 - line.bbox[1]) < zone or side_of(line) is not None
    ]
    near.sort(key=lambda line: (min(line.bbox[1], 1 - line.bbox[3]), line.bbox))
    return tuple(sorted(near[:_MAX_EDGE_LINES], key=lambda line: (line.bbox[1], line.bbox[0])))


def edge_rows(
    lines: Sequence[PlacedLine], members: Sequence[int], rules: Sequence[Box], is_top: bool
) -> list[Row]:
    """The outermost rows at an edge, from the edge inwards."""
    ordered = sorted(members, key=lambda i: lines[i].bbox[1] if is_top else -lines[i].bbox[3])
    groups: list[list[int]] = []
    reach = 0.0
    for i in ordered:
        _, y0, _, y1 = lines[i].bbox
        near, far = (y0, y1) if is_top else (1 - y1, 1 - y0)
        if groups and (near + far) / 2 < reach:
            groups[-1].append(i)
            reach = max(reach, min(far, near + 2 * lines[i].height))
        elif len(groups) > _MAX_ROWS:
            break
        else:
            groups.append([i])
            reach = far
    rows = []
    for at, group in enumerate(groups[:_MAX_ROWS]):
        inner = groups[at + 1] if at + 1 < len(groups) else []
        row = _row(lines, group, inner, rules, is_top)
        if (row.bottom if is_top else 1 - row.top) > (LONE_SHARE if row.is_number else EDGE_SHARE):
            break
        rows.append(row)
    return rows


def _row(
    lines: Sequence[PlacedLine],
    group: Sequence[int],
    inner: Sequence[int],
    rules: Sequence[Box],
    is_top: bool,
) -> Row:
    across = sorted(group, key=lambda i: lines[i].bbox[0])
    top = min(lines[i].bbox[1] for i in group)
    bottom = max(lines[i].bbox[3] for i in group)
    if not inner:
        limits = (bottom, 1.0) if is_top else (0.0, top)
    elif is_top:
        limits = (bottom, min(lines[i].bbox[1] for i in inner))
    else:
        limits = (max(lines[i].bbox[3] for i in inner), top)
    slack = 0.3 * (bottom - top)
    is_ruled_off = any(
        x1 - x0 > _RULE_WIDTH
        and y1 - y0 < 0.005
        and limits[0] - slack < y0
        and y1 < min(limits[1], limits[0] + 0.04 if is_top else 1.0) + slack
        and (is_top or y0 > limits[1] - 0.04)
        for x0, y0, x1, y1 in rules
    )
    starts = [lines[i].bbox[0] for i in inner]
    hits = sum(any(abs(lines[i].bbox[0] - x) < 0.006 for x in starts) for i in across)
    is_of_columns = len(across) > 1 and len(inner) > 1 and hits > 1
    return Row(
        tuple(across),
        tuple(lines[i] for i in across),
        limits[1] - limits[0],
        is_ruled_off,
        is_of_columns,
        not inner,
        _is_in_grid([lines[i] for i in group], [lines[i] for i in inner], rules),
    )


def _is_in_grid(
    row: Sequence[PlacedLine], inner: Sequence[PlacedLine], rules: Sequence[Box]
) -> bool:
    """Whether at least two upright ruling lines stand beside the row and beside the next.

    Rows of one table, whose ruling lines may be drawn cell by cell.
    """

    def uprights(lines: Sequence[PlacedLine]) -> set[int]:
        top = min(line.bbox[1] for line in lines)
        bottom = max(line.bbox[3] for line in lines)
        middle = (top + bottom) / 2
        return {
            round(x0 / _SAME_UPRIGHT)
            for x0, y0, x1, y1 in rules
            if x1 - x0 < 0.005 < y1 - y0 and y0 < middle < y1
        }

    return bool(row and inner) and len(uprights(row) & uprights(inner)) > 1
