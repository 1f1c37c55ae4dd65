"""Heads and feet are told by rules, lone numbers and both margins; cells and notes are not."""

from __future__ import annotations

import pytest

from schemas.labels import is_furniture
from schemas.pages import Block, Box
from workers.layout.page_blocks import page_blocks
from workers.layout.page_lines import TextLine, Whole

SIZE = (1000, 1400)
STEP = 26


def line(text: str, x0: float, y: float, width: float = 600, height: float = 20) -> TextLine:
    return TextLine((x0, y, x0 + width, y + height), text, 0.9)


def prose(y: float = 200, rows: int = 8) -> list[TextLine]:
    return [line(f"the words of row {chr(97 + n)} go on", 100, y + STEP * n, 800)
            for n in range(rows)]  # fmt: skip


def furniture(lines: list[TextLine], *rules: Box) -> dict[str, str]:
    blocks = page_blocks(lines, SIZE, rules=rules)
    return {block.text: block.label for block in blocks if is_furniture(block.label)}


def test_a_first_row_over_a_rule_is_a_head() -> None:
    lines = [line("Chapter 8. More about kilns", 100, 105, 280), *prose(y=150)]
    assert furniture(lines) == {}
    found = furniture(lines, (0.1, 0.093, 0.9, 0.0935))
    assert found == {"Chapter 8. More about kilns": "running_head"}


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("Ropes and their uses", [(0.1, 0.0935, 0.3, 0.094)]),  # short: under a heading
        ("Rope Length Strength", [(0.1, 0.07, 0.9, 0.0705), (0.1, 0.0935, 0.9, 0.094)]),
        ("Table 3: Ropes", [(0.1, 0.0935, 0.9, 0.094)]),
    ],
)
def test_a_rule_below_other_first_rows_makes_no_head(text: str, rules: list[Box]) -> None:
    assert furniture([line(text, 100, 105, 280), *prose(y=150)], *rules) == {}


def test_a_note_below_a_rule_is_no_foot_and_other_words_are() -> None:
    rule = (0.1, 0.913, 0.9, 0.9135)
    above = prose(y=1000, rows=9)
    assert furniture([*above, line("1 See the kilns of Ingleby.", 100, 1290)], rule) == {}
    found = furniture([*above, line("Manual of kilns", 100, 1290, 200)], rule)
    assert found == {"Manual of kilns": "running_foot"}


def test_a_lone_number_below_a_small_text_block_is_the_pages() -> None:
    lines = [*prose(y=900), line("123", 485, 1160, 30)]
    assert furniture(lines) == {"123": "page_number"}


@pytest.mark.parametrize(
    ("text", "x0", "y"),
    [
        ("(12)", 860, 1160),  # an equation's number
        ("123", 300, 1160),  # neither in the middle nor at a margin
        ("123", 485, 1095),  # as close as the next row
        ("C", 485, 1160),
    ],
)
def test_other_last_rows_are_no_page_number(text: str, x0: float, y: float) -> None:
    assert furniture([*prose(y=900), line(text, x0, y, 30)]) == {}


def test_a_head_close_to_the_text_needs_a_number() -> None:
    body = prose(y=120)
    named = [line("Index of kilns", 100, 96, 150), line("Changes of kilns", 750, 96, 150)]
    assert furniture([*named, *body]) == {}
    counted = [line("12 Index of kilns", 100, 96, 150), line("Changes", 750, 96, 150)]
    assert furniture([*counted, *body]) == {"12 Index of kilns Changes": "running_head"}
    tall = [line("Index", 100, 90, 60, 25), line("207", 860, 90, 40, 25)]
    assert furniture([*tall, *body]) == {"Index 207": "running_head"}


def test_a_long_head_with_its_number_at_the_margin_is_a_head() -> None:
    head = [line("7.2. RUN-LENGTH ENCODED BIT STRINGS", 100, 110, 640), line("65", 870, 110, 30)]
    assert set(furniture([*head, *prose(y=160)]).values()) == {"running_head"}
    near = [line("7.2. RUN-LENGTH ENCODED BIT STRINGS", 100, 110, 760), line("65", 870, 110, 30)]
    assert furniture([*near, *prose(y=160)]) == {}


def test_a_framed_head_stands_first_and_is_no_text() -> None:
    head = line("EDF Guide Page 82/139", 100, 40, 800)
    frame = Whole(Block("running_head", (0.1, 0.02, 0.9, 0.05), head.text, 0.9), frozenset({8}))
    blocks = page_blocks([*prose(), head], SIZE, tables=[frame])
    assert blocks[0] == frame.block
    assert [block.label for block in blocks[1:]] == ["paragraph"]
