"""Furniture by rules: running heads and feet, page numbers, line numbers, watermarks, stamps. Pure.

Owns what can be known without a model from the places and words of a page's lines, and from the
edges of the pages before and after it. A line that nothing but its place speaks against stays:
headings, first lines, footnotes and captions stand at the edge too.

    labels = furniture(lines, neighbours={-1: edge(before), 1: edge(after)}, body_size=0.012)
    labels[4]   # "running_head"

What counts as evidence for a row at the edge, all rows outside of it included:

- its words, digits aside, stand at the same place of a neighbour;
- its number counts on from that at the same place of a neighbour;
- it is nothing but a page number, apart from the rest;
- it is apart from the rest and ends in a number far from its words;
- rows of its size stand apart at its place on two neighbours;
- a layout model takes it for one.
"""

from __future__ import annotations

import statistics
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise

from schemas.pages import Box
from workers.layout.page_numbers import first_number, folded, last_number, page_number

EDGE_SHARE = 0.16
"""Of the page's height. A head of four lines on a letter ends at 0.15."""

OFFSETS = (-2, -1, 1, 2)
"""The neighbours looked at: left and right pages have heads of their own."""

_MAX_ROWS = 5
_MAX_EDGE_LINES = 80
_SIDE_SHARE = 0.2
_MIN_SIDEBAR = 4
_SAME_PLACE = 0.006  # of the page's height: 5 points on A4, half a line
_SAME_SIZE = 0.12
_ALIKE = 0.85
_MIN_ALIKE_CHARS = 8
_LARGE = 1.3  # of the body's size; such type at the same place may be a slide's title
_TOO_LARGE = 1.6
_MAX_ROW_CHARS = 160
_MAX_LONE_CHARS = 90
_FAR = 4.0  # row heights between a page number and the words of a head; a heading's number is near
_LONE_PLACE = 0.11
_MIN_LINE_NUMBERS = 5
_RULE_WIDTH = 0.25


@dataclass(frozen=True, slots=True)
class PlacedLine:
    """A line of a page: `bbox` in fractions of the page, `size` of its font as a share of the
    page's height, 0 where it is not known."""

    text: str
    bbox: Box
    size: float = 0.0

    @property
    def height(self) -> float:
        """The font size where it is known, else the height of the box."""
        return self.size or (self.bbox[3] - self.bbox[1])


PageEdges = tuple[PlacedLine, ...]
"""The lines of a page that its neighbours know: what `edge` gives."""

Edges = Mapping[int, PageEdges]
"""Those of neighbours, by how many pages they come after this page: one of `OFFSETS`."""


@dataclass(frozen=True, slots=True)
class _Row:
    """Lines side by side at an edge; `gap` separates the row from the next row inwards.

    The last row has nothing beyond it.
    """

    members: tuple[int, ...]
    lines: tuple[PlacedLine, ...]
    gap: float
    is_ruled_off: bool
    is_of_columns: bool
    is_last: bool

    @property
    def top(self) -> float:
        return min(line.bbox[1] for line in self.lines)

    @property
    def bottom(self) -> float:
        return max(line.bbox[3] for line in self.lines)

    @property
    def height(self) -> float:
        return max(line.height for line in self.lines)

    @property
    def text(self) -> str:
        return "  ".join(line.text.strip() for line in self.lines)

    def is_hinted(self, hints: Collection[int], body_size: float) -> bool:
        """Whether the layout model takes all of the row for a head or foot, and it stands apart.

        Larger type is a title, which models take for a head where it opens a page.
        """
        if self.is_last or not self.is_apart or self.height > 1.15 * body_size:
            return False
        return all(i in hints for i in self.members)

    @property
    def is_apart(self) -> bool:
        return self.is_ruled_off or self.gap > 0.5 * self.height


