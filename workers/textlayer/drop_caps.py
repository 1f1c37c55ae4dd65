"""Drop caps: a large first letter beside the first lines of its paragraph. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from workers.textlayer.lines import Line

_MIN_RATIO = 1.7  # of the size of the text beside it
_MAX_RATIO = 9.0
_MAX_GAP = 1.5  # of the text's size, between the letter and the text
_QUOTES = "“„«‘\"'¿¡"
_WORD_GAP = 0.12  # of the text's size: a first line further in than the second begins a word


def with_drop_caps(lines: Sequence[Line]) -> list[Line]:
    """`lines` with each drop cap joined to the line whose first letter it is.

    The lines beside it begin where it does, so that they are no indented paragraph. A letter
    beside fewer than two lines, such as a heading of an index, is left alone.

    >>> cap = Line("T", (0, 0, 20, 26), 30, 0)
    >>> first = Line("HE", (22, 0, 99, 11), 10, 1)
    >>> second = Line("end", (22, 12, 99, 23), 10, 1)
    >>> [line.text for line in with_drop_caps([cap, first, second])]
    ['THE', 'end']
    """
    out: dict[int, Line] = dict(enumerate(lines))
    for i, cap in enumerate(lines):
        letter = cap.text.strip()
        if not 0 < len(letter) <= 2 or not letter.lstrip(_QUOTES)[:1].isupper():
            continue
        beside = _beside(cap, lines, i)
        if len(beside) < 2 or any(out.get(j) is not lines[j] for j in (i, *beside)):
            continue
        first, second = lines[beside[0]], lines[beside[1]]
        is_word = first.box[0] - second.box[0] > _WORD_GAP * first.size
        text = letter + (" " if is_word else "") + first.text.lstrip()
        out[beside[0]] = replace(out[beside[0]], text=text)
        for j in beside:
            out[j] = replace(out[j], box=(cap.box[0], *out[j].box[1:]))
        del out[i]
    return list(out.values())


def _beside(cap: Line, lines: Sequence[Line], at: int) -> list[int]:
    """The lines on the right of a drop cap, from the top; those drawn next to it only."""
    near = range(max(at - 12, 0), min(at + 12, len(lines)))
    beside = [
        j
        for j in near
        if j != at
        and lines[j].quadrant == cap.quadrant == 0
        and _MIN_RATIO <= cap.size / lines[j].size <= _MAX_RATIO
        and -0.3 * lines[j].size <= lines[j].box[0] - cap.box[2] <= _MAX_GAP * lines[j].size
        and cap.box[1] < (lines[j].box[1] + lines[j].box[3]) / 2 < cap.box[3]
    ]
    beside.sort(key=lambda j: lines[j].box[1])
    return beside if beside and lines[beside[0]].text.lstrip()[:1].isalpha() else []
