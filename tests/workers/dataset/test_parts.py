"""Parts: named by their bytes, equal rows give equal names, and rows survive."""

from __future__ import annotations

import hashlib
import os
import random
from pathlib import Path
from typing import TypedDict

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.descriptions import described
from schemas.tables import REJECTS, SCHEMAS, TABLES
from workers.dataset.parts import first_rows, read_part, write_part

OF_TYPE = {
    pa.string(): st.text(max_size=20),
    pa.binary(): st.binary(max_size=20),
    pa.bool_(): st.booleans(),
    pa.int32(): st.integers(-(2**31), 2**31 - 1),
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.float32(): st.floats(width=32, allow_nan=False),
}


def values(kind: pa.DataType) -> st.SearchStrategy:
    if pa.types.is_list(kind):
        return st.none() | st.lists(values(kind.value_type), max_size=2)
    if pa.types.is_struct(kind):
        fields = {f.name: values(f.type) for f in (kind.field(i) for i in range(kind.num_fields))}
        return st.none() | st.fixed_dictionaries(fields)
    return st.none() | OF_TYPE[kind]


def rows_of(table: str) -> st.SearchStrategy:
    schema = SCHEMAS[table]
    row = st.fixed_dictionaries({field.name: values(field.type) for field in schema})
    return st.lists(row, max_size=2)


def said_of(fields: pa.Schema | pa.StructType) -> dict[str, object]:
    """What is said of fields, and of those within them."""
    said: dict[str, object] = {}
    for field in fields:
        kind = field.type
        while pa.types.is_list(kind):
            kind = kind.value_type
        said[field.name] = (field.metadata, said_of(kind) if pa.types.is_struct(kind) else {})
    return said


def reject_groups(*sizes: int) -> list[pa.Table]:
    """Groups of rows whose page indices count up."""
    groups, start = [], 0
    for size in sizes:
        rows = [{"page_index": start + i, "page_id": f"id {start + i}"} for i in range(size)]
        groups.append(pa.Table.from_pylist(rows, schema=REJECTS))
        start += size
    return groups


@pytest.mark.parametrize("table", TABLES)
@given(data=st.data())
@settings(max_examples=10)
def test_rows_survive_and_the_same_rows_give_the_same_part(tmp_path_factory, table, data) -> None:
    groups = [
        pa.Table.from_pylist(data.draw(rows_of(table)), schema=SCHEMAS[table]) for _ in range(2)
    ]
    first, second = tmp_path_factory.mktemp("first"), tmp_path_factory.mktemp("second")
    part = write_part(str(first), table, groups)
    assert write_part(str(second), table, iter(groups)) == part
    read = read_part(str(first / table / part.path))
    assert read.schema.equals(SCHEMAS[table])
    assert read.schema.metadata == described(SCHEMAS[table], table).metadata
    assert said_of(read.schema) == said_of(described(SCHEMAS[table], table))
    assert read.to_pylist() == pa.concat_tables(groups).to_pylist()
    assert part.rows == read.num_rows


def test_a_part_is_named_by_its_bytes(tmp_path: Path) -> None:
    part = write_part(str(tmp_path), "rejects", reject_groups(3))
    data = (tmp_path / "rejects" / part.path).read_bytes()
    assert part.path == f"data/part-{part.sha256}.parquet"
    assert hashlib.sha256(data).hexdigest() == part.sha256
    assert len(data) == part.size
    assert os.listdir(tmp_path / "rejects" / "data") == [Path(part.path).name]


def test_each_group_is_a_row_group(tmp_path: Path) -> None:
    part = write_part(str(tmp_path), "rejects", reject_groups(3, 1, 2))
    metadata = pq.read_metadata(tmp_path / "rejects" / part.path)
    assert [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)] == [3, 1, 2]


@pytest.mark.parametrize("table", ["pages", "documents"])
def test_texts_are_never_dictionary_encoded(tmp_path: Path, table: str) -> None:
    rows = pa.Table.from_pylist([{"text": "again", "doc_id": "d"}] * 50, schema=SCHEMAS[table])
    part = write_part(str(tmp_path), table, [rows])
    group = pq.read_metadata(tmp_path / table / part.path).row_group(0)
    columns = {group.column(i).path_in_schema: group.column(i) for i in range(group.num_columns)}
    assert not columns["text"].has_dictionary_page
    assert columns["doc_id"].has_dictionary_page
    assert columns["text"].compression == "ZSTD"
    assert columns["doc_id"].has_column_index


def test_groups_that_lack_a_column_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="field names"):
        write_part(str(tmp_path), "rejects", [reject_groups(1)[0].drop_columns("reason")])
    assert os.listdir(tmp_path) == []


class PageIndex(TypedDict):
    page_index: int


@pytest.mark.parametrize("count", [0, 1, 3, 4, 99])
def test_first_rows_run_over_the_parts_in_order(tmp_path: Path, count: int) -> None:
    groups = reject_groups(3, 2)
    uris = [
        str(tmp_path / "rejects" / write_part(str(tmp_path), "rejects", [group]).path)
        for group in groups
    ]
    rows = first_rows(uris, PageIndex, count)
    assert rows == [{"page_index": index} for index in range(min(count, 5))]


@pytest.mark.parametrize("table", TABLES)
def test_every_leaf_is_compressed_but_the_files_of_pictures(tmp_path: Path, table: str) -> None:
    rows = pa.Table.from_pylist([{}], schema=SCHEMAS[table])
    part = write_part(str(tmp_path), table, [rows])
    group = pq.ParquetFile(tmp_path / table / part.path).metadata.row_group(0)
    columns = [group.column(number) for number in range(group.num_columns)]
    stored = {c.path_in_schema for c in columns if c.compression != "ZSTD"}
    pictures = {
        "pages": {"image.bytes"},
        "crops": {"image.bytes"},
        "conversations": {"images.list.element.bytes"},
    }
    assert stored == pictures.get(table, set())


def test_a_picture_is_the_same_run_of_bytes_in_a_part_that_lost_another(tmp_path: Path) -> None:
    files = [random.Random(number).randbytes(50_000) for number in range(20)]
    rows = pa.Table.from_pylist(
        [{"page_id": str(n), "image": {"bytes": file}} for n, file in enumerate(files)],
        schema=SCHEMAS["pages"],
    )
    for kept in (rows, rows.slice(1)):
        part = write_part(str(tmp_path), "pages", [kept])
        data = (tmp_path / "pages" / part.path).read_bytes()
        assert all(file in data for file in files[-kept.num_rows :])