def edge(lines: Sequence[PlacedLine]) -> PageEdges:
    """The lines that a neighbour of this page is to know: those near its edges."""
    zone = EDGE_SHARE + 0.04
    near = [
        line
        for line in lines
        if min(line.bbox[3], 1 - line.bbox[1]) < zone or _side(line) is not None
    ]
    near.sort(key=lambda line: (min(line.bbox[1], 1 - line.bbox[3]), line.bbox))
    return tuple(sorted(near[:_MAX_EDGE_LINES], key=lambda line: (line.bbox[1], line.bbox[0])))


def furniture(
    lines: Sequence[PlacedLine],
    neighbours: Edges,
    body_size: float,
    rules: Sequence[Box] = (),
    hints: Collection[int] = (),
) -> dict[int, str]:
    """The labels of the lines that are furniture, by their numbers in `lines`.

    `body_size` is the page's usual `PlacedLine.height`; `rules` are its ruling lines. `lines` are
    those that read across the page; `hints` are the numbers of those that a layout model takes
    for heads and feet.
    """
    labels = _line_numbers(lines) | watermarks(lines, body_size)
    left = [i for i in range(len(lines)) if i not in labels]
    own = edge([lines[i] for i in left])
    others = {k: near for k, near in neighbours.items() if not _is_same_form(own, near)}
    for is_top in (True, False):
        rows = _rows(lines, left, rules, is_top)
        around = {k: _rows(near, range(len(near)), (), is_top) for k, near in others.items()}
        for row in rows[: _furniture_rows(rows, around, body_size, is_top, hints)]:
            is_number = len(row.lines) == 1 and page_number(row.text) is not None
            name = "running_head" if is_top else "running_foot"
            labels |= dict.fromkeys(row.members, "page_number" if is_number else name)
    return labels | _sidebars(lines, [i for i in left if i not in labels], others)


def _rows(
    lines: Sequence[PlacedLine], members: Sequence[int], rules: Sequence[Box], is_top: bool
) -> list[_Row]:
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
        if (row.bottom if is_top else 1 - row.top) > EDGE_SHARE:
            break
        rows.append(row)
    return rows


def _row(
    lines: Sequence[PlacedLine],
    group: Sequence[int],
    inner: Sequence[int],
    rules: Sequence[Box],
    is_top: bool,
) -> _Row:
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
    return _Row(
        tuple(across),
        tuple(lines[i] for i in across),
        limits[1] - limits[0],
        is_ruled_off,
        is_of_columns,
        not inner,
    )


def _furniture_rows(
    rows: Sequence[_Row],
    around: Mapping[int, Sequence[_Row]],
    body_size: float,
    is_top: bool,
    hints: Collection[int],
) -> int:
    """How many rows from the edge inwards are furniture.

    What is sure about a row is sure about those outside of it; what is only likely is not.
    """
    count = 0
    for at, row in enumerate(rows):
        if len(row.text) > _MAX_ROW_CHARS or row.height > _TOO_LARGE * body_size:
            break
        if _is_known(row, around, body_size, is_top) or (
            count == at
            and (row.is_hinted(hints, body_size) or _is_likely(row, around, body_size, is_top))
        ):
            count = at + 1
    return count


def _is_known(
    row: _Row, around: Mapping[int, Sequence[_Row]], body_size: float, is_top: bool
) -> bool:
    """Whether a neighbour has the row too, or its number counts on."""
    if not row.is_apart or row.is_of_columns:
        return False
    twins = {
        offset: [other for other in rows if _is_same_place(row, other, is_top)]
        for offset, rows in around.items()
    }
    if any(_counts_on(row, other, k, is_top) for k, others in twins.items() for other in others):
        return True
    repeats = sum(any(_repeats(row, other) for other in others) for others in twins.values())
    return repeats >= (3 if row.height > _LARGE * body_size else 1)


def _is_same_form(lines: PageEdges, others: PageEdges) -> bool:
    """Whether most of what stands further in at the edges of two pages is the same.

    These are pages of one form, where words at the same place are its fields.
    """
    inner = [
        line
        for line in lines
        if min(line.bbox[1], 1 - line.bbox[3]) > _LONE_PLACE
        and min(line.bbox[3], 1 - line.bbox[1]) < EDGE_SHARE + 0.04
        and _side(line) is None
        and any(map(str.isalpha, line.text))
    ]
    same = sum(any(_is_twin(line, other) for other in others) for line in inner)
    return same >= 3 and same > 0.6 * len(inner)


