"""HTML as Chandra writes it, and with tags missing."""

from __future__ import annotations

import pytest

from schemas.pages import Block
from workers.engines.grammars.blocks import WHOLE_PAGE
from workers.engines.grammars.chandra import chandra
from workers.engines.grammars.parsed import Parsed

BOX = (0.1, 0.2, 0.9, 0.4)


def div(label: str, content: str) -> str:
    return f'<div data-bbox="100 200 900 400" data-label="{label}">{content}</div>'


def found(output: str) -> list[tuple[str, str]]:
    return [(block.label, block.text) for block in chandra(output).blocks]


def test_page() -> None:
    page = "\n".join(
        [
            div("Page-Header", "<p>Running title</p>"),
            div("Section-Header", "<h1>A</h1>"),
            div("Section-Header", "B"),
            div("Text", "<p>It is <b>not</b> a &lt; b\n&amp; c.</p><p>Two<br>lines</p>"),
            div("Equation-Block", '<math display="block">x &lt; y</math>'),
            div("Figure", '<img alt="A kiln"/>'),
            div("Caption", "Figure 1."),
            div("Footnote", "<p><sup>1</sup> Note</p>"),
            div("Page-Footer", "5"),
        ]
    )
    assert found(page + "<|im_end|>") == [
        ("running_head", "Running title"),
        ("heading", "# A"),
        ("heading", "## B"),
        ("paragraph", "It is **not** a < b & c.\n\nTwo\nlines"),
        ("formula", "$$x < y$$"),
        ("figure", "![A kiln]()"),
        ("caption", "Figure 1."),
        ("footnote", "<sup>1</sup> Note"),
        ("running_foot", "5"),
    ]
    assert {block.bbox for block in chandra(page).blocks} == {BOX}
    assert chandra(page).text.startswith("# A\n\n## B\n\nIt is")


@pytest.mark.parametrize(
    ("label", "ours"),
    [
        ("List-Group", "list"),
        ("Table-Of-Contents", "index"),
        ("Complex-Block", "paragraph"),
        ("Form", "paragraph"),
        ("Code-Block", "code"),
        ("Chemical-Block", "chemistry"),
        ("Diagram", "figure"),
        ("Bibliography", "reference"),
        ("Image", "figure"),
        ("Something-New", "something_new"),
    ],
)
def test_labels_are_ours(label: str, ours: str) -> None:
    [block] = chandra(div(label, "<p>A</p>")).blocks
    assert (block.label, block.bbox) == (ours, BOX)


@pytest.mark.parametrize(
    "places", ["900 400 100 200", "[100, 200, 900, 400]", "100.0 200.0 900.0 400.0"]
)
def test_places(places: str) -> None:
    page = f'<div data-label="Text" data-bbox="{places}">A</div>'
    assert chandra(page).blocks == (Block("paragraph", BOX, "A"),)


@pytest.mark.parametrize("places", ["", "1 2 3", "1 2 3 4 5", "none"])
def test_a_block_without_a_place_is_somewhere_on_the_page(places: str) -> None:
    page = f'<div data-label="Text" data-bbox="{places}">A</div>'
    assert chandra(page).blocks == (Block("paragraph", WHOLE_PAGE, "A"),)


def test_table_keeps_its_spans_and_nothing_else() -> None:
    table = (
        '<table border="1" class="x"><caption>T</caption><thead><tr><th colspan="2">A</th></tr>'
        '</thead><tbody>\n<tr data-bbox="1 2 3 4"><td rowspan="1">1 &lt; 2<br>b</td>'
        "<td><b>x</b><sup>2</sup> <math>y</math></td></tr></tbody></table>"
    )
    assert found(div("Table", table)) == [
        (
            "table",
            '<table><caption>T</caption><tr><th colspan="2">A</th></tr> '
            "<tr><td>1 &lt; 2<br>b</td><td>x<sup>2</sup> $y$</td></tr></table>",
        )
    ]


def test_lists_are_indented_and_numbered() -> None:
    page = div(
        "List-Group",
        "<ul><li>one</li><li><p>two</p><ol><li>a</li><li>b</li></ol></li><li>• three</li></ul>",
    )
    assert found(page) == [("list", "- one\n- two\n   1. a\n   2. b\n- three")]


def test_form_has_its_marks() -> None:
    page = div(
        "Form",
        '<p><input type="checkbox" checked/> Yes <input type="radio"> No</p>'
        '<p>Name: <input type="text" value="Ann &amp; Bo"></p>',
    )
    assert found(page) == [("paragraph", "[x] Yes [ ] No\n\nName: Ann & Bo")]


def test_code_keeps_its_lines_and_what_looks_like_tags() -> None:
    page = div("Code-Block", "<pre><code>def f():\n    return '&lt;p&gt;<b>'\n</code></pre>")
    assert found(page) == [("code", "```\ndef f():\n    return '<p><b>'\n```")]


def test_formula_keeps_what_looks_like_a_tag() -> None:
    assert found(div("Text", "<p>If <math>a<b>c</math> then</p>")) == [
        ("paragraph", "If $a<b>c$ then")
    ]


def test_a_block_in_a_block_is_one_of_its_own() -> None:
    inner = '<div data-bbox="0 0 500 500" data-label="Text"><p>B</p></div>'
    page = div("Complex-Block", f"<p>A</p>{inner}<p>C</p>")
    assert chandra(page).blocks == (
        Block("paragraph", BOX, "A"),
        Block("paragraph", (0, 0, 0.5, 0.5), "B"),
        Block("paragraph", BOX, "C"),
    )


def test_a_plain_div_in_a_block_is_a_part_of_it() -> None:
    page = div("Text", "<div>A</div><div>B</div>") + div("Text", "C")
    assert found(page) == [("paragraph", "A\n\nB"), ("paragraph", "C")]


@pytest.mark.parametrize("end", ["", "</p>", "</p></div", "</p></di"])
def test_output_cut_off_or_without_end_tags(end: str) -> None:
    page = '<div data-bbox="100 200 900 400" data-label="Text"><p>A'
    texts = [text for _, text in found(page + page + end)]
    assert texts[0] == "A"
    assert texts[1].startswith("A")


def test_a_blank_page_has_no_text() -> None:
    assert chandra(div("Blank-Page", "<p>blank</p>")) == Parsed("")


def test_text_outside_of_blocks_is_somewhere_on_the_page() -> None:
    assert chandra(f"Before {div('Text', 'A')}").blocks == (
        Block("paragraph", WHOLE_PAGE, "Before"),
        Block("paragraph", BOX, "A"),
    )


def test_output_without_blocks_is_markdown() -> None:
    assert chandra("<think>\n\n</think>\n\n<h1>A</h1><p>B &amp; C</p>") == Parsed("# A\n\nB & C")
