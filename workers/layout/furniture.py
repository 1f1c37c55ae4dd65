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

The small print of a letter's sender (`imprints`) is told by its words.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from schemas.pages import Box
from workers.layout.captions import begins_caption
from workers.layout.crop_marks import is_outside, trim
from workers.layout.edge_rows import EDGE_SHARE, Row, edge, edge_rows
from workers.layout.imprints import imprint
from workers.layout.margins import line_numbers, sidebars, watermarks
from workers.layout.page_numbers import first_number, last_number, page_number
from workers.layout.placed_lines import (
    SAME_PLACE,
    Edges,
    PageEdges,
    PlacedLine,
    is_alike,
    is_twin,
    side_of,
)

OFFSETS = (-2, -1, 1, 2)
"""The neighbours looked at: left and right pages have heads of their own."""

_SAME_SIZE = 0.12
_LARGE = 1.3  # of the body's size; such type at the same place may be a slide's title
_TOO_LARGE = 1.6
_MAX_ROW_CHARS = 160
_MAX_LONE_CHARS = 90
_FAR = 4.0  # row heights between a page number and the words of a head; a heading's number is near
_LONE_PLACE = 0.12
_FORM_PLACE = 0.11


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
    labels = line_numbers(lines) | watermarks(lines, body_size) | _cut_off(lines, rules)
    labels |= dict.fromkeys(imprint(lines, body_size), "running_foot")
    left = [i for i in range(len(lines)) if i not in labels]
    own = edge([lines[i] for i in left])
    others = {k: near for k, near in neighbours.items() if not _is_same_form(own, near)}
    for is_top in (True, False):
        rows = edge_rows(lines, left, rules, is_top)
        around = {k: edge_rows(near, range(len(near)), (), is_top) for k, near in others.items()}
        for row in rows[: _furniture_rows(rows, around, body_size, is_top, hints)]:
            name = "running_head" if is_top else "running_foot"
            labels |= dict.fromkeys(row.members, "page_number" if row.is_number else name)
    return labels | sidebars(lines, [i for i in left if i not in labels], others)


def _cut_off(lines: Sequence[PlacedLine], rules: Sequence[Box]) -> dict[int, str]:
    """What stands outside of crop marks: a line with the file's name, and register marks."""
    cut = trim(rules)
    if cut is None:
        return {}
    return {
        i: "running_head" if line.bbox[1] < 0.5 else "running_foot"
        for i, line in enumerate(lines)
        if is_outside(line.bbox, cut)
    }


