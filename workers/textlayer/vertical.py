"""Columns of vertical Japanese and Chinese from the pieces that MuPDF finds. Pure.

A PDF draws such a column in vertical writing mode, or sets each glyph by itself below the last.
MuPDF ends a line after each glyph of the second kind, and of the first where the font's heights
and advances differ. Here the pieces of a column become one line that reads downwards
(`quadrant` 1), so that the page's order, which looks at lines as they read, goes from column to
column to the left.
"""

from __future__ import annotations

import itertools
import re
import statistics
from collections.abc import Sequence
from dataclasses import replace

from schemas.pages import Box
from workers.textlayer.lines import Line
from workers.textlayer.orientation import AS_DISPLAYED

IDEOGRAPHS = (
    "\u2e80-\u312f\u31a0-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003ffff"
)
"""Han, kana, bopomofo and their punctuation, as part of a regular expression's class."""

_IDEOGRAPH = re.compile(f"[{IDEOGRAPHS}]")
_MIN_COLUMN_GLYPHS = 4  # three cells under each other may be a table's column
_MAX_GAP = 0.35  # of the size, between two glyphs; a table's rows lie further apart
_MAX_WORD_GAP = 1.0  # of the size, between pieces in vertical writing mode
_MAX_SHIFT = 0.3  # of the size, between the middles of two glyphs
_MAX_WIDTH = 1.7  # of the size: a glyph and the stop at its upper right, but not two glyphs
_MAX_UPRIGHT_CHARS = 3  # a number set upright in the column, as in 12月
_MAX_OPEN = 50  # columns that may go on at one place across the page; bounds a hostile page


def joined_columns(lines: Sequence[Line]) -> list[Line]:
    """`lines` with the pieces of each vertical column as one line.

    >>> glyphs = [Line(c, (0, 12 * i, 10, 12 * i + 11), 10, 0) for i, c in enumerate("春の会議")]
    >>> [(line.text, line.quadrant) for line in joined_columns(glyphs)]
    [('春の会議', 1)]
    """
    drawn_down = [i for i, line in enumerate(lines) if line.quadrant == 1 and _is_cjk_piece(line)]
    single = [i for i, line in enumerate(lines) if line.quadrant == 0 and _is_glyph(line)]
    columns = _columns(lines, drawn_down, _MAX_WORD_GAP) if drawn_down else []
    if sum(lines[i].text >= "\u2e80" for i in single) >= _MIN_COLUMN_GLYPHS:
        columns += _glyph_columns(lines, single)
    if not columns:
        return list(lines)
    columns.sort()
    joined = _from_the_right([_column([lines[i] for i in column]) for column in columns])
    places = sorted(column[0] for column in columns)
    line_at = dict(zip(places, joined, strict=True))
    pieces = {i for column in columns for i in column}
    return [line_at.get(i, line) for i, line in enumerate(lines) if i in line_at or i not in pieces]


def _from_the_right(columns: list[Line]) -> list[Line]:
    """The columns in the order they are drawn, turned round where that goes to the right.

    The paragraphs of a page are told apart in the order they are drawn, and some programs draw
    from left to right whatever the writing.
    """
    beside = [
        (a.box[0], b.box[0])
        for a, b in itertools.pairwise(columns)
        if a.box[1] < b.box[3] and b.box[1] < a.box[3]
    ]
    goes_right = 2 * sum(a < b for a, b in beside) > len(beside)
    return columns[::-1] if goes_right else columns


def _is_cjk_piece(line: Line) -> bool:
    """Whether `line`, which reads downwards, stands in CJK type: upright, or with an ideograph."""
    return line.upright == AS_DISPLAYED or bool(_IDEOGRAPH.search(line.text))


def _is_glyph(line: Line) -> bool:
    text = line.text.strip()
    if len(text) == 1:
        return True
    is_narrow = line.box[2] - line.box[0] <= _MAX_WIDTH * line.size
    return len(text) <= _MAX_UPRIGHT_CHARS and is_narrow


def _glyph_columns(lines: Sequence[Line], single: Sequence[int]) -> list[list[int]]:
    """Columns of glyphs that stand alone; short ones only on a page that has long ones."""
    runs = [
        run
        for run in _columns(lines, single, _MAX_GAP)
        if 2 * sum(bool(_IDEOGRAPH.search(lines[i].text)) for i in run) > len(run)
    ]
    long = [run for run in runs if len(run) >= _MIN_COLUMN_GLYPHS]
    wide = [line.box for line in lines if line.quadrant == 0 and not _is_glyph(line)]
    columns = [run for run in long if not _are_cells([lines[i].box for i in run], wide)]
    total = sum(len(line.text) for line in lines)
    if 2 * sum(map(len, columns)) <= total:
        return columns
    return [run for run in runs if len(run) < _MIN_COLUMN_GLYPHS] + columns


def _are_cells(glyphs: Sequence[Box], wide: Sequence[Box]) -> bool:
    """Whether most of the glyphs have a line of several letters beside them, as in a table."""
    beside = sum(any(box[1] < (g[1] + g[3]) / 2 < box[3] for box in wide) for g in glyphs)
    return 2 * beside > len(glyphs)


def _columns(lines: Sequence[Line], pieces: Sequence[int], most: float) -> list[list[int]]:
    """The pieces as columns, each from its top: one follows where it stands below the last.

    Columns are looked up by their middle in steps of a size, so the cost is that of sorting.
    """
    step = max(statistics.median(lines[i].size for i in pieces), 1.0)
    ends: dict[int, list[list[int]]] = {}
    columns: list[list[int]] = []
    for i in sorted(pieces, key=lambda i: (lines[i].box[1], i)):
        line = lines[i]
        key = int(_middle(line) // step)
        open_ones = [run for k in (key - 1, key, key + 1) for run in ends.get(k, ())]
        run = next(
            (run for run in reversed(open_ones) if _follows(lines[run[-1]], line, most)), None
        )
        if run is None:
            run = []
            columns.append(run)
            ends.setdefault(key, []).append(run)
            del ends[key][:-_MAX_OPEN]
        run.append(i)
    return columns


def _follows(above: Line, line: Line, most: float) -> bool:
    size = max(above.size, line.size)
    gap = line.box[1] - above.box[3]
    return (
        -0.5 * size < gap <= most * size
        and abs(_middle(above) - _middle(line)) <= _MAX_SHIFT * size
        and abs(above.size - line.size) <= 0.2 * size
    )


def _middle(line: Line) -> float:
    return (line.box[0] + line.box[2]) / 2


def _column(pieces: Sequence[Line]) -> Line:
    text = ""
    for piece in pieces:
        word = piece.text.strip()
        both_spaced = text and word and not (_is_ideograph(text[-1]) or _is_ideograph(word[0]))
        is_apart = both_spaced and piece.quadrant == 1 and piece.upright != AS_DISPLAYED
        text += f" {word}" if is_apart else word
    x0s, y0s, x1s, y1s = zip(*(piece.box for piece in pieces), strict=True)
    first = pieces[0]
    return replace(
        first,
        text=text,
        box=(min(x0s), min(y0s), max(x1s), max(y1s)),
        quadrant=1,
        upright=AS_DISPLAYED,
    )


def _is_ideograph(letter: str) -> bool:
    return bool(_IDEOGRAPH.match(letter))
