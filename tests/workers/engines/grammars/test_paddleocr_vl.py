"""Outputs of PaddleOCR-VL: tables, charts, and lines with their places."""

from __future__ import annotations

import pytest

from schemas.pages import Block
from workers.engines.grammars.blocks import WHOLE_PAGE
from workers.engines.grammars.paddleocr_vl import paddleocr_vl
from workers.engines.grammars.parsed import Parsed

CORNERS = "".join(f"<|LOC_{n}|>" for n in (100, 200, 300, 210, 290, 400, 90, 390))
PLACE = (0.09, 0.2, 0.3, 0.4)
LOWER = CORNERS.replace("00|>", "50|>")


def test_tables_become_html() -> None:
    assert paddleocr_vl("<fcel>a<fcel>b<nl></s>") == Parsed(
        "<table><tr><td>a</td><td>b</td></tr></table>"
    )


def test_charts_stay_lines() -> None:
    assert paddleocr_vl("Year | Sum\n2024 | 7<|end_of_sentence|>") == Parsed("Year | Sum\n2024 | 7")


@pytest.mark.parametrize(
    "line",
    [
        "<|TEXT_START|>A < b<|TEXT_END|><|LOC_BEGIN|>{}<|LOC_END|>",
        "A < b{}",
        "A < b {}\n",
    ],
)
def test_lines_with_four_corners(line: str) -> None:
    assert paddleocr_vl(line.format(CORNERS) + line.format(LOWER) + "</s>") == Parsed(
        "A < b\n\nA < b",
        (
            Block("paragraph", PLACE, "A < b"),
            Block("paragraph", (0.09, 0.21, 0.35, 0.45), "A < b"),
        ),
    )


def test_a_line_with_half_a_corner_or_none_is_on_the_page() -> None:
    cut = CORNERS[: -len("<|LOC_390|>")]
    assert paddleocr_vl(f"A{cut}") == Parsed("A", (Block("paragraph", WHOLE_PAGE, "A"),))
    assert paddleocr_vl(f"A{CORNERS}B").blocks[1] == Block("paragraph", WHOLE_PAGE, "B")
