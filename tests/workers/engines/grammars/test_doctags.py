"""DocTags as granite-docling writes them, and with tags missing."""

from __future__ import annotations

import pytest

from schemas.pages import Block
from workers.engines.grammars.blocks import WHOLE_PAGE
from workers.engines.grammars.doctags import doctags
from workers.engines.grammars.parsed import Parsed

AT = "<loc_50><loc_100><loc_450><loc_200>"
BOX = (0.1, 0.2, 0.9, 0.4)


def found(output: str) -> list[tuple[str, str]]:
    return [(block.label, block.text) for block in doctags(output).blocks]


def test_page() -> None:
    page = (
        f"<doctag><page_header>{AT}Running title</page_header>\n<title>{AT}A</title>\n"
        f"<section_header_level_1>{AT}B\nC</section_header_level_1>\n<text>{AT}a < b & c</text>\n"
        f"<formula>{AT}x < y</formula>\n<picture>{AT}<other></picture>\n"
        f"<footnote>{AT}Note</footnote>\n<page_footer>{AT}5</page_footer>\n</doctag><|end_of_text|>"
    )
    assert found(page) == [
        ("running_head", "Running title"),
        ("title", "# A"),
        ("heading", "## B C"),
        ("paragraph", "a < b & c"),
        ("formula", "$$x < y$$"),
        ("figure", ""),
        ("footnote", "Note"),
        ("running_foot", "5"),
    ]
    assert {block.bbox for block in doctags(page).blocks} == {BOX}
    assert doctags(page).text.startswith("# A")
    assert doctags(page).text.endswith("Note")


@pytest.mark.parametrize(
    ("places", "bbox"),
    [
        ("<loc_450><loc_200><loc_50><loc_100>", BOX),
        ("<loc_50/><loc_100/><loc_450/><loc_200/>", BOX),
        ("<loc_0><loc_0><loc_9999><loc_500>", WHOLE_PAGE),
        (AT + "<loc_1>", BOX),
        ("<loc_50><loc_100><loc_450>", WHOLE_PAGE),
    ],
)
def test_places(places: str, bbox: tuple[float, float, float, float]) -> None:
    assert doctags(f"<text>{places}A</text>").blocks == (Block("paragraph", bbox, "A"),)


def test_table_is_html_and_its_caption_a_block() -> None:
    page = (
        f"<otsl>{AT}<caption><loc_0><loc_0><loc_500><loc_500>Table 1.</caption>"
        "<ched>A<lcel><nl><fcel>1<ecel><nl></otsl>"
    )
    assert doctags(page).blocks == (
        Block(
            "table",
            BOX,
            '<table><tr><th colspan="2">A</th></tr><tr><td>1</td><td></td></tr></table>',
        ),
        Block("caption", WHOLE_PAGE, "Table 1."),
    )


@pytest.mark.parametrize(
    ("content", "label", "text"),
    [
        ("<pie_chart><fcel>A<fcel>1<nl>", "chart", "<table><tr><td>A</td><td>1</td></tr></table>"),
        ("<bar_chart><otsl><fcel>A<nl></otsl>", "chart", "<table><tr><td>A</td></tr></table>"),
        ("<chemistry_structure><smiles>CCO</smiles>", "chemistry", "CCO"),
        ("<logo>", "figure", ""),
        ("<table>", "figure", ""),
    ],
)
def test_picture_classes(content: str, label: str, text: str) -> None:
    assert found(f"<picture>{AT}{content}</picture>") == [(label, text)]


def test_caption_of_a_picture_is_a_block() -> None:
    page = f"<picture>{AT}<other><caption>{AT}Fig 1.</caption></picture><text>{AT}A</text>"
    assert found(page) == [("figure", ""), ("caption", "Fig 1."), ("paragraph", "A")]


def test_lists() -> None:
    page = (
        f"<unordered_list><list_item>{AT}• First</list_item>\n<list_item>{AT}1. Second</list_item>"
        f"<ordered_list><list_item>{AT}Third</list_item><list_item>{AT}- Fourth</list_item>"
        f"</ordered_list><list_item>{AT}Fifth</list_item></unordered_list><list_item>{AT}6</list_item>"
    )
    assert doctags(page).text.split("\n\n") == [
        *("- First", "1. Second", "   1. Third", "   2. Fourth", "- Fifth", "- 6")
    ]


