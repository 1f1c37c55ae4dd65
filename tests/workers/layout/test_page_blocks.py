"""Each line is in one block, blocks lie on the page, and labels follow regions and rules."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from schemas.labels import CONTENT, FURNITURE
from schemas.pages import Block, Box, own_text
from workers.layout.page_blocks import page_blocks
from workers.layout.page_lines import TextLine, Whole

SIZE = (1000, 1400)
HEIGHT = 20


def line(text: str, x0: float, y: float, width: float = 400, height: float = HEIGHT) -> TextLine:
    return TextLine((x0, y, x0 + width, y + height), text, 0.9)


def prose(x0: float = 100, y: float = 300, rows: int = 4, word: str = "words") -> list[TextLine]:
    return [line(f"{word} of row {row} go on", x0, y + 26 * row) for row in range(rows)]


def region(label: str, x0: float, y0: float, x1: float, y1: float) -> Block:
    return Block(label, (x0 / SIZE[0], y0 / SIZE[1], x1 / SIZE[0], y1 / SIZE[1]), "", 0.9)


def labelled(lines: list[TextLine], *regions: Block) -> list[tuple[str, str]]:
    return [(block.label, block.text) for block in page_blocks(lines, SIZE, regions)]


def test_a_number_alone_at_the_foot_is_furniture_and_no_text() -> None:
    blocks = page_blocks([*prose(), line("– 17 –", 480, 1350, 40)], SIZE)
    assert [block.label for block in blocks] == ["paragraph", "page_number"]
    assert "17" not in own_text(blocks)


def test_a_number_in_the_middle_of_the_page_is_text() -> None:
    assert {label for label, _ in labelled([*prose(), line("17", 480, 700, 40)])} == {"paragraph"}


def test_a_row_of_numbers_at_the_foot_is_no_page_number() -> None:
    cells = [line(str(n), 100 + 200 * n, 1350, 40) for n in range(4)]
    assert "page_number" not in {label for label, _ in labelled([*prose(), *cells])}


def test_a_head_with_its_number_is_furniture_where_the_model_says_so() -> None:
    lines = [line("12", 100, 40, 30), line("A History of Kilns", 500, 40), *prose()]
    head = region("running_head", 490, 30, 910, 70)
    assert labelled(lines, head)[:2] == [
        ("page_number", "12"),
        ("running_head", "A History of Kilns"),
    ]

    unmarked = [line("A History of Kilns", 500, 120), *prose()]
    assert [label for label, _ in labelled(unmarked)] == ["paragraph", "paragraph"]


def test_a_head_that_the_model_sees_amid_the_page_is_text() -> None:
    lines = [*prose(y=100), line("Kilns of the North", 100, 700), *prose(y=800)]
    labels = [label for label, _ in labelled(lines, region("running_head", 90, 690, 600, 730))]
    assert not set(labels) & FURNITURE


def test_headings_have_marks_by_label_height_and_number() -> None:
    lines = [
        line("Kilns", 100, 100, height=40),
        line("2.1 Their bricks", 100, 220, 300),
        *prose(),
        line("Their fires", 100, 450, 300),
        *prose(y=500),
    ]
    found = labelled(lines, region("heading", 90, 445, 500, 475))
    assert [text for label, text in found if label in ("title", "heading")] == [
        *("# Kilns", "### 2.1 Their bricks", "### Their fires")
    ]


def test_an_entry_of_a_contents_page_is_no_heading() -> None:
    lines = [line(f"2.{n} Bricks of kind {n} ..... {n}4", 100, 300 + 26 * n) for n in range(4)]
    assert labelled(lines) == [
        ("paragraph", "\n".join(f"2.{n} Bricks of kind {n} ... {n}4" for n in range(4)))
    ]


def test_items_are_one_list_and_their_rows_are_joined() -> None:
    lines = [
        *prose(y=200),
        line("• bricks of the first", 120, 340),
        line("kiln", 140, 366, 60),
        line("• tiles", 120, 392, 100),
    ]
    assert labelled(lines)[1:] == [("list", "- bricks of the first kiln\n- tiles")]


def test_footnotes_come_after_the_columns() -> None:
    left, right = prose(x0=80, rows=8, word="left"), prose(x0=520, rows=8, word="right")
    note = line("1 See the note on kilns.", 80, 560)
    blocks = page_blocks([*left, note, *right], SIZE, [region("footnote", 70, 550, 490, 590)])
    assert [block.label for block in blocks] == ["paragraph", "paragraph", "footnote"]
    assert own_text(blocks).endswith("See the note on kilns.")


def test_a_figure_keeps_its_words_and_stands_where_it_is() -> None:
    lines = [*prose(y=100), line("kiln", 300, 500, 60), line("fire", 500, 520, 60), *prose(y=800)]
    blocks = page_blocks(lines, SIZE, [region("figure", 100, 400, 900, 700)])
    assert [(block.label, block.text.split()) for block in blocks[1:2]] == [
        ("figure", ["kiln", "fire"])
    ]


def test_a_table_stands_where_it_is_and_takes_its_lines() -> None:
    lines = [*prose(y=100), line("a", 100, 500, 20), line("b", 300, 500, 20), *prose(y=800)]
    table = Block("table", (0.1, 0.35, 0.4, 0.375), "| a | b |", 0.9)
    blocks = page_blocks(lines, SIZE, tables=[Whole(table, frozenset({4, 5}))])
    assert [block.label for block in blocks] == ["paragraph", "table", "paragraph"]
    assert blocks[1] is table


places = st.tuples(
    st.integers(0, 900), st.integers(0, 1350), st.integers(1, 900), st.integers(1, 300)
)
words = st.sampled_from(["12", "• item", "1.2 Kilns", "words go on", "窯", "3 / 9", "a ....... 7"])
labels = st.sampled_from([*sorted(CONTENT), *sorted(FURNITURE)])


def on_page(place: tuple[int, int, int, int]) -> Box:
    x, y, width, height = place
    return (x, y, min(x + width, SIZE[0]), min(y + height, SIZE[1]))


@given(st.lists(st.tuples(places, words), max_size=25), st.lists(st.tuples(places, labels)))
def test_no_word_is_lost_or_doubled(
    lines: list[tuple[tuple[int, int, int, int], str]],
    regions: list[tuple[tuple[int, int, int, int], str]],
) -> None:
    """Marks aside: bullets, dots of leaders, heading signs."""
    texts = [TextLine(on_page(place), f"w{n} {text}", 0.9) for n, (place, text) in enumerate(lines)]
    found = page_blocks(texts, SIZE, [region(label, *on_page(place)) for place, label in regions])
    tokens = " ".join(block.text for block in found).split()
    assert sorted(token for token in tokens if token.startswith("w") and token[1:].isdigit()) == (
        sorted(f"w{n}" for n in range(len(lines)))
    )
    for block in found:
        assert block.label in CONTENT | FURNITURE
        assert 0 <= block.bbox[0] <= block.bbox[2] <= 1
        assert 0 <= block.bbox[1] <= block.bbox[3] <= 1
