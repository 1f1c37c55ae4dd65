"""For every parser and any string: no exception, boxes on the page, text and blocks agree."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.pages import own_text
from tests.many import few
from workers.engines.grammars import parsers
from workers.engines.grammars.parsed import Parsed, Parser

# An answer has 8,192 tokens by default, of about four characters each.
LONG = few(40_000, of=200_000)
PARSERS: dict[str, Parser] = {
    "deepseek": parsers.deepseek,
    "unlimited": parsers.unlimited,
    "doctags": parsers.doctags,
    "chandra": parsers.chandra,
    "mineru": parsers.mineru,
    "olmocr": parsers.olmocr,
    "paddleocr_vl": parsers.paddleocr_vl,
    "lighton": parsers.lighton,
    "glm": parsers.glm,
    "got": parsers.got,
    "dots": parsers.dots,
    "hunyuan": parsers.hunyuan,
    "qianfan": parsers.qianfan,
    "plain": parsers.plain(("<|end|>", "<|end", "")),
}
FRAGMENTS = [
    *("<|ref|>", "<|/ref|>", "<|det|>", "<|/det|>", "<|grounding|>", "<｜end▁of▁sentence｜>"),
    *("[[", "]]", "[", "]", "[[1, 2, 3, 4]]", "[[[9,8,7,6],[-1,2.5,5000,0]]]", "1,", "-", "."),
    *("paragraph", "image", "sub_title", "text [1, 2, 3, 4]", "<PAGE>", "<center>", "</center>"),
    *("<doctag>", "</doctag>", "<text>", "</text>", "<title>", "<section_header_level_1>"),
    *("<loc_1>", "<loc_499>", "<loc_1><loc_2><loc_3><loc_4>", "<picture>", "</picture>"),
    *("<otsl>", "</otsl>", "<caption>", "</caption>", "<code>", "</code>", "<_Python_>", "<_C++_>"),
    *("<ordered_list>", "<unordered_list>", "</unordered_list>", "<list_item>", "</list_item>"),
    *("<inline>", "</inline>", "<formula>", "</formula>", "<pie_chart>", "<chart>", "<smiles>"),
    *("<key_value_region>", "<key_0>", "<value_1>", "<link_1>", "<checkbox_selected>", "<form>"),
    *("<fcel>", "<ecel>", "<lcel>", "<ucel>", "<xcel>", "<ched>", "<rhed>", "<srow>", "<nl>"),
    *("---\n", "primary_language: en\n", "is_rotation_valid: False\n", "rotation_correction: 90\n"),
    *("rotation_correction: 9" + 5000 * "9", "![image](image_1.png)", "1,2,3,4", "```markdown\n"),
    *("```", "<|im_start|>assistant", "<|im_end|>", "<|endoftext|>", "</s>", "<|end|>", "<|", "<"),
    *('<div data-bbox="1 2 3 4" data-label="Text">', "<div data-label='Form'>", "<div>", "</div>"),
    *("<p>", "</p>", "<h2>", "<ul>", "<ol>", "<li>", "</li>", "</ul>", "<br/>", "<hr>", "<b>"),
    *("<table>", "<tr>", '<td rowspan="3">', "</td>", "</table>", "<math>", "</math>", "<pre>"),
    *('<math display="block">', "</pre>", '<img alt="a [b]">', '<input type="checkbox" checked>'),
    *("&lt;", "&#55296;", "&#" + 5000 * "9" + ";", "<think>", "</think>", "\\(", "\\)", "\\["),
    *("<|box_start|>", "1 2 3 4", "<|box_end|>", "<|ref_start|>table<|ref_end|>", "[Non-Text]"),
    *(
        '[{"bbox": [1, 2, 30, 40], "category": "Text", "text": "a"}',
        '"text": "',
        '"box": [',
        "{",
        "}",
    ),
    *(
        '"layout_type": "figure"',
        '"bbox": "(1,2),(30,40)"',
        '"',
        "\\",
        "\\nu",
        "(1,2),(300,400)",
        ",",
    ),
    *("<hy-meta>", "</hy-meta>", "<layout>", "</layout>", "<poly>", "</poly>", "<quad>(1,2),(3,4)"),
    *(
        "<think>",
        "</think>",
        "<box>",
        "</box>",
        "[[<COORD_1>, <COORD_2>, 3, 4]]",
        "<label>seal</label>",
    ),
    *("![image](<box>[[1,2,3,4]]</box>)", "<｜hy_place▁holder▁no▁2｜>", "NaN", "1e999"),
    *("<|TEXT_START|>", "<|TEXT_END|>", "<|LOC_BEGIN|>", "<|LOC_9|>", 8 * "<|LOC_1|>", "<|LOC_"),
    *("\n", "\n\n", " ", "• ", "1. ", "a & b < c", "Größe 文", "\x00", "\ud800", "٣", 5000 * "9"),
]
# What would cost the square of its length, were a parser to look back or ahead for it.
HOSTILE = [
    *(
        "<|ref|>text<|/ref|><|det|>[[1,2,3,4]]<|/det|>",
        "<|ref|>a<|/ref|>",
        "<|ref|>[[",
        "<|/det|>x",
    ),
    *("<|det|> ", "<|det|>[1", "[1,2,", "<｜a", "<|det|>1 ", "<fcel><lcel>", "<fcel>a<nl><ucel>"),
    *("<ucel><xcel>", "<fcel><lcel><nl>", "<unordered_list><list_item>x", "<code>x<_C_>"),
    *("<otsl><fcel>a<nl>", "<text>a</text>", "<picture><caption>", "<inline><text>a</text>"),
    *("![image](image_1", "![image](image_1.png)1,", "is_table:\n", "```\n", "<code>`"),
    *(
        '<div data-bbox="1 2 3 4" data-label="Text">',
        '<div data-label="',
        '<p "',
        "<p '",
        '<p "<p ',
    ),
    *("<ol><li>", "<table><tr>", "<math><", "<pre><code>", '<img alt="[', "<p a='b\"", "&lt"),
    *(
        '[{"text": "',
        '{"box":[',
        '{"text":"a",',
        '[{"box": ' + 2000 * "[",
        "(1,2),(300,400)",
        "(1,2),(3",
    ),
    *("<hy-meta><layout>", "<hy-meta> ", "<layout>a</layout><poly>1", "<box>[[1,", "![a](<box>"),
    *("<box>[[1,2,3,4]]</box> ", "\\", '{ "', "a(1,2),(300,400)\n", '{"bbox":{"bbox":'),
    "<fcel>" + 400 * "<lcel>" + "<nl>" + 400 * ("<ucel>" + 399 * "<xcel>" + "<nl>"),
]
OUTPUTS = st.one_of(
    st.text(),
    st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=6)), max_size=40).map("".join),
)


def check(parsed: Parsed) -> None:
    assert parsed.turn in (0, 90, 180, 270)
    for block in parsed.blocks:
        x0, y0, x1, y1 = block.bbox
        assert 0 <= x0 <= x1 <= 1
        assert 0 <= y0 <= y1 <= 1
        assert block.label
        assert block.label == block.label.lower()
    if parsed.blocks:
        assert parsed.text == own_text(parsed.blocks)
    assert parsed.text.strip() == parsed.text or parsed.blocks


@pytest.mark.parametrize("name", PARSERS)
@given(output=OUTPUTS)
@example(output="")
@example(output="<|ref|>")
@example(output="<inline><doctag><formula>")
def test_any_string_parses(name: str, output: str) -> None:
    check(PARSERS[name](output))


@pytest.mark.parametrize("name", PARSERS)
def test_long_hostile_output_parses(name: str) -> None:
    for unit in [*FRAGMENTS, *HOSTILE]:
        check(PARSERS[name](unit * (max(1, LONG // len(unit)))))


@pytest.mark.parametrize("name", PARSERS)
def test_plain_text_stays(name: str) -> None:
    text = "# A title\n\nSome **text**, a < b & |x| > 0.\n\n<table><tr><td>1</td></tr></table>"
    assert PARSERS[name](text).text == text
