"""What must hold whatever is drawn: each slot is covered once, and no word is lost or doubled."""

from __future__ import annotations

import re
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.pages import Box
from tests.many import few
from workers.layout.tables import Piece, Table, find, markup, runs_of
from workers.layout.tables.ruled import lattices, lines_of
from workers.layout.tables.words import cut_in_proportion

# a coarse raster, so that lines meet, cross and coincide often
PLACES = st.integers(0, 30).map(lambda i: i * 12.0)


@st.composite
def rules(draw: st.DrawFn) -> Box:
    x, y = draw(PLACES), draw(PLACES)
    length = draw(PLACES) + 12
    kind = draw(st.sampled_from("lub"))
    if kind == "l":
        return (x, y, x + length, y + 0.5)
    return (x, y, x + 0.5, y + length) if kind == "u" else (x, y, x + length, y + draw(PLACES) + 12)


@st.composite
def pieces(draw: st.DrawFn) -> list[Piece]:
    count = draw(st.integers(0, 40))
    out = []
    for number in range(count):
        x, y = draw(PLACES), draw(PLACES)
        text = " ".join(f"w{number}x{i}" for i in range(draw(st.integers(1, 4))))
        out.append(Piece((x, y, x + 5.0 * len(text), y + 11), text, 9.0))
    return out


@given(st.lists(rules(), max_size=60))
@settings(deadline=None)
def test_cells_of_any_lines_cover_each_slot_once(boxes: list[Box]) -> None:
    for lattice in lattices(lines_of(boxes)):
        slots = Counter(
            (row, column)
            for r, c, rows, columns in lattice.cells
            for row in range(r, r + rows)
            for column in range(c, c + columns)
        )
        wanted = {(r, c) for r in range(len(lattice.ys) - 1) for c in range(len(lattice.xs) - 1)}
        assert set(slots) == wanted
        assert set(slots.values()) <= {1}


@given(pieces(), st.lists(rules(), max_size=40), st.booleans())
@settings(deadline=None, max_examples=few(60, of=300))
def test_no_word_is_lost_or_doubled(own: list[Piece], boxes: list[Box], has_region: bool) -> None:
    regions = [(0.0, 0.0, 400.0, 400.0)] if has_region else []
    runs = runs_of(own, range(len(own)))
    tables = find(own, lambda i: cut_in_proportion(own[i]), boxes, regions, runs)

    taken = [i for table in tables for i in table.pieces]
    assert len(taken) == len(set(taken))
    for table in tables:
        covers_each_slot_once(table)
        words = Counter(word for i in table.pieces for word in own[i].text.split())
        assert Counter(word for cell in table.cells for word in cell.text.split()) == words
        assert Counter(re.findall(r"w\d+x\d+", markup(table))) == words


def covers_each_slot_once(table: Table) -> None:
    slots = Counter(
        (row, column)
        for cell in table.cells
        for row in range(cell.row, cell.row + cell.rows)
        for column in range(cell.column, cell.column + cell.columns)
    )
    assert set(slots) == {(r, c) for r in range(table.rows) for c in range(table.columns)}
    assert set(slots.values()) == {1}
