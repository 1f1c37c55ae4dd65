"""Pages with tables: ruled, half ruled, without rules, with spans and with turned heads."""

from __future__ import annotations

import itertools

import pymupdf

from tests.benchmarks.pages import prose
from tests.benchmarks.pages.setting import (
    Document,
    document,
    edges,
    line,
    paragraph,
    row_of_cells,
    rule,
)

LEFT, RIGHT, WIDTH = 70.0, 525.0, 455.0

HARVEST = [
    ("Parish", "Wheat", "Barley", "Oats", "Tithe barn"),
    ("Ostwick", "412", "188", "97", "North gate"),
    ("Corvane", "365", "204", "131", "Mill lane"),
    ("Lanthorpe", "518", "92", "88", "None"),
    ("Quillow", "274", "310", "56", "Old chapel"),
    ("Tarnholm", "149", "63", "222", "Shared"),
    ("Belsay End", "330", "175", "109", "Rectory"),
]


def table_ruled() -> Document:
    """A table with rules on all sides between paragraphs, on the second page of a report."""

    def fill(page: pymupdf.Page, number: int) -> None:
        line(page, LEFT, 45, "County Agricultural Survey", "tiit", 9)
        line(page, RIGHT, 45, "Part II: Yields", "tiit", 9, "right")
        rule(page, LEFT, 50, RIGHT, 50, 0.4)
        line(page, 297, 805, str(number + 17), "tiro", 9, "centre")
        if number != 1:
            y = 90.0
            for text in (prose.RIVERS, prose.SALT, prose.MAPS, prose.BELLS)[number:]:
                y = paragraph(page, LEFT, y, WIDTH, text) + 8
            return
        y = paragraph(page, LEFT, 85, WIDTH, prose.BEES) + 10
        line(page, LEFT, y + 4, "Table 4. Bushels delivered in 1846, by parish", "tibo", 10)
        top = y + 14
        xs = edges(LEFT, [105, 80, 80, 80, 110])
        for place, cells in enumerate(HARVEST):
            font = "hebo" if place == 0 else "helv"
            row_of_cells(page, xs, top + 13 + 20 * place, cells, font, aligns="lrrrl")
        bottom = top + 20 * len(HARVEST)
        for place in range(len(HARVEST) + 1):
            rule(page, xs[0], top + 20 * place, xs[-1], top + 20 * place)
        for x in xs:
            rule(page, x, top, x, bottom)
        y = paragraph(page, LEFT, bottom + 28, WIDTH, prose.PAPER) + 8
        paragraph(page, LEFT, y, WIDTH, prose.ORCHARDS)

    return document(4, 1, fill)


ALLOYS = [
    ("Alloy", "Copper", "Tin", "Zinc", "Hardness", "Strike tone"),
    ("Bell metal", "78.0", "22.0", "0.0", "212", "E flat"),
    ("Gunmetal", "88.0", "10.0", "2.0", "74", "muffled"),
    ("Red brass", "85.0", "0.0", "15.0", "65", "none"),
    ("Speculum", "67.5", "32.5", "0.0", "390", "A sharp"),
    ("Prince's metal", "75.0", "0.0", "25.0", "81", "none"),
]


