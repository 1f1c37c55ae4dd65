"""Pages whose margins speak: running heads, line numbers, stamps, and initials in the text."""

from __future__ import annotations

import pymupdf

from tests.benchmarks.pages import prose
from tests.benchmarks.pages.setting import (
    GREY,
    Document,
    document,
    edges,
    line,
    paragraph,
    paragraphs,
    row_of_cells,
    rule,
    width_of,
    wrapped,
)

LEFT, RIGHT, WIDTH = 80.0, 515.0, 435.0
_ALL = (
    *(prose.HARBOUR, prose.CLOCKS, prose.BEES, prose.PAPER, prose.MAPS, prose.WEAVING, prose.SALT),
    *(prose.TRAINS, prose.GLASS, prose.BELLS, prose.ORCHARDS, prose.LETTERS, prose.RIVERS),
)


def _some(first: int, count: int) -> list[str]:
    return [_ALL[(first + number) % len(_ALL)] for number in range(count)]


def running_heads() -> Document:
    """A page of a book: title on even pages, chapter on odd ones, numbers at the outer edge."""

    def fill(page: pymupdf.Page, number: int) -> None:
        folio = 112 + number
        if folio % 2 == 0:
            line(page, LEFT, 60, str(folio), "tiro", 10)
            line(page, 297, 60, "A History of Small Trades", "tiit", 10, "centre")
        else:
            line(page, 297, 60, "The Keeper's Year", "tiit", 10, "centre")
            line(page, RIGHT, 60, str(folio), "tiro", 10, "right")
        if number == 3:
            y = paragraphs(page, LEFT, 95, WIDTH, _some(5, 2), "tiro", 11)
            line(page, 297, y + 22, "Winter stores", "tibo", 13, "centre")
            paragraphs(page, LEFT, y + 50, WIDTH, _some(2, 1) + _some(8, 4), "tiro", 11)
        else:
            paragraphs(page, LEFT, 95, WIDTH, _some(number, 7), "tiro", 11)

    return document(6, 3, fill)


def line_numbers() -> Document:
    """A manuscript with every line numbered in the margin."""

    def fill(page: pymupdf.Page, number: int) -> None:
        line(page, LEFT, 45, "Manuscript HJ-2207, under review", "helv", 8)
        y, count = 80.0, 1 + 29 * number
        for text in _some(4 * number, 6):
            for words in wrapped(text, WIDTH, "tiro", 11, 0):
                if y > 780:
                    break
                line(page, LEFT - 16, y, str(count), "helv", 7, "right")
                line(page, LEFT, y, words, "tiro", 11)
                y, count = y + 24, count + 1
        line(page, 297, 815, str(number + 1), "helv", 9, "centre")

    return document(3, 1, fill)


_FIRST = (
    "OBODY had crossed the weir since the dredger sank, and the miller's widow liked it so. She "
    "kept the sluice boards stacked against the wall of the granary, counted them on Sundays, and "
    "burnt one for each winter that she meant not to remember. By the year of this account eleven "
    "were left."
)


def drop_cap() -> Document:
    """The first page of a chapter: a letterspaced title and an initial over three lines."""

    def fill(page: pymupdf.Page, _number: int) -> None:
        x = 150.0
        for char in "CHAPTER SEVEN":
            line(page, x, 120, char, "tiro", 13)
            x += width_of(char, "tiro", 13) + 8
        x = 120.0
        for char in "THE SILENT MILL":
            line(page, x, 165, char, "tibo", 20)
            x += width_of(char, "tibo", 20) + 7
        line(page, LEFT, 264, "N", "tibo", 57)
        lines = wrapped(_FIRST, WIDTH - 48, "tiro", 11.5)
        for number, words in enumerate(lines[:3]):
            line(page, LEFT + 48, 232 + 16 * number, words, "tiro", 11.5)
        rest = " ".join(lines[3:])
        y = paragraph(page, LEFT, 280, WIDTH, rest, "tiro", 11.5, leading=16 / 11.5)
        paragraphs(page, LEFT, y, WIDTH, (prose.RIVERS, prose.ORCHARDS, prose.CLOCKS), "tiro", 11.5)
        line(page, 297, 790, "143", "tiro", 10, "centre")

    return document(1, 0, fill)


def outer_number() -> Document:
    """A handbook page: its number half-way down the outer margin, a turned thumb title above."""

    def fill(page: pymupdf.Page, number: int) -> None:
        outer = 565.0 if number % 2 == 0 else 30.0
        page.draw_rect((outer - 14, 200, outer + 14, 330), color=None, fill=(0.85, 0.85, 0.85))
        line(page, outer + 4, 265, "Metals and casting", "figbo", 10, "centre", rotate=90)
        line(page, outer, 421, str(number + 59), "figbo", 12, "centre")
        if number == 2:
            line(page, LEFT, 80, "Cobalt and its uses", "figbo", 16)
            y = paragraphs(page, LEFT, 108, WIDTH, (prose.GLASS, prose.BELLS), "figo", 10)
            line(page, LEFT, y + 16, "Losses in the pot", "figbo", 12)
            texts = (prose.PAPER, prose.MAPS, prose.SALT)
            paragraphs(page, LEFT, y + 38, WIDTH, texts, "figo", 10)
        else:
            paragraphs(page, LEFT, 80, WIDTH, _some(3 * number, 6), "figo", 10)

    return document(4, 2, fill)


