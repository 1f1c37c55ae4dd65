"""New parts hold exactly the rows that were dealt to them, in their places."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from schemas.tables import PAGES
from tests.builders import make_doc_id, make_row, make_shard
from workers import store
from workers.dataset import read_part
from workers.publishing.gather import (
    Gathering,
    NewPart,
    gather,
    write_new_part,
)
from workers.publishing.records import RowsFile
from workers.shards import Staging


def int32(values: list[int]) -> np.ndarray:
    return np.array(values, np.int32)


def stage(folder: Path | str, number: int, pages: int) -> RowsFile:
    rows = [make_row(number, index) for index in range(pages)]
    shard, staging = make_shard((number, 0, pages)), Staging(store.join(str(folder), "staging"))
    staging.write(shard, rows, [b"\x89P%d %d" % (number, i) for i in range(pages)])
    return RowsFile(staging.rows_uri(shard.shard_id), "staged", pages)


def test_pages_go_to_their_places_with_their_images_and_names(tmp_path: Path) -> None:
    require_places(str(tmp_path))


def require_places(folder: str) -> None:
    """Images on a disk are read where they are; those of a store are gathered with their rows."""
    files = (stage(folder, 1, 3), stage(folder, 2, 2))
    names = ["/a", "/b", "/c", "/d"]
    # Page 1 of the first document is left out.
    task = Gathering(
        table="pages",
        files=files,
        file=int32([1, 0, 1, 0]),
        row=int32([0, 2, 1, 0]),
        part=int32([0, 0, 1, 1]),
        place=int32([1, 0, 0, 1]),
        overlay=pa.table({"source_uri": names}),
        uri=store.join(folder, "rows"),
    )
    gathered = gather(task)
    assert [number for number, _ in gathered.pieces] == [0, 1]
    expected = [
        [(1, 2, "/b", b"\x89P1 2"), (2, 0, "/a", b"\x89P2 0")],
        [(2, 1, "/c", b"\x89P2 1"), (1, 0, "/d", b"\x89P1 0")],
    ]
    for number, rows in enumerate(expected):
        new = NewPart(folder, "pages", (gathered.pieces[number][1],), (1, 1))
        part = write_new_part(new)
        uri = store.join(folder, "pages", part.path)
        table = read_part(uri)
        assert table.schema.equals(PAGES)
        with store.open_input(uri) as file:
            assert pq.ParquetFile(file).num_row_groups == 2
        found = [
            (r["doc_id"], r["page_index"], r["source_uri"], r["image"]["bytes"])
            for r in table.to_pylist()
        ]
        assert found == [(make_doc_id(doc), *rest) for doc, *rest in rows]


def test_a_part_takes_its_rows_from_several_scratch_files(tmp_path: Path) -> None:
    pieces = []
    for number in (1, 2):
        file = stage(tmp_path, number, 2)
        task = Gathering(
            table="pages",
            files=(file,),
            file=int32([0, 0]),
            row=int32([0, 1]),
            part=int32([5, 5]),
            place=int32([number - 1, number + 1]),
            overlay=pa.table({"source_uri": ["/x", "/x"]}),
            uri=str(tmp_path / f"{number}.arrow"),
        )
        gathered = gather(task)
        assert [number for number, _ in gathered.pieces] == [5]
        pieces += [piece for _, piece in gathered.pieces]
    part = write_new_part(NewPart(str(tmp_path), "pages", tuple(pieces), (4,)))
    table = read_part(store.join(str(tmp_path), "pages", part.path))
    found = list(zip(table["doc_id"].to_pylist(), table["page_index"].to_pylist(), strict=True))
    first, second = make_doc_id(1), make_doc_id(2)
    assert found == [(first, 0), (second, 0), (first, 1), (second, 1)]


def test_what_lies_over_a_row_counts_where_it_is_not_null(tmp_path: Path) -> None:
    task = Gathering(
        table="rejects",
        files=(stage(tmp_path, 1, 2),),
        file=int32([0, 0]),
        row=int32([0, 1]),
        part=int32([0, 0]),
        place=int32([0, 1]),
        overlay=pa.table(
            {
                "level": ["page", "page"],
                "source_uri": ["/x", "/x"],
                "reason": pa.array(["duplicate", None], pa.string()),
                "kept_id": pa.array(["keeper", None], pa.string()),
            }
        ),
        uri=str(tmp_path / "rows.arrow"),
    )
    ((_, piece),) = gather(task).pieces
    part = write_new_part(NewPart(str(tmp_path), "rejects", (piece,), (2,)))
    first, second = read_part(store.join(str(tmp_path), "rejects", part.path)).to_pylist()
    assert (first["reason"], first["kept_id"], first["level"]) == ("duplicate", "keeper", "page")
    assert (second["reason"], second["kept_id"], second["source_uri"]) == (None, None, "/x")
    assert first["minhash"] == make_row(1, 0)["minhash"]