def _furniture_rows(
    rows: Sequence[Row],
    around: Mapping[int, Sequence[Row]],
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
        if begins_caption(row.text):
            break  # captions stand at the edge where figures do, and their numbers count on
        if row.is_numbered_heading(body_size) and not _is_repeated(row, around):
            break  # sections begin at the same place of two pages, and their numbers count on
        # Two rows of one head are close: the inner one is apart from the text.
        is_next = count == at or all(i in hints for outer in rows[:at] for i in outer.members)
        if (
            _is_known(row, around, body_size, is_top)
            or (is_next and row.is_hinted(hints, body_size, is_top))
            or (count == at and _is_likely(row, around, body_size, is_top))
        ):
            count = at + 1
    return count


def _is_known(
    row: Row, around: Mapping[int, Sequence[Row]], body_size: float, is_top: bool
) -> bool:
    """Whether a neighbour has the row too, or its number counts on."""
    if not row.is_apart or row.is_of_columns:
        return False
    twins = {
        offset: [other for other in rows if _is_same_place(row, other, is_top)]
        for offset, rows in around.items()
    }
    if not row.is_in_grid and any(
        _counts_on(row, other, k, is_top) for k, others in twins.items() for other in others
    ):
        return True
    repeats = sum(any(_repeats(row, other) for other in others) for others in twins.values())
    return repeats >= (3 if row.height > _LARGE * body_size else 1)


def _is_repeated(row: Row, around: Mapping[int, Sequence[Row]]) -> bool:
    """Whether a neighbour has the very same words and numbers in a row at its edge."""
    words = row.text.split()
    return any(other.text.split() == words for rows in around.values() for other in rows)


def _is_same_form(lines: PageEdges, others: PageEdges) -> bool:
    """Whether most of what stands further in at the edges of two pages is the same.

    These are pages of one form, where words at the same place are its fields.
    """
    inner = [
        line
        for line in lines
        if min(line.bbox[1], 1 - line.bbox[3]) > _FORM_PLACE
        and min(line.bbox[3], 1 - line.bbox[1]) < EDGE_SHARE + 0.04
        and side_of(line) is None
        and any(map(str.isalpha, line.text))
    ]
    same = sum(any(is_twin(line, other) for other in others) for line in inner)
    return same >= 3 and same > 0.6 * len(inner)


def _is_same_place(row: Row, other: Row, is_top: bool) -> bool:
    places = (row.top, other.top) if is_top else (row.bottom, other.bottom)
    both = abs(row.top - other.top), abs(row.bottom - other.bottom)
    return (abs(places[0] - places[1]) < SAME_PLACE or min(both) < SAME_PLACE / 2) and abs(
        row.height - other.height
    ) <= _SAME_SIZE * max(row.height, other.height)


def _repeats(row: Row, other: Row) -> bool:
    """Whether a part of the row with letters stands in the other row, digits aside.

    Of a row of cells most parts must: tables share a word at the same place now and then.
    """
    named = [line.text for line in row.lines if any(map(str.isalpha, line.text))]
    same = sum(any(is_alike(text, b.text) for b in other.lines) for text in named)
    return same * 2 > len(named) if row.is_in_grid else same > 0


def _counts_on(row: Row, other: Row, offset: int, is_top: bool) -> bool:
    mine, theirs = _numbers(row, is_top), _numbers(other, is_top)
    return any(number + offset in theirs for number in mine)


def _numbers(row: Row, is_top: bool) -> set[int]:
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
    row: Row, around: Mapping[int, Sequence[Row]], body_size: float, is_top: bool
) -> bool:
    """What is likely furniture if nothing but likely furniture stands outside of it."""
    outside = row.top if is_top else 1 - row.bottom
    if row.is_of_columns or row.is_last or row.is_in_grid:
        return False
    if row.is_number:
        is_apart = row.is_ruled_off or row.gap > 0.8 * row.height
        is_near = outside < _LONE_PLACE or (row.is_lone and _is_usual(row, around, is_top))
        return is_apart and is_near and _is_plain_number(row.text)
    if row.height > 1.15 * body_size or len(row.text) > _MAX_LONE_CHARS:
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
    is_bold = all(line.is_bold for line in row.lines)  # headings open pages, too
    return is_apart and twins >= 2 and not (is_footnote or is_sentence or is_bold)


def _is_usual(row: Row, around: Mapping[int, Sequence[Row]], is_top: bool) -> bool:
    """Whether a neighbour has a number at the row's place, or there are no neighbours."""
    numbers = (other for rows in around.values() for other in rows if other.is_number)
    return not any(around.values()) or any(_is_same_place(row, other, is_top) for other in numbers)


def _is_plain_number(text: str) -> bool:
    """A single letter may be a name, so a Roman number of one letter is i, v or x in small."""
    letters = [char for char in text if char.isalpha()]
    return len(letters) != 1 or letters[0] in "ivx" or any(map(str.isdigit, text))


def _has_far_number(row: Row) -> bool:
    if len(row.lines) < 2:
        return False
    (a, b), (c, d) = row.lines[:2], row.lines[-2:]
    left, right = b.bbox[0] - a.bbox[2], d.bbox[0] - c.bbox[2]
    far = _FAR * row.height
    return (page_number(a.text) is not None and left > far) or (
        page_number(d.text) is not None and right > far
    )
