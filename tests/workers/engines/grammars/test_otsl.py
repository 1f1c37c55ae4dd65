"""Tables in OTSL become HTML, spans and faults of the grid included."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.engines.grammars.otsl import OTSL_TOKENS, otsl_to_html


@pytest.mark.parametrize(
    ("otsl", "rows"),
    [
        ("<fcel>a<ecel><nl><fcel>b<fcel>c<nl>", ["<td>a</td><td></td>", "<td>b</td><td>c</td>"]),
        ("<ched>A<rhed>B<srow>C", ["<th>A</th><th>B</th><th>C</th>"]),
        ("<fcel>a<lcel><lcel><nl>", ['<td colspan="3">a</td>']),
        ("<fcel>a<nl><ucel><nl><ucel><nl>", ['<td rowspan="3">a</td>', "", ""]),
        (
            "<fcel>a<lcel><fcel>b<nl><ucel><xcel><fcel>c<nl>",
            ['<td rowspan="2" colspan="2">a</td><td>b</td>', "<td>c</td>"],
        ),
        # A cell of two columns, over one that has only one column beneath it.
        ("<fcel>a<lcel><nl><ucel><fcel>b<nl>", ['<td colspan="2">a</td>', "<td></td><td>b</td>"]),
        # Continuations of nothing are cells; so are those with a text.
        ("<lcel><ucel>x<nl>", ["<td></td><td>x</td>"]),
        ("<fcel>a<lcel>b<nl>", ["<td>a</td><td>b</td>"]),
        # The last row is longer, and not ended.
        ("<fcel>a<nl><fcel>b<fcel>c", ["<td>a</td>", "<td>b</td><td>c</td>"]),
        ("<fcel> R&D\n <b> <nl>", ["<td>R&amp;D &lt;b&gt;</td>"]),
    ],
)
def test_one_table(otsl: str, rows: list[str]) -> None:
    assert otsl_to_html(otsl) == f"<table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"


def test_text_around_tables_stays() -> None:
    assert otsl_to_html("Before\n<fcel>a<nl>\nBetween\n<fcel>b<nl>\n") == (
        "Before\n\n<table><tr><td>a</td></tr></table>\n\nBetween\n\n"
        "<table><tr><td>b</td></tr></table>"
    )


def test_text_without_a_table_stays() -> None:
    assert otsl_to_html(" a < b\n\n\nc ") == "a < b\n\n\nc"


@given(st.lists(st.lists(st.sampled_from(OTSL_TOKENS[:-1]), min_size=1, max_size=6), max_size=6))
def test_every_place_of_the_grid_is_covered_once(rows: list[list[str]]) -> None:
    """The spans of the HTML cells together are the cells of the grid, each once."""
    width = max(map(len, rows), default=0)
    grid = [[*row, *["ecel"] * (width - len(row))] for row in rows]
    html = otsl_to_html("".join("".join(f"<{kind}>" for kind in row) + "<nl>" for row in grid))
    taken: set[tuple[int, int]] = set()
    for y, row in enumerate(re.findall("<tr>(.*?)</tr>", html)):
        x = 0
        for spans in re.findall("<t[dh]([^>]*)>", row):
            while (y, x) in taken:
                x += 1
            height = int((re.findall(r'rowspan="(\d+)"', spans) or ["1"])[0])
            columns = int((re.findall(r'colspan="(\d+)"', spans) or ["1"])[0])
            cells = {(y + i, x + j) for i in range(height) for j in range(columns)}
            assert not cells & taken
            taken |= cells
    assert taken == {(y, x) for y in range(len(grid)) for x in range(width)}
