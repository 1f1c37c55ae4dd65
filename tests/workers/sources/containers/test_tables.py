"""Columns of documents in Parquet and Arrow: rows are found again by their numbers."""

from __future__ import annotations

import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.workers.sources.containers.walks import walked
from workers.sources.containers.entries import LostError
from workers.sources.containers.selection import Selection
from workers.sources.containers.tables import RowReader

VALUES = [b"one" * 100, None, b"two", b"", *(b"%d" % number * 50 for number in range(60))]
IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
FORMS = ("parquet", "file", "stream")


def table_bytes(table: pa.Table, form: str) -> bytes:
    stream = io.BytesIO()
    if form == "parquet":
        pq.write_table(table, stream, row_group_size=7)
    else:
        new = pa.ipc.new_file if form == "file" else pa.ipc.new_stream
        with new(stream, table.schema) as writer:
            writer.write_table(table, max_chunksize=5)
    return stream.getvalue()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary(), IMAGE], ids=str)
def test_every_row_with_bytes_is_a_member(kind: pa.DataType, form: str, tmp_path: Path) -> None:
    values = VALUES
    if kind == IMAGE:
        values = [
            None if v is None else {"bytes": v, "path": f"{n}.png"} for n, v in enumerate(VALUES)
        ]  # type: ignore[misc] # images of the values
    table = pa.table({"name": ["x"] * len(VALUES), "content": pa.array(values, kind)})
    read, lost = walked(tmp_path, table_bytes(table, form))
    assert lost == {}
    assert [data for _, data in read] == [value for value in VALUES if value is not None]
    assert read[1][0] == ("2/2.png" if kind == IMAGE else "2")


@pytest.mark.parametrize("form", FORMS)
def test_rows_are_read_again_in_any_order(form: str, tmp_path: Path) -> None:
    table = pa.table({"content": pa.array(VALUES, pa.binary())})
    (tmp_path / "table").write_bytes(table_bytes(table, form))
    kind = "parquet" if form == "parquet" else "arrow"
    reader = RowReader(str(tmp_path / "table"), kind, "content")
    for number in (0, 2, 40, 41, 63, 5, 3, 3):
        assert b"".join(reader.chunks(number)) == VALUES[number]
    for number in (1, 64):
        with pytest.raises(LostError, match=f"row {number} holds no document"):
            b"".join(reader.chunks(number))
    reader.close()


@pytest.mark.parametrize("form", FORMS)
def test_the_column_is_named_where_several_hold_bytes(form: str, tmp_path: Path) -> None:
    table = pa.table({name: pa.array([b"1"], pa.binary()) for name in ("scan", "thumbnail")})
    _, lost = walked(tmp_path, table_bytes(table, form))
    assert next(iter(lost.values())) == (
        "no_column: name in `column` which one holds documents (scan, thumbnail)"
    )
    read, _ = walked(tmp_path, table_bytes(table, form), selection=Selection((), "scan"))
    assert read == [("0", b"1")]
    _, lost = walked(tmp_path, table_bytes(table, form), selection=Selection((), "text"))
    assert "no column 'text' holds bytes or images; these do: scan, thumb" in next(
        iter(lost.values())
    )


@pytest.mark.parametrize("form", FORMS)
def test_a_cut_table_is_lost_and_never_ends_the_process(form: str, tmp_path: Path) -> None:
    data = table_bytes(pa.table({"content": pa.array(VALUES, pa.binary())}), form)
    _, lost = walked(tmp_path, data[: len(data) // 2])
    assert "the table cannot be read" in next(iter(lost.values()))
