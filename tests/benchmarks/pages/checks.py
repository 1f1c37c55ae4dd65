"""The checks of a page, and whether a reading passes them. Pure.

A check is one fact that a careful reader of the page's picture asserts without any doubt:

- `present`: a phrase is in the text.
- `absent`: a running head, a foot or a page number is not in the text. Case is ignored. A number
  that stands alone may be part of a line, but may not be a line.
- `order`: some occurrence of one phrase comes before some occurrence of another.
- `cell`: a table of the reading has a cell with this text and with all the neighbours that are
  given. `left`, `right`, `above` and `below` are adjacent cells; `column` is any cell above in the
  same column, and `row` any cell to the left in the same row.
- `heading`: a heading in Markdown or HTML has these words, at this level if one is given.
- `coverage`: at least this share of the words is in the text.

A reading and a check are normalised alike (`workers.evaluation.normalise`): without markup, in
NFKC, quotes and dashes of one form, single spaces, none between Chinese or Japanese characters. A
phrase may differ by one edit for each full 20 of its characters. A page without any text passes
nothing, not even `absent`.

    reading = Reading.of("# Harbour\\n\\nThe pilot came aboard.")
    passes(Present(kind="present", text="pilot came"), reading)     # True
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field
from rapidfuzz.distance import Levenshtein

from schemas.part import Part, Share
from tests.benchmarks.pages.tables import Cell, Grid, tables_in
from workers.evaluation.normalise import plain

CHARACTERS_PER_EDIT = 20
_MIN_PART = 15  # characters from which on a cell may hold more than the check says

Phrase = Annotated[str, Field(min_length=1)]


class Present(Part):
    kind: Literal["present"]
    text: Phrase


class Absent(Part):
    kind: Literal["absent"]
    text: Phrase


class Order(Part):
    kind: Literal["order"]
    first: Phrase
    then: Phrase


class CellCheck(Part):
    kind: Literal["cell"]
    text: Phrase
    left: Phrase | None = None
    right: Phrase | None = None
    above: Phrase | None = None
    below: Phrase | None = None
    column: Phrase | None = None
    row: Phrase | None = None

    def model_post_init(self, _context: object) -> None:
        if not self.neighbours:
            raise ValueError(f"cell {self.text!r}: give at least one neighbour")

    @property
    def neighbours(self) -> dict[str, str]:
        """The texts of the neighbours that are given, by their direction."""
        return {name: text for name in _STEPS if (text := getattr(self, name)) is not None}


class Heading(Part):
    kind: Literal["heading"]
    text: Phrase
    level: Annotated[int, Field(ge=1, le=6)] | None = None


class Coverage(Part):
    kind: Literal["coverage"]
    words: Annotated[tuple[Phrase, ...], Field(min_length=5)]
    at_least: Share = 0.9


Check = Annotated[
    Present | Absent | Order | CellCheck | Heading | Coverage, Field(discriminator="kind")
]
KINDS = ("present", "absent", "order", "cell", "heading", "coverage")


@dataclass(frozen=True, slots=True)
class Reading:
    """A reader's text of one page, prepared for checks: whole, by line, its headings and tables."""

    text: str
    lines: tuple[str, ...]
    headings: tuple[tuple[int, str], ...]
    tables: tuple[Grid, ...]

    @classmethod
    def of(cls, text: str) -> Reading:
        """Prepare the text as a reader wrote it, with its markup."""
        text = _COMMENT.sub("", text)
        lines = tuple(plain(line) for line in text.splitlines())
        return cls(plain(text), lines, tuple(_headings(text)), tuple(tables_in(text)))


_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_HASHES = re.compile(r"^ {0,3}(#{1,6})[ \t]+(.*)$", re.MULTILINE)
_UNDERLINED = re.compile(r"^(?=\S)(?![|#>-])([^\n]+)\n(=+|-+)[ \t]*$", re.MULTILINE)
_HTML = re.compile(r"<h([1-6])\b[^<>]*>(.*?)</h\1\s*>", re.DOTALL | re.IGNORECASE)


def _headings(text: str) -> Iterator[tuple[int, str]]:
    """Level and words of each heading."""
    for match in _HASHES.finditer(text):
        yield len(match[1]), plain(match[2])
    for match in _UNDERLINED.finditer(text):
        yield (1 if match[2][0] == "=" else 2), plain(match[1])
    for match in _HTML.finditer(text):
        yield int(match[1]), plain(match[2])


def passes(check: Check, reading: Reading) -> bool:
    """Whether a reading of the page passes the check."""
    return bool(reading.text) and _passes(check, reading)