def table_booktabs() -> Document:
    """A table with three level rules and none upright, with a note below it."""

    def fill(page: pymupdf.Page, _number: int) -> None:
        line(page, LEFT, 95, "3.2 Composition and tone", "tibo", 14)
        y = paragraph(page, LEFT, 120, WIDTH, prose.BELLS) + 16
        line(page, 297, y, "Table 3.1: Castings of the trial pit, in per cent by mass", "tiro", 9.5,
             "centre")  # fmt: skip
        top = y + 10
        xs = edges(LEFT + 12, [95, 60, 55, 55, 75, 90])
        for place, cells in enumerate(ALLOYS):
            shift = 14 + 16 * place + (8 if place else 0)
            row_of_cells(page, xs, top + shift, cells, "tiro", 10, "lrrrrl")
        bottom = top + 16 * len(ALLOYS) + 12
        rule(page, xs[0], top, xs[-1], top, 1.2)
        rule(page, xs[0], top + 20, xs[-1], top + 20, 0.6)
        rule(page, xs[0], bottom, xs[-1], bottom, 1.2)
        note = "Hardness after Vickers, mean of seven indents; tone by tuning fork."
        line(page, xs[0], bottom + 13, note, "tiit", 8.5)
        y = paragraph(page, LEFT, bottom + 42, WIDTH, prose.GLASS) + 8
        paragraph(page, LEFT, y, WIDTH, prose.CLOCKS)

    return document(1, 0, fill)


FERRIES = [
    ("Crossing", "Leaves", "Arrives", "Fare", "Runs on"),
    ("Nairnhead", "06:15", "07:40", "4.20", "weekdays"),
    ("Skerry Point", "07:05", "07:50", "2.80", "daily"),
    ("Ullinish", "08:30", "10:55", "9.10", "Tue, Fri"),
    ("Greypier", "09:45", "10:20", "2.60", "daily"),
    ("St Brannoc", "11:10", "13:35", "8.75", "Saturdays"),
    ("Longhaven", "14:25", "15:15", "3.40", "weekdays"),
    ("Marrow Isle", "16:50", "19:05", "7.95", "Mon, Thu"),
    ("Kelp Sound", "18:20", "18:55", "2.50", "daily"),
]


def table_unruled() -> Document:
    """A timetable without any rules, between two paragraphs."""

    def fill(page: pymupdf.Page, _number: int) -> None:
        line(page, LEFT, 90, "Summer sailings", "notosbo", 16)
        y = paragraph(page, LEFT, 118, WIDTH, prose.RIVERS, "notos", 9.5) + 14
        xs = edges(LEFT, [120, 70, 70, 70, 110])
        for place, cells in enumerate(FERRIES):
            font = "notosbo" if place == 0 else "notos"
            row_of_cells(page, xs, y + 18 * place, cells, font, 9.5, "lrrrl", 8)
        y += 18 * len(FERRIES) + 14
        y = paragraph(page, LEFT, y, WIDTH, prose.LETTERS, "notos", 9.5) + 8
        line(page, LEFT, y + 14, "Luggage", "notosbo", 12)
        paragraph(page, LEFT, y + 34, WIDTH, prose.TRAINS, "notos", 9.5)

    return document(1, 0, fill)


COSTS = [
    ("Dredging of the basin", "1,240.50", "1,318.75"),
    ("Repair of the sluice", "486.00", "512.25"),
    ("Lamp oil and wicks", "93.40", "88.10"),
    ("Wages of the pilots", "2,105.00", "2,260.00"),
    ("Insurance of the hulk", "77.80", "79.95"),
]


def table_partly_ruled() -> Document:
    """A grid whose heading row stands above its rules, and whose total stands below them."""

    def fill(page: pymupdf.Page, _number: int) -> None:
        line(page, 297, 80, "Statement of the Harbour Board", "hebo", 15, "centre")
        y = paragraph(page, LEFT, 112, WIDTH, prose.HARBOUR, "helv", 9.5) + 18
        xs = edges(LEFT + 20, [200, 100, 100])
        row_of_cells(page, xs, y, ("Expenditure", "1871", "1872"), "hebo", 9.5, "lrr")
        top = y + 7
        for place, cells in enumerate(COSTS):
            row_of_cells(page, xs, top + 14 + 21 * place, cells, "helv", 9.5, "lrr")
        bottom = top + 21 * len(COSTS)
        for place in range(len(COSTS) + 1):
            rule(page, xs[0], top + 21 * place, xs[-1], top + 21 * place, 0.7)
        for x in xs:
            rule(page, x, top, x, bottom, 0.7)
        row_of_cells(page, xs, bottom + 15, ("Total", "4,002.70", "4,259.05"), "hebo", 9.5, "lrr")
        y = paragraph(page, LEFT, bottom + 50, WIDTH, prose.SALT, "helv", 9.5) + 40
        line(page, RIGHT, y, "E. Marchbanks, Treasurer", "heit", 9.5, "right")

    return document(1, 0, fill)


