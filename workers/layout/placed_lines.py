"""Lines and their places, from which furniture is told, and which of them are alike. Pure."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from schemas.pages import Box
from workers.layout.page_numbers import folded

SAME_PLACE = 0.006  # of the page's height: 5 points on A4, half a line
_SIDE_SHARE = 0.2
_ALIKE = 0.85
_MIN_ALIKE_CHARS = 8


@dataclass(frozen=True, slots=True)
class PlacedLine:
    """A line of a page: `bbox` in fractions of the page, `size` of its font as a share of the
    page's height, 0 where it is not known."""

    text: str
    bbox: Box
    size: float = 0.0
    is_bold: bool = False

    @property
    def height(self) -> float:
        """The font size where it is known, else the height of the box."""
        return self.size or (self.bbox[3] - self.bbox[1])


def usual_height(lines: Sequence[PlacedLine]) -> float:
    """The median height of the lines, each counted by its characters; 0 without lines."""
    heights = [line.height for line in lines for _ in range(min(len(line.text), 200) // 10 + 1)]
    return statistics.median(heights) if heights else 0.0


def side_of(line: PlacedLine) -> int | None:
    """0 for a line in the left fifth of the page, 1 in the right fifth, else None."""
    if line.bbox[2] < _SIDE_SHARE:
        return 0
    return 1 if line.bbox[0] > 1 - _SIDE_SHARE else None


def is_twin(line: PlacedLine, other: PlacedLine) -> bool:
    """Whether two lines of two pages begin at the same place and say the same, digits aside."""
    return (
        abs(line.bbox[1] - other.bbox[1]) < SAME_PLACE
        and abs(line.bbox[0] - other.bbox[0]) < SAME_PLACE
        and is_alike(line.text, other.text)
    )


def is_alike(text: str, other: str) -> bool:
    """Whether two texts with letters are the same or nearly so, digits aside."""
    a, b = folded(text), folded(other)
    if not any(map(str.isalpha, a)):
        return False
    if a == b:
        return len(a) > 1
    if min(len(a), len(b)) < _MIN_ALIKE_CHARS or abs(len(a) - len(b)) * 5 > len(a):
        return False
    common = (Counter(a) & Counter(b)).total()  # in any order: a bound, far cheaper than difflib
    if 2 * common < _ALIKE * (len(a) + len(b)):
        return False
    return SequenceMatcher(None, a, b, autojunk=False).ratio() >= _ALIKE


PageEdges = tuple[PlacedLine, ...]
"""The lines of a page that its neighbours know: what `edge` gives."""

Edges = Mapping[int, PageEdges]
"""Those of neighbours, by how many pages they come after this page."""