def _is_same_place(row: _Row, other: _Row, is_top: bool) -> bool:
    places = (row.top, other.top) if is_top else (row.bottom, other.bottom)
    both = abs(row.top - other.top), abs(row.bottom - other.bottom)
    return (abs(places[0] - places[1]) < _SAME_PLACE or min(both) < _SAME_PLACE / 2) and abs(
        row.height - other.height
    ) <= _SAME_SIZE * max(row.height, other.height)


def _repeats(row: _Row, other: _Row) -> bool:
    """Whether a part of the row with letters stands in the other row, digits aside."""
    return any(_is_alike(a.text, b.text) for a in row.lines for b in other.lines)


def _is_alike(text: str, other: str) -> bool:
    a, b = folded(text), folded(other)
    if not any(map(str.isalpha, a)):
        return False
    if a == b:
        return len(a) > 1
    if min(len(a), len(b)) < _MIN_ALIKE_CHARS or abs(len(a) - len(b)) * 5 > len(a):
        return False
    return SequenceMatcher(None, a, b, autojunk=False).ratio() >= _ALIKE


def _counts_on(row: _Row, other: _Row, offset: int, is_top: bool) -> bool:
    mine, theirs = _numbers(row, is_top), _numbers(other, is_top)
    return any(number + offset in theirs for number in mine)


def _numbers(row: _Row, is_top: bool) -> set[int]:
    """Numbers of the row that may be the page's.

    A footnote's number comes before its text, so a number before words at the foot of a page
    counts only if it stands far from them.
    """
    found = [page_number(line.text) for line in row.lines]
    found.append(last_number(row.lines[-1].text))
    if is_top:
        found.append(first_number(row.lines[0].text))
    numbers = {number for number in found if number is not None}
    first = row.lines[0]
    if not is_top and len(row.lines) > 1 and page_number(first.text) is not None:
        gap = row.lines[1].bbox[0] - first.bbox[2]
        if gap < 1.5 * row.height and len(row.lines[1].text) > 3:
            numbers.discard(page_number(first.text) or 0)
    return numbers


def _is_likely(
    row: _Row, around: Mapping[int, Sequence[_Row]], body_size: float, is_top: bool
) -> bool:
    """What is likely furniture if nothing but likely furniture stands outside of it."""
    outside = row.top if is_top else 1 - row.bottom
    if row.is_of_columns or row.is_last or row.height > 1.15 * body_size:
        return False
    if len(row.lines) == 1 and page_number(row.text) is not None:
        is_apart = row.is_ruled_off or row.gap > 0.8 * row.height
        return is_apart and outside < _LONE_PLACE and _is_plain_number(row.text)
    if len(row.text) > _MAX_LONE_CHARS:
        return False
    if _has_far_number(row) and (row.gap > row.height or row.is_ruled_off):
        return outside < _LONE_PLACE
    twins = sum(
        any(_is_same_place(row, other, is_top) and other.gap > 1.2 * other.height for other in rows)
        for rows in around.values()
    )
    is_footnote = not is_top and row.text.lstrip()[:1] in "0123456789¹²³⁴⁵⁶⁷⁸⁹⁰*†‡§"
    is_apart = row.gap > 1.2 * row.height and outside < 0.1
    is_sentence = row.text.rstrip().endswith((".", "。", ":", ";", ","))
    return is_apart and twins >= 2 and not is_footnote and not is_sentence


def _is_plain_number(text: str) -> bool:
    """A single letter may be a name, so a Roman number of one letter is i, v or x in small."""
    letters = [char for char in text if char.isalpha()]
    return len(letters) != 1 or letters[0] in "ivx" or any(map(str.isdigit, text))