def table_spans() -> Document:
    """A ruled table with heads over two columns each, and row heads over three rows each."""
    crops = [("Rye", "31", "44", "28", "39"), ("Flax", "12", "17", "9", "15"),
             ("Hops", "7", "6", "11", "13"), ("Rye", "52", "58", "47", "61"),
             ("Flax", "20", "23", "19", "26"), ("Hops", "14", "16", "12", "18")]  # fmt: skip

    def fill(page: pymupdf.Page, _number: int) -> None:
        line(page, LEFT, 90, "Yields by soil and treatment", "tibo", 15)
        y = paragraph(page, LEFT, 116, WIDTH, prose.ORCHARDS) + 12
        xs, height = edges(LEFT, [85, 70, 75, 75, 75, 75]), 21.0
        ys = [y + height * number for number in range(9)]

        def middle(x0: float, x1: float, y0: float, y1: float, text: str, font: str) -> None:
            line(page, (x0 + x1) / 2, (y0 + y1) / 2 + 3, text, font, 9.5, "centre")

        middle(xs[0], xs[1], ys[0], ys[2], "Soil", "tibo")
        middle(xs[1], xs[2], ys[0], ys[2], "Crop", "tibo")
        middle(xs[2], xs[4], ys[0], ys[1], "Untreated", "tibo")
        middle(xs[4], xs[6], ys[0], ys[1], "Marled", "tibo")
        for number, head in enumerate(("1890", "1891", "1892", "1893")):
            middle(xs[2 + number], xs[3 + number], ys[1], ys[2], head, "tibo")
        middle(xs[0], xs[1], ys[2], ys[5], "Clay", "tiro")
        middle(xs[0], xs[1], ys[5], ys[8], "Loam", "tiro")
        for number, cells in enumerate(crops):
            for column, text in enumerate(cells):
                middle(xs[1 + column], xs[2 + column], ys[2 + number], ys[3 + number], text, "tiro")
        for number, level in enumerate(ys):
            left = {1: xs[2], 2: xs[0], 5: xs[0]}.get(number, xs[1])
            rule(page, xs[0] if number in (0, 8) else left, level, xs[6], level, 0.7)
        for number, x in enumerate(xs):
            rule(page, x, ys[1] if number in (3, 5) else ys[0], x, ys[8], 0.7)
        y = paragraph(page, LEFT, ys[8] + 26, WIDTH, prose.BEES) + 8
        paragraph(page, LEFT, y, WIDTH, prose.MAPS)

    return document(1, 0, fill)


SKILLS = ["Splicing", "Sounding", "Signals", "Steering", "Sailmaking", "First aid"]
CREW = [
    ("Abernethy", "8", "6", "9", "7", "3", "5"),
    ("Castellan", "4", "9", "5", "8", "2", "6"),
    ("Dunmore", "7", "3", "8", "10", "1", "4"),
    ("Fairweather", "10", "2", "6", "5", "9", "8"),
    ("Ingleby", "5", "7", "4", "3", "6", "10"),
    ("Ravensworth", "9", "5", "7", "4", "10", "2"),
]


