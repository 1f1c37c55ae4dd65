"""A page has at most one title, and headings of several rows are whole."""

from __future__ import annotations

from schemas.pages import Block
from workers.layout.page_blocks import page_blocks
from workers.layout.page_lines import TextLine

SIZE = (1000, 1400)


def line(text: str, y: float, height: float = 20, x0: float = 100) -> TextLine:
    return TextLine((x0, y, x0 + 700, y + height), text, 0.9)


def prose(y: float) -> list[TextLine]:
    return [line(f"the words of row {chr(97 + n)} go on", y + 26 * n) for n in range(6)]


def heading(y0: float, y1: float) -> Block:
    return Block("heading", (0.09, y0 / SIZE[1], 0.9, y1 / SIZE[1]), "", 0.95)


def headings(lines: list[TextLine], *regions: Block) -> list[str]:
    found = page_blocks(lines, SIZE, regions)
    return [block.text for block in found if block.label in ("title", "heading")]


def test_a_heading_that_opens_a_page_without_head_is_its_title() -> None:
    lines = [line("Marks of the voyage", 200, 24), *prose(300)]
    assert headings(lines, heading(195, 230)) == ["# Marks of the voyage"]


def test_a_numbered_section_is_no_title() -> None:
    lines = [line("3.2 Marks of the voyage", 200, 24), *prose(300)]
    assert headings(lines, heading(195, 230)) == ["### 3.2 Marks of the voyage"]


def test_a_heading_below_text_is_no_title() -> None:
    lines = [*prose(200), line("Marks of the voyage", 450, 24), *prose(500)]
    assert headings(lines, heading(445, 480)) == ["### Marks of the voyage"]


def test_the_largest_of_the_first_headings_is_the_only_title() -> None:
    lines = [line("Statutes", 200, 34), line("Guild of Kilns", 260, 44), *prose(400)]
    found = headings(lines, heading(195, 240), heading(255, 310))
    assert found == ["## Statutes", "# Guild of Kilns"]


def test_a_heading_of_two_rows_in_two_regions_is_one() -> None:
    lines = [line("A Poster on Kilns", 200, 40), line("of the North", 245, 40), *prose(400)]
    found = headings(lines, heading(195, 242), heading(243, 290))
    assert found == ["# A Poster on Kilns of the North"]


def pieces(label: str, *spans: tuple[int, int]) -> list[Block]:
    return [Block(label, (x0 / SIZE[0], 0.219, x1 / SIZE[0], 0.23), "", 0.9) for x0, x1 in spans]


def test_a_heading_that_the_model_cuts_between_words_is_one() -> None:
    lines = [*prose(100), line("Marks of the voyage", 303, 24), *prose(400)]
    assert headings(lines, *pieces("heading", (110, 380), (420, 700))) == [
        "### Marks of the voyage"
    ]
    # less than half of the line's width
    assert headings(lines, *pieces("heading", (110, 250), (420, 560))) == []
    # most of it is something else
    both = [*pieces("heading", (110, 400)), *pieces("paragraph", (400, 800))]
    assert headings(lines, *both) == []


def test_a_numbered_line_a_little_larger_than_the_text_is_a_heading() -> None:
    lines = [*prose(100), line("4  Marks of the voyage", 300, 23), *prose(400)]
    assert headings(lines) == ["## 4  Marks of the voyage"]
    entry = [*prose(100), line("4  Marks of the voyage", 300, 20), *prose(400)]
    assert headings(entry) == []


def short(text: str, y: float) -> TextLine:
    return TextLine((100, y, 400, y + 20), text, 0.9)


def test_sections_that_follow_each_other_closely_are_headings_each() -> None:
    lines = [*prose(100), short("3.3 Units of rope", 256), short("3.3.1 Fathoms", 282), *prose(308)]
    assert headings(lines) == ["### 3.3 Units of rope", "#### 3.3.1 Fathoms"]


def test_a_number_that_begins_a_full_row_of_prose_makes_no_heading() -> None:
    lines = [*prose(100), line("2.5 Fathoms of rope are on the deck", 256), *prose(282)]
    assert headings(lines) == []


def test_a_caption_is_no_heading() -> None:
    lines = [*prose(100), line("Figure 7: Marks of the voyage", 300, 28), *prose(400)]
    labels = [block.label for block in page_blocks(lines, SIZE, [heading(295, 330)])]
    assert labels == ["paragraph", "caption", "paragraph"]


def test_an_entry_with_a_leader_is_no_heading() -> None:
    led = [row._replace(reach=900.0) for row in (short("1.4 Knots", 256), short("1.5 Bends", 282))]
    assert headings([*prose(100), *led, *prose(308)]) == []


def test_a_section_before_its_page_number_is_no_heading() -> None:
    entries = [
        part
        for n, text in enumerate(["1.4 Knots", "1.5 Bends"])
        for y in [256 + 26 * n]
        for part in (short(text, y), TextLine((760, y, 790, y + 20), str(30 + n), 0.9))
    ]
    assert headings([*prose(100), *entries, *prose(308)]) == []
