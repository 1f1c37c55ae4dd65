"""Lines that MuPDF parts although they are one: at wide spaces and at drawn underscores. Pure.

MuPDF ends a line where a space is wide, and a block where a path is drawn. So it parts a heading
from its number, the words of a line that is stretched to the measure, and a name whose underscores
are rules, as TeX draws them. Cells of a table stand as far apart, but not at equal distances.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from schemas.pages import Box
from workers.textlayer.lines import Line

_NUMBER = re.compile(r"(?:§\s?)?(?:\d{1,2}|[A-Z])(?:\.\d{1,3}){0,4}\.?")
_LETTERS = re.compile(r"[^\W\d_]{2}")
_LEADERS = re.compile(r"\s*(?:[.·]\s?){3,}\s*|\s*…+\s*")
_ENDS_IN_LEADERS = re.compile(r"(?:[.·]\s?){3,}\s*$|…\s*$")
_PAGE = re.compile(r"\d{1,4}|[ivxlc]{1,7}|[A-Z][-.–]\d{1,3}")
_MAX_LEADER_GAP = 3.0  # font sizes
_CODE_NUMBER = re.compile(r"\d{1,4}")
_SMALL = 0.9  # of the size of the code
_MAX_INDENT = 30.0  # font sizes between a line's number and its code
_MAX_NUMBER_GAP = 3.5  # font sizes between a heading's number and its words; a quad is 1
_SAME_SIZE = 0.1
_MAX_STRETCHED_GAP = 2.0  # font sizes
_EQUAL_GAPS = 0.25  # by how much the stretched spaces of a line differ
_MIN_STRETCHED = 4  # pieces of a line: two equal gaps may be those of a table
_PROSE_SHARE = 0.5  # of a stretched line's width, in the longest line of its paragraph
_UNDERSCORE_PT = (1.5, 8.0)  # the width of a drawn underscore: TeX's is 0.3 em
_THIN_PT = 1.2
_TOUCH = 0.2  # font sizes between an underscore and the letters beside it


def rejoined(lines: Sequence[Line], rules: Sequence[Box]) -> list[Line]:
    """The lines in order, with parts of one line joined; a part takes its first part's block."""
    named = _with_code_numbers(_with_leaders(_with_underscores(lines, rules)))
    return _with_stretched(_with_numbers(named))


def _with_leaders(lines: Sequence[Line]) -> list[Line]:
    """Entries of a list of contents with their rows of dots and the numbers after these."""
    out: list[Line] = []
    for line in lines:
        before = out[-1] if out else None
        if before is not None and (
            (_LEADERS.fullmatch(line.text) and _is_on_row(before, line, _MAX_LEADER_GAP))
            or (
                _ENDS_IN_LEADERS.search(before.text)
                and _PAGE.fullmatch(line.text.strip())
                and _is_on_row(before, line, _MAX_LEADER_GAP)
            )
        ):
            out[-1] = _joined(before, line, " ")
        else:
            out.append(line)
    return out


def _with_code_numbers(lines: Sequence[Line]) -> list[Line]:
    """Lines of code with the small numbers in front of them, and the spaces that indent them."""
    out: list[Line] = []
    for line in lines:
        number = out[-1] if out else None
        if (
            number is not None
            and line.is_mono
            and _CODE_NUMBER.fullmatch(number.text.strip())
            and number.size <= _SMALL * line.size
            and _is_on_row(number, line, _MAX_INDENT)
        ):
            width = (line.box[2] - line.box[0]) / max(len(line.text), 1)
            spaces = max(round((line.box[0] - number.box[2]) / max(width, 1.0)), 1)
            whole = _joined(number, line, " " * spaces)
            out[-1] = replace(whole, size=line.size, is_bold=line.is_bold, is_mono=True)
        else:
            out.append(line)
    return out


