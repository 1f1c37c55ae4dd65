"""Labels and places that the grammars share."""

from __future__ import annotations

import pytest

from workers.engines.grammars.blocks import (
    begins_label,
    known_label,
    label_word,
    page_box,
    points_box,
)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("image", "figure"),
        ("equation", "formula"),
        (" Sub Title\n", "heading"),
        ("table-caption", "caption"),
        ("page_number", "page_number"),
        ("Side_Note", "side_note"),
        ("  ", "paragraph"),
    ],
)
def test_label_word(theirs: str, ours: str) -> None:
    assert label_word(theirs) == ours


def test_our_own_words_are_known() -> None:
    for word in (
        "paragraph",
        "title",
        "table",
        "figure",
        "chart",
        "formula",
        "chemistry",
        "geometry",
    ):
        assert known_label(word) == word


def test_strange_words_are_not_known() -> None:
    assert known_label("side_note") is None


@pytest.mark.parametrize(
    ("name", "begins"), [("", True), ("ima", True), ("image", True), ("x", False)]
)
def test_begins_label(name: str, begins: bool) -> None:
    assert begins_label(name) is begins


def test_page_box_clamps_and_orders() -> None:
    assert page_box([9.0, float("-inf"), 1.0, float("inf")], 10) == (0.1, 0.0, 0.9, 1.0)


@pytest.mark.parametrize(
    ("numbers", "box"),
    [
        ([1, 2, 3, 4], (0.1, 0.2, 0.3, 0.4)),
        ([3, 4, 1, 2, 2, 50], (0.1, 0.2, 0.3, 1.0)),
        ([1, 2, 3], None),
        ([1, 2], None),
        ([], None),
    ],
)
def test_a_box_is_around_its_points(numbers: list[float], box: tuple[float, ...] | None) -> None:
    assert points_box(numbers, 10) == box
