"""Outputs of DeepSeek-OCR and Unlimited-OCR, complete and broken."""

from __future__ import annotations

import pytest

from schemas.pages import Block
from workers.engines.grammars.blocks import WHOLE_PAGE
from workers.engines.grammars.grounded import deepseek, unlimited
from workers.engines.grammars.parsed import Parsed

END = "<｜end▁of▁sentence｜>"
UPPER = (0.0, 0.0, 1.0, 500 / 999)
LOWER = (0.0, 500 / 999, 1.0, 1.0)


def ref(label: str, *boxes: str) -> str:
    return f"<|ref|>{label}<|/ref|><|det|>[{', '.join(boxes)}]<|/det|>"


UP, LOW = "[0, 0, 999, 500]", "[0, 500, 999, 999]"


def found(parsed: Parsed) -> list[tuple[str, str]]:
    return [(block.label, block.text) for block in parsed.blocks]


def test_page_of_labelled_regions() -> None:
    page = (
        f"{ref('sub_title', UP)}\n## 1 Introduction  \n\n"
        f"{ref('image', LOW)}\n"
        f"{ref('image_caption', LOW)}\n<center>Figure 1: Overall results. </center>  \n\n"
        f"{ref('equation', LOW)}\n\\[ a < b \\]\n\n"
        f"{ref('table', LOW)}\n<table><tr><td>1</td></tr></table>\n\n"
        f"{ref('table_footnote', LOW)}\nNote.\n\n{ref('page_number', LOW)}\n7{END}"
    )
    parsed = deepseek(page)
    assert parsed.blocks == (
        Block("heading", UPPER, "## 1 Introduction"),
        Block("figure", LOWER, ""),
        Block("caption", LOWER, "Figure 1: Overall results."),
        Block("formula", LOWER, "\\[ a < b \\]"),
        Block("table", LOWER, "<table><tr><td>1</td></tr></table>"),
        Block("footnote", LOWER, "Note."),
        Block("page_number", LOWER, "7"),
    )
    assert parsed.text.startswith("## 1 Introduction\n\nFigure 1: Overall results.\n\n\\[")


def test_boxes_may_be_nested_deeper() -> None:
    assert deepseek(f"<|ref|>text<|/ref|><|det|>[[{UP}]]<|/det|>Hi").blocks == (
        Block("paragraph", UPPER, "Hi"),
    )


def test_several_boxes_are_several_blocks_and_the_first_has_the_text() -> None:
    assert deepseek(ref("text", UP, LOW) + "Hi").blocks == (
        Block("paragraph", UPPER, "Hi"),
        Block("paragraph", LOWER, ""),
    )


@pytest.mark.parametrize("label", ["text\n", "\n text", "TEXT"])
def test_label_with_line_breaks(label: str) -> None:
    assert found(deepseek(ref(label, UP) + "\nHi")) == [("paragraph", "Hi")]


def test_label_broken_over_lines() -> None:
    assert found(deepseek(ref("sub\ntitle", UP) + "\nHi")) == [("heading", "Hi")]


@pytest.mark.parametrize(
    ("written", "bbox"),
    [
        ("[-20, 0, 5000, 999]", (0, 0, 1, 1)),
        ("[999, 999, 0, 500]", LOWER),
        ("[0.0, 0.0, 999.0, 499.5]", (0, 0, 1, 0.5)),
        (f"[0, 0, {'9' * 5000}, 500]", UPPER),
        ("[0,0,999,500", WHOLE_PAGE),
        ("[0, 0, 999]", WHOLE_PAGE),
        ("[0, 0, 999, 500, 7]", WHOLE_PAGE),
        ("[a, b, c, d]", WHOLE_PAGE),
    ],
)
def test_coordinates_are_clamped_and_ordered(
    written: str, bbox: tuple[float, float, float, float]
) -> None:
    [block] = deepseek(f"<|ref|>text<|/ref|><|det|>[{written}<|/det|>Hi").blocks
    assert block == Block("paragraph", bbox, "Hi")


@pytest.mark.parametrize(
    "end",
    [
        *("<|", "<|ref", "<|ref|", "<|ref|>", "<|ref|>ima", "<|ref|>image", "<|ref|>image<|/re"),
        *("<|ref|>image<|/ref|>", "<|ref|>image<|/ref|><|de", "<|ref|>image<|/ref|><|det|>"),
        *("<|ref|>image<|/ref|><|det|>[[1, 2", "<｜end▁of", END),
    ],
)
def test_output_cut_off_in_a_tag(end: str) -> None:
    parsed = deepseek(f"{ref('text', UP)}\nHello world\n\n{end}")
    assert parsed.blocks == (Block("paragraph", UPPER, "Hello world"),)


