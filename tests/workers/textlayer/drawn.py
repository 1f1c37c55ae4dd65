"""What the tests of text layers share: pages drawn here, and what a layer of theirs is judged."""

from __future__ import annotations

import pymupdf
from hypothesis import strategies as st

from schemas.pages import Box
from schemas.recipe import TextLayer as TextLayerFloors
from workers.textlayer import extract, judge

PROSE = (
    "The quick brown fox jumps over the lazy dog and runs along the river until the evening sun "
    "goes down behind the hills, where nobody would look for it again before the morning. "
)
FLOORS = TextLayerFloors()
REASONS = {"invisible", "scanned", "outlined", "missing", "garbled", "misspaced"}


def new_page(width: float = 595, height: float = 842) -> pymupdf.Page:
    return pymupdf.open().new_page(width=width, height=height)


def reopened(page: pymupdf.Page) -> pymupdf.Page:
    """The page as another program would open it, from bytes."""
    document = pymupdf.open("pdf", page.parent.tobytes())
    document_page = document[0]
    document_page.keep_alive = document
    return document_page


def add_prose(
    page: pymupdf.Page, box: Box = (60, 120, 535, 400), repeat: int = 4, **style: int
) -> None:
    assert page.insert_textbox(box, PROSE * repeat, fontsize=10, **style) >= 0


def verdict(page: pymupdf.Page) -> str | None:
    return judge(extract(reopened(page)).signals, FLOORS)


def picture(grey: int = 120) -> pymupdf.Pixmap:
    pixmap = pymupdf.Pixmap(pymupdf.csGRAY, (0, 0, 40, 40))
    pixmap.clear_with(grey)
    return pixmap


def draw_table(page: pymupdf.Page, cells: list[list[str]], x: float = 80, y: float = 420) -> None:
    width, height = 100, 24
    rows, columns = len(cells), len(cells[0])
    for r in range(rows + 1):
        page.draw_line((x, y + r * height), (x + columns * width, y + r * height))
    for c in range(columns + 1):
        page.draw_line((x + c * width, y), (x + c * width, y + rows * height))
    for r, row in enumerate(cells):
        for c, text in enumerate(row):
            page.insert_text((x + c * width + 6, y + r * height + 16), text, fontsize=10)


texts = st.text(max_size=40)
boxes = st.tuples(
    st.floats(-50, 900), st.floats(-50, 900), st.floats(0, 300), st.floats(0, 300)
).map(lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3]))
