"""The text layer of a page: Markdown from pages made here."""

from __future__ import annotations

import itertools

import pymupdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.pages import Box
from tests.workers.textlayer.drawn import (
    FLOORS,
    PROSE,
    add_prose,
    boxes,
    draw_table,
    new_page,
    picture,
    reopened,
)
from workers.textlayer import extract, judge, turn


def test_headings_by_size_and_prose_as_one_paragraph() -> None:
    page = new_page()
    page.insert_text((60, 60), "The Title", fontsize=20)
    page.insert_text((60, 100), "A Section", fontsize=12)
    add_prose(page)
    layer = extract(reopened(page))
    paragraphs = layer.text.split("\n\n")
    assert paragraphs[:2] == ["# The Title", "### A Section"]
    assert paragraphs[2] == (PROSE * 4).strip()
    assert [block.label for block in layer.blocks] == ["title", "heading", "paragraph"]
    assert judge(layer.signals, FLOORS) is None


def test_a_numbered_section_in_type_of_the_body_is_a_heading() -> None:
    page = new_page()
    page.insert_text((60, 100), "6.5.2 Long splices", fontsize=10)
    add_prose(page)
    page.insert_text((60, 520), "6.5.3 Short splices 12", fontsize=10)
    texts = [block.text for block in extract(reopened(page)).blocks]
    assert texts[0] == "#### 6.5.2 Long splices"
    assert texts[-1] == "6.5.3 Short splices 12", "an entry of a list of contents"


@pytest.mark.parametrize(
    ("text", "is_last"), [("RECEIVED", True), ("RECEIVED", False), ("Notice", True)]
)
def test_a_stamp_in_a_frame_is_put_on_last(text: str, is_last: bool) -> None:
    page = new_page()
    if is_last:
        add_prose(page)
    page.draw_rect((400, 60, 500, 110))
    page.insert_text((410, 80), text, fontsize=12)
    page.insert_text((410, 100), "14 MAR 1874", fontsize=10)
    if not is_last:
        add_prose(page)
    layer = extract(reopened(page))
    assert (text not in layer.text) == (text == "RECEIVED" and is_last)
    assert [b.label for b in layer.blocks].count("stamp") in (0, 2)


def test_two_columns_under_a_heading_are_read_one_after_the_other() -> None:
    page = new_page()
    page.insert_text((60, 60), "A heading that reaches across both of the columns", fontsize=18)
    # The right column is drawn first: the content stream is no help.
    add_prose(page, (310, 100, 535, 400), 3)
    add_prose(page, (60, 100, 285, 250), 1)
    add_prose(page, (60, 300, 285, 480), 2)
    layer = extract(reopened(page))
    assert [block.label for block in layer.blocks] == [
        "title",
        "paragraph",
        "paragraph",
        "paragraph",
    ]
    lefts = [block.bbox[0] < 0.5 for block in layer.blocks]
    assert lefts == [True, True, True, False]


def test_a_ruled_table_is_written_once_and_its_pipes_are_escaped() -> None:
    page = new_page()
    add_prose(page)
    draw_table(page, [["Name", "Count"], ["apples", "12"], ["a|b", "7"]])
    page.insert_text((60, 560), "After the table.", fontsize=10)
    layer = extract(reopened(page))
    table = "| Name | Count |\n|---|---|\n| apples | 12 |\n| a\\|b | 7 |"
    assert layer.text.split("\n\n")[1:] == [table, "After the table."]
    assert layer.text.count("apples") == 1
    assert judge(layer.signals, FLOORS) is None


def test_a_table_on_a_rotated_page_keeps_its_rows() -> None:
    page = new_page(842, 595)
    draw_table(page, [["Name", "Count"], ["apples", "12"], ["pears", "7"]], y=100)
    turned = new_page(595, 842)
    turned.show_pdf_page(turned.rect, page.parent, 0, rotate=90)
    turned.set_rotation(90)
    layer = extract(reopened(turned))
    assert "| apples | 12 |" in layer.text
    assert turned.rotation == 90


def test_rows_that_align_without_rules_become_a_table() -> None:
    page = new_page()
    for r, row in enumerate([("Name", "Count", "Price"), ("plum", "12", "3.5"), ("fig", "7", "1")]):
        for c, text in enumerate(row):
            page.insert_text((80 + 120 * c, 100 + 12 * r), text, fontsize=10)
    assert extract(reopened(page)).text == (
        "| Name | Count | Price |\n|---|---|---|\n| plum | 12 | 3.5 |\n| fig | 7 | 1 |"
    )


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_boxes_are_fractions_of_the_upright_page(rotation: int) -> None:
    page = new_page()
    page.insert_text((60, 60), "In the top left corner before rotation", fontsize=10)
    page.insert_image((300, 500, 560, 800), pixmap=picture())
    page.set_rotation(rotation)
    layer = extract(reopened(page))
    assert layer.view.rotation == -rotation % 360
    text, figure = layer.blocks
    assert (text.label, figure.label) == ("paragraph", "figure")
    assert text.bbox[:2] == pytest.approx((60 / 595, 50 / 842), abs=0.01)
    assert 0.5 < figure.bbox[0] < figure.bbox[2] < 1
    assert 0.59 < figure.bbox[1] < figure.bbox[3] < 1


def test_text_across_the_page_is_read_in_its_own_direction() -> None:
    page = new_page(842, 595)
    add_prose(page, (60, 60, 780, 300), 4)
    turned = new_page(595, 842)
    turned.show_pdf_page(turned.rect, page.parent, 0, rotate=90)
    assert extract(reopened(turned)).text == (PROSE * 4).strip()


