"""Outputs of HunyuanOCR: Markdown with figures, tagged layouts, lines with places, JSON."""

from __future__ import annotations

import pytest

from schemas.pages import Block
from workers.engines.grammars.blocks import WHOLE_PAGE
from workers.engines.grammars.hunyuan import hunyuan
from workers.engines.grammars.parsed import Parsed

UPPER = (0.05, 0.02, 0.95, 0.09)
QUAD = "(50,20),(950,20),(950,90),(50,90)"
END = "<｜hy_place▁holder▁no▁2｜>"


def meta(label: str, shape: str = "quad", points: str = QUAD) -> str:
    return f"<hy-meta><layout>{label}</layout><{shape}>{points}</{shape}></hy-meta>"


def found(output: str) -> list[tuple[str, str]]:
    return [(block.label, block.text) for block in hunyuan(output).blocks]


def test_markdown_without_places_has_no_blocks() -> None:
    text = "# A\n\n$x(10,20),(300,400)$\n\n<table><tr><td>(10,20),(300,400)</td></tr></table>"
    assert hunyuan(f"{text}{END}") == Parsed(text)


def test_a_line_of_a_place_is_a_figure() -> None:
    assert hunyuan("# A\n\n(50,20),(950,90)\n\nB") == Parsed(
        "# A\n\nB",
        (
            Block("paragraph", WHOLE_PAGE, "# A"),
            Block("figure", UPPER, ""),
            Block("paragraph", WHOLE_PAGE, "B"),
        ),
    )


def test_a_place_at_the_end_of_a_line_is_the_figure_of_its_caption() -> None:
    page = "Above.\nSource: a map(50,20),(950,90)，(50,120),(950,190)\nBelow."
    assert found(page) == [
        ("paragraph", "Above.\nSource: a map"),
        ("figure", ""),
        ("figure", ""),
        ("paragraph", "Below."),
    ]
    assert [block.bbox[1] for block in hunyuan(page).blocks[1:3]] == [0.02, 0.12]


@pytest.mark.parametrize("line", ["between (1,2),(3,4)", "a (50,20),(950,90) b", "f(1,2)"])
def test_points_in_a_text_are_no_figure(line: str) -> None:
    assert hunyuan(f"A\n{line}\nB") == Parsed(f"A\n{line}\nB")


def test_a_tag_is_of_the_text_before_it() -> None:
    page = (
        f"# A{meta('title')}\nB <em>c</em>{meta('paragraph_span')}\n"
        f"{meta('figure', 'poly', '[[50,20],[950,20],[950,90],[50,90]]')}\n"
        f"<table><tr><td>1</td></tr></table>{meta('table')}\n7{meta('page_footer')}{END}"
    )
    assert hunyuan(page).blocks == (
        Block("title", UPPER, "# A"),
        Block("paragraph", UPPER, "B <em>c</em>"),
        Block("figure", UPPER, ""),
        Block("table", UPPER, "<table><tr><td>1</td></tr></table>"),
        Block("running_foot", UPPER, "7"),
    )
    assert hunyuan(page).text.endswith("</table>")


@pytest.mark.parametrize(
    "cut", ["<hy-meta>", "<hy-meta><layout>tab", "<hy-meta><layout>text</layout><quad>(50,"]
)
def test_a_tag_that_is_cut_off_costs_no_text(cut: str) -> None:
    parsed = hunyuan(f"A{meta('text')}\nB{cut}")
    assert parsed.blocks[0] == Block("paragraph", UPPER, "A")
    assert parsed.blocks[1] == Block("paragraph", WHOLE_PAGE, "B")


def test_a_tag_that_is_not_closed_ends_with_its_points() -> None:
    page = f"A{meta('text').replace('</quad></hy-meta>', '')}\nB{meta('text')}"
    assert found(page) == [("paragraph", "A"), ("paragraph", "B")]


def test_lines_with_their_places() -> None:
    assert hunyuan("ATLANTA (AP) No(50,20),(950,90)东京(50,120),(950,190)").blocks == (
        Block("paragraph", UPPER, "ATLANTA (AP) No"),
        Block("paragraph", (0.05, 0.12, 0.95, 0.19), "东京"),
    )


def test_json_of_a_layout_and_of_lines() -> None:
    layout = f'[{{"layout_type": "para_title", "bbox": "{QUAD}", "text": "## A"}}]'
    assert hunyuan(layout).blocks == (Block("heading", UPPER, "## A"),)
    lines = '```json\n[{"box": [50, 20, 950, 90], "text": "A"}]\n```'
    assert hunyuan(lines).blocks == (Block("paragraph", UPPER, "A"),)
    assert hunyuan('[{"text": 5}]') == Parsed('[{"text": 5}]')
