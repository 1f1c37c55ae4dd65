"""Which lines of a page image are furniture, and their blocks. Pure."""

from __future__ import annotations

import re
import statistics
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise

from schemas.labels import is_furniture
from schemas.pages import Block, Box
from workers.layout.furniture import furniture
from workers.layout.page_edges import PAGE_NUMBER, is_sentence, outermost
from workers.layout.page_lines import Page, TextLine, block_of, joined_text, middle, rows_of
from workers.layout.placed_lines import PlacedLine, usual_height

_EDGE = 0.12
"""Of the page's height, at its top and bottom: where furniture is. The widest foot margin of 40
manuals, LaTeX's default on A4, has its page number at 0.88."""
_MAX_EDGE_ROWS = 4
"""More rows at an edge are text that the model mistakes for a head."""

_AT_EDGES = ("running_head", "running_foot", "page_number")
_BOX_HEIGHT = 1.4
"""A detector's box over the font size."""
_LINE_HEIGHT = 1.1
"""From ascenders to descenders, in font sizes."""
_MAX_SLANT = 8.0
_MAX_SCAN_SLANT = 3.0
"""Degrees; a page that lies askew in the scanner leans less, and all of it."""
_MIN_STAMP_LETTERS = 3
"""The box around a digit or a fraction leans by chance."""
_LEVEL_SHARE = 0.8

_COUNTED = re.compile(r"(\d{1,3})(?:\s*(?=[^\W\d_])|$)")
_MIN_COUNTED = 8
_COUNTED_SHARE = 0.6
_COUNTED_STEPS = 0.8
"""A number may be misread, or begin a line without words."""
_LOWER_SHARE = 0.4


def furniture_lines(
    page: Page,
    labels: Mapping[int, str],
    wholes: Sequence[Block],
    rules: Sequence[Box] = (),
) -> dict[int, str]:
    """The lines that are furniture, and what each is.

    The rules of `workers.layout.furniture` count, as far as they need no neighbour; the model's
    heads and feet only at the page's edge and outside all content. Of other lines without a label
    only numbers do, because rules cannot tell a head from a title.
    """
    height = page.size[1]
    across = [i for i in labels if page.lines[i].slant <= _MAX_SLANT]
    rows = rows_of(page, across)
    top, bottom = _furniture_ends(page, rows, labels)
    furniture: dict[int, str] = _by_rules(page, across, labels)
    for is_top, part in ((True, rows[:top]), (False, rows[len(rows) - bottom :])):
        for row in part:
            for i in row:
                place = "running_head" if is_top else "running_foot"
                is_number = PAGE_NUMBER.fullmatch(page.lines[i].text) is not None
                furniture[i] = "page_number" if is_number else place
    level = [i for i in range(len(page.lines)) if page.lines[i].slant <= _MAX_SLANT]
    inner = [row for row in rows_of(page, level) if not any(i in furniture for i in row)]
    furniture |= outermost(page, inner, labels, rules)
    edges = [box for block in wholes for box in (block.bbox[1] * height, block.bbox[3] * height)]
    stamps = dict.fromkeys(_stamps(page, labels), "stamp")
    if not edges:
        return furniture | stamps
    outside = {
        i: label
        for i, label in furniture.items()
        if label not in _AT_EDGES or not min(edges) < middle(page.lines[i].box) < max(edges)
    }
    return outside | stamps


def _by_rules(page: Page, numbers: Sequence[int], labels: Mapping[int, str]) -> dict[int, str]:
    width, height = page.size
    placed = []
    for i in numbers:
        x0, y0, x1, y1 = page.lines[i].box
        em = page.lines[i].height / _BOX_HEIGHT
        pad = (page.lines[i].height - _LINE_HEIGHT * em) / 2
        box = (x0 / width, (y0 + pad) / height, x1 / width, (y1 - pad) / height)
        placed.append(PlacedLine(page.lines[i].text, box, em / height))
    hints = [at for at, i in enumerate(numbers) if _is_marked(page, i, labels)]
    found = furniture(placed, {}, usual_height(placed), hints=hints)
    return {numbers[at]: label for at, label in found.items()}


def _is_marked(page: Page, number: int, labels: Mapping[int, str]) -> bool:
    """Whether the model takes the line for furniture, and it is no sentence: a page's last line."""
    return is_furniture(labels[number]) and not is_sentence(page.lines[number].text)


def _stamps(page: Page, numbers: Iterable[int]) -> list[int]:
    """Lines set aslant on a page whose other lines are level."""
    aslant = [
        i
        for i in numbers
        if page.lines[i].slant > _MAX_SLANT
        and sum(map(str.isalpha, page.lines[i].text)) >= _MIN_STAMP_LETTERS
    ]
    level = sum(len(line.text) for line in page.lines if line.slant <= _MAX_SCAN_SLANT)
    return aslant if level > _LEVEL_SHARE * sum(len(line.text) for line in page.lines) else []


