"""Leave out print that is drawn twice in nearly the same place, as shadows or to look bold. Pure.

A second copy may be the same line, or parts of it: a line drawn once whole and once word by word.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from workers.textlayer.lines import Line

_SHIFT = 0.25  # of the font size, between the copies
_MAX_RIVALS = 20  # bounds the search for a page of lines in one place
_BAND_PT = 4.0  # lines are looked up by the height of their middle, in bands of this


def without_copies(lines: Sequence[Line]) -> list[Line]:
    """The lines without their copies, in order.

    Of equal copies the first is kept; of unequal ones the longest, whichever was drawn first.
    """
    by_length = sorted(range(len(lines)), key=lambda number: -len(_letters(lines[number])))
    bands: dict[tuple[int, int], list[Line]] = defaultdict(list)
    copies: set[int] = set()
    for number in by_length:
        line = lines[number]
        band = int((line.box[1] + line.box[3]) / 2 / _BAND_PT)
        rivals = [kept for near in (-1, 0, 1) for kept in bands[line.quadrant, band + near]]
        if any(_is_copy(line, whole) for whole in rivals):
            copies.add(number)
        elif len(bands[line.quadrant, band]) < _MAX_RIVALS:
            bands[line.quadrant, band].append(line)
    return [line for number, line in enumerate(lines) if number not in copies]


def _letters(line: Line) -> str:
    return "".join(line.text.split())


def _is_copy(part: Line, whole: Line) -> bool:
    """Whether `part` repeats print of `whole`: its text, where `whole` has it."""
    near = _SHIFT * whole.size
    along, across = (0, 1) if part.quadrant % 2 == 0 else (1, 0)
    a, b = part.box, whole.box
    if abs(a[across] - b[across]) > near or abs(a[across + 2] - b[across + 2]) > 2 * near:
        return False
    if a[along] < b[along] - near or a[along + 2] > b[along + 2] + 2 * near:
        return False
    text, around = _letters(part), _letters(whole)
    if text == around:
        return abs(a[along] - b[along]) < near
    start = (a[along] - b[along]) / max(b[along + 2] - b[along], 1e-6)
    if part.quadrant >= 2:  # written the other way along its axis
        start = (b[along + 2] - a[along + 2]) / max(b[along + 2] - b[along], 1e-6)
    # Letters differ in width, so the place is known to a tenth of the line, and one letter.
    slack = 0.1 * len(around) + 1
    at = around.find(text)
    while at >= 0:
        if abs(at - start * len(around)) <= slack:
            return True
        at = around.find(text, at + 1)
    return False
