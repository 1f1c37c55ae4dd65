"""More kinds of drawn tables: columns as close as words, rows and columns that no line parts,
stripes, heads over several columns; and pages that look like tables and are none."""

from __future__ import annotations

import pymupdf

from tests.workers.layout.tables.drawn import PLAIN, SPANNED, WRAPPED, Look, Rows, draw, look

ACCOUNTS: Rows = (
    ("Account", "2021", "2022", "2023", "2024"),
    ("Cash and notes", "68,561", "(7,197)", "60,944", "56,047"),
    ("Loans", "58,631", "(8,328)", "86,589", "8,480"),
    ("Provisions", "(1,099)", "(5,406)", "(34)", "(136)"),
    ("Goods in store", "(3,369)", "(7,029)", "(5,223)", "99,032"),
    ("Wages due", "4,933", "82,890", "78,094", "19,770"),
    ("Total", "29,285", "98,941", "7,886", "72,167"),
)
FIELDS: Rows = (
    ("Field", "Type", "Default", "Meaning"),
    ("offset_min", "string", "none", "where the part begins"),
    ("length_of", "integer", "12", "how long it is"),
    ("name", "list of str", "none", "what it is called"),
    ("mode", "int", "true", "who may read it"),
    ("group_max", "boolean", "/tmp", "how many may share it"),
    ("path", "float", "none", "where it lies"),
)
WEATHER: Rows = (
    ("Site", "Temperature", "<", "<", "Rainfall", "<"),
    ("^", "Mean", "Least", "Most", "Summer", "Winter"),
    ("Castle", "11.2", "-4.7", "25.0", "252", "425"),
    ("Stadium", "9.8", "-8.0", "28.8", "354", "547"),
    ("School", "10.4", "1.2", "26.7", "132", "222"),
    ("Harbour", "12.1", "0.3", "24.0", "91", "536"),
)
PHONES: Rows = (
    ("Name", "Department", "Phone", "Room"),
    ("Ada Holm", "Sales", "30 4711", "A101"),
    ("Ben Falk", "Stores", "41 0815", "B202"),
    ("Cleo Dahl", "Repairs", "52 1234", "C303"),
    ("Dan Lund", "Sales", "63 9876", "D404"),
    ("Eve Berg", "Stores", "74 5555", "E505"),
    ("Finn Dal", "Repairs", "85 6677", "F606"),
)
BROKEN: Rows = (
    ("Name", "Section", "Phone", "Room"),
    ("Ada Holm", "Research and\nrepairs", "+49 73\n3399-11", "B380"),
    ("Ben\nFalk-Holm", "Stores", "+49 30\n9753-66", "B167"),
    ("Cleo Dahl", "Research and\nrepairs", "+49 62\n1253-91", "A223"),
    ("Dan Lund", "Stores", "+49 47\n2436-12", "B311"),
)

KINDS: dict[str, tuple[Rows, Look]] = {
    "close_figures": (ACCOUNTS, look("booktabs", pad=1.5, side=2.2, align="lr")),
    "close_figures_open": (ACCOUNTS, look(pad=1.5, side=2.2, align="lr")),
    "close_texts": (FIELDS, look(pad=1.5, side=2.0, bold_head=True)),
    "phones": (PHONES, look("booktabs", pad=1.5, side=8)),
    "framed": (PLAIN, look("outer", pad=2, side=8, align="lrrl")),
    "framed_spanned": (
        SPANNED,
        look("outer", pad=3, side=8, head_rows=2, align="lr", bold_head=True),
    ),
    "figures_between_uprights": (ACCOUNTS, look("middle", "outer", "head", align="lr")),
    "texts_between_uprights": (WRAPPED, look("middle", "outer", "head", pad=5)),
    "stripes_wrapped_figures": (BROKEN, look("stripes", pad=3, side=8)),
    "stripes_wrapped": (WRAPPED, look("stripes", pad=3, side=8)),
    "open_spanned": (SPANNED, look(pad=2, side=10, head_rows=2, align="lr", bold_head=True)),
    "open_spanned_deep": (WEATHER, look(pad=2, side=10, head_rows=2, align="lr", bold_head=True)),
}


def page_with(rows: Rows, how: Look) -> pymupdf.Page:
    """A page with this table."""
    return draw(rows, how).page


def half_ruled(page: pymupdf.Page) -> None:
    """A grid whose figures no line parts, as `|l|rr|` of LaTeX gives it."""
    for i in range(7):
        page.draw_line((72, 100 + 16 * i), (300, 100 + 16 * i))
    for x in (72, 150, 300):
        page.draw_line((x, 100), (x, 196))
    for i in range(6):
        y = 112 + 16 * i
        for x, text in ((78, f"Area {i}"), (170, f"{7 * i}.5"), (250, f"{3 * i}.25")):
            page.insert_text((x, y), text, fontsize=9)


