"""The random content of a drawn table: columns, rows, headers, and which cells are joined.

Cells are joined over rows or columns only if the borders show it: a reader must be able to
distinguish a joined cell from empty ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from numpy.random import Generator

from schemas.figures import Borders, TableSource
from workers.synthetic.sampling import happens, pick, shuffled, within
from workers.synthetic.tables import words
from workers.synthetic.tables.columns import Column, column, stub
from workers.synthetic.tables.grid import Cell, CellKind, Grid

_SHOW_ROW_SPANS: tuple[Borders, ...] = ("ruled", "rows", "booktabs")

Cells = dict[tuple[int, int], Cell]
"""The cells of one part of a table, by row and column."""


def compose(rng: Generator, settings: TableSource, borders: Borders) -> Grid:
    """A random table within the settings."""
    count = within(rng, settings.rows)
    columns = _columns(rng, count, within(rng, settings.columns))
    has_spans = happens(rng, settings.span_share)
    is_parted = has_spans and count >= 4 and happens(rng, 0.3)
    may_join = has_spans and not is_parted and count >= 3 and len(columns) >= 2
    is_grouped = may_join and borders in _SHOW_ROW_SPANS
    if is_grouped:
        columns[0] = columns[0]._replace(name=pick(rng, words.GROUP_NAMES))
    head = _head(rng, columns, has_spans)
    body = _body(rng, settings, columns, count)
    if is_grouped:
        _group(rng, body, count)
    if may_join and borders == "ruled":
        _join(rng, body, len(columns), count)
    if happens(rng, 0.25):
        count += _add_total(rng, body, columns, count, has_spans and borders == "ruled")
    if is_parted:
        body, count = _parted(rng, body, count, len(columns))
    head_rows = 1 + max(row for row, _ in head)
    moved = [replace(cell, row=cell.row + head_rows) for cell in body.values()]
    cells = sorted([*head.values(), *moved], key=lambda cell: (cell.row, cell.column))
    caption = _caption(rng, columns) if happens(rng, settings.caption_share) else ""
    return Grid(head_rows + count, len(columns), head_rows, tuple(cells), caption)


def _columns(rng: Generator, rows: int, count: int) -> list[Column]:
    columns = [stub(rng, rows)]
    while len(columns) < count:
        new = column(rng, rows)
        taken = sum(old.name.split(" #")[0] == new.name for old in columns)
        columns.append(new._replace(name=f"{new.name} #{taken + 1}") if taken else new)
    return columns


def _head(rng: Generator, columns: Sequence[Column], has_spans: bool) -> Cells:
    """One row of names, or two if some columns share a spanner above their names."""
    names = [
        Cell(0, place, each.name, kind="header", align=each.align)
        for place, each in enumerate(columns)
    ]
    if happens(rng, 0.3):
        names = [replace(name, align="center") for name in names]
    if not has_spans or len(columns) < 3 or happens(rng, 0.4):
        return {(0, name.column): name for name in names}
    cells: Cells = {}
    texts = shuffled(rng, words.SPANNERS)
    first = within(rng, (1, len(columns) - 2))
    while first <= len(columns) - 2:
        wide = min(within(rng, (2, 4)), len(columns) - first)
        text = texts[len(cells)]
        cells[0, first] = Cell(0, first, text, columns=wide, kind="header", align="center")
        first += wide + int(happens(rng, 0.3))
    covered = {
        place for cell in cells.values() for place in range(cell.column, cell.column + cell.columns)
    }
    for name in names:
        is_under = name.column in covered
        cells[int(is_under), name.column] = replace(
            name, row=int(is_under), rows=1 if is_under else 2
        )
    return cells


def _body(rng: Generator, settings: TableSource, columns: Sequence[Column], count: int) -> Cells:
    empty = pick(rng, words.EMPTY_MARKS)
    cells: Cells = {}
    for place, each in enumerate(columns):
        align = each.align if each.align != "left" or happens(rng, 0.85) else "center"
        for row, text in enumerate(each.texts):
            shown = empty if place and happens(rng, settings.empty_share) else text
            kind: CellKind = "body" if place else "stub"
            cells[row, place] = Cell(row, place, shown, kind=kind, align=align)
    return cells


def _group(rng: Generator, body: Cells, count: int) -> None:
    """Replace the first column by groups of rows, each with one name."""
    names = shuffled(rng, words.GROUPS)
    row = 0
    while row < count:
        rows = min(within(rng, (1, 4)), count - row)
        _replace(body, Cell(row, 0, names[row % len(names)], rows=rows, kind="stub"))
        row += rows


def _join(rng: Generator, body: Cells, columns: int, count: int) -> None:
    """Join some cells: remarks over several columns, and values over two rows."""
    for _ in range(within(rng, (0, 2))):
        if columns >= 4:
            wide = within(rng, (2, columns - 2))
            place = (within(rng, (0, count - 1)), within(rng, (1, columns - wide)))
            text = pick(rng, words.PHRASES)
            _replace(body, Cell(*place, text, columns=wide, align="center"))
        place = (within(rng, (0, count - 2)), within(rng, (1, columns - 1)))
        if place in body:
            _replace(body, replace(body[place], rows=2))


def _replace(cells: Cells, joined: Cell) -> None:
    """Put a joined cell in place of those that it covers, unless one of them is joined itself."""
    under = [
        (joined.row + down, joined.column + right)
        for down in range(joined.rows)
        for right in range(joined.columns)
    ]
    if all(place in cells and cells[place].rows * cells[place].columns == 1 for place in under):
        for place in under:
            del cells[place]
        cells[joined.row, joined.column] = joined


def _add_total(
    rng: Generator, body: Cells, columns: Sequence[Column], row: int, may_join: bool
) -> int:
    """Add a last row of sums if there are any; returns how many rows were added."""
    totals = [
        each.total if _is_whole(body, place, each) else "" for place, each in enumerate(columns)
    ]
    if not any(totals):
        return 0
    wide = next(place for place, total in enumerate(totals) if total) if may_join else 1
    body[row, 0] = Cell(row, 0, pick(rng, words.TOTALS), columns=wide, kind="total")
    for place in range(wide, len(columns)):
        align = columns[place].align
        body[row, place] = Cell(row, place, totals[place], kind="total", align=align)
    return 1


def _is_whole(body: Cells, place: int, each: Column) -> bool:
    """Whether the table shows all values of a column, so that a reader gets the same sum."""
    shown = [body[row, place].text for row in range(len(each.texts)) if (row, place) in body]
    return shown == each.texts


def _parted(rng: Generator, body: Cells, count: int, columns: int) -> tuple[Cells, int]:
    """The body in two or three parts, each under a section row over all columns; and its rows."""
    parts = within(rng, (2, 3))
    starts = {round(place * count / parts) for place in range(parts)}
    titles = shuffled(rng, words.SECTIONS)
    parted: Cells = {}
    shift = 0
    for row in range(count):
        if row in starts:
            at = row + shift
            parted[at, 0] = Cell(
                at, 0, titles[shift], columns=columns, kind="section", align="center"
            )
            shift += 1
        for place in range(columns):
            if (row, place) in body:
                parted[row + shift, place] = replace(body[row, place], row=row + shift)
    return parted, count + shift


def _caption(rng: Generator, columns: Sequence[Column]) -> str:
    names = [each.name.split(" (")[0] for each in columns[:3]]
    # Abbreviations keep their capitals.
    stub_name, *others = (name if name[-1:].isupper() else name.lower() for name in names)
    about = f"{' and '.join(others) or 'list'} by {stub_name}"
    text = about[:1].upper() + about[1:]
    tail = pick(rng, ("", f", {within(rng, (1998, 2025))}", " (preliminary)", ", all sites"))
    number = pick(rng, (f"{within(rng, (1, 30))}", f"{within(rng, (1, 9))}.{within(rng, (1, 9))}"))
    return pick(rng, ("Table {}: ", "Table {}. ", "Tab. {} – ")).format(number) + text + tail