def _passes(check: Check, reading: Reading) -> bool:
    match check:
        case Present():
            return is_found(plain(check.text), reading.text)
        case Absent():
            return _is_absent(plain(check.text), reading)
        case Order():
            firsts = list(found(plain(check.first), reading.text))
            thens = list(found(plain(check.then), reading.text))
            return bool(firsts and thens) and min(firsts) < max(thens)
        case CellCheck():
            return any(_has_cell(grid, check) for grid in reading.tables)
        case Heading():
            phrase = plain(check.text)
            levels = {level for level, words in reading.headings if is_found(phrase, words)}
            return bool(levels) if check.level is None else check.level in levels
        case Coverage():
            hits = sum(_has_word(plain(word), reading.text) for word in check.words)
            return hits >= check.at_least * len(check.words)


# ---- phrases --------------------------------------------------------------------------------


def is_found(phrase: str, text: str) -> bool:
    """Whether `phrase` occurs in `text`, both normalised."""
    return next(found(phrase, text), None) is not None


def found(phrase: str, text: str) -> Iterator[int]:
    """Where `phrase` occurs in `text`, both normalised; roughly, where edits are allowed.

    Of k + 1 pieces of a phrase with k edits, one is whole: only around such pieces is compared.
    """
    edits = len(phrase) // CHARACTERS_PER_EDIT
    bounds = [len(phrase) * piece // (edits + 1) for piece in range(edits + 2)]
    for start, stop in itertools.pairwise(bounds):
        at = text.find(phrase[start:stop])
        while at >= 0:
            if _matches(phrase, text, at - start, edits):
                yield max(at - start, 0)
            at = text.find(phrase[start:stop], at + 1)


def _matches(phrase: str, text: str, near: int, edits: int) -> bool:
    """Whether a part of `text` that begins at `near`, give or take the edits, is the phrase."""
    for start in range(max(near - edits, 0), near + edits + 1):
        for length in range(len(phrase) - edits, len(phrase) + edits + 1):
            part = text[start : start + length]
            if Levenshtein.distance(phrase, part, score_cutoff=edits) <= edits:
                return True
    return False


_MARKS_AROUND = re.compile(r"^[\W_]+|[\W_]+$")
_NUMBER = re.compile(r"\d+(?:[-.]\d+)?|[ivxlcdm]+|[IVXLCDM]+")


def _is_absent(phrase: str, reading: Reading) -> bool:
    bare = _MARKS_AROUND.sub("", phrase)
    if _NUMBER.fullmatch(bare):
        return all(_MARKS_AROUND.sub("", line) != bare for line in reading.lines)
    phrase, text = phrase.casefold(), reading.text.casefold()
    if len(phrase) < CHARACTERS_PER_EDIT:
        return not _has_word(phrase, text)
    return not is_found(phrase, text)


_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uf900-\ufaff]")


def _has_word(word: str, text: str) -> bool:
    """Whether `word` is in `text`, not as a part of a longer word or number."""
    before = r"(?<!\w)" if word[:1].isalnum() and not _UNSPACED.match(word[0]) else ""
    after = r"(?!\w)" if word[-1:].isalnum() and not _UNSPACED.match(word[-1]) else ""
    return re.search(before + re.escape(word) + after, text) is not None


# ---- cells ----------------------------------------------------------------------------------

_STEPS = {
    "left": (0, -1),
    "right": (0, 1),
    "above": (-1, 0),
    "below": (1, 0),
    "column": (-1, 0),
    "row": (0, -1),
}


def _has_cell(grid: Grid, check: CellCheck) -> bool:
    places: dict[Cell, list[tuple[int, int]]] = {}
    for row, cells in enumerate(grid):
        for column, cell in enumerate(cells):
            if cell is not None and _is_text(plain(check.text), cell):
                places.setdefault(cell, []).append((row, column))
    return any(
        all(_has_neighbour(grid, at, name, plain(text)) for name, text in check.neighbours.items())
        for at in places.values()
    )


def _has_neighbour(grid: Grid, places: Sequence[tuple[int, int]], name: str, text: str) -> bool:
    """Whether a cell beside the one at `places` has the text."""
    for row, column in places:
        beyond = _beyond(grid, row, column, _STEPS[name])
        cells = beyond if name in ("column", "row") else beyond[:1]
        if any(cell is not None and _is_text(text, cell) for cell in cells):
            return True
    return False


def _beyond(grid: Grid, row: int, column: int, step: tuple[int, int]) -> list[Cell | None]:
    """The cells in one direction from a place, the nearest first, without the place's own."""
    own, cells = grid[row][column], []
    row, column = row + step[0], column + step[1]
    while 0 <= row < len(grid) and 0 <= column < len(grid[row]):
        if grid[row][column] is not own:
            cells.append(grid[row][column])
        row, column = row + step[0], column + step[1]
    return cells


def _is_text(text: str, cell: Cell) -> bool:
    """Whether a cell has this text; a long text may be a part of what the cell has."""
    edits = len(text) // CHARACTERS_PER_EDIT
    if Levenshtein.distance(text, cell.text, score_cutoff=edits) <= edits:
        return True
    return len(text) >= _MIN_PART and is_found(text, cell.text)
