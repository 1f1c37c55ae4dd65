"""The two texts of a row of `pages`, by our function and by SQL."""

from __future__ import annotations

from typing import Any

import duckdb
import pyarrow as pa
import pytest

from schemas.page_text import blocks_of_text, full_text_of
from schemas.pages import Block, full_text, own_text
from schemas.tables import BLOCK

BLOCKS = [
    {"label": "running_head", "text": "The Report 7", "bbox": [0.0] * 4},
    {"label": "heading", "text": "## Tide", "bbox": [0.0] * 4},
    {"label": "figure", "text": "", "bbox": [0.0] * 4},
    {"label": "paragraph", "text": "It turned.", "bbox": [0.0] * 4},
    {"label": "page_number", "text": "7", "bbox": [0.0] * 4},
]
OWN = "## Tide\n\nIt turned."
FULL = "The Report 7\n\n## Tide\n\nIt turned.\n\n7"
TEXTS = "[b.text FOR b IN blocks IF b.text <> '']"
SQL = f"SELECT array_to_string({TEXTS}, chr(10) || chr(10)) FROM pages"


def test_the_full_text_is_had_from_the_row_and_by_sql() -> None:
    assert full_text_of({"text": OWN, "blocks": BLOCKS}) == FULL
    assert full_text_of({"text": FULL, "blocks": BLOCKS}) == FULL  # furniture: keep
    pages = pa.table({"blocks": pa.array([BLOCKS], pa.list_(BLOCK))})  # noqa: F841 - read by DuckDB
    assert duckdb.sql(SQL).fetchall() == [(FULL,)]


@pytest.mark.parametrize("blocks", [[], None, BLOCKS[:2]])
def test_a_text_that_no_block_holds_is_the_full_one(blocks: Any) -> None:
    row = {"text": "Said apart from the blocks.", "blocks": blocks}
    assert full_text_of(row) == "Said apart from the blocks."
    assert blocks_of_text(row) is None


def test_blocks_in_a_pass_have_the_same_texts() -> None:
    blocks = [Block(b["label"], (0, 0, 1, 1), b["text"]) for b in BLOCKS]  # type: ignore[arg-type]
    assert own_text(blocks) == OWN
    assert full_text(blocks) == FULL
