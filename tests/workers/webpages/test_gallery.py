"""The gallery's rows have the columns that the tables have; what is shown is escaped."""

from __future__ import annotations

import pyarrow as pa
import pytest

from schemas.tables import BLOCK, CELL, CONVERSATIONS, IMAGE, MESSAGE, PAGES, QUALITY, SHOWN
from workers.webpages.gallery import (
    BlockRow,
    CellRow,
    ConversationRow,
    Message,
    PageRow,
    Part,
    Picture,
    QualityRow,
    Shown,
    html,
)

PNG = {"bytes": b"\x89PNG", "path": "0.png"}
PAGE = {
    "source_uri": "s3://secret-bucket/folder/a&b.pdf",
    "page_index": 3,
    "image": PNG,
    "width": 60,
    "height": 80,
    "text": "1 < 2",
    "text_source": "ocr",
    "task": "text",
    "engine": "rapidocr",
    "mode": "",
    "blocks": [{"label": "title", "bbox": [0.1, 0.2, 0.6, 0.25], "text": "1 < 2"}],
    "vision_tokens": 100,
    "text_tokens": 1000,
    "compression": 10.0,
    "quality": {"coverage": 0.987},
}
CONVERSATION = {
    "source_uri": "chats.jsonl#7",
    "messages": [
        {
            "role": "user",
            "content": [{"type": "image", "text": ""}, {"type": "text", "text": "<b>"}],
        }
    ],
    "images": [PNG],
    "shown": [{"mode": "tiny", "vision_tokens": 64, "width": 600}],
    "turns": [{}, {}],
    "tokens_before": 2000,
    "tokens_after": 500,
    "ratio": 4.0,
}


def names(fields: pa.DataType) -> set[str]:
    return {fields.field(index).name for index in range(fields.num_fields)}


@pytest.mark.parametrize(
    ("row", "columns"),
    [
        (PageRow, set(PAGES.names)),
        (ConversationRow, set(CONVERSATIONS.names)),
        (Picture, names(IMAGE)),
        (BlockRow, names(BLOCK)),
        (CellRow, names(CELL)),
        (QualityRow, names(QUALITY)),
        (Message, names(MESSAGE)),
        (Part, names(MESSAGE.field("content").type.value_type)),
        (Shown, names(SHOWN)),
    ],
)
def test_what_is_shown_is_in_the_table(row: type, columns: set[str]) -> None:
    assert set(row.__annotations__) <= columns


def test_a_page_shows_its_text_blocks_and_costs_but_not_its_folder() -> None:
    shown = html("All", [PAGE])
    assert "1,000 text tokens / 100 vision tokens = 10.0 · a&amp;b.pdf, page 4" in shown
    assert '<pre dir="auto">1 &lt; 2</pre>' in shown
    assert 'title="title" style="left:10.00%;top:20.00%;width:50.00%;height:5.00%"' in shown
    assert "data:image/png;base64," in shown
    assert "secret-bucket" not in shown


def test_furniture_is_dimmed_and_a_table_is_a_table() -> None:
    box = [0.0, 0.0, 1.0, 0.1]
    cells = [
        {"row": 0, "column": 0, "rows": 1, "columns": 2, "text": "<script>"},
        {"row": 1, "column": 0, "rows": 1, "columns": 1, "text": "plum"},
        {"row": 1, "column": 1, "rows": 1, "columns": 1, "text": "12"},
    ]
    blocks = [
        {"label": "running_head", "bbox": box, "text": "The Report"},
        {"label": "table", "bbox": box, "text": "<table>…</table>", "cells": cells},
    ]
    shown = html("All", [PAGE | {"text": "<table>…</table>", "blocks": blocks}])
    assert '<div class="furniture" title="running_head"><pre dir="auto">The Report</pre>' in shown
    assert '<div class="furniture" title="running_head" style="left:' in shown
    assert '<td colspan="2">&lt;script&gt;</td></tr><tr><td' in shown
    assert "<script>" not in shown
    assert "coverage 0.99" in shown


def test_a_text_that_no_block_holds_is_shown_as_it_is() -> None:
    shown = html("All", [PAGE | {"text": "all of it"}])
    assert '<div class="text"><pre dir="auto">all of it</pre></div>' in shown


def test_a_conversation_shows_each_image_at_its_size_among_its_texts() -> None:
    shown = html("All", [], [CONVERSATION])
    assert "2 turns · 2,000 tokens before / 500 after = 4.00 · chats.jsonl" in shown
    assert '<figure style="width:100px">' in shown
    assert "tiny, 64 tokens" in shown
    assert '<pre dir="auto">&lt;b&gt;</pre>' in shown
