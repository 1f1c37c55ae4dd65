"""MinerU2.5's layouts: which regions are read, and how a page is put together of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.pages import own_text
from workers.engines.grammars.mineru import mineru, mineru_page, mineru_regions
from workers.engines.grammars.parsed import Parsed

PIECES = [
    *("<|box_start|>", "<|box_end|>", "<|ref_start|>", "<|ref_end|>", "<|rotate_left|>", "\n"),
    *("1 2 30 40", "0 0 1000 1000", "9999 0 0 1", "1 2 3", "text", "list", "table", "equation"),
    *("image_block", "equation_block", "image", "unknown", "x" * 50, "<|txt_contd_tgt|>"),
]
PLACES = st.lists(st.integers(0, 1100), min_size=4, max_size=4)
KINDS = st.sampled_from(
    ["text", "title", "list", "table", "equation", "equation_block", "image", "image_block", "code"]
)


def region(kind: str, places: str, turn: str = "up", tail: str = "") -> str:
    return (
        f"<|box_start|>{places}<|box_end|><|ref_start|>{kind}<|ref_end|><|rotate_{turn}|>{tail}\n"
    )


def kinds(output: str) -> list[str]:
    return [each.kind for each in mineru_regions(output)]


def test_regions_have_their_kind_place_and_turn() -> None:
    output = region("title", "100 050 900 090") + region("text", "100 100 400 900", "right")
    title, text = mineru_regions(output)
    assert (title.kind, title.bbox, title.turn) == ("title", (0.1, 0.05, 0.9, 0.09), 0)
    assert (text.kind, text.bbox, text.turn) == ("text", (0.1, 0.1, 0.4, 0.9), 270)


def test_figures_are_not_read() -> None:
    output = region("image", "0 0 500 500") + region("chart", "500 0 1000 500")
    assert [each.is_read for each in mineru_regions(output + region("text", "0 600 9 900"))] == [
        False,
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("inner", "outer", "left"),
    [
        ("text", "table", ["table"]),
        ("equation", "table", ["table"]),
        ("image", "image_block", ["image_block"]),
        ("image_caption", "chart", ["chart"]),
        ("table_caption", "table", ["table", "table_caption"]),
        ("text", "list", ["text"]),
        ("equation", "equation_block", ["equation"]),
        ("image", "text", ["text", "image"]),
    ],
)
def test_what_another_region_gives_is_not_read_twice(
    inner: str, outer: str, left: list[str]
) -> None:
    assert kinds(region(outer, "100 100 900 900") + region(inner, "200 200 800 300")) == left


def test_a_holder_of_nothing_is_read_itself() -> None:
    output = region("list", "100 100 900 400") + region("equation_block", "100 500 900 600")
    page = mineru_page(mineru_regions(output), ["• a\n• b", r"\[ x \]"])
    assert page.text == "• a\n• b\n\n$$x$$"


def test_a_region_that_is_named_twice_is_read_once() -> None:
    output = region("text", "100 100 900 400") + region("text", "101 100 900 400")
    assert kinds(output + region("text", "100 100 900 200")) == ["text", "text"]


@pytest.mark.parametrize(
    "output", ["", "The kiln.", region("text", "5 5 5 90"), 1001 * region("text", "1 1 9 9")]
)
def test_what_is_no_layout_has_no_regions(output: str) -> None:
    assert mineru_regions(output) == ()


def test_page() -> None:
    output = (
        region("header", "0 0 1000 30")
        + region("doc_title", "100 50 900 90")
        + region("title", "100 100 900 140")
        + region("list", "100 150 900 300")
        + region("text", "110 160 890 200")
        + region("list_item", "110 210 890 250")
        + region("equation", "100 310 900 350")
        + region("table", "100 360 900 500")
        + region("table_footnote", "100 510 900 530")
        + region("image", "100 540 900 600")
        + region("code", "100 610 900 700")
        + region("novelty", "100 710 900 800")
    )
    answers = [
        *("Head", "A\nkiln", "B", "• one", "2. two", r"\[E=mc^2\]", "<table></table>", "Note", ""),
        *("x = 1", "C"),
    ]
    page = mineru_page(mineru_regions(output), answers)
    assert [(block.label, block.text) for block in page.blocks] == [
        ("running_head", "Head"),
        ("title", "# A kiln"),
        ("heading", "## B"),
        ("list", "- one"),
        ("list", "2. two"),
        ("formula", "$$E=mc^2$$"),
        ("table", "<table></table>"),
        ("footnote", "Note"),
        ("figure", ""),
        ("code", "```\nx = 1\n```"),
        ("novelty", "C"),
    ]
    assert page.text == own_text(page.blocks)
    assert page.turn == 0


@pytest.mark.parametrize(
    ("first", "second", "joined"),
    [("It was fired", "twice.", "It was fired twice."), ("窑烧了", "两次。", "窑烧了两次。")],
)
def test_a_text_goes_on_in_the_next_column(first: str, second: str, joined: str) -> None:
    output = (
        region("text", "100 100 400 900")
        + region("image", "500 100 900 400")
        + region("text", "500 500 900 900", tail="<|txt_contd_tgt|>")
    )
    page = mineru_page(mineru_regions(output), [first, "", second])
    assert page.text == joined
    assert [block.text for block in page.blocks] == [joined, "", ""]


@pytest.mark.parametrize(
    ("turns", "turn"),
    [(["right"], 270), (["left", "left", "up"], 90), (["down"], 180), (["up", "left"], 0)],
)
def test_a_page_lies_as_most_of_it(turns: list[str], turn: int) -> None:
    output = "".join(
        region("text", f"0 {100 * row} 1000 {100 * row + 90}", each)
        for row, each in enumerate(turns)
    )
    page = mineru_page(mineru_regions(output), ["a"] * len(turns))
    assert page.turn == turn


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (r"Let \(x\) be \( y \).<|im_end|>", "Let $x$ be $y$."),
        ("[Non-Text]", ""),
        ("<|box_start|>The kiln.<|rotate_up|>", "The kiln."),
        ("<fcel>A<lcel><nl>", '<table><tr><td colspan="2">A</td></tr></table>'),
    ],
)
def test_answers(answer: str, text: str) -> None:
    assert mineru(answer) == Parsed(text)


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_any_string_is_a_layout_or_none(output: str) -> None:
    for each in mineru_regions(output):
        x0, y0, x1, y1 = each.bbox
        assert 0 <= x0 < x1 <= 1
        assert 0 <= y0 < y1 <= 1


@given(st.lists(st.tuples(KINDS, PLACES, st.text(max_size=9)), max_size=12))
def test_any_answers_make_a_page(found: list[tuple[str, list[int], str]]) -> None:
    output = "".join(region(kind, " ".join(map(str, places))) for kind, places, _ in found)
    regions = mineru_regions(output)
    page = mineru_page(regions, [text for _, _, text in found[: len(regions)]])
    assert page.text == own_text(page.blocks)
    assert [block.bbox for block in page.blocks] == [each.bbox for each in regions]


def test_long_hostile_layouts_are_read() -> None:
    for unit in (*PIECES, "<|box_start|>1 1", region("text", "1 1 9 9"), "<|box_start|>    "):
        mineru_regions(unit * (200_000 // len(unit)))
