"""Single values of a Parquet file are those that Arrow reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import DatasetError, IntegrityError
from tests.many import few
from workers.viewing.parts import PICTURE, TEXT, NotPlainError, Part, look_into
from workers.viewing.thrift import DamagedError, read_struct

PLAIN: dict[str, Any] = {"write_page_index": True, "use_dictionary": ["doc_id"]}
VALUES = st.lists(
    st.tuples(st.none() | st.text(max_size=40), st.none() | st.binary(max_size=40)),
    min_size=1,
    max_size=60,
)


def write(path: Path, rows: list[Any], rows_per_group: int = 7, **settings: Any) -> Part:
    """A file of texts and pictures, each picture None, within None, or bytes."""
    pictures = [None if data == b"" else {"bytes": data, "path": "x"} for _, data in rows]
    table = pa.table(
        {
            "doc_id": ["d"] * len(rows),
            TEXT: pa.array([text for text, _ in rows], pa.string()),
            "image": pa.array(pictures, pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
        }
    )
    pq.write_table(table, path, row_group_size=rows_per_group, **(PLAIN | settings))
    part, _ = look_into(str(path), path.stat().st_size)
    return part


@given(
    rows=VALUES,
    rows_per_group=st.integers(1, 30),
    codec=st.sampled_from(["none", "zstd", "snappy", "gzip"]),
    page_bytes=st.sampled_from([1, 100, 2**20]),
)
@settings(max_examples=few(60, 1000))
def test_each_value_is_the_one_that_was_written(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[Any],
    rows_per_group: int,
    codec: str,
    page_bytes: int,
) -> None:
    path = tmp_path_factory.mktemp("part") / "part.parquet"
    # Arrow looks at the size of a page after each batch.
    sizes = {"data_page_size": page_bytes, "write_batch_size": 3, "compression": codec}
    part = write(path, rows, rows_per_group, **sizes)
    for place, (text, data) in enumerate(rows):
        found = part.value(TEXT, place)
        assert (None if found is None else found.decode()) == text
        assert part.value(PICTURE, place) == (None if data == b"" else data)


def test_pages_of_many_values_and_nulls_are_read(tmp_path: Path) -> None:
    rows = [(None if n % 3 == 0 else f"text {n}", b"p" * (n % 50)) for n in range(5_000)]
    part = write(tmp_path / "part.parquet", rows, 2_000)
    assert part.starts == [0, 2_000, 4_000, 5_000]
    for place in (0, 1, 1_999, 2_000, 3_333, 4_999):
        found = part.value(TEXT, place)
        assert (found and found.decode()) == rows[place][0]
        assert part.value(PICTURE, place) == (rows[place][1] or None)


@pytest.mark.parametrize(
    "settings",
    [{"use_dictionary": [TEXT]}, {"write_page_index": False}, {"data_page_version": "2.0"}],
    ids=["dictionary", "no index", "pages of version 2"],
)
def test_what_is_stored_otherwise_is_left_to_arrow(tmp_path: Path, settings: Any) -> None:
    part = write(tmp_path / "part.parquet", [("word", b"1")] * 20, **settings)
    with pytest.raises(NotPlainError):
        part.value(TEXT, 3)


def test_a_part_that_is_gone_says_why_it_can_be(tmp_path: Path) -> None:
    path = tmp_path / "part.parquet"
    part = write(path, [("word", b"1")])
    path.unlink()
    for ask in (lambda: part.value(TEXT, 0), lambda: look_into(str(path), 100)):
        with pytest.raises(DatasetError, match="is gone: the version was removed by `vacuum`"):
            ask()


def test_a_damaged_part_is_named(tmp_path: Path) -> None:
    path = tmp_path / "part.parquet"
    part = write(path, [("word" * 100, b"1")], compression="zstd")
    whole = path.read_bytes()
    place = whole.index(b"\x28\xb5\x2f\xfd")  # where Zstandard's frame of the ids begins
    path.write_bytes(whole[:place] + bytes(len(whole) - place))
    with pytest.raises(IntegrityError, match=r"part\.parquet: a page of text is damaged"):
        part.value(TEXT, 0)
    path.write_bytes(b"not a table at all")
    with pytest.raises(IntegrityError, match="is no Parquet file"):
        look_into(str(path), 18)


def test_skipping_a_field_finds_the_same_as_reading_it(tmp_path: Path) -> None:
    path = tmp_path / "part.parquet"
    write(path, [(f"text {n}", bytes([n])) for n in range(60)])
    data = path.read_bytes()
    footer = data[-int.from_bytes(data[-8:-4], "little") - 8 : -8]
    everything, end = read_struct(footer)
    some, end_of_some = read_struct(footer, 0, {3: {}, 4: {1: {4: {}}, 3: {}}})
    assert end == end_of_some == len(footer)
    assert some[3] == everything[3] == 60
    assert [group[3] for group in some[4]] == [7] * 8 + [4]
    assert [[{4: chunk[4]} for chunk in group[1]] for group in everything[4]] == [
        group[1] for group in some[4]
    ]


@given(data=st.binary(max_size=200))
def test_bytes_that_are_no_structure_end_in_one_error(data: bytes) -> None:
    for wanted in ({}, {1: {}}):
        try:
            read_struct(data, 0, wanted)
        except DamagedError:
            continue
