"""Bold lines that stand alone are headings on a page image; other bold type is not."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from schemas.pages import Block
from tests.benchmarks.pages.setting import font_of
from workers.layout.page_blocks import page_blocks
from workers.layout.page_lines import TextLine
from workers.layout.stroke_widths import stroke_widths

SIZE = (1000, 1400)


def line(
    text: str,
    y: float,
    stroke: float = 1.0,
    x: tuple[float, float] = (100, 800),
    height: float = 20,
) -> TextLine:
    return TextLine((x[0], y, x[1], y + height), text, 0.9, stroke=stroke)


def prose(y: float, stroke: float = 1.0, height: float = 20) -> list[TextLine]:
    words = "the words of row {} of a paragraph that goes on"
    return [line(words.format(chr(97 + n)), y + 26 * n, stroke, height=height) for n in range(6)]


def headings(*lines: TextLine) -> list[str]:
    found: tuple[Block, ...] = page_blocks(lines, SIZE)
    return [block.text for block in found if block.label in ("title", "heading")]


SHORT = (100.0, 280.0)


def test_a_short_bold_line_between_paragraphs_is_a_heading() -> None:
    lines = [*prose(200), line("Sailing in fog", 380, 1.4, SHORT), *prose(406)]
    assert headings(*lines) == ["### Sailing in fog"]


def test_two_bold_rows_are_one_heading() -> None:
    rows = [line("Sailing in fog and", 380, 1.4, SHORT), line("in snow", 402, 1.4, SHORT)]
    assert headings(*prose(200), *rows, *prose(440)) == ["### Sailing in fog and in snow"]


def test_small_print_has_headings_of_its_own() -> None:
    note = [line("Claims", 600, 1.2, SHORT, 14), *prose(618, 0.8, 14)]
    assert headings(*prose(200), *note) == ["### Claims"]


@pytest.mark.parametrize(
    "lines",
    [
        [line("Sailing in fog", 380, 1.1, SHORT)],  # not bold
        [line("Never sail in fog.", 380, 1.4, SHORT)],  # a sentence
        [line("sailing in fog", 380, 1.4, SHORT)],  # goes on from elsewhere
        [line("Date of sailing:", 380, 1.4, SHORT)],  # the name of a field
        [line("Date", 380, 1.4, SHORT), line("9 October", 380, 1.0, (300, 420))],
        [line("Never sail in the fog of the north, for you", 380, 1.4)],  # begins a paragraph
        [line("A bold row", 380 + 22 * n, 1.4, SHORT) for n in range(5)],  # a bold paragraph
        [line(f"Head {n}", 380, 1.4, (100 + 150 * n, 180 + 150 * n)) for n in range(4)],
        [line("Claims", 380, 0.0, SHORT)],  # not known
    ],
)
def test_what_is_no_bold_heading(lines: list[TextLine]) -> None:
    assert headings(*prose(200), *lines, *prose(380 + 24 * len(lines))) == []


def test_a_high_box_without_thick_strokes_is_no_heading() -> None:
    high = line("90.4 L of 10^9/l", 380, 1.0, SHORT, 28)
    large = line("A large heading", 380, 1.3, SHORT, 28)
    assert headings(*prose(200), high, *prose(430)) == []
    assert headings(*prose(200), large, *prose(430)) == ["## A large heading"]


# ---- the measure --------------------------------------------------------------------------------


def picture(width_px: int, is_inverted: bool = False) -> np.ndarray:
    """Eight upright strokes of this width and 30 px, 20 px apart."""
    grey = np.full((40, 200), 255, np.uint8)
    for n in range(8):
        grey[5:35, 20 + 20 * n : 20 + 20 * n + width_px] = 0
    return 255 - grey if is_inverted else grey


@pytest.mark.parametrize("is_inverted", [False, True])
@pytest.mark.parametrize("width_px", [1, 2, 3])
def test_the_width_of_strokes_is_measured(width_px: int, is_inverted: bool) -> None:
    (found,) = stroke_widths(picture(width_px, is_inverted), [(0, 0, 200, 40)])
    assert found == pytest.approx(width_px, rel=0.1)


def test_bold_type_has_wider_strokes_at_any_size() -> None:
    def width(name: str, size: int) -> float:
        image = Image.new("L", (400, 50), 255)
        font = ImageFont.truetype(io.BytesIO(font_of(name).buffer), size)
        ImageDraw.Draw(image).text((5, 5), "Marks of the voyage", 0, font)
        return stroke_widths(np.asarray(image), [(0, 0, 400, 50)])[0]

    for size in (14, 18, 26):
        assert width("notosbo", size) > 1.25 * width("notos", size)


def test_an_empty_place_and_one_off_the_page_have_no_strokes() -> None:
    grey = np.full((40, 200), 230, np.uint8)
    assert stroke_widths(grey, [(0, 0, 50, 40), (300, 0, 400, 40)]) == [0.0, 0.0]