def double_ruled(page: pymupdf.Page) -> None:
    """A head, and a body below two lines that stand close."""
    for y in (100, 120, 124, 220):
        page.draw_line((72, y), (320, y))
    rows = [("Kind", "Days", "Nights"), *((f"Kind {i}", str(i), str(9 * i)) for i in range(1, 6))]
    for i, row in enumerate(rows):
        for x, text in zip((80, 180, 260), row, strict=True):
            page.insert_text((x, 114 + 17 * i + (4 if i else 0)), text, fontsize=9)


def head_above_lines(page: pymupdf.Page) -> None:
    """A head above the first line; groups of rows between pairs of lines."""
    for y in (106, 170, 176, 240):
        page.draw_line((72, y), (320, y))
    for x, text in ((170, "left"), (220, "middle"), (280, "right")):
        page.insert_text((x, 100), text, fontsize=9)
    for i in range(8):
        y = 118 + 14 * i + (14 if i > 3 else 0)
        for x, text in ((78, f"Method {i}"), (170, "yes"), (220, "no"), (280, "yes")):
            page.insert_text((x, y), text, fontsize=9)


def named_groups(page: pymupdf.Page) -> None:
    """Names of groups beside the middle of their rows, and before them in the stream."""
    for x, text in ((72, "Class"), (140, "Species"), (220, "Count")):
        page.insert_text((x, 100), text, fontsize=10, fontname="hebo")
    y = 116.0
    for name, count in (("Birds", 3), ("Insects", 2), ("Fish", 4)):
        page.insert_text((72, y + 14 * (count - 1) / 2), name, fontsize=10)
        for i in range(count):
            page.insert_text((140, y), f"{name[:2]} kind {'abcd'[i]}", fontsize=10)
            page.insert_text((220, y), str(17 * i + count), fontsize=10)
            y += 14


def code_cells(page: pymupdf.Page) -> None:
    """Addresses in a font of one width between columns of text."""
    rows = [("Site", "Address", "What is there")]
    rows += [
        (f"Site {'ABCD'[i]}", f"http://site{i}.example", f"Notes on boats {i}") for i in range(4)
    ]
    for i, row in enumerate(rows):
        for x, text, font in zip((72, 150, 300), row, ("helv", "cour", "helv"), strict=True):
            name = "hebo" if not i else font
            page.insert_text((x, 100 + 14 * i), text, fontsize=9, fontname=name)


def page_rules(page: pymupdf.Page) -> None:
    """Lines below a page's head and above its foot, with headings and entries between them."""
    page.draw_line((60, 60), (500, 60))
    page.draw_line((60, 700), (500, 700))
    y = 84.0
    for part in range(3):
        page.insert_text((60, y), f"Probe number {['one', 'two', 'three'][part]}", fontsize=15)
        page.insert_text(
            (60, y + 20), "It tells whenever a boat has passed the lock, and " * 2, fontsize=9
        )
        for i in range(8):
            page.insert_text((72, y + 40 + 14 * i), f"name{i}", fontsize=9)
            page.insert_text((160, y + 40 + 14 * i), "what the lock keeper wrote of it", fontsize=9)
        y += 190


def definitions(page: pymupdf.Page) -> None:
    """Lines of a program that begin with one word."""
    names = ("escape", "relax", "brace", "shift", "mark", "return", "param", "ignore")
    for i, name in enumerate(names):
        page.insert_text((60, 80 + 14 * i), f"define {name} as {i} for the scanner", fontsize=10)


def program(page: pymupdf.Page) -> None:
    """Code in a font of one width between two frames, with words one below the other."""
    page.draw_rect((50, 60, 450, 170))
    page.draw_rect((50, 300, 450, 420))
    for i in range(6):
        text = f"int  get_it (int at{i},  int to{i});"
        page.insert_text((60, 80 + 14 * i), text, fontsize=9, fontname="cour")
        page.insert_text((60, 320 + 14 * i), text, fontsize=9, fontname="cour")
    for i in range(6):
        text = "The parts of the net are given by their ends, and each is read but once."
        page.insert_text((50, 190 + 14 * i), text, fontsize=10)


def shaded_headings(page: pymupdf.Page) -> None:
    """Headings on bands, with text below each."""
    for i in range(5):
        page.draw_rect((60, 80 + 80 * i, 500, 96 + 80 * i), color=None, fill=(0.85, 0.85, 0.85))
        page.insert_text(
            (64, 92 + 80 * i), f"Part {['one', 'two', 'three', 'four', 'five'][i]}", fontsize=11
        )
        for row in range(3):
            text = "The old crane was taken down in March, and its parts were sold to a scrapyard."
            page.insert_text((64, 112 + 80 * i + 14 * row), text, fontsize=10)