def without_line_numbers(lines: Sequence[TextLine]) -> tuple[list[TextLine], set[int]]:
    """The lines without the numbers that count them, and which lines are such numbers.

    A detector draws one box around a number in the margin and its line, or two. A number that is
    cut off its line is added as a line. The numbers stand at the same place and grow by one from
    line to line; of the lines some go on in lowercase, and few end in a number, as those of a list
    of contents do.
    """
    found = [(i, match) for i, line in enumerate(lines) if (match := _COUNTED.match(line.text))]
    if len(found) < _MIN_COUNTED:
        return list(lines), set()
    left = statistics.median(lines[i].box[0] for i, _ in found)
    reach = statistics.median(line.box[3] - line.box[1] for line in lines)
    found = [(i, match) for i, match in found if abs(lines[i].box[0] - left) < reach]
    found.sort(key=lambda item: lines[item[0]].box[1])
    steps = [int(b[1]) - int(a[1]) for (_, a), (_, b) in pairwise(found)]
    rests = [rest for i, match in found if (rest := lines[i].text[match.end() :])]
    others = sum(not line.text.isdigit() for line in lines)
    if (
        len(found) < max(_MIN_COUNTED, _COUNTED_SHARE * others)
        or steps.count(1) < _COUNTED_STEPS * len(steps)
        or sum(rest[0].islower() for rest in rests) < max(_LOWER_SHARE * len(rests), 1)
        or sum(rest[-1].isdigit() for rest in rests) > len(rests) / 4
    ):
        return list(lines), set()
    kept = list(lines)
    numbers: set[int] = set()
    for i, match in found:
        if match.end() < len(lines[i].text):
            number, kept[i] = _cut_at(lines[i], match)
            kept.append(number)
            numbers.add(len(kept) - 1)
        else:
            numbers.add(i)
    return kept, numbers


def _cut_at(line: TextLine, match: re.Match[str]) -> tuple[TextLine, TextLine]:
    """A line's number and the rest of it."""
    x0, y0, x1, y1 = line.box
    cut = x0 + match.end() / len(line.text) * (x1 - x0)
    if line.places:
        cut = (line.places[match.end(1) - 1] + line.places[match.end()]) / 2
    return (
        line._replace(text=match[1], box=(x0, y0, cut, y1), places=()),
        line._replace(
            text=line.text[match.end() :],
            box=(cut, y0, x1, y1),
            places=line.places[match.end() :],
        ),
    )


def _furniture_ends(
    page: Page, rows: Sequence[Sequence[int]], labels: Mapping[int, str]
) -> tuple[int, int]:
    """How many rows from the top, and from the bottom, are furniture; never all rows."""
    height = page.size[1]

    def is_furniture_row(row: Sequence[int], is_top: bool) -> bool:
        middles = [middle(page.lines[i].box) / height for i in row]
        is_at_edge = max(middles) <= _EDGE if is_top else min(middles) >= 1 - _EDGE
        are_numbers = [PAGE_NUMBER.fullmatch(page.lines[i].text) is not None for i in row]
        are_marked = [_is_marked(page, i, labels) for i in row]
        known = [number or marked for number, marked in zip(are_numbers, are_marked, strict=True)]
        # A number alone in its row, or beside a head; in a row of cells numbers are cells.
        return is_at_edge and all(known) and (len(row) == 1 or any(are_marked))

    top = next((n for n, row in enumerate(rows) if not is_furniture_row(row, True)), 0)
    rest = len(rows) - top
    bottom = next(
        (n for n, row in enumerate(reversed(rows)) if not is_furniture_row(row, False)), 0
    )
    return (top if top <= _MAX_EDGE_ROWS else 0), (
        min(bottom, rest) if bottom <= _MAX_EDGE_ROWS else 0
    )


def line_number_block(page: Page, numbers: Collection[int]) -> list[Block]:
    """The line numbers of a page, if it has some, as one block."""
    members = sorted(numbers, key=lambda i: page.lines[i].box[1])
    text = " ".join(page.lines[i].text for i in members)
    return [block_of(page, "line_numbers", members, text)] if members else []


def edge_blocks(page: Page, furniture: Mapping[int, str]) -> tuple[list[Block], list[Block]]:
    """A block a row and label: those of the upper half, and those of the lower."""
    heads: list[Block] = []
    feet: list[Block] = []
    for row in rows_of(page, furniture):
        parts: dict[str, list[int]] = {}
        for i in sorted(row, key=lambda i: page.lines[i].box[0]):
            parts.setdefault(furniture[i], []).append(i)
        is_top = middle(page.lines[row[0]].box) < page.size[1] / 2
        (heads if is_top else feet).extend(
            block_of(page, label, members, joined_text(page, [members]))
            for label, members in parts.items()
        )
    return heads, feet
