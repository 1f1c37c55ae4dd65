"""Tables of HTML: cells, spans and texts are taken, all else is left."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from tests.workers.webpages.test_markdown import Tags
from workers.webpages.tables import table_of_cells, table_of_html


def test_cells_spans_and_line_breaks_are_kept() -> None:
    source = (
        "<table border=1><caption>Oil</caption><thead><tr><th colspan='2'>a &lt; b</th></tr>"
        "<tr><td rowspan=2 style='color:red' onclick=x()>c<br>d</td><td>x<sup>2</sup></td></tr>"
        "<tr><td><script>e</script></td></tr></table>"
    )
    assert table_of_html(source) == (
        '<table dir="auto"><caption>Oil</caption><tr><th colspan="2">a &lt; b</th></tr>'
        '<tr><td rowspan="2">c\nd</td><td>x&lt;sup&gt;2&lt;/sup&gt;</td></tr>'
        "<tr><td>&lt;script&gt;e&lt;/script&gt;</td></tr></table>"
    )


def test_forgotten_end_tags_and_loose_text_lose_nothing() -> None:
    html = table_of_html("<table>before<tr><td>a<td>b<tr><td>c")
    assert html == (
        '<table dir="auto"><caption>before</caption><tr><td>a</td><td>b</td></tr>'
        "<tr><td>c</td></tr></table>"
    )
    assert table_of_html("<table><td>a</table>") == '<table dir="auto"><tr><td>a</td></tr></table>'


def test_spans_are_bounded_so_that_a_browser_can_lay_them_out() -> None:
    html = table_of_html("<table><tr>" + "<td colspan=9999 rowspan=9999>a" * 300)
    columns = [int(span) for span in re.findall('colspan="([0-9]+)"', html)]
    assert sum(columns) <= 200
    assert max(int(span) for span in re.findall('rowspan="([0-9]+)"', html)) == 1_000
    assert html.count("<td") == 300


def test_a_span_that_is_no_number_is_one() -> None:
    for span in ("0", "-1", "x", "1e9", "٣", ""):
        html = table_of_html(f'<table><tr><td colspan="{span}">a</td></tr></table>')
        assert html == '<table dir="auto"><tr><td>a</td></tr></table>', span


def test_cells_of_a_block_are_a_table() -> None:
    cells = [
        {"row": 0, "column": 0, "rows": 1, "columns": 2, "text": "<a>"},
        {"row": 1, "column": 0, "rows": 1, "columns": 1, "text": "b"},
    ]
    assert table_of_cells(cells) == (  # type: ignore[arg-type]
        '<table dir="auto"><tr><td colspan="2">&lt;a&gt;</td></tr><tr><td>b</td></tr></table>'
    )


PIECES = st.sampled_from(
    [
        *("<table>", "</table>", "<tr>", "</tr>", "<td>", "<th colspan=2>", "<td", ">", "a", '"'),
        *("<br>", "<sup>", "<p>", "<img src=x onerror=a()>", "&lt;"),
    ]
)


@given(st.lists(PIECES, max_size=40).map("".join))
def test_no_source_makes_an_element_that_is_not_ours(source: str) -> None:
    Tags(table_of_html(source))