def _has_far_number(row: _Row) -> bool:
    if len(row.lines) < 2:
        return False
    (a, b), (c, d) = row.lines[:2], row.lines[-2:]
    left, right = b.bbox[0] - a.bbox[2], d.bbox[0] - c.bbox[2]
    far = _FAR * row.height
    return (page_number(a.text) is not None and left > far) or (
        page_number(d.text) is not None and right > far
    )


def _side(line: PlacedLine) -> int | None:
    """0 for a line in the left fifth of the page, 1 in the right fifth, else None."""
    if line.bbox[2] < _SIDE_SHARE:
        return 0
    return 1 if line.bbox[0] > 1 - _SIDE_SHARE else None


def _sidebars(
    lines: Sequence[PlacedLine], members: Sequence[int], neighbours: Edges
) -> dict[int, str]:
    """Columns beside the text that a neighbour has too, as the outline of a talk on its slides."""
    labels: dict[int, str] = {}
    for side in (0, 1):
        column = [i for i in members if _side(lines[i]) == side]
        rest = [lines[i].bbox for i in members if _side(lines[i]) != side]
        if len(column) < _MIN_SIDEBAR or not rest:
            continue
        boxes = [lines[i].bbox for i in column]
        is_beside = (
            max(b[2] for b in boxes) < min(b[0] for b in rest)
            if side == 0
            else min(b[0] for b in boxes) > max(b[2] for b in rest)
        )
        repeats = (
            sum(any(_is_twin(lines[i], other) for other in near) for i in column)
            for near in neighbours.values()
        )
        if is_beside and max(repeats, default=0) >= 0.7 * len(column):
            labels |= dict.fromkeys(column, "running_head")
    return labels


def _is_twin(line: PlacedLine, other: PlacedLine) -> bool:
    return (
        abs(line.bbox[1] - other.bbox[1]) < _SAME_PLACE
        and abs(line.bbox[0] - other.bbox[0]) < _SAME_PLACE
        and _is_alike(line.text, other.text)
    )


def _line_numbers(lines: Sequence[PlacedLine]) -> dict[int, str]:
    """Numbers that count the lines of the text beside them, in a margin."""
    numbers = [i for i, line in enumerate(lines) if line.text.strip().isdigit()]
    if len(numbers) < _MIN_LINE_NUMBERS:
        return {}
    others = [line for i, line in enumerate(lines) if i not in set(numbers)]
    long = [line for line in others if line.bbox[2] - line.bbox[0] > 0.35]
    if len(long) * 2 < len(others) or not long:
        return {}
    left = min(line.bbox[0] for line in others)
    right = max(line.bbox[2] for line in others)
    for column in (
        [i for i in numbers if lines[i].bbox[2] < left],
        [i for i in numbers if lines[i].bbox[0] > right],
    ):
        column.sort(key=lambda i: lines[i].bbox[1])
        values = [int(lines[i].text) for i in column]
        steps = {b - a for a, b in pairwise(values)}
        if len(column) >= _MIN_LINE_NUMBERS and len(steps) == 1 and steps <= {1, 2, 5, 10}:
            return dict.fromkeys(column, "line_numbers")
    return {}


def watermarks(lines: Sequence[PlacedLine], body_size: float) -> dict[int, str]:
    """Short words in large type that lie across at least three other lines."""
    found: dict[int, str] = {}
    for i, line in enumerate(lines):
        x0, y0, x1, y1 = line.bbox
        if len(line.text) > 40 or line.height < 2.5 * body_size:
            continue
        crossed = sum(
            x0 < (b[0] + b[2]) / 2 < x1 and y0 < (b[1] + b[3]) / 2 < y1
            for j, other in enumerate(lines)
            if j != i and other.height < 0.6 * line.height
            for b in (other.bbox,)
        )
        if crossed >= 3:
            found[i] = "watermark"
    return found


def usual_height(lines: Sequence[PlacedLine]) -> float:
    """The median height of the lines, each counted by its characters; 0 without lines."""
    heights = [line.height for line in lines for _ in range(min(len(line.text), 200) // 10 + 1)]
    return statistics.median(heights) if heights else 0.0