def stamp() -> Document:
    """A letter with a grey word across its text and a stamp of receipt in a frame."""

    def fill(page: pymupdf.Page, _number: int) -> None:
        point = pymupdf.Point(150, 610)
        turn = pymupdf.Matrix(50)
        page.insert_text(point, "SPECIMEN", fontname="hebo", fontsize=92, color=GREY, overlay=True,
                         morph=(point, turn))  # fmt: skip
        line(page, LEFT, 90, "Harbour Board of Lanthorpe", "tibo", 13)
        line(page, LEFT, 106, "Office of the Engineer", "tiro", 10)
        line(page, RIGHT, 150, "12 March 1874", "tiro", 11, "right")
        line(page, LEFT, 190, "To the Master of the Dredger Industry", "tiro", 11)
        line(page, LEFT, 230, "Dear Sir,", "tiro", 11)
        texts = (
            "With reference to your letter of the third, the Board regrets that the second boiler "
            "cannot be condemned before the spring tides. You will kindly have the fire tubes "
            "swept and the safety valve weighted to no more than forty pounds.",
            prose.HARBOUR,
            "The coal that you complain of was bought at Greypier and is, the Board is advised, "
            "sound. You are asked to burn it wet.",
        )
        y = paragraphs(page, LEFT, 256, WIDTH, texts, "tiro", 11, 10)
        line(page, LEFT, y + 20, "Your obedient servant,", "tiro", 11)
        line(page, LEFT, y + 60, "Josiah Penhallow, Engineer", "tiit", 11)
        blue = (0.15, 0.2, 0.6)
        page.draw_rect((380, 60, 510, 112), color=blue, width=1.5)
        line(page, 445, 80, "RECEIVED", "cobo", 14, "centre", blue)
        line(page, 445, 100, "14 MAR 1874", "cobo", 11, "centre", blue)

    return document(1, 0, fill)


CHAPTERS = [
    ("1", "The ropewalk and its people", "7"),
    ("2", "Tar, pitch and turpentine", "23"),
    ("3", "Apprentices of the hemp house", "41"),
    ("4", "A quarrel about hooks", "58"),
    ("5", "The great frost of 1871", "76"),
    ("6", "Steam comes to the slipway", "102"),
    ("7", "Widows, pensions and the box", "119"),
]


def leaders() -> Document:
    """Contents with leaders of dots to the page numbers, and a list of plates in two columns."""
    plates = [("View from the mole", "iii"), ("The hemp scales", "14"), ("Mrs Ottaway", "66"),
              ("The frozen sluice", "79"), ("Slipway, looking east", "104"),
              ("Box of the widows", "121")]  # fmt: skip

    def dotted(page: pymupdf.Page, x: float, right: float, y: float, text: str, folio: str) -> None:
        start = x + width_of(text, "tiro", 11) + 4
        stop = right - width_of(folio, "tiro", 11) - 4
        line(page, x, y, text, "tiro", 11)
        line(page, start, y, " ." * int((stop - start) / width_of(" .", "tiro", 11)), "tiro", 11)
        line(page, right, y, folio, "tiro", 11, "right")

    def fill(page: pymupdf.Page, _number: int) -> None:
        line(page, 297, 110, "Contents", "tibo", 18, "centre")
        for number, (chapter, title, folio) in enumerate(CHAPTERS):
            y = 150.0 + 22 * number
            line(page, LEFT, y, chapter, "tiro", 11)
            dotted(page, LEFT + 22, RIGHT, y, title, folio)
        line(page, 297, 350, "List of plates", "tibo", 14, "centre")
        for number, (title, folio) in enumerate(plates):
            x = LEFT if number < 3 else 307.0
            dotted(page, x, x + 205, 380 + 20.0 * (number % 3), title, folio)
        y = 480.0
        line(page, LEFT, y, "A note on money", "tibo", 12)
        note = (
            "Twelve pence made a shilling and twenty shillings a pound. A journeyman roper earned "
            "about nineteen shillings a week."
        )
        y = paragraph(page, LEFT, y + 22, WIDTH, note, "tiro", 11)
        xs = edges(LEFT, [120, 100, 100])
        for number, cells in enumerate(
            (("Trade", "Shillings", "Hours"), ("Roper", "19", "58"), ("Caulker", "22", "54"))
        ):
            row_of_cells(page, xs, y + 20 + 18 * number, cells, "tiro", 11, "lrr")
        rule(page, xs[0], y + 25, xs[-1], y + 25, 0.6)
        line(page, 297, 790, "v", "tiro", 10, "centre")

    return document(1, 0, fill)


FURNITURE_PAGES = {
    "running_heads": running_heads,
    "line_numbers": line_numbers,
    "drop_cap": drop_cap,
    "outer_number": outer_number,
    "stamp": stamp,
    "leaders": leaders,
}
