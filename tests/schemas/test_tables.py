"""The table schemas: Delta can hold them, consumers find the images, reasons are all explained."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import Schema

from schemas.tables import PAGES, REJECT_REASONS, REJECTS, SCHEMAS, STAGED, TABLES

REPOSITORY = Path(__file__).resolve().parents[2]
GIVEN_REASON = re.compile(r'(?:PageError|DocumentError)\(\s*"(\w+)"|reason="(\w+)"')
NO_REJECT = {"unreadable"}  # a file, not a document: it is listed again in the next run


@pytest.mark.parametrize("name", TABLES)
def test_delta_keeps_every_type(name: str) -> None:
    back = pa.schema(Schema.from_arrow(SCHEMAS[name]).to_arrow())
    assert back.names == SCHEMAS[name].names
    assert Schema.from_arrow(back) == Schema.from_arrow(SCHEMAS[name])


def test_pages_are_committed_last() -> None:
    assert set(TABLES) == set(SCHEMAS)
    assert TABLES[-1] == "pages"


def test_hugging_face_is_told_of_the_image_column() -> None:
    features = json.loads(PAGES.metadata[b"huggingface"])["info"]["features"]
    assert features == {"image": {"_type": "Image"}}
    assert PAGES.field("image").type == pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def test_a_staged_row_has_all_that_a_published_one_needs() -> None:
    joined_when_published = {"source_uri", "image"}
    for field in PAGES:
        if field.name not in joined_when_published:
            assert STAGED.field(field.name) == field
    for field in ("stage", "reason", "detail", "attempts", "quality", "minhash"):
        assert REJECTS.field(field) == STAGED.field(field)


def test_every_reason_in_the_code_is_explained() -> None:
    sources = [
        p for folder in ("workers", "pipelines") for p in (REPOSITORY / folder).rglob("*.py")
    ]
    given = {a or b for p in sources for a, b in GIVEN_REASON.findall(p.read_text())}
    assert len(given) > 10
    assert given - NO_REJECT <= set(REJECT_REASONS)
