"""The cells of tables get the words of their row and column."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workers.policies.personal.table_cells import table_cells

PIPES = (
    "Text\n\n| Name | Phone | Order |\n|---|:--|---|\n| Ann | 030 12 | 44 |\n| Bob | 31 |\n\nEnd"
)
HTML = (
    "<table><thead><tr><th>Name</th><th>Phone</th></tr></thead>"
    '<tbody><tr><td rowspan="2">Ann</td><td>030 12</td></tr></tbody></table>'
)


def cells(text: str) -> list[tuple[str, str]]:
    return [(text[one.start : one.end].strip(), one.heading) for one in table_cells(text)]


def test_pipes() -> None:
    assert cells(PIPES) == [("030 12", "Ann Phone"), ("44", "030 12 Order"), ("31", "Bob Phone")]


def test_html() -> None:
    assert cells(HTML) == [("030 12", "Ann Phone")]


def test_a_form_has_its_names_at_the_left() -> None:
    assert cells("| Phone | 030 12 |\n| Fax | 030 13 |") == [
        ("030 12", "Phone"),
        ("030 13", "Fax 030 12"),
    ]


def test_a_long_cell_names_nothing() -> None:
    assert cells(f"| {'a word ' * 9} | 12 |\n| b | c |") == []


def test_a_line_between_bars_is_no_table() -> None:
    assert cells("|x| = 12 and |y| = 13") == []


@given(st.text(st.sampled_from("|-\n <>tablerhd/1\\"), max_size=60))
def test_no_text_raises(text: str) -> None:
    for cell in table_cells(text):
        assert 0 <= cell.start <= cell.end <= len(text)
