"""The text layer: Markdown from pages made here, and the verdicts on good and bad layers."""

from __future__ import annotations

import itertools
from dataclasses import fields

import pymupdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.labels import CONTENT
from schemas.pages import Box
from schemas.recipe import TextLayer as TextLayerFloors
from workers.textlayer import TextLayerSignals, extract, judge, turn
from workers.textlayer.join import join_lines, listing
from workers.textlayer.lines import Line
from workers.textlayer.markdown import body_sizes, segments, to_markdown
from workers.textlayer.order import framed_order, page_order, reading_order

PROSE = (
    "The quick brown fox jumps over the lazy dog and runs along the river until the evening sun "
    "goes down behind the hills, where nobody would look for it again before the morning. "
)
FLOORS = TextLayerFloors()
REASONS = {"invisible", "scanned", "outlined", "missing", "garbled", "misspaced"}


def new_page(width: float = 595, height: float = 842) -> pymupdf.Page:
    return pymupdf.open().new_page(width=width, height=height)


def reopened(page: pymupdf.Page) -> pymupdf.Page:
    """The page as another program would open it, from bytes."""
    document = pymupdf.open("pdf", page.parent.tobytes())
    document_page = document[0]
    document_page.keep_alive = document
    return document_page


def add_prose(
    page: pymupdf.Page, box: Box = (60, 120, 535, 400), repeat: int = 4, **style: int
) -> None:
    assert page.insert_textbox(box, PROSE * repeat, fontsize=10, **style) >= 0


def verdict(page: pymupdf.Page) -> str | None:
    return judge(extract(reopened(page)).signals, FLOORS)


def picture(grey: int = 120) -> pymupdf.Pixmap:
    pixmap = pymupdf.Pixmap(pymupdf.csGRAY, (0, 0, 40, 40))
    pixmap.clear_with(grey)
    return pixmap


def draw_table(page: pymupdf.Page, cells: list[list[str]], x: float = 80, y: float = 420) -> None:
    width, height = 100, 24
    rows, columns = len(cells), len(cells[0])
    for r in range(rows + 1):
        page.draw_line((x, y + r * height), (x + columns * width, y + r * height))
    for c in range(columns + 1):
        page.draw_line((x + c * width, y), (x + c * width, y + rows * height))
    for r, row in enumerate(cells):
        for c, text in enumerate(row):
            page.insert_text((x + c * width + 6, y + r * height + 16), text, fontsize=10)


# ---- Markdown -----------------------------------------------------------------------------


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


# ---- verdicts -----------------------------------------------------------------------------


def test_a_good_page_is_accepted() -> None:
    page = new_page()
    add_prose(page)
    assert verdict(page) is None


def test_a_page_without_text_is_missing() -> None:
    assert verdict(new_page()) == "missing"


def test_an_ocr_layer_over_a_scan_is_invisible_and_its_words_are_left_out() -> None:
    page = new_page()
    page.insert_image(page.rect, pixmap=picture())
    add_prose(page, render_mode=3)
    layer = extract(reopened(page))
    assert judge(layer.signals, FLOORS) == "invisible"
    assert layer.text == ""


def test_words_under_a_scan_are_invisible() -> None:
    page = new_page()
    add_prose(page)
    page.insert_image(page.rect, pixmap=picture())
    assert verdict(page) == "invisible"


def test_words_over_a_background_picture_are_accepted() -> None:
    page = new_page()
    page.insert_image(page.rect, pixmap=picture())
    add_prose(page)
    layer = extract(reopened(page))
    assert judge(layer.signals, FLOORS) is None
    assert [block.label for block in layer.blocks] == ["paragraph", "figure"]


def test_a_scan_in_strips_with_a_page_number_is_scanned() -> None:
    page = new_page()
    for i in range(40):
        page.insert_image(
            (0, i * 21, 595, i * 21 + 21), pixmap=picture(100 + i), keep_proportion=False
        )
    page.insert_text((290, 830), "12", fontsize=10)
    assert verdict(page) == "scanned"


def test_letters_drawn_as_paths_are_outlined() -> None:
    page = new_page()
    shape = page.new_shape()
    for i in range(300):
        shape.draw_bezier((60 + i, 60), (62 + i, 70), (66 + i, 50), (70 + i, 60))
        shape.finish(color=(0, 0, 0))
    shape.commit()
    assert verdict(page) == "outlined"


def test_private_use_text_is_garbled() -> None:
    page = new_page()
    writer = pymupdf.TextWriter(page.rect)
    for i in range(4):
        text = "".join(map(chr, range(0xE100 + 32 * i, 0xE120 + 32 * i)))
        writer.append((60, 60 + 20 * i), text, font=pymupdf.Font("cjk"), fontsize=10)
    writer.write_text(page)
    assert verdict(page) == "garbled"


