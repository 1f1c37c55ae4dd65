"""Table schemas: Delta holds them, consumers find the images, every reason is explained."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import Schema

from schemas.reject_reasons import REJECT_REASONS
from schemas.tables import (
    CONVERSATIONS,
    CROPS,
    KEYS,
    PAGES,
    REJECTS,
    SCHEMAS,
    STAGED,
    STAGED_CROPS,
    TABLES,
)

REPOSITORY = Path(__file__).resolve().parents[2]
GIVEN_REASON = re.compile(r'(?:PageError|DocumentError)\(\s*"(\w+)"|reason="(\w+)"')
NO_REJECT = {"unreadable"}  # a reason of files, not of documents: the next run lists the file again


@pytest.mark.parametrize("name", TABLES)
def test_delta_keeps_every_type(name: str) -> None:
    back = pa.schema(Schema.from_arrow(SCHEMAS[name]).to_arrow())
    assert back.names == SCHEMAS[name].names
    assert Schema.from_arrow(back) == Schema.from_arrow(SCHEMAS[name])


def test_pages_are_committed_last() -> None:
    assert set(TABLES) == set(SCHEMAS)
    assert TABLES[-1] == "pages"


def test_keys_are_columns() -> None:
    for name, key in KEYS.items():
        assert SCHEMAS[name].names[0] == key


@pytest.mark.parametrize("schema", [PAGES, CROPS], ids=["pages", "crops"])
def test_hugging_face_is_told_of_the_image_column(schema: pa.Schema) -> None:
    features = json.loads(schema.metadata[b"huggingface"])["info"]["features"]
    assert features == {"image": {"_type": "Image"}}
    assert schema.field("image").type == pa.struct([("bytes", pa.binary()), ("path", pa.string())])


@pytest.mark.parametrize(
    ("staged", "published"),
    [(STAGED, PAGES), (STAGED, CONVERSATIONS), (STAGED_CROPS, CROPS)],
)
def test_a_staged_row_has_all_that_a_published_one_needs(
    staged: pa.Schema, published: pa.Schema
) -> None:
    for field in published:
        # The others are joined when they are published.
        joined = {"source_uri", "source", "image", "images", "trainer_tokens", "copies", "split"}
        if field.name not in joined:
            assert staged.field(field.name) == field


def test_a_reject_keeps_what_its_staged_row_says() -> None:
    for field in ("stage", "reason", "detail", "attempts", "quality", "minhash"):
        assert REJECTS.field(field) == STAGED.field(field)


def test_every_reason_in_the_code_is_explained() -> None:
    sources = [
        p for folder in ("workers", "pipelines") for p in (REPOSITORY / folder).rglob("*.py")
    ]
    given = {a or b for p in sources for a, b in GIVEN_REASON.findall(p.read_text())}
    assert len(given) > 10
    assert given - NO_REJECT <= set(REJECT_REASONS)
