"""A page's picture with its boxes, and its text in the same blocks."""

from __future__ import annotations

import math
from typing import Any

from workers.webpages.sheets import boxed_picture, page_text


def block(label: str, text: str, **fields: Any) -> Any:
    return {"label": label, "bbox": [0.1, 0.2, 0.6, 0.4], "text": text, "confidence": None,
            "cells": None, **fields}  # fmt: skip


def row(*blocks: Any, text: str | None = None) -> dict[str, object]:
    own = "\n\n".join(b["text"] for b in blocks if b["label"] != "page_number" and b["text"])
    return {"text": own if text is None else text, "blocks": list(blocks)}


def test_boxes_have_the_places_of_their_blocks() -> None:
    html = boxed_picture("/p", "Page 1", 500, 1000, [block("table", "a")], is_linked=True)
    assert 'viewBox="0 0 500 1000"' in html
    assert '<rect x="50.0" y="200.0" width="250.0" height="200.0"/>' in html
    assert 'id="box-0" class="box" data-block="0" href="#block-0"' in html
    assert "style=" not in html


def test_a_box_that_is_none_is_left_out_and_others_stay_on_the_picture() -> None:
    boxes = [[math.nan, 0, 1, 1], [0, 0, math.inf, 1], [0.1], [-5, -5, 9, 9], [0.9, 0.9, 0.1, 0.1]]
    blocks = [block("figure", "", bbox=box) for box in boxes]
    html = boxed_picture("/p", "", 100, 100, blocks, is_linked=False)
    assert html.count("<rect") == 2
    assert '<rect x="0.0" y="0.0" width="100.0" height="100.0"/>' in html
    assert "<a" not in html


def test_furniture_is_marked_in_both() -> None:
    blocks = [block("paragraph", "words"), block("page_number", "7")]
    html, is_in_blocks = page_text(row(*blocks), lambda path: None)
    assert is_in_blocks
    assert 'id="block-1" class="block furniture" data-block="1"' in html
    assert 'class="box furniture"' in boxed_picture("/p", "", 9, 9, blocks, is_linked=True)


def test_tables_formulas_and_figures_are_shown_as_such() -> None:
    cell = {"row": 0, "column": 0, "rows": 1, "columns": 1, "bbox": [], "text": "12"}
    blocks = [
        block("table", "| a |\n|---|", cells=[cell]),
        block("formula", r"\frac{1}{2}"),
        block("formula", "$$x^2$$"),
        block("figure", ""),
    ]
    html, _ = page_text(row(*blocks), lambda path: None)
    assert "<td>12</td>" in html
    assert html.count('<math display="block">') == 2
    assert "figure, without text" in html


def test_what_was_typeset_has_no_formulas() -> None:
    blocks = [block("paragraph", r"\[one\](a) costs $5$"), block("formula", "x")]
    html, _ = page_text(row(*blocks) | {"text_source": "rendered"}, lambda path: None)
    assert "[one](a) costs $5$" in html
    assert html.count("<math") == 1


def test_a_text_that_the_blocks_do_not_make_is_shown_in_one_piece() -> None:
    html, is_in_blocks = page_text(row(block("paragraph", "a"), text="**b**"), lambda path: None)
    assert (html, is_in_blocks) == ('<p dir="auto"><strong>b</strong></p>', False)


def test_labels_and_names_are_escaped() -> None:
    hostile = '"><script>'
    blocks = [block(hostile, "a")]
    html = boxed_picture(hostile, hostile, 9, 9, blocks, is_linked=True)
    html += page_text(row(*blocks), lambda path: None)[0]
    assert "<script" not in html
    assert hostile not in html


def test_blocks_past_the_bound_are_shown_as_they_stand() -> None:
    blocks = [block("paragraph", "*a* " * 5_000) for _ in range(4)]
    html, _ = page_text(row(*blocks), lambda path: None)
    assert html.count("<pre") == 2
