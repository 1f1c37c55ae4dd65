"""Pages with a table, drawn by PyMuPDF: the kinds of borders, spans and heads that print has.

A table is rows of texts; `<` goes on from the cell to its left and `^` from the cell above it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pymupdf

from schemas.pages import Cell

Rows = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Look:
    """How a table is drawn. `rules` are words of: grid, outer, levels, uprights, head, booktabs,
    middle (uprights between columns only), boxes (each cell a box of its own), stripes."""

    rules: frozenset[str] = frozenset({"grid"})
    size: float = 9.0
    pad: float = 4.0  # above and below the text of a row
    side: float = 5.0  # left and right of it
    leading: float = 1.2
    head_rows: int = 1
    bold_head: bool = False
    align: str = "l"  # of each column, the last goes on: l, r, c
    widths: tuple[float, ...] = ()
    turned_head: bool = False
    unruled_head: bool = False  # the head stands above the grid
    unruled_last: bool = False  # the last row stands below it
    thickness: float = 0.6
    split_rules: bool = False  # each slot's sides are lines of their own
    x: float = 72.0
    y: float = 150.0
    before: tuple[str, ...] = ("Table 1. What was measured at the three stations of the river.",)
    after: tuple[str, ...] = ("The figures were taken twice a day during the whole of the season,",)


def look(*rules: str, **options: object) -> Look:
    """A look with these rules."""
    return Look(frozenset(rules), **options)  # type: ignore[arg-type]


@dataclass
class Drawn:
    """A page with its table: the cells as they were meant, boxes left out."""

    page: pymupdf.Page
    cells: list[Cell] = field(default_factory=list)
    document: pymupdf.Document = None


def spans(rows: Rows) -> list[Cell]:
    """The cells of rows with `<` and `^`."""
    cells = []
    for r, row in enumerate(rows):
        for c, text in enumerate(row):
            if text in ("<", "^"):
                continue
            wide = high = 1
            while c + wide < len(row) and row[c + wide] == "<":
                wide += 1
            while r + high < len(rows) and rows[r + high][c] == "^":
                high += 1
            cells.append(Cell(r, c, (0, 0, 0, 0), text, high, wide))
    return cells


def draw(rows: Rows, look: Look, page: pymupdf.Page | None = None) -> Drawn:
    """Draw the table, with a caption above and prose below, on a new page or on `page`."""
    document = page.parent if page is not None else pymupdf.open()
    page = page if page is not None else document.new_page()
    cells = spans(rows)
    font = pymupdf.Font("helv")
    columns = len(rows[0])
    lines = {id(cell): cell.text.split("\n") for cell in cells}

    def width(cell: Cell) -> float:
        if look.turned_head and cell.row == 0:
            return look.size * 1.3 * len(lines[id(cell)])
        return max(font.text_length(t, look.size) for t in lines[id(cell)])

    wide = [20.0] * columns
    for cell in cells:
        if cell.columns == 1:
            wide[cell.column] = max(wide[cell.column], width(cell) + 2 * look.side)
    for i, given in enumerate(look.widths):
        wide[i] = max(wide[i], given)
    high = [look.size * look.leading + 2 * look.pad] * len(rows)
    for cell in cells:
        if cell.rows == 1:
            needed = len(lines[id(cell)]) * look.size * look.leading + 2 * look.pad
            if look.turned_head and cell.row == 0:
                needed = max(font.text_length(t, look.size) for t in lines[id(cell)]) + 2 * look.pad
            high[cell.row] = max(high[cell.row], needed)
    xs = [look.x]
    for w in wide:
        xs.append(xs[-1] + w)
    ys = [look.y]
    for h in high:
        ys.append(ys[-1] + h)
    for i, text in enumerate(look.before):
        page.insert_text((look.x, look.y - 14 - 12 * (len(look.before) - 1 - i)), text, fontsize=10)
    for i, text in enumerate(look.after):
        page.insert_text((look.x, ys[-1] + 24 + 12 * i), text, fontsize=10)
    _rules(page, cells, xs, ys, look)
    for cell in cells:
        name = "hebo" if look.bold_head and cell.row < look.head_rows else "helv"
        left, right = xs[cell.column], xs[cell.column + cell.columns]
        top, bottom = ys[cell.row], ys[cell.row + cell.rows]
        own = lines[id(cell)]
        if look.turned_head and cell.row == 0:
            for i, text in enumerate(own):
                x = left + look.side + look.size * (1 + 1.2 * i)
                page.insert_text((x, bottom - look.pad), text, fontsize=look.size, rotate=90)
            continue
        align = look.align[min(cell.column, len(look.align) - 1)]
        align = "c" if cell.columns > 1 else align
        y = top + look.pad + look.size
        if cell.rows > 1:
            y = (top + bottom - len(own) * look.size * look.leading) / 2 + look.size
        for text in own:
            length = pymupdf.Font(name).text_length(text, look.size)
            x = left + look.side
            x = right - look.side - length if align == "r" else x
            x = (left + right - length) / 2 if align == "c" else x
            page.insert_text((x, y), text, fontsize=look.size, fontname=name)
            y += look.size * look.leading
    return Drawn(page, cells, document)


def _rules(
    page: pymupdf.Page, cells: Sequence[Cell], xs: Sequence[float], ys: Sequence[float], look: Look
) -> None:
    first = 1 if look.unruled_head else 0
    last = len(ys) - (2 if look.unruled_last else 1)
    kinds = look.rules

    def line(x0: float, y0: float, x1: float, y1: float, thick: float = look.thickness) -> None:
        page.draw_line((x0, y0), (x1, y1), width=thick)

    if "stripes" in kinds:
        for r in range(first, last, 2):
            box = (xs[0], ys[r], xs[-1], ys[r + 1])
            page.draw_rect(box, color=None, fill=(0.9, 0.93, 1))
    own = [c for c in cells if first <= c.row and c.row + c.rows <= last]
    if "boxes" in kinds:
        for c in own:
            box = (xs[c.column], ys[c.row], xs[c.column + c.columns], ys[c.row + c.rows])
            page.draw_rect(box, width=look.thickness)
    if "grid" in kinds and not look.split_rules:
        for r in range(first, last + 1):
            x = xs[0]
            for c in range(len(xs) - 1):
                blocked = any(
                    o.column <= c < o.column + o.columns and o.row < r < o.row + o.rows for o in own
                )
                if blocked:
                    if x < xs[c]:
                        line(x, ys[r], xs[c], ys[r])
                    x = xs[c + 1]
            if x < xs[-1]:
                line(x, ys[r], xs[-1], ys[r])
    if "grid" in kinds:
        for c in own:
            left, right = xs[c.column], xs[c.column + c.columns]
            top, bottom = ys[c.row], ys[c.row + c.rows]
            line(left, top, left, bottom)
            line(right, top, right, bottom)
            if look.split_rules:
                line(left, top, right, top)
                line(left, bottom, right, bottom)
    if "outer" in kinds:
        page.draw_rect((xs[0], ys[first], xs[-1], ys[last]), width=look.thickness)
    if "levels" in kinds:
        for y in ys[first : last + 1]:
            line(xs[0], y, xs[-1], y)
    if "uprights" in kinds:
        for x in xs:
            line(x, ys[first], x, ys[last])
    if "middle" in kinds:
        for x in xs[1:-1]:
            line(x, ys[first], x, ys[last])
    if "head" in kinds:
        line(xs[0], ys[look.head_rows], xs[-1], ys[look.head_rows])
    if "booktabs" in kinds:
        line(xs[0], ys[0], xs[-1], ys[0], 0.9)
        line(xs[0], ys[look.head_rows], xs[-1], ys[look.head_rows], 0.5)
        line(xs[0], ys[-1], xs[-1], ys[-1], 0.9)
        for c in cells:
            if c.row < look.head_rows - 1 and c.columns > 1:
                y = ys[c.row + 1]
                line(xs[c.column] + 4, y, xs[c.column + c.columns] - 4, y, 0.3)


PLAIN: Rows = (
    ("Station", "Depth (m)", "Salinity", "Remarks"),
    ("Harbour", "4.2", "31.5", "clear"),
    ("Weir", "2.9", "12.0", "muddy after rain"),
    ("Old bridge", "3.4", "8.8", "clear"),
    ("Mouth", "7.1", "33.9", "strong tide"),
    ("Total", "17.6", "86.2", ""),
)
SPANNED: Rows = (
    ("Region", "Sales", "<", "Returns", "<"),
    ("^", "2024", "2025", "2024", "2025"),
    ("North", "120", "135", "4", "6"),
    ("South", "98", "101", "9", "7"),
    ("East", "77", "81", "3", "2"),
    ("West", "140", "152", "11", "12"),
)
GROUPED: Rows = (
    ("Class", "Species", "Count"),
    ("Birds", "Heron", "12"),
    ("^", "Swift", "40"),
    ("^", "Owl", "3"),
    ("Fish", "Perch", "75"),
    ("^", "Pike", "8"),
)
WRAPPED: Rows = (
    ("Command", "What it does", "Since"),
    ("open", "Opens the file that is\nnamed and reads its head", "1.0"),
    ("close", "Closes it", "1.0"),
    ("merge", "Joins two files, keeps the\nolder of two equal rows, and\nwrites a report", "2.1"),
    ("split", "Cuts a file at the rows\nthat a key names", "2.3"),
)
SPARSE: Rows = (
    ("Item", "Price", "Note"),
    ("Bread", "2.40", ""),
    ("Milk", "1.15", ""),
    ("Butter", "3.10", "salted"),
    ("Eggs", "2.80", ""),
    ("Honey", "6.50", ""),
)
TURNED: Rows = (
    ("Model", "Weight in grams", "Length in mm", "Battery hours"),
    ("A-10", "120", "88", "10"),
    ("B-20", "150", "94", "12"),
    ("C-30", "90", "71", "7"),
)
SECTIONS: Rows = (
    ("Account", "2024", "2025"),
    ("Assets", "<", "<"),
    ("Cash", "1,204", "1,377"),
    ("Stock", "880", "912"),
    ("Liabilities", "<", "<"),
    ("Loans", "500", "450"),
    ("Wages due", "72", "80"),
)
WORDS: Rows = (
    ("Colour", "Flower", "Month"),
    ("red", "poppy", "June"),
    ("blue", "cornflower", "July"),
    ("white", "daisy", "May"),
    ("yellow", "buttercup", "April"),
)

KINDS: dict[str, tuple[Rows, Look]] = {
    "grid": (PLAIN, look("grid")),
    "boxes": (PLAIN, look("boxes")),
    "split_rules": (SPANNED, look("grid", split_rules=True, head_rows=2)),
    "spanned": (SPANNED, look("grid", head_rows=2)),
    "grouped": (GROUPED, look("grid")),
    "wrapped_grid": (WRAPPED, look("grid")),
    "head_outside": (PLAIN, look("grid", unruled_head=True)),
    "total_outside": (PLAIN, look("grid", unruled_last=True)),
    "both_outside": (PLAIN, look("boxes", unruled_head=True, unruled_last=True, align="lr")),
    "no_outer": (PLAIN, look("middle", "head")),
    "uprights_only": (PLAIN, look("uprights", "outer", "head")),
    "bare_uprights": (PLAIN, look("middle")),
    "levels_only": (PLAIN, look("levels", align="lrrl")),
    "levels_wrapped": (WRAPPED, look("levels")),
    "booktabs": (PLAIN, look("booktabs", pad=1.5, align="lrrl")),
    "booktabs_spanned": (SPANNED, look("booktabs", pad=1.5, head_rows=2, align="lr")),
    "booktabs_wrapped": (WRAPPED, look("booktabs", pad=1.0, side=7)),
    "booktabs_sections": (SECTIONS, look("booktabs", pad=1.5, align="lr", side=8)),
    "open": (PLAIN, look(pad=1.5, side=8, align="lrrl")),
    "open_bold": (WORDS, look(pad=1.5, side=8, bold_head=True)),
    "open_padded_wrapped": (WRAPPED, look(pad=4, side=8, bold_head=True)),
    "stripes": (PLAIN, look("stripes", pad=3, side=8)),
    "sparse": (SPARSE, look("booktabs", pad=1.5, align="lr", side=8)),
    "turned": (TURNED, look("grid", turned_head=True)),
    "turned_booktabs": (TURNED, look("booktabs", turned_head=True, pad=2, side=8)),
    "outer_head": (PLAIN, look("outer", "head", pad=2, side=8, align="lrrl")),
    "numbers": (
        [
            ["", "1990", "2000", "2010"],
            *[[f"Area {i}", *(f"{i * k}.5" for k in (3, 7, 11))] for i in range(1, 9)],
        ],
        look("booktabs", pad=1, align="lr", side=9),
    ),
    "large": (
        [[f"c{c}" if not r else str(r * 37 + c) for c in range(16)] for r in range(42)],
        look("boxes", size=6, pad=1, side=3, x=30, y=60, before=(), after=()),
    ),
}
