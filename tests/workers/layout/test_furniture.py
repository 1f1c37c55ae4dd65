"""Furniture by rules: heads, feet and numbers go; titles, footnotes and tables stay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.labels import FURNITURE
from workers.layout.crop_marks import trim
from workers.layout.edge_rows import edge
from workers.layout.furniture import OFFSETS, furniture
from workers.layout.placed_lines import PlacedLine

SIZE = 0.012


def line(text: str, y: float, x: float = 0.12, size: float = SIZE) -> PlacedLine:
    return PlacedLine(text, (x, y, min(x + 0.5 * size * len(text), 0.88), y + 1.2 * size), size)


def body(start: float = 0.15, stop: float = 0.88, seed: str = "") -> list[PlacedLine]:
    count = int((stop - start) / (1.3 * SIZE))
    return [
        line(chr(97 + (i + 7 * len(seed)) % 26) * 70 + seed * 9, start + 1.3 * SIZE * i)
        for i in range(count)
    ]


def labels_of(lines: list[PlacedLine], *others: list[PlacedLine], **more: object) -> dict[str, str]:
    neighbours = {k: edge(other) for k, other in zip((1, -1, 2, -2), others, strict=False)}
    labels = furniture(lines, neighbours, SIZE, **more)  # type: ignore[arg-type]  # for brevity
    return {lines[i].text: label for i, label in labels.items()}


def test_a_head_that_a_neighbour_has_and_a_number_that_counts_on() -> None:
    page = [line("Ropes and Knots", 0.06), *body(), line("Bends  17", 0.93, 0.8)]
    other = [line("Ropes and Knots", 0.06), *body(seed="o"), line("Hitches  19", 0.93, 0.8)]
    labels = {"Ropes and Knots": "running_head", "Bends  17": "running_foot"}
    assert labels_of(page, [], [], other) == labels
    assert labels_of(page) == {}


def test_left_and_right_pages_have_heads_of_their_own() -> None:
    page = [line("Chapter 3", 0.06), *body()]
    left = [line("A Manual", 0.06), *body(seed="o")]
    assert labels_of(page, left, left, [line("Chapter 3", 0.06), *body(seed="pp")])


@pytest.mark.parametrize("text", ["3", "- iv -", "Page 3 of 10"])
def test_a_lone_number_at_the_edge_needs_no_neighbour(text: str) -> None:
    assert labels_of([*body(), line(text, 0.94, 0.49)]) == {text: "page_number"}
    assert labels_of([*body(), line(text, 0.869, 0.12)]) == {}, "the last line of the body"


def test_a_number_far_from_its_head() -> None:
    head = [line("1 Introduction", 0.06), line("12", 0.06, 0.86)]
    assert set(labels_of([*head, *body()])) == {"1 Introduction", "12"}
    heading = [line("1", 0.06), line("Introduction", 0.06, 0.15)]
    assert labels_of([*heading, *body()]) == {}


def test_titles_of_slides_stay() -> None:
    page = [line("Outline", 0.06, size=2 * SIZE), *body()]
    other = [line("Outline", 0.06, size=2 * SIZE), *body(seed="o")]
    assert labels_of(page, other, other, other, other) == {}


def test_footnotes_at_the_same_place_stay() -> None:
    page = [*body(stop=0.85), line("1 See the first chapter.", 0.92)]
    other = [*body(stop=0.85, seed="o"), line("2 Written in the year 1871.", 0.92)]
    assert labels_of(page, other, other) == {}


def test_the_head_of_a_table_that_goes_on_stays() -> None:
    def table(seed: str) -> list[PlacedLine]:
        head = [line("Name", 0.06, 0.12), line("Price", 0.06, 0.5)]
        rows = [
            cell
            for i in range(30)
            for cell in (
                line(f"{seed}{chr(97 + i % 26) * 5}", 0.09 + 0.02 * i),
                line(f"{seed} gold", 0.09 + 0.02 * i, 0.5),
            )
        ]
        return [*head, *rows]

    assert labels_of(table("a"), table("b"), table("c")) == {}


def test_the_fields_of_a_form_stay() -> None:
    def form(name: str) -> list[PlacedLine]:
        fields = [line(f"Field {chr(97 + i)}", 0.06 + 0.03 * i, 0.3) for i in range(4)]
        end = [line(f"Signed {chr(97 + i)}", 0.81 + 0.04 * i, 0.3) for i in range(4)]
        return [*fields, *body(0.25, 0.75, name), *end]

    assert labels_of(form("a"), form("b")) == {}


def test_a_model_alone_settles_a_head_but_no_title() -> None:
    page = [line("Ropes and Knots", 0.06), *body()]
    assert labels_of(page, hints={0}) == {"Ropes and Knots": "running_head"}
    title = [line("Ropes and Knots", 0.06, size=1.5 * SIZE), *body()]
    assert labels_of(title, hints={0}) == {}


def test_line_numbers_in_the_margin() -> None:
    text = body()
    numbers = [line(str(5 * i + 5), at.bbox[1], 0.05) for i, at in enumerate(text[::5])]
    found = labels_of([*text, *numbers])
    assert set(found.values()) == {"line_numbers"}
    assert len(found) == len(numbers)


def test_a_watermark_lies_across_the_text() -> None:
    page = [*body(), PlacedLine("DRAFT", (0.1, 0.2, 0.9, 0.8), 8 * SIZE)]
    assert labels_of(page) == {"DRAFT": "watermark"}


def test_the_outline_of_a_talk() -> None:
    def slide(title: str) -> list[PlacedLine]:
        aside = [line(f"Part {chr(97 + i)}", 0.2 + 0.05 * i, 0.85) for i in range(6)]
        return [line(f"{title} {i}", 0.25 + 0.07 * i) for i in range(6)] + aside

    assert set(labels_of(slide("a"), slide("b"))) == {f"Part {c}" for c in "abcdef"}
    assert labels_of(slide("a")) == {}


fractions = st.floats(0, 1)
placed = st.builds(
    lambda text, x, y, w, h, size: PlacedLine(text, (x, y, x + w, y + h), size),
    st.text(max_size=30),
    *(fractions, fractions, fractions, fractions),
    st.sampled_from([0.0, 0.01, 0.05]),
)


@given(st.lists(placed, max_size=30), st.dictionaries(st.sampled_from(OFFSETS), st.lists(placed)))
def test_any_page_has_labels_of_furniture(
    lines: list[PlacedLine], around: dict[int, list[PlacedLine]]
) -> None:
    labels = furniture(lines, {k: edge(near) for k, near in around.items()}, 0.01)
    assert labels.keys() <= set(range(len(lines)))
    assert set(labels.values()) <= FURNITURE


def test_captions_stay_though_their_numbers_count_on() -> None:
    page = [line("Table 1.7 Knots", 0.06, 0.42), *body()]
    other = [line("Table 1.8 Bends", 0.06, 0.42), *body(seed="o")]
    assert labels_of(page, other) == {}


def grid(y: float, rows: int) -> list[tuple[float, float, float, float]]:
    """Upright ruling lines of three columns, drawn cell by cell."""
    height = 2.5 * SIZE
    return [
        (x, y + row * height, x + 0.001, y + (row + 1) * height)
        for x in (0.1, 0.3, 0.5)
        for row in range(rows)
    ]


def test_the_head_of_a_table_stays_though_a_neighbour_has_a_word_of_it() -> None:
    head = [line("Knot", 0.06, 0.12), line("MF", 0.06, 0.32), line("At", 0.06, 0.52)]
    row = [line("Bowline", 0.06 + 2.5 * SIZE, 0.14), line("Stop", 0.06 + 2.5 * SIZE, 0.34)]
    other = [line("Order", 0.06, 0.2), line("At", 0.06, 0.52), *body(seed="o")]
    rules = grid(0.06 - 0.6 * SIZE, 2)
    assert labels_of([*head, *row, *body()], other, rules=rules) == {}
    assert labels_of([*head, *row, *body()], other) != {}, "without a grid it is a row at the edge"


def marks(left: float, top: float, right: float, bottom: float) -> list[tuple[float, ...]]:
    across = [
        (x, y - 0.0005, x + 0.05, y + 0.0005) for y in (top, bottom) for x in (left - 0.06, right)
    ]
    down = [
        (x - 0.0005, y, x + 0.0005, y + 0.04) for x in (left, right) for y in (top - 0.05, bottom)
    ]
    return [*across, *down]


def test_what_lies_outside_of_crop_marks_is_not_the_page() -> None:
    rules = marks(0.1, 0.1, 0.9, 0.92)
    slug = line("ropes.indd  3  2011/2/4  20:56", 0.07)
    page = [slug, line("The first words of the page", 0.11), *body(0.13, 0.88)]
    assert labels_of(page, rules=rules) == {slug.text: "running_head"}
    assert labels_of(page, rules=rules[:-1]) == {}, "three corners and a half are no marks"


@given(
    st.tuples(*[st.floats(0.12, 0.25)] * 2, *[st.floats(0.75, 0.88)] * 2),
    st.randoms(use_true_random=False),
)
def test_crop_marks_are_found_in_any_order(box: tuple[float, ...], random: object) -> None:
    rules = marks(*box)
    random.shuffle(rules)  # type: ignore[attr-defined]  # Hypothesis has no public type for it
    found = trim(rules)
    assert found is not None
    assert found == pytest.approx(box, abs=0.003)


def test_line_numbers_beside_text_with_pieces_of_formulas() -> None:
    numbers = [line(str(5 * n), 0.2 + 0.07 * n, 0.08, 0.5 * SIZE) for n in range(1, 7)]
    pieces = [line("+", 0.2 + 0.02 * n, 0.4) for n in range(30)]
    found = labels_of([*numbers, *pieces, *body()])
    assert found == dict.fromkeys((number.text for number in numbers), "line_numbers")


def test_a_section_that_opens_a_page_is_no_head_though_numbers_count_on() -> None:
    def page(number: int, size: float, seed: str) -> list[PlacedLine]:
        name = line(f"9.1.{number} Release 20{number}", 0.06, size=size)
        return [name, *body(seed=seed)]

    large = 1.3 * SIZE
    assert labels_of(page(12, large, ""), page(13, large, "o")) == {}
    assert labels_of(page(12, SIZE, ""), page(13, SIZE, "o")), "a head in type of the body"
    assert labels_of(page(12, large, ""), page(12, large, "o")), "a head in larger type"


def test_a_number_that_stands_alone_is_found_further_in() -> None:
    page = [*body(stop=0.75), line("iii", 0.82, 0.5)]
    assert labels_of(page) == {"iii": "page_number"}
    assert labels_of([*body(stop=0.81), line("iii", 0.825, 0.5)]) == {}, "near the text"
    other = [*body(stop=0.75, seed="o"), line("iv", 0.9, 0.5)]
    assert labels_of(page, other) == {}, "those of the neighbours stand elsewhere"


def test_the_end_of_a_sentence_at_the_top_is_no_head_for_a_model() -> None:
    page = [line("and the second knot.", 0.06), *body()]
    assert labels_of(page, hints={0}) == {}


def test_bold_lines_that_open_pages_are_no_heads_without_words_in_common() -> None:
    def page(text: str, is_bold: bool) -> list[PlacedLine]:
        head = line(text, 0.06)
        return [PlacedLine(text, head.bbox, head.size, is_bold), *body(seed=text)]

    names = ("Bends", "Hitches", "Splices")
    assert labels_of(*(page(name, True) for name in names)) == {}
    assert labels_of(*(page(name, False) for name in names)) == {"Bends": "running_head"}


def test_superscripts_are_no_numbers_of_lines() -> None:
    assert (
        labels_of([*body(), line("2¹", 0.5, 0.05), *(line("²", 0.2 * i) for i in range(1, 5))])
        == {}
    )