def test_page_as_docling_writes_it() -> None:
    """A page serialised by docling-core 2.104: nested lists, spans of `xcel`, an inline group."""
    page = (
        f"<doctag><ordered_list><list_item>{AT}one</list_item>\n<list_item><unordered_list>"
        f"<list_item>{AT}nested</list_item>\n</unordered_list></list_item>\n"
        f"<list_item>{AT}two</list_item>\n</ordered_list>\n"
        f"<otsl>{AT}<ched>H<lcel><lcel><nl><fcel>S<xcel><fcel>u<nl><xcel><xcel><ecel><nl>"
        f"<caption>{AT}Cap</caption></otsl>\n"
        f"<inline>{AT}\n<text>Let</text>\n<formula>y</formula>\n<text>be</text>\n</inline>\n</doctag>"
    )
    assert found(page) == [
        ("list", "1. one"),
        ("list", "   - nested"),
        ("list", "2. two"),
        (
            "table",
            '<table><tr><th colspan="3">H</th></tr>'
            '<tr><td rowspan="2" colspan="2">S</td><td>u</td></tr><tr><td></td></tr></table>',
        ),
        ("caption", "Cap"),
        ("paragraph", "Let $y$ be"),
    ]


def test_code_keeps_its_lines_and_what_looks_like_tags() -> None:
    page = f"<code>{AT}<_Python_>  def f():\n    return '<text>', '<_C_>', '``` <nl>'\n</code>"
    assert found(page) == [
        ("code", "````python\n  def f():\n    return '<text>', '<_C_>', '``` <nl>'\n````")
    ]


@pytest.mark.parametrize("language", ["<_unknown_>", ""])
def test_code_of_no_language(language: str) -> None:
    assert found(f"<code>{AT}{language}x = 1</code>") == [("code", "```\nx = 1\n```")]


def test_code_without_an_end_stops_at_the_next_place() -> None:
    assert found(f"<code>{AT}x = 1\n<text>{AT}A</text></doctag>") == [
        ("code", "```\nx = 1\n```"),
        ("paragraph", "A"),
    ]


def test_inline_group_is_one_paragraph() -> None:
    page = (
        f"<text>{AT}<inline><text>Let</text><formula>x</formula><text>be it.</text></inline></text>"
        f"<formula>{AT}y</formula>"
    )
    assert found(page) == [("paragraph", "Let $x$ be it."), ("formula", "$$y$$")]


def test_form_fields_are_lines() -> None:
    page = f"<key_value_region>{AT}<key_0>{AT}Name<link_1></key_0><value_1>{AT}Ann</value_1>"
    [(label, text)] = found(page)
    assert (label, text.split()) == ("paragraph", ["Name", "Ann"])


def test_checkboxes() -> None:
    page = f"<checkbox_selected>{AT}A</checkbox_selected><checkbox_unselected>{AT}B"
    assert found(page) == [("paragraph", "- [x] A"), ("paragraph", "- [ ] B")]


@pytest.mark.parametrize("cut", ["", "<", "</", "</text", "</text>", "</text></doct"])
def test_output_cut_off(cut: str) -> None:
    assert found(f"<doctag><text>{AT}A</text><text>{AT}B{cut}") == [
        ("paragraph", "A"),
        ("paragraph", "B"),
    ]


def test_missing_ends_and_strange_ones() -> None:
    page = f"<text>{AT}A<title>{AT}B</caption></title></otsl><picture>{AT}<text>{AT}C"
    assert found(page) == [("paragraph", "A"), ("title", "# B"), ("figure", ""), ("paragraph", "C")]


def test_text_outside_of_elements_is_somewhere_on_the_page() -> None:
    assert doctags(f"Before <x><text>{AT}A</text>").blocks == (
        Block("paragraph", WHOLE_PAGE, "Before <x>"),
        Block("paragraph", BOX, "A"),
    )


def test_answer_without_places_has_no_blocks() -> None:
    assert doctags("<doctag><text>A</text><title>B</title>") == Parsed("A\n\n# B")