def test_shifted_letters_are_garbled() -> None:
    page = new_page()
    shifted = "".join(chr((ord(c) - 97 + 3) % 26 + 97) if c.islower() else c for c in PROSE)
    assert page.insert_textbox((60, 60, 535, 400), shifted * 3, fontsize=10) >= 0
    assert verdict(page) == "garbled"


@pytest.mark.parametrize("text", [" ".join(PROSE.replace(" ", "")), PROSE.replace(" ", "")])
def test_letters_spaced_out_or_run_together_are_misspaced(text: str) -> None:
    page = new_page()
    for i in range(24):
        page.insert_text((60, 60 + 26 * i), text[i : i + 60], fontsize=9)
    assert verdict(page) == "misspaced"


def test_the_order_of_drawing_is_no_reason_against_a_layer() -> None:
    page = new_page()
    for i in (11, 4, 9, 2, 12, 1, 7, 3, 10, 0, 8, 5, 6):
        page.insert_text((60, 60 + 50 * i), f"Paragraph number {i} of the page", fontsize=10)
    assert verdict(page) is None


def test_pins_of_a_schematic_are_not_misspaced() -> None:
    page = new_page()
    for i in range(40):
        page.insert_text((60 + 120 * (i % 4), 60 + 70 * (i // 4)), "ABCDEK"[i % 6], fontsize=9)
    assert verdict(page) is None


# ---- what holds always --------------------------------------------------------------------

shares = st.floats(allow_nan=True, allow_infinity=True)
counts = st.integers(min_value=-1, max_value=10**9)
texts = st.text(max_size=40)
boxes = st.tuples(
    st.floats(-50, 900), st.floats(-50, 900), st.floats(0, 300), st.floats(0, 300)
).map(lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3]))
lines_strategy = st.builds(
    Line,
    text=texts.filter(lambda text: bool(text.strip())),
    box=boxes,
    size=st.floats(1, 72),
    block=st.integers(0, 3),
    is_bold=st.booleans(),
    is_mono=st.booleans(),
    quadrant=st.just(0),
)


@given(
    st.builds(
        TextLayerSignals,
        **{f.name: counts if f.type == "int" else shares for f in fields(TextLayerSignals)},
    )
)
def test_judge_is_total(signals: TextLayerSignals) -> None:
    assert judge(signals, FLOORS) in REASONS | {None}


@given(st.lists(texts))
def test_join_lines_loses_only_spaces_and_hyphens(lines: list[str]) -> None:
    joined = join_lines(lines)
    assert "\n" not in joined

    def bare(text: str) -> str:
        return "".join(c for c in text if not c.isspace() and c not in "-\u2010\u00ad")

    assert bare(joined) == bare("".join(lines))


@pytest.mark.parametrize(
    ("lines", "joined"),
    [
        (["a hyphen-", "ated word"], "a hyphenated word"),
        (["right-to-", "left"], "right-to-left"),
        (["the Anglo-", "Saxon"], "the Anglo-Saxon"),
        (["soft\u00ad", "Ware"], "softWare"),
        (["2019 -", "now"], "2019 - now"),
        (["中文", "中文"], "中文中文"),
        (["中文", "LaTeX"], "中文 LaTeX"),
        (["", "  "], ""),
    ],
)
def test_join_lines(lines: list[str], joined: str) -> None:
    assert join_lines(lines) == joined


@given(st.lists(boxes, max_size=40), st.booleans())
def test_reading_order_is_a_permutation(page_boxes: list[Box], right_to_left: bool) -> None:
    indices = list(range(len(page_boxes)))
    assert sorted(reading_order(page_boxes, 10.0, right_to_left)) == indices
    drawn = len(page_boxes) // 2
    assert sorted(page_order(page_boxes, drawn, 10.0, right_to_left)) == indices


@given(st.lists(boxes, max_size=30), st.lists(boxes, max_size=8), st.booleans())
def test_framed_order_is_a_permutation(
    page_boxes: list[Box], frames: list[Box], right_to_left: bool
) -> None:
    drawn = len(page_boxes) // 2
    order = framed_order(page_boxes, frames, drawn, 9.0, right_to_left)
    assert sorted(order) == list(range(len(page_boxes)))


def test_cards_are_read_one_after_the_other_though_no_gutter_parts_their_text() -> None:
    page_boxes = [(x, y, x + 236, y + 12) for y in (100, 130) for x in (60.0, 300.0)]
    frames = [(50.0, 80.0, 298.0, 160.0), (299.0, 80.0, 540.0, 160.0)]
    assert page_order(page_boxes, 4, 7.5) == [0, 1, 2, 3]
    assert framed_order(page_boxes, frames, 4, 7.5) == [0, 2, 1, 3]
    across = (40.0, 90.0, 420.0, 150.0)
    assert framed_order(page_boxes, [across], 4, 7.5) == [0, 1, 2, 3], "it cuts through boxes"


def test_columns_that_run_into_each_other_follow_the_stream() -> None:
    page_boxes: list[Box] = [(0, 20.0 * i, 90 + 40.0 * (i == 2), 20.0 * i + 12) for i in range(5)]
    page_boxes += [(100, 20.0 * i + 7, 190, 20.0 * i + 19) for i in range(5)]
    assert page_order(page_boxes, 10, 10.0) == list(range(10))


def test_a_column_is_cut_by_itself_where_the_stream_tells_it() -> None:
    left: list[Box] = [(0, 20.0 * i, 90 + 40.0 * (i == 2), 20.0 * i + 12) for i in range(5)]
    formula: list[Box] = [(130, 27, 190, 39), (100, 27, 125, 39)]  # drawn from its end
    right: list[Box] = [(100, 20.0 * i + 7, 190, 20.0 * i + 19) for i in range(2, 6)]
    order = page_order([*left, (100, 7, 190, 19), *formula, *right], 12, 10.0)
    assert order == [0, 1, 2, 3, 4, 5, 7, 6, 8, 9, 10, 11]


def test_a_caption_drawn_last_stays_with_its_figure() -> None:
    text: list[Box] = [(70, 70, 525, 110), (70, 600, 160, 610), (70, 624, 525, 665)]
    caption: Box = (222, 560, 376, 571)
    figure: Box = (170, 130, 420, 550)
    assert page_order([*text, caption, figure], 4, 9.0) == [0, 4, 3, 1, 2]


def test_notes_in_a_margin_are_read_beside_their_text() -> None:
    text: list[Box] = [(100, 60.0 * i, 400, 60.0 * i + 50) for i in range(5)]
    left: Box = (40, 122, 90, 134)
    right: Box = (410, 182, 460, 194)
    assert page_order([left, *text, right], 7, 9.0) == [1, 2, 0, 3, 4, 6, 5]
    column: list[Box] = [(10, 60.0 * i, 90, 60.0 * i + 50) for i in range(5)]
    assert page_order([*column, *text], 10, 9.0) == list(range(10)), "a column beside the text"


def test_a_line_to_the_right_above_one_to_the_left_is_read_first() -> None:
    across: list[Box] = [(0, 0, 400, 12), (0, 90, 400, 140)]
    staggered: list[Box] = [across[0], (250, 30, 400, 42), (0, 50, 150, 62), across[1]]
    assert page_order(staggered, 4, 9.0) == [0, 1, 2, 3]
    beside: list[Box] = [across[0], (250, 30, 400, 56), (0, 36, 150, 62), across[1]]
    assert page_order(beside, 4, 9.0) == [0, 2, 1, 3]


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


def test_terms_and_their_definitions_are_read_row_by_row() -> None:
    page_boxes: list[Box] = []
    for y in (0.0, 30.0, 60.0, 90.0):
        page_boxes += [(0, y, 80, y + 12), (120, y, 400, y + 12)]
    assert reading_order(page_boxes, 10.0) == list(range(8))


@settings(max_examples=50)
@given(st.lists(lines_strategy, max_size=12))
def test_markdown_never_raises_and_loses_no_line(lines: list[Line]) -> None:
    groups = segments(lines)
    assert [line for group in groups for line in group.lines] == lines
    sizes = body_sizes(lines)
    for group in groups:
        label, text = to_markdown(group, sizes)
        assert label in CONTENT
        seen = [line.text.replace("\u00ad", "").strip() for line in group.lines]
        assert text.strip() or not any(seen)  # a soft hyphen alone shows nothing


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


def test_listing_keeps_gaps_between_parts() -> None:
    rows = [
        [Line("ab", (0.0, 0.0, 12.0, 10.0), 10.0, 0)],
        [
            Line("c", (12.0, 12.0, 18.0, 22.0), 10.0, 0),
            Line("d", (36.0, 12.0, 42.0, 22.0), 10.0, 0),
        ],
    ]
    assert listing(rows) == "ab\n  c   d"


def test_an_inline_picture_is_seen() -> None:
    page = new_page()
    add_prose(page)
    document = page.parent
    inline = b"\nq 400 0 0 300 60 60 cm BI /W 1 /H 1 /CS /G /BPC 8 ID \x80\nEI Q\n"
    xref = page.get_contents()[-1]
    document.update_stream(xref, document.xref_stream(xref) + inline)
    assert extract(reopened(page)).signals.image_share > 0.2