def test_output_cut_off_after_a_box_keeps_the_box() -> None:
    parsed = deepseek(f"{ref('text', UP)}\nHi\n\n<|ref|>image<|/ref|><|det|>[{LOW}")
    assert parsed.blocks[1:] == (Block("figure", LOWER, ""),)


def test_box_without_an_end_does_not_swallow_its_text() -> None:
    parsed = deepseek(f"<|ref|>text<|/ref|><|det|>[{UP}]\nSome text.\n{ref('image', LOW)}")
    assert parsed.blocks == (Block("paragraph", UPPER, "Some text."), Block("figure", LOWER, ""))


def test_text_before_the_first_region_is_somewhere_on_the_page() -> None:
    parsed = deepseek(f"<|grounding|>Before.\n{ref('text', UP)}Hi")
    assert parsed.blocks == (
        Block("paragraph", WHOLE_PAGE, "Before."),
        Block("paragraph", UPPER, "Hi"),
    )


def test_box_without_a_label_is_text() -> None:
    assert deepseek(f"<|det|>[{UP}]<|/det|>Hi").blocks == (Block("paragraph", UPPER, "Hi"),)


def test_unknown_label_with_a_text_is_kept_in_lower_case() -> None:
    assert found(deepseek(ref("Side Note", UP) + "Hi")) == [("side_note", "Hi")]


def test_free_text_has_no_blocks() -> None:
    assert deepseek(f"A page.\n\nIts <|x|> end.{END}") == Parsed("A page.\n\nIts <|x|> end.")


def test_lines_as_references_are_the_text() -> None:
    page = "\n".join([ref("Hello world", UP), ref("Table", UP), ref("of 3 lines", LOW), END])
    assert found(deepseek(page)) == [
        ("paragraph", "Hello world"),
        ("paragraph", "Table"),
        ("paragraph", "of 3 lines"),
    ]


def test_last_line_cut_off_is_kept() -> None:
    page = f"{ref('Hello world', UP)}\n{ref('Table', LOW)}\n<|ref|>Tab"
    assert found(deepseek(page))[2:] == [("paragraph", "Tab")]


def test_what_locate_found() -> None:
    assert deepseek(ref("the red car", UP, LOW)).blocks == (
        Block("paragraph", UPPER, "the red car"),
        Block("paragraph", LOWER, ""),
    )


def test_long_reference_among_labels_is_text() -> None:
    line = "A sentence that is no label at all"
    page = ref("title", UP) + "# A\n" + ref("text", UP) + "B\n" + ref(line, LOW) + "more"
    assert found(deepseek(page)) == [
        ("title", "# A"),
        ("paragraph", "B"),
        ("paragraph", f"{line}\nmore"),
    ]


def test_figures_alone_are_no_lines() -> None:
    parsed = deepseek(ref("image", UP) + "\n" + ref("image", LOW))
    assert parsed == Parsed("", (Block("figure", UPPER, ""), Block("figure", LOWER, "")))


def test_unlimited_page() -> None:
    page = (
        f"<PAGE><|det|>header [0, 0, 999, 500]<|/det|>TOYODA\n"
        f"<|det|>title [0, 0, 999, 500]<|/det|>5.1 Alarm List\n"
        f"<|det|>image [0, 500, 999, 999]<|/det|>\n"
        f"<|det|>table [0, 500, 999, 999]<|/det|><table><tr><td>1</td></tr></table>\n{END}"
    )
    assert unlimited(page).blocks == (
        Block("running_head", UPPER, "TOYODA"),
        Block("title", UPPER, "5.1 Alarm List"),
        Block("figure", LOWER, ""),
        Block("table", LOWER, "<table><tr><td>1</td></tr></table>"),
    )


@pytest.mark.parametrize(
    "end", ["<|det", "<|det|>", "<|det|>ima", "<|det|>image", "<|det|>image [1, 2"]
)
def test_unlimited_output_cut_off_in_a_tag(end: str) -> None:
    parsed = unlimited(f"Before<|det|>text [0, 0, 999, 500]<|/det|>Hello world\n{end}")
    assert parsed.blocks == (
        Block("paragraph", WHOLE_PAGE, "Before"),
        Block("paragraph", UPPER, "Hello world"),
    )


@pytest.mark.parametrize(
    "page",
    [
        "<|det|>text [0, 0, 999, 500]\nHi",
        "<|det|>[0,0,999,500]<|/det|>Hi",
        "<|det|>\n[0,0,999,500]\nHi",
    ],
)
def test_unlimited_tolerates_a_missing_label_or_end(page: str) -> None:
    assert unlimited(page).blocks == (Block("paragraph", UPPER, "Hi"),)


def test_unlimited_keeps_text_that_stands_in_a_tag() -> None:
    assert unlimited("<|det|>A sentence that is no label at all").text.startswith("A sentence")


def test_unlimited_free_text_has_no_blocks() -> None:
    assert unlimited(f"A page.{END}") == Parsed("A page.")
