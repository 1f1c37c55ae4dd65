"""Tables of a page image: the lines are those of the page, as a detector would box them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pymupdf
import pytest

from tests.workers.layout.tables.drawn import KINDS, draw
from workers.layout.tables import Piece
from workers.layout.tables.model import GridModel
from workers.layout.tables.pixels import Grey, tables_of

DPI = 130
SCALE = DPI / 72


def seen(page: pymupdf.Page) -> tuple[Grey, list[Piece]]:
    """The page's pixels, and its lines in boxes that reach 2 px past the ink."""
    shown = page.get_pixmap(dpi=DPI, colorspace=pymupdf.csGRAY)
    grey = np.frombuffer(shown.samples, np.uint8).reshape(shown.height, shown.width)
    lines = []
    for block in page.get_text("dict")["blocks"]:
        for line in block.get("lines", ()):
            x0, y0, x1, y1 = (value * SCALE for value in line["bbox"])
            text = "".join(span["text"] for span in line["spans"])
            lines.append(Piece((x0 - 2, y0 + 1, x1 + 2, y1 - 1), text))
    return grey, lines


RULED = ["grid", "boxes", "split_rules", "spanned", "grouped", "wrapped_grid", "head_outside"]


@pytest.mark.parametrize("kind", [*RULED, "no_outer", "uprights_only", "levels_only", "booktabs"])
def test_a_ruled_table_is_found_in_the_pixels(kind: str) -> None:
    drawn = draw(*KINDS[kind])
    grey, lines = seen(drawn.page)

    (table,) = tables_of(grey, lines)

    meant = [(c.row, c.column, c.rows, c.columns, "".join(c.text.split())) for c in drawn.cells]
    have = [(c.row, c.column, c.rows, c.columns, "".join(c.text.split())) for c in table.cells]
    assert sorted(cell for cell in have if cell[4]) == sorted(cell for cell in meant if cell[4])
    assert all("figures" not in lines[i].text for i in table.pieces)


def test_a_line_over_several_cells_is_cut_at_the_rules() -> None:
    drawn = draw(*KINDS["grid"])
    grey, lines = seen(drawn.page)
    row = [i for i, line in enumerate(lines) if line.text in ("Weir", "2.9", "12.0")]
    boxes = [lines[i].box for i in row]
    long = Piece(
        (boxes[0][0], boxes[0][1], boxes[-1][2], boxes[0][3]),
        " ".join(lines[i].text for i in row),
    )
    others = [line for i, line in enumerate(lines) if i not in row]

    (table,) = tables_of(grey, [*others, long])

    texts = [cell.text for cell in table.cells if cell.row == 2]
    assert texts == ["Weir", "2.9", "12.0", "muddy after rain"]
    assert len(others) in table.pieces


def test_the_model_tells_which_lines_are_one_row() -> None:
    drawn = draw(*KINDS["open_padded_wrapped"])
    grey, lines = seen(drawn.page)
    own = [p.box for p in lines if "figures" not in p.text and "measured" not in p.text]
    x0s, y0s, x1s, y1s = zip(*own, strict=True)
    region = (min(x0s) - 5, min(y0s) - 5, max(x1s) + 5, max(y1s) + 5)

    (table,) = tables_of(grey, lines, [region], GridModel(threads=1))

    assert table.rows == 5
    assert [c.text.replace("\n", " ") for c in table.cells] == [
        c.text.replace("\n", " ") for c in drawn.cells
    ]


def test_the_model_sees_the_grid_of_an_open_table() -> None:
    grey, lines = seen(draw(*KINDS["open"]).page)
    own = [p.box for p in lines if "figures" not in p.text and "measured" not in p.text]
    x0s, y0s, x1s, y1s = (list(map(round, side)) for side in zip(*own, strict=True))
    columns, rows = GridModel(threads=1).edges(
        grey[min(y0s) - 5 : max(y1s) + 5, min(x0s) - 5 : max(x1s) + 5]
    )

    assert (len(columns), len(rows)) == (3, 5)
    assert columns == sorted(columns)
    assert all(0 < place < 1 for place in [*columns, *rows])


def test_without_rules_and_regions_rows_of_figures_are_a_table_and_others_are_none() -> None:
    grey, lines = seen(draw(*KINDS["open"]).page)
    words = [replace(line, text="".join(c for c in line.text if c.isalpha())) for line in lines]

    assert len(lines) > 20
    (table,) = tables_of(grey, lines)
    assert table.columns == 4
    assert tables_of(grey, [word for word in words if word.text]) == []


def test_a_line_over_several_cells_is_cut_where_its_characters_stand() -> None:
    """In proportion, `llll` would take letters of its neighbour."""
    grey = np.full((200, 700), 255, np.uint8)
    lines = []
    for row in range(4):
        y = 20 + 40 * row
        for x in (10, 230, 690):
            grey[10 : y + 30, x : x + 2] = 0
        grey[y - 10 : y - 8, 10:690] = 0
        for x in (*range(20, 45, 6), *range(300, 600, 6)):  # `llll` is narrow, `WWWW` wide
            grey[y : y + 14, x : x + 3] = 0
        places = (22.0, 28.0, 34.0, 40.0, 340.0, 420.0, 480.0, 560.0)
        lines.append(Piece((18, y - 3, 602, y + 17), "llllWWWW", places=places))
    grey[170:172, 10:690] = 0

    (table,) = tables_of(grey, lines)

    assert {cell.text for cell in table.cells} == {"llll", "WWWW"}
