"""Every word of a page is in one block, whatever is text, table or furniture; boxes lie on it."""

from __future__ import annotations

import re
from collections import Counter

import pymupdf
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.labels import is_furniture
from workers.textlayer.layer import extract

LEADING = 14.0
FIRST, LAST = 3, 58  # baselines on A4, from the head to the foot

Row = tuple[int, int, int, bool]
"""Words on the left, words on the right, font size, and whether a frame stands around the row."""

ROWS = st.dictionaries(
    st.integers(FIRST, LAST),
    st.tuples(
        st.integers(0, 4), st.integers(0, 4), st.sampled_from([8, 10, 10, 12]), st.booleans()
    ),
    min_size=1,
    max_size=30,
)
CELLS = st.tuples(st.integers(2, 5), st.integers(2, 4))


def word(number: int) -> str:
    """A word of letters, another for each number."""
    return "zw" + "".join(chr(97 + int(digit)) for digit in f"{number:04d}")


def page_of(rows: dict[int, Row], cells: tuple[int, int] | None) -> tuple[pymupdf.Page, list[str]]:
    """A page with a ruled table of `cells`, if any, and rows where the table is not."""
    document = pymupdf.open()
    page = document.new_page()
    drawn: list[str] = []

    def put(x: float, y: float, count: int, size: float) -> None:
        words = [word(len(drawn) + i) for i in range(count)]
        drawn.extend(words)
        if words:
            page.insert_text((x, y), " ".join(words), fontsize=size)

    height = 0
    if cells is not None:
        height, columns = cells
        for row in range(height):
            for column in range(columns):
                x, y = 60 + 90 * column, (20 + 2 * row) * LEADING
                page.draw_rect((x, y, x + 90, y + 2 * LEADING))
                put(x + 4, y + 20, 1, 10)
    for at, (left, right, size, is_framed) in rows.items():
        if 19 <= at <= 20 + 2 * height and cells is not None:
            continue
        put(60, at * LEADING, left, size)
        put(330, at * LEADING, right, size)
        if is_framed:
            page.draw_rect((50, (at - 1) * LEADING + 3, 545, at * LEADING + 3))
    return page, drawn


@settings(max_examples=60, deadline=None)
@given(ROWS, st.none() | CELLS)
def test_no_word_is_lost_or_doubled(rows: dict[int, Row], cells: tuple[int, int] | None) -> None:
    page, drawn = page_of(rows, cells)
    layer = extract(page)
    found = re.findall(r"zw[a-j]{4}", "\n".join(block.text for block in layer.blocks))
    assert Counter(found) == Counter(drawn)
    own = "\n".join(block.text for block in layer.blocks if not is_furniture(block.label))
    assert Counter(re.findall(r"zw[a-j]{4}", own)) == Counter(re.findall(r"zw[a-j]{4}", layer.text))
    for block in layer.blocks:
        x0, y0, x1, y1 = block.bbox
        assert 0 <= x0 <= x1 <= 1
        assert 0 <= y0 <= y1 <= 1
