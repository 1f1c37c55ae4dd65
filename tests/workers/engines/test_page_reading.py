"""From recognised lines and pixels to a reading: leaders, framed heads, lists taken for figures."""

from __future__ import annotations

import cv2
import numpy as np

from schemas.pages import Block, PageImage
from workers.engines.page_reading import Sight, reading_of, text_line
from workers.engines.text_lines import Line

WIDTH, HEIGHT = 1000, 1400
PAGE = PageImage("page", b"", WIDTH, HEIGHT)


def line(text: str, x0: float, y: float, x1: float) -> Line:
    corners = np.array([[x0, y], [x1, y], [x1, y + 20], [x0, y + 20]], np.float32)
    return Line(corners, text, 0.9, False)


def contents(x0: int, first: int) -> list[Line]:
    return [
        part
        for n in range(8)
        for y in [200 + 26 * n]
        for part in (
            line(f"Kilns {chr(97 + n)}", x0, y, x0 + 90 + 15 * (n % 3)),
            line(f"{first + n}", x0 + 330, y, x0 + 355),
        )
    ]


def sight(lines: list[Line], *regions: Block, has_dots: bool = True) -> Sight:
    """White paper with the lines' dots."""
    grey = np.full((HEIGHT, WIDTH), 255, np.uint8)
    for start, end in zip(lines[::2], lines[1::2], strict=True):
        y = round(float(start.corners[2, 1])) - 5
        last = round(float(end.corners[0, 0])) - 6
        if has_dots:
            grey[y : y + 2, round(float(start.corners[1, 0])) + 8 : last : 10] = 60
    return Sight(grey, np.ones((HEIGHT // 4, WIDTH // 4), np.float32), regions)


def region(label: str, x0: float, y0: float, x1: float, y1: float) -> Block:
    return Block(label, (x0 / WIDTH, y0 / HEIGHT, x1 / WIDTH, y1 / HEIGHT), "", 0.95)


def test_two_columns_of_contents_are_no_table_and_read_one_after_the_other() -> None:
    lines = [*contents(80, 10), *contents(540, 30)]
    reading = reading_of(PAGE, lines, sight(lines, region("table", 75, 190, 905, 420)))
    words = reading.text.split()
    numbers = [int(word) for word in words if word.isdigit()]
    assert numbers == [*range(10, 18), *range(30, 38)]
    assert "table" not in {block.label for block in reading.blocks}


def test_contents_that_the_model_takes_for_a_figure_are_text() -> None:
    lines = contents(80, 10)
    figure = region("figure", 75, 190, 450, 420)
    assert [b.label for b in reading_of(PAGE, lines, sight(lines, figure)).blocks] == ["paragraph"]
    bare = reading_of(PAGE, lines, sight(lines, figure, has_dots=False))
    assert "figure" in {block.label for block in bare.blocks}


def test_a_ruled_head_that_counts_the_pages_is_furniture() -> None:
    cells = [
        line("EDF", 80, 60, 130),
        line("Guide of kilns", 300, 60, 480),
        line("Page 82/139", 760, 60, 880),
    ]
    prose = [line(f"the words of row {chr(97 + n)}", 80, 200 + 26 * n, 900) for n in range(8)]
    for last, expected in ((cells[2], "running_head"), (line("Limoges", 760, 60, 880), "table")):
        lines = [*cells[:2], last, line("Made", 80, 86, 130), line("in", 300, 86, 480),
                 line("France", 760, 86, 880), *prose]  # fmt: skip
        seen = sight(lines, region("table", 60, 50, 900, 115), has_dots=False)
        for x in (60, 250, 700, 900):
            cv2.line(seen.grey, (x, 50), (x, 112), 0, 2)
        for y in (50, 81, 112):
            cv2.line(seen.grey, (60, y), (900, y), 0, 2)
        reading = reading_of(PAGE, lines, seen)
        assert reading.blocks[0].label == expected
        assert ("82/139" in reading.text) == (expected == "table" and last is cells[2])


def test_a_figure_around_tables_is_a_group_of_them_and_their_captions() -> None:
    rows = [(f"Key {n}", f"action {chr(97 + n)}") for n in range(4)]
    lines = [
        part
        for n, (key, action) in enumerate(rows)
        for y in [304 + 31 * n]
        for part in (line(key, 80, y, 150), line(action, 300, y, 480))
    ]
    seen = sight(lines, region("figure", 40, 240, 960, 460), has_dots=False)
    for x in (60, 250, 500):
        cv2.line(seen.grey, (x, 298), (x, 422), 0, 2)
    for y in range(298, 423, 31):
        cv2.line(seen.grey, (60, y), (500, y), 0, 2)
    lines = [line("Keys of the harbour", 80, 260, 300), *lines]
    assert [b.label for b in reading_of(PAGE, lines, seen).blocks] == ["paragraph", "table"]


def test_a_long_line_that_leans_is_no_higher_than_a_short_one() -> None:
    level = line("a line as long as the page", 80, 300, 900)
    lean = np.array([[0, 0], [0, 9], [0, 9], [0, 0]], np.float32)
    leaning = level._replace(corners=level.corners + lean)
    assert text_line(level).height == 20
    assert text_line(leaning).box[3] - text_line(leaning).box[1] == 29
    assert text_line(leaning).height == 20


def test_a_long_line_of_a_page_that_leans_is_no_heading() -> None:
    short = [line(f"words {chr(97 + n)}", 80, 200 + 26 * n, 180) for n in range(12)]
    note = line("five more words go on from here", 80, 700, 900)
    lean = note.corners + np.array([[0, 0], [0, 12], [0, 12], [0, 0]], np.float32)
    reading = reading_of(PAGE, [*short, note._replace(corners=lean)], sight([], has_dots=False))
    assert {block.label for block in reading.blocks} == {"paragraph"}


def boxed(texts: list[str]) -> list[str]:
    lines = [line(text, 500, 200 + 24 * n, 900) for n, text in enumerate(texts)]
    figure = region("figure", 480, 190, 920, 200 + 24 * len(texts))
    below = [line("Words of the text below", 80, 700, 400), line("the box", 80, 726, 300)]
    page = Sight(np.full((HEIGHT, WIDTH), 255, np.uint8), np.zeros((9, 9), np.float32), (figure,))
    return [block.label for block in reading_of(PAGE, [*lines, *below], page).blocks]


def test_prose_on_a_shaded_ground_is_no_figure_and_labels_of_a_drawing_are() -> None:
    assert "figure" not in boxed(["the words of a note beside the text"] * 8)
    assert "figure" in boxed(["valve", "pump", "sump", "strainer", "to the sea", "crank"] * 2)
