"""Outputs of Qianfan-OCR: figures with boxes, and the layout that it thinks of first."""

from __future__ import annotations

import pytest

from schemas.pages import Block
from workers.engines.grammars.blocks import WHOLE_PAGE
from workers.engines.grammars.parsed import Parsed
from workers.engines.grammars.qianfan import qianfan

FIGURE = "<box>[[<COORD_000>, <COORD_100>, <COORD_999>, <COORD_500>]]</box>"
PLACE = (0.0, 100 / 999, 1.0, 500 / 999)
TITLE = "<box>[[<COORD_0>,<COORD_0>,<COORD_999>,<COORD_100>]]</box>"
TITLE_PLACE = (0.0, 0.0, 1.0, 100 / 999)


def test_markdown_stays() -> None:
    assert qianfan("# A\n\n$$x$$\n\n<table></table><|im_end|>") == Parsed(
        "# A\n\n$$x$$\n\n<table></table>"
    )


@pytest.mark.parametrize(
    ("written", "label"),
    [
        (f"![image]({FIGURE})", "figure"),
        (f"![chart]({FIGURE})", "chart"),
        (f"![seal]({FIGURE})", "stamp"),
        (f"![]({FIGURE})", "figure"),
        (FIGURE, "figure"),
        ("![image](<box>[[0, 100, 999, 500]]</box>)", "figure"),
    ],
)
def test_figures_are_blocks_between_texts(written: str, label: str) -> None:
    assert qianfan(f"# A\n\n{written}\n\nB") == Parsed(
        "# A\n\nB",
        (
            Block("paragraph", WHOLE_PAGE, "# A"),
            Block(label, PLACE, ""),
            Block("paragraph", WHOLE_PAGE, "B"),
        ),
    )


def test_regions_of_the_layout_come_first_and_figures_once() -> None:
    thought = (
        f"<think>\n{TITLE}\n<label>doc_title</label>\n<brief>Says A</brief>\n"
        f"{FIGURE} <label>image</label> <brief>A kiln</brief>\n</think>\n"
    )
    assert qianfan(f"{thought}# A\n\n![image]({FIGURE})").blocks == (
        Block("title", TITLE_PLACE, ""),
        Block("paragraph", WHOLE_PAGE, "# A"),
        Block("figure", PLACE, ""),
    )
    assert qianfan(f"{thought}# A").text == "# A"
    assert [block.label for block in qianfan(f"{thought}# A").blocks] == [
        "title",
        "figure",
        "paragraph",
    ]


def test_a_thought_without_an_end_is_no_text() -> None:
    assert qianfan(f"<think>{TITLE}<label>text</label><brief>A pa") == Parsed(
        "", (Block("paragraph", TITLE_PLACE, ""),)
    )
    assert qianfan("<think>\n\n</think>\n\nA") == Parsed("A")


@pytest.mark.parametrize("box", ["<box>[[1, 2, 3]]</box>", "<box>1</box", "<box>[[a]]</box>"])
def test_what_is_no_box_stays(box: str) -> None:
    assert qianfan(f"A ![image]({box})") == Parsed(f"A ![image]({box})")
