"""Outputs of dots.ocr: elements with boxes in pixels of the picture that the model sees."""

from __future__ import annotations

import json

from schemas.pages import Block
from workers.engines.grammars.dots import dots
from workers.engines.grammars.parsed import SQUARE_PX, Parsed, placed

SEEN_PX = (800, 1000)
UPPER = (0.1, 0.05, 0.9, 0.5)
BBOX = [80, 50, 720, 500]


def element(category: str, text: str | None = None) -> dict[str, object]:
    given: dict[str, object] = {"bbox": BBOX, "category": category}
    return given if text is None else given | {"text": text}


def test_elements_are_blocks_and_furniture_is_no_text() -> None:
    page = [
        element("Page-header", "A journal"),
        element("Title", "# A"),
        element("Section-header", "## B"),
        element("Text", "Fired *twice*."),
        element("List-item", "- one"),
        element("Picture"),
        element("Caption", "Figure 1"),
        element("Table", "<table><tr><td>1</td></tr></table>"),
        element("Formula", "\\frac{a}{b}"),
        element("Formula", "$$c$$"),
        element("Footnote", "1 See B."),
        element("Page-footer", "7"),
    ]
    parsed = placed(dots(json.dumps(page) + "<|endofassistant|>"), SEEN_PX)
    assert [block.label for block in parsed.blocks] == [
        *("running_head", "title", "heading", "paragraph", "list", "figure", "caption", "table"),
        *("formula", "formula", "footnote", "running_foot"),
    ]
    for block in parsed.blocks:
        assert [round(side, 9) for side in block.bbox] == list(UPPER)
    assert [block.text for block in parsed.blocks[8:10]] == ["$$\\frac{a}{b}$$", "$$c$$"]
    assert parsed.text.startswith("# A\n\n## B\n\nFired *twice*.")
    assert parsed.text.endswith("1 See B.")


def test_text_alone_stays() -> None:
    assert dots("A page.<|endofassistant|>") == Parsed("A page.")
    assert dots("[1, 2]") == Parsed("[1, 2]")


def test_boxes_beyond_the_picture_end_with_it() -> None:
    page = Parsed("", (Block("figure", (0, 0, 1, 900 / SQUARE_PX), ""),))
    assert placed(page, SEEN_PX).blocks[0].bbox == (0, 0, 1, 0.9)
