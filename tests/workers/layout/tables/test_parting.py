"""A table ends at a heading or a caption, and rows at its ruled ends belong to it."""

from __future__ import annotations

import pytest

from schemas.pages import Box
from workers.layout.tables.ends import head_above, with_ruled_ends
from workers.layout.tables.grid import Piece
from workers.layout.tables.parting import (
    between_captions,
    between_headings,
    box_between_headings,
    left_of,
)
from workers.layout.tables.runs import runs_of_figures

COLUMNS = (60.0, 160.0, 260.0)


def piece(text: str, x: float, y: float, size: float = 8, stroke: float = 0.0) -> Piece:
    return Piece((x, y, x + 4.0 * len(text), y + 1.2 * size), text, size, stroke=stroke)


def row(y: float, *texts: str, stroke: float = 0.0) -> list[Piece]:
    return [piece(text, x, y, stroke=stroke) for text, x in zip(texts, COLUMNS, strict=False)]


def texts_of(pieces: list[Piece], parts: list[list[int]]) -> list[list[str]]:
    return [[pieces[i].text for i in part] for part in parts]


BOLTS = [*row(100, "M4", "12", "0.30"), *row(114, "M5", "12", "0.35")]
NUTS = [*row(160, "M4", "50", "0.10"), *row(174, "M5", "50", "0.12")]


def parts_with(*between: Piece) -> list[list[str]]:
    pieces = [*BOLTS, *between, *NUTS]
    return texts_of(pieces, between_headings(range(len(pieces)), pieces))


def test_a_larger_lone_line_begins_another_table() -> None:
    above, below = parts_with(piece("Wing nuts", 60, 136, 10))
    assert above == ["M4", "12", "0.30", "M5", "12", "0.35"]
    assert below[:3] == ["M4", "50", "0.10"]


def test_a_number_and_the_words_of_a_section_begin_one() -> None:
    heading = piece("1.3", 60, 136, 10), piece("Wing nuts", 90, 136, 10)
    assert len(parts_with(*heading)) == 2


@pytest.mark.parametrize(
    "between",
    [
        (piece("Wing nuts", 60, 136, 8),),  # the name of a group, as large as its rows
        (piece("12", 60, 136, 10),),  # no words
        (piece("Total", 60, 136, 10), piece("1.30", 260, 136, 10)),  # a row in larger type
        (piece("Spring", 60, 131, 16), *row(142, "", "x", "y")[1:]),  # stands beside two rows
    ],
)
def test_what_begins_no_table(between: tuple[Piece, ...]) -> None:
    assert len(parts_with(*between)) == 1


def test_on_a_picture_strokes_tell_a_heading_from_the_name_of_a_group() -> None:
    def count(stroke: float) -> int:
        rows = [*row(100, "M4", "12", stroke=1.0), *row(160, "M5", "50", stroke=1.0)]
        pieces = [*rows[:2], piece("Wing nuts", 60, 130, stroke=stroke), *rows[2:]]
        return len(between_headings(range(len(pieces)), pieces))

    assert (count(1.7), count(1.35)) == (2, 1)


def test_a_box_is_cut_around_its_headings() -> None:
    heading = piece("Wing nuts", 60, 136, 10)
    pieces = [*BOLTS, heading, *NUTS]
    box: Box = (50, 90, 300, 200)
    cut = box_between_headings(box, pieces, range(len(pieces)))
    assert cut == [(50, 90, 300, 136), (50, 148, 300, 200)]
    assert box_between_headings(box, BOLTS, range(len(BOLTS))) == [box]


def test_a_region_is_cut_at_captions_and_around_tables_that_are_known() -> None:
    pieces = [*BOLTS, piece("Table 2. Nuts", 60, 136), *NUTS]
    box: Box = (50, 90, 300, 200)
    assert len(between_captions(box, pieces)) == 2
    assert left_of(box, []) == [box]
    assert left_of(box, [(50, 90, 300, 130)]) == [(50, 130, 300, 200)]
    assert left_of(box, [(50, 120, 300, 130)]) == [(50, 90, 300, 120), (50, 130, 300, 200)]


# ---- rows outside of the first and last line ----------------------------------------------------

BOX: Box = (58, 100, 300, 200)


def top_of(*pieces: Piece) -> float:
    return head_above(BOX, pieces, range(len(pieces)))


def test_a_head_of_several_lines_above_the_first_line_is_found() -> None:
    wrapped = [piece("Plan A:", 60, 74), piece("rebuild", 60, 84), *row(79, "", "Plan B", "Plan C")]
    third = piece("Risk", 280, 79)
    assert top_of(*(p for p in (*wrapped, third) if p.text)) == 74


@pytest.mark.parametrize(
    "above",
    [
        row(88, "Two cells", "are few"),
        row(88, "The words of a paragraph that goes on", "to", "the line"),
        row(60, "Far", "from", "the line"),
    ],
)
def test_what_is_no_head_above_a_line(above: list[Piece]) -> None:
    assert top_of(*above) == 100


LEVELS = [(100.0, 58.0, 300.0), (115.0, 58.0, 300.0), (130.0, 58.0, 300.0), (145.0, 58.0, 300.0)]


def ends_of(first: list[Piece], last: list[Piece]) -> tuple[float, float]:
    rows = [p for y in (103, 118, 133) for p in row(y, "Speed", "40 mm")]
    pieces = [*first, *rows, *last]
    _, top, _, bottom = with_ruled_ends((58, 100, 300, 145), LEVELS, pieces, range(len(pieces)))
    return top, bottom


def test_rows_with_a_line_under_each_begin_above_the_first_line() -> None:
    assert ends_of(row(88, "Flow", "12 l"), []) == (88, 145)
    assert ends_of([], row(148, "Mass", "9 kg")) == (100, pytest.approx(157.6))


def test_a_line_of_text_by_the_first_line_is_no_row() -> None:
    assert ends_of([piece("Dimensions", 60, 88)], []) == (100, 145)
    off = [piece("Seen from", 90, 88), piece("the left", 200, 88)]
    assert ends_of(off, []) == (100, 145)


# ---- runs without a stream ----------------------------------------------------------------------


def test_rows_of_figures_are_a_run_in_any_order() -> None:
    rows = [p for n in range(5) for p in row(100 + 14 * n, "Depth", f"{n}2.5", f"{n}7")]
    (run,) = runs_of_figures(rows[::-1])
    assert len(run) == 15


def test_columns_of_prose_and_of_names_are_no_runs_of_figures() -> None:
    prose = ("the words of a narrow column", "in 1850 and of the next one", "and of a third one")
    assert runs_of_figures([p for n in range(6) for p in row(100 + 14 * n, *prose)]) == []
    names = ("Ada", "Berta", "Clara")
    assert runs_of_figures([p for n in range(6) for p in row(100 + 14 * n, *names)]) == []
