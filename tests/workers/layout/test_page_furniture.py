"""Line numbers are cut off, stamps told by their slant, heads and feet by where they stand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.pages import Block, own_text
from workers.layout.page_blocks import page_blocks
from workers.layout.page_furniture import without_line_numbers
from workers.layout.page_lines import TextLine

SIZE = (1000, 1400)
STEP = 26


def line(text: str, x0: float, y: float, width: float = 600, slant: float = 0.0) -> TextLine:
    return TextLine((x0, y, x0 + width, y + 20), text, 0.9, slant=slant)


def prose(y: float = 300, rows: int = 8, x0: float = 100, width: float = 800) -> list[TextLine]:
    return [
        line(f"the words of row {chr(97 + n)} go on", x0, y + STEP * n, width) for n in range(rows)
    ]


def labels(lines: list[TextLine]) -> dict[str, str]:
    return {block.text: block.label for block in page_blocks(lines, SIZE)}


def test_numbers_that_count_the_lines_are_cut_off_them() -> None:
    counted = [
        part
        for n, row in enumerate(prose(rows=12))
        for part in (
            [line(f"{30 + n} {row.text}", 60, row.box[1])]
            if n % 3
            else [line(str(30 + n), 60, row.box[1], 25), row]
        )
    ]
    blocks = page_blocks(counted, SIZE)
    numbers = Block("line_numbers", blocks[-1].bbox, " ".join(map(str, range(30, 42))), 0.9)
    assert blocks[-1].label == numbers.label
    assert blocks[-1].text == numbers.text
    assert not any(char.isdigit() for char in own_text(blocks))


@pytest.mark.parametrize(
    "texts",
    [
        [f"{n} Chapter of kilns {7 * n}" for n in range(1, 13)],  # a list of contents
        [f"{n} Turn the wheel" for n in range(1, 13)],  # steps
        [f"{7 * n} and more words" for n in range(1, 13)],  # no counting
        [f"{n} and more words" for n in range(1, 5)],  # too few
    ],
)
def test_other_numbers_at_the_begin_of_lines_stay(texts: list[str]) -> None:
    lines = [line(text, 100, 300 + STEP * n) for n, text in enumerate(texts)]
    assert without_line_numbers(lines) == (lines, set())


@given(
    st.lists(
        st.tuples(st.sampled_from(["", "7", "8 ", "12 "]), st.sampled_from(["", "ab c", "Xy 3"])),
        max_size=30,
    )
)
def test_cutting_keeps_all_characters(parts: list[tuple[str, str]]) -> None:
    lines = [line(a + b, 100, STEP * n) for n, (a, b) in enumerate(parts) if a + b]
    kept, numbers = without_line_numbers(lines)
    together = sorted("".join("".join(line.text.split()) for line in kept))
    assert together == sorted("".join("".join(line.text.split()) for line in lines))
    assert all(kept[i].text.isdigit() for i in numbers)


def test_words_aslant_on_a_level_page_are_a_stamp() -> None:
    lines = [*prose(), line("PAID", 600, 700, 200, slant=20)]
    assert labels(lines)["PAID"] == "stamp"


def test_a_digit_whose_box_leans_is_no_stamp() -> None:
    lines = [*prose(), line("7", 100, 700, 20, slant=12)]
    assert "stamp" not in labels(lines).values()


def test_a_page_that_leans_as_a_whole_has_no_stamp() -> None:
    lines = [row._replace(slant=10.0) for row in prose()]
    assert "stamp" not in labels(lines).values()


def test_a_first_row_from_margin_to_margin_is_a_head() -> None:
    head = [line("Kilns of the North", 100, 90, 250), line("Abernethy et al.", 700, 90, 200)]
    found = labels([*head, *prose(y=150)])
    assert found["Kilns of the North Abernethy et al."] == "running_head"


def test_a_first_row_without_a_gap_below_is_text() -> None:
    cells = [line("Kilns of the North", 100, 275, 250), line("Abernethy et al.", 700, 275, 200)]
    assert "running_head" not in labels([*cells, *prose()]).values()


def test_words_far_out_at_the_foot_are_a_foot_even_above_another() -> None:
    feet = [line("Made by Ingleby", 300, 1320, 300), line("12", 480, 1350, 40)]
    found = labels([*prose(), *feet])
    assert found["Made by Ingleby"] == "running_foot"
    assert found["12"] == "page_number"


def test_the_last_row_of_text_is_no_foot() -> None:
    assert set(labels(prose(y=900, rows=14)).values()) == {"paragraph"}


def test_a_sentence_far_out_at_the_foot_is_text() -> None:
    lines = [*prose(), line("The file of parameters is a file of words.", 100, 1330, 300)]
    assert set(labels(lines).values()) == {"paragraph"}


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("The scripts are edited using the editor:", "paragraph"),
        ("Copyright 2011, the Guild of Kilns. All rights reserved.", "running_foot"),
        ("Manual of the kilns of the North", "running_foot"),
    ],
)
def test_a_sentence_that_the_model_takes_for_a_foot_is_text(text: str, label: str) -> None:
    foot = Block("running_foot", (0.09, 0.9, 0.9, 0.93), "", 0.9)
    blocks = page_blocks([*prose(), line(text, 100, 1270)], SIZE, [foot])
    assert [block.label for block in blocks] == ["paragraph", label]
