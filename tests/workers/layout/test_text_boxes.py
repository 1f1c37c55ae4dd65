"""The graph model: its inputs are the wheel's own, and it tells a head and a table from prose."""

from __future__ import annotations

import pymupdf
from hypothesis import given
from hypothesis import strategies as st
from pymupdf.layout import common_util

from tests.builders import PROSE, add_page
from workers.layout.text_boxes import TextBoxModel, text_pattern

MODEL = TextBoxModel()


@given(st.text(min_size=1, max_size=80))
def test_patterns_are_those_the_model_was_trained_with(text: str) -> None:
    assert text_pattern(text) == common_util.get_text_pattern(text)


def test_lines_of_a_page_have_labels_and_places() -> None:
    with pymupdf.open() as document:
        add_page(document, PROSE * 3)
        boxes = MODEL.boxes(document[0])
    assert {box.label for box in boxes} <= {"paragraph", "list"}
    assert all(0 < box.confidence <= 1 for box in boxes)
    assert len({box.group for box in boxes}) < len(boxes)


def test_a_page_without_lines_is_not_asked_about() -> None:
    with pymupdf.open() as document:
        assert MODEL.boxes(document.new_page()) == ()