def _with_numbers(lines: Sequence[Line]) -> list[Line]:
    """Headings with the numbers that stand in front of them.

    Bold or large type only: the numbers of lists and of rows of tables stay apart.
    """
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[line.size] += len(line.text)
    body = max(sizes, key=sizes.__getitem__, default=0.0)
    out: list[Line] = []
    for line in lines:
        number = out[-1] if out else None
        if (
            number is not None
            and (number.is_bold or line.size >= 1.1 * body)
            and _NUMBER.fullmatch(number.text.strip())
            and ("." in number.text or _LETTERS.search(line.text))
            and _is_beside(number, line, _MAX_NUMBER_GAP)
            and (number.is_bold == line.is_bold or (number.is_bold and line.is_mono))
        ):
            # The name of a command in a heading has the type of commands.
            whole = _joined(number, line, " ")
            out[-1] = replace(whole, is_bold=number.is_bold, is_mono=number.is_mono)
        else:
            out.append(line)
    return out


def _with_stretched(lines: Sequence[Line]) -> list[Line]:
    """Lines whose words were set apart to fill the measure, whole."""
    widest: dict[int, float] = {}
    for line in lines:
        widest[line.block] = max(widest.get(line.block, 0.0), line.box[2] - line.box[0])
    out: list[Line] = []
    run: list[Line] = []
    for line in lines:
        is_one = run and line.block == run[-1].block and line.is_mono == run[-1].is_mono
        if is_one and _is_beside(run[-1], line, _MAX_STRETCHED_GAP):
            run.append(line)
            continue
        out += _stretched(run, widest)
        run = [line]
    return out + _stretched(run, widest)


def _stretched(run: list[Line], widest: Mapping[int, float]) -> list[Line]:
    """The pieces of one row as one line if the spaces between them are equal.

    Its paragraph has a longer line, by `widest` of each block; a row of a table has cells above.
    """
    if len(run) < _MIN_STRETCHED:
        return run
    gaps = [b.box[0] - a.box[2] for a, b in itertools.pairwise(run)]
    is_prose = widest[run[0].block] > _PROSE_SHARE * (run[-1].box[2] - run[0].box[0])
    if not is_prose or max(gaps) - min(gaps) > _EQUAL_GAPS * max(gaps):
        return run
    return [functools.reduce(lambda a, b: _joined(a, b, " "), run)]


def _with_underscores(lines: Sequence[Line], rules: Sequence[Box]) -> list[Line]:
    """Names with the underscores that are drawn as rules: `put` and `string` as `put_string`."""
    low, high = _UNDERSCORE_PT
    marks = [r for r in rules if low < r[2] - r[0] < high and r[3] - r[1] < _THIN_PT]
    if not marks:
        return list(lines)
    by_place: dict[int, list[Box]] = {}
    for mark in marks:
        by_place.setdefault(int(mark[0]), []).append(mark)
    out: list[Line] = []
    for line in lines:
        before = out[-1] if out else None
        if before is not None and _is_underscored(before, line, by_place):
            out[-1] = _joined(before, line, "_")
        else:
            out.append(line)
    return out


def _is_underscored(a: Line, b: Line, marks: dict[int, list[Box]]) -> bool:
    near = _TOUCH * a.size
    if not _is_beside(a, b, 1.0):
        return False
    at = int(a.box[2])
    slack = int(near) + 1
    return any(
        abs(x0 - a.box[2]) < near and abs(x1 - b.box[0]) < near and a.box[1] < y0 < a.box[3] + near
        for key in range(at - slack, at + slack + 1)
        for x0, y0, x1, _ in marks.get(key, ())
    )


def _is_beside(a: Line, b: Line, most: float) -> bool:
    """Whether `b` goes on the line of `a` in type of its size, at most so many sizes further."""
    return abs(a.size - b.size) <= _SAME_SIZE * b.size and _is_on_row(a, b, most)


def _is_on_row(a: Line, b: Line, most: float) -> bool:
    """Whether `b` stands right of `a` on one line, at most so many of its sizes further."""
    if a.quadrant or b.quadrant:
        return False
    x = (b.box[0] - a.box[2]) / b.size
    middle = (b.box[1] + b.box[3]) / 2
    return -0.1 < x < most and a.box[1] < middle < a.box[3]


def _joined(a: Line, b: Line, between: str) -> Line:
    box = (a.box[0], min(a.box[1], b.box[1]), b.box[2], max(a.box[3], b.box[3]))
    text = a.text.rstrip() + between + b.text.lstrip()
    bold = a.is_bold if len(a.text) > len(b.text) else b.is_bold
    return replace(a, text=text, box=box, is_bold=bold)