def test_lists_keep_their_items() -> None:
    page = new_page()
    writer = pymupdf.TextWriter(page.rect)
    for i, text in enumerate(["\u2022 first item", "\u2022 second item", "3. third item"]):
        writer.append((60, 60 + 13 * i), text, font=pymupdf.Font("helv"), fontsize=10)
    writer.write_text(page)
    add_prose(page)
    text = extract(reopened(page)).text
    assert text.startswith("- first item\n- second item\n3. third item\n\n")


def test_a_table_of_contents_keeps_its_rows() -> None:
    page = new_page()
    for i, text in enumerate(["First", "Second", "Third"]):
        row = f"{i + 1} {text} " + ". " * (60 - len(text)) + str(i + 7)
        page.insert_text((60, 60 + 13 * i), row, fontsize=10)
    assert extract(reopened(page)).text == "1 First ... 7\n2 Second ... 8\n3 Third ... 9"


def test_code_keeps_its_indents() -> None:
    page = new_page()
    for i, text in enumerate(["def f(x):", "    if x:", "        return 1"]):
        page.insert_text((60, 60 + 12 * i), text, fontsize=10, fontname="cour")
    add_prose(page)
    expected = "```\ndef f(x):\n    if x:\n        return 1\n```"
    assert extract(reopened(page)).text.startswith(expected)


def test_chinese_lines_join_without_a_space() -> None:
    page = new_page()
    page.insert_text((60, 60), "我们在这里写一段中文文字用来检查", fontsize=11, fontname="china-s")
    page.insert_text((60, 75), "两行之间没有多余的空格。", fontsize=11, fontname="china-s")
    layer = extract(reopened(page))
    assert layer.text == "我们在这里写一段中文文字用来检查两行之间没有多余的空格。"
    assert judge(layer.signals, FLOORS) is None


def test_text_outside_the_page_and_drawn_twice_is_left_out() -> None:
    page = new_page()
    add_prose(page)
    page.insert_text((60, -30), "outside", fontsize=10)
    page.insert_text((60, 500), "shadowed words", fontsize=10)
    page.insert_text((60.8, 500.8), "shadowed words", fontsize=10)
    text = extract(reopened(page)).text
    assert "outside" not in text
    assert text.count("shadowed words") == 1


def test_framed_cards_of_other_heights_side_by_side_are_no_table() -> None:
    page = new_page()
    for column, ends in enumerate(((60, 200, 330, 460, 600, 740), (60, 270, 400, 530, 670, 740))):
        for card, (top, bottom) in enumerate(itertools.pairwise(ends)):
            box = pymupdf.Rect(40 + 250 * column, top, 290 + 250 * column, bottom)
            page.draw_rect(box, width=0.5)
            text = f"Card {column} {card}: " + "the pilot came aboard at noon, and " * 5
            page.insert_textbox(
                pymupdf.Rect(box.x0 + 8, box.y0 + 8, box.x1 - 8, box.y1), text, fontsize=9
            )
    blocks = extract(reopened(page)).blocks
    assert {block.label for block in blocks} == {"paragraph"}
    order = [block.text[:8] for block in blocks if block.text.startswith("Card")]
    assert order == sorted(order)


def test_a_run_in_heading_stays_in_its_paragraph() -> None:
    page = new_page()
    page.insert_text((60, 60), "Second step, the metrics", fontsize=10, fontname="hebo")
    page.insert_text((188, 60), "are made by the program,", fontsize=10)
    page.insert_text(
        (60, 72), "which reads the names of all the fonts that there are.", fontsize=10
    )
    page.insert_text((60, 110), "Third step", fontsize=10, fontname="hebo")
    labels = [block.label for block in extract(reopened(page)).blocks]
    assert labels == ["paragraph", "heading"]


def test_a_title_alone_on_its_page_and_one_in_capitals() -> None:
    page = new_page()
    page.insert_text((60, 100), "Appendices", fontsize=24)
    assert extract(reopened(page)).text == "# Appendices"
    page = new_page()
    page.insert_text((60, 60), "ON KNOTS", fontsize=10)
    add_prose(page)
    assert extract(reopened(page)).text.startswith("#### ON KNOTS")


def test_a_soft_hyphen_alone_is_no_block() -> None:
    with pymupdf.open() as document:
        page = document.new_page()
        page.insert_text((72, 72), "A line of words.", fontname="figo")
        page.insert_text((72, 400), "\u00ad", fontname="figo")
        layer = extract(page)
    assert [block.text for block in layer.blocks] == ["A line of words."]


@given(boxes, st.integers(0, 3))
def test_turning_there_and_back_is_the_same_box(box: Box, quadrant: int) -> None:
    size = (600.0, 800.0)
    there = turn(box, quadrant, *size)
    back = turn(there, -quadrant % 4, *(size if quadrant % 2 == 0 else size[::-1]))
    assert back == pytest.approx(box)


def test_a_section_in_the_middle_of_its_column_is_a_heading() -> None:
    row = "the words of a row of prose that fills all of its column"
    room = pymupdf.get_text_length(row, fontsize=8)
    middle = (room - pymupdf.get_text_length("IV. Losses", fontsize=8)) / 2

    def headings(indent: float) -> list[str]:
        page = new_page()
        for column in (60, 320):
            for n in range(12):
                if n == 6:
                    page.insert_text((column + indent, 144), "IV. Losses", fontsize=8)
                page.insert_text((column, 60 + 12 * n + 30 * (n > 5)), row, fontsize=8)
        blocks = extract(reopened(page)).blocks
        return [block.text for block in blocks if block.label == "heading"]

    assert headings(middle) == ["#### IV. Losses"] * 2
    assert headings(0) == []
