"""Descriptions: every column and field has one, and none is of a column that is not there."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.descriptions import (
    COLUMN_DESCRIPTIONS,
    COMMENT,
    TABLE_DESCRIPTIONS,
    described,
    description,
)
from schemas.scores import schema_with
from schemas.tables import SCHEMAS, TABLES


def paths(fields: pa.Schema | pa.StructType, before: str = "") -> Iterator[str]:
    """The paths of fields and of the fields within them; lists have no name of their own."""
    for field in fields:
        yield before + field.name
        kind = field.type
        while pa.types.is_list(kind):
            kind = kind.value_type
        if pa.types.is_struct(kind):
            yield from paths(kind, f"{before}{field.name}.")


@pytest.mark.parametrize("table", TABLES)
def test_every_column_and_field_has_a_sentence(table: str) -> None:
    assert TABLE_DESCRIPTIONS[table].endswith(".")
    for path in paths(schema_with(table, ["score_edu"])):
        sentence = description(table, path)
        assert sentence[0].isupper() or sentence[0] in "`0123456789"
        assert sentence.endswith(".")
        assert "\n" not in sentence


def test_nothing_is_said_of_what_is_not_there() -> None:
    there = {path for table in TABLES for path in paths(SCHEMAS[table])}
    there |= {f"{table}.{path}" for table in TABLES for path in paths(SCHEMAS[table])}
    assert set(COLUMN_DESCRIPTIONS) - there == {"bytes", "path"}  # of a picture
    with pytest.raises(KeyError):
        description("pages", "colour")


@pytest.mark.parametrize("table", TABLES)
def test_a_described_schema_is_the_same_but_for_the_words(table: str) -> None:
    schema = schema_with(table, ["score_edu"])
    made = described(schema, table)
    assert made.equals(schema)
    assert made.metadata == {
        **(schema.metadata or {}),
        b"comment": TABLE_DESCRIPTIONS[table].encode(),
    }
    assert described(made, table).equals(made, check_metadata=True)


def test_fields_within_lists_and_structs_are_described_too() -> None:
    blocks = described(SCHEMAS["pages"], "pages").field("blocks").type.value_type
    cells = blocks.field("cells").type.value_type
    assert b"fractions" in blocks.field("bbox").metadata[COMMENT]
    assert b"from 0" in cells.field("row").metadata[COMMENT]
    stated = described(SCHEMAS["inventory"], "inventory").field("uris").type.value_type
    assert b"SPDX" in stated.field("stated").type.field("license").metadata[COMMENT]


@pytest.mark.parametrize(
    ("word", "names"),
    [
        ("fractions", ("blocks.bbox", "blocks.cells.bbox", "bbox")),
        ("code points", ("documents.page_offsets", "findings.start", "documents.text")),
        ("pixels", ("width", "height", "shown.width", "shown.height")),
        ("null", ("kept_id", "source.license", "quality.coverage", "findings", "copies", "ratio")),
        ("empty (not null)", ("model", "model_revision", "mode", "attempts.guard")),
    ],
)
def test_units_and_what_null_means_are_said(word: str, names: tuple[str, ...]) -> None:
    for name in names:
        said = COLUMN_DESCRIPTIONS.get(name) or COLUMN_DESCRIPTIONS[name.partition(".")[2]]
        assert word in said.lower(), name


@given(st.text(max_size=20))
def test_any_score_has_the_words_of_scores(name: str) -> None:
    assert "classification model" in description("pages", f"score_{name}")