def table_turned_heads() -> Document:
    """A ruled table whose column heads are turned a quarter to the left."""

    def fill(page: pymupdf.Page, _number: int) -> None:
        line(page, LEFT, 85, "Marks of the training voyage", "hebo", 15)
        y = paragraph(page, LEFT, 112, WIDTH, prose.LETTERS, "helv", 9.5) + 12
        xs, top, head = edges(LEFT + 30, [110, *[42] * 6]), y, 66.0
        line(page, xs[0] + 5, top + head - 6, "Apprentice", "hebo", 9.5)
        for number, skill in enumerate(SKILLS):
            line(page, xs[number + 1] + 25, top + head - 5, skill, "hebo", 9.5, rotate=90)
        for place, cells in enumerate(CREW):
            row_of_cells(page, xs, top + head + 14 + 20 * place, cells, "helv", 9.5, "lcccccc")
        bottom = top + head + 20 * len(CREW)
        rule(page, xs[0], top, xs[-1], top)
        for place in range(len(CREW) + 1):
            rule(page, xs[0], top + head + 20 * place, xs[-1], top + head + 20 * place)
        for x in xs:
            rule(page, x, top, x, bottom)
        paragraph(page, LEFT, bottom + 28, WIDTH, prose.TRAINS, "helv", 9.5)

    return document(1, 0, fill)


WELLS = ("Amber", "Birch", "Cedar", "Dover", "Elder", "Fenny", "Gorse", "Heron", "Islet", "Jetty",
         "Knoll", "Larch", "Maple", "Nettle", "Osier", "Plover", "Quarry", "Rowan", "Sedge",
         "Thorn", "Umber", "Vetch", "Willow", "Yarrow")  # fmt: skip
GAUGES = ("Site", "Date", "Depth", "Temp", "pH", "Salt", "Iron", "Lime", "Zinc", "Flow", "Grade")
"""Wells and what is measured there."""


def gauge_rows(count: int = 59) -> list[tuple[str, ...]]:
    """Rows of numbers that follow from their place, no two in a row or column alike by design."""
    rows: list[tuple[str, ...]] = []
    for n in range(count):
        chemistry = (f"{6.02 + n * 0.021:.2f}", str(140 + n * 7), f"{0.11 + n * 0.017:.3f}",
                     str(61 + n * 3), f"{1.9 + n * 0.09:.2f}", str(903 - n * 11))  # fmt: skip
        site, date = f"{WELLS[n % 24]} {n // 24 + 1}", f"{n % 28 + 1:02}.{n % 12 + 1:02}."
        levels = f"{12.4 + n * 1.37:.2f}", f"{7.1 + n * 0.13:.1f}"
        rows.append((site, date, *levels, *chemistry, f"{'ABCDE'[n * 3 % 5]}{n}"))
    return rows


def table_whole_page() -> Document:
    """A table that fills the page, ruled by 1,391 lines: each side of each cell is its own."""
    rows = [GAUGES, *gauge_rows()]

    def fill(page: pymupdf.Page, _number: int) -> None:
        line(page, 40, 34, "Annex C. Readings of the observation wells", "hebo", 10)
        xs, top, height = edges(40, [57, 40, 48, 42, 42, 45, 48, 45, 45, 48, 55]), 42.0, 12.6
        for place, cells in enumerate(rows):
            font = "hebo" if place == 0 else "helv"
            row_of_cells(page, xs, top + 9.2 + height * place, cells, font, 7, "lcrrrrrrrrl", 3)
        shape = page.new_shape()
        for place in range(len(rows) + 1):
            y = top + height * place
            for left, right in itertools.pairwise(xs):
                shape.draw_line((left, y), (right, y))
            if place < len(rows):
                for x in xs:
                    shape.draw_line((x, y), (x, y + height))
        shape.finish(width=0.5)
        shape.commit()
        line(page, 297, 822, "C-3", "helv", 8, "centre")

    return document(1, 0, fill)


TABLE_PAGES = {
    "table_ruled": table_ruled,
    "table_booktabs": table_booktabs,
    "table_unruled": table_unruled,
    "table_partly_ruled": table_partly_ruled,
    "table_spans": table_spans,
    "table_turned_heads": table_turned_heads,
    "table_whole_page": table_whole_page,
}
