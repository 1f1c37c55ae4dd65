from __future__ import annotations

import pickle

import numpy as np
import pytest

from schemas.decontaminate import Benchmark
from workers.policies.decontamination import Item, build_index, count_items
from workers.policies.decontamination.index import MAX_PART_LETTERS
from workers.policies.decontamination.letters import as_text
from workers.policies.decontamination.seeds import SEED_LETTERS

MATHS = Benchmark(name="maths", file=("maths.jsonl",))
FACTS = Benchmark(name="facts", file=("facts.jsonl",), min_letters=30)


def item(benchmark: str, item_id: str, *texts: str) -> Item:
    return Item(benchmark, item_id, tuple((f"column{n}", text) for n, text in enumerate(texts)))


ITEMS = [
    item("maths", "1", "How many clips did Natalia sell altogether in April and May?", "72"),
    item("facts", "a", "What year was the Eiffel Tower constructed by the river?", "1889"),
    item("facts", "b", "Too short to be looked for"),
]


def test_each_column_is_a_part() -> None:
    index = build_index(ITEMS, [MATHS, FACTS])
    texts = [as_text(index.codes[index.parts.span(part)]) for part in range(5)]
    assert texts[1] == "72"
    assert texts[2].startswith("whatyear")
    assert index.parts.items.tolist() == [0, 0, 1, 1, 2]
    assert list(index.parts.of_item(1)) == [2, 3]
    assert index.ids == ("1", "a", "b")


def test_items_without_a_column_that_is_looked_for_are_counted() -> None:
    assert count_items(ITEMS, [MATHS, FACTS]) == {
        "maths": {"items": 1, "too_short": 0},
        "facts": {"items": 2, "too_short": 1},
    }


def test_no_seed_reaches_from_a_part_into_the_next() -> None:
    items = [item("maths", str(n), "abcdefghijklmnopqrstuvwxyz"[n:] * 2) for n in range(20)]
    index = build_index(items, [MATHS])
    ends = index.parts.starts[np.searchsorted(index.parts.starts, index.table.places, "right")]
    assert len(ends) > 20
    assert (index.table.places + SEED_LETTERS <= ends).all()


def test_a_long_text_is_cut_into_equal_parts() -> None:
    index = build_index([item("maths", "1", "abc" * 1000, "x")], [MATHS])
    sizes = np.diff(index.parts.starts).tolist()
    assert sizes == [1500, 1500, 1]
    assert max(sizes) <= MAX_PART_LETTERS


def test_a_word_of_many_items_weighs_less_than_one_of_a_single_item() -> None:
    items = [item("maths", str(n), f"solve the puzzle number{n}x") for n in range(50)]
    index = build_index(items, [MATHS])
    span = index.parts.span(7)
    weights, text = index.weights[span], as_text(index.codes[span])
    common, rare = text.index("puzzle"), text.index("number")
    assert weights[common] * 5 < weights[rare]
    assert len(set(weights[common : common + 6].tolist())) == 1


def test_a_han_character_is_a_word() -> None:
    items = [item("maths", str(n), "山" + "川林"[n % 2] * (n + 9)) for n in range(8)]
    index = build_index(items, [MATHS])
    weights = index.weights[index.parts.span(0)]
    assert weights[0] == weights[1] < weights[2] == weights[3]


def test_the_order_of_items_and_copies_of_them_make_no_difference() -> None:
    first = build_index(ITEMS, [MATHS, FACTS])
    second = build_index([*reversed(ITEMS), ITEMS[0]], [MATHS, FACTS])
    assert first.digest == second.digest
    assert pickle.dumps(first) == pickle.dumps(second)


@pytest.mark.parametrize(
    "changed",
    [
        ([*ITEMS, item("facts", "c", "a new question")], [MATHS, FACTS]),
        (ITEMS[1:], [MATHS, FACTS]),
        ([item("maths", "2", *(text for _, text in ITEMS[0].fields)), *ITEMS[1:]], [MATHS, FACTS]),
        (ITEMS, [MATHS.model_copy(update={"min_overlap": 0.7}), FACTS]),
    ],
)
def test_the_digest_changes_with_items_and_settings(
    changed: tuple[list[Item], list[Benchmark]],
) -> None:
    assert build_index(*changed).digest != build_index(ITEMS, [MATHS, FACTS]).digest


def test_the_digest_does_not_change_with_where_the_files_are() -> None:
    moved = MATHS.model_copy(update={"file": ("elsewhere.jsonl",)})
    assert build_index(ITEMS, [moved, FACTS]).digest == build_index(ITEMS, [MATHS, FACTS]).digest


def test_an_index_of_nothing_can_be_made() -> None:
    nothing = [item("maths", "1", ""), item("maths", "2", "…")]
    assert len(build_index(nothing, [MATHS]).codes) == 0
    assert count_items(nothing, [MATHS]) == {"maths": {"items": 1, "too_short": 1}}
    assert count_items([], [MATHS]) == {"maths": {"items": 0, "too_short": 0}}
    assert len(build_index([], [MATHS]).codes) == 0
