"""Small columns of parts that differ: of earlier releases, with other columns, or odd."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas.errors import IntegrityError
from schemas.ids import crop_id, page_id
from workers.dataset import PartFile, TableVersion
from workers.viewing.filters import NONE, Filters
from workers.viewing.light import LightTable
from workers.viewing.light_columns import read_light
from workers.viewing.selecting import Chooser

ONE, TWO = "1" * 64, "2" * 64
FINDINGS = pa.list_(pa.struct([("policy", pa.string()), ("kind", pa.string())]))


def light_of(folder: Path, *parts: dict[str, Any]) -> LightTable:
    files = []
    for number, columns in enumerate(parts):
        path = folder / f"part-{number}.parquet"
        table = pa.table(columns)
        pq.write_table(table, path)
        files.append(PartFile(path.name, path.stat().st_size, table.num_rows))
    light, _ = read_light(TableVersion(str(folder), 1, tuple(files), {}))
    return light


def pages(doc_id: str, *indices: int) -> dict[str, Any]:
    return {"doc_id": [doc_id] * len(indices), "page_index": list(indices)}


def test_columns_that_some_parts_lack_are_null_there(tmp_path: Path) -> None:
    source = pa.array([{"license": "MIT"}, None], pa.struct([("license", pa.string())]))
    found = pa.array([[{"policy": "pii"}, {"policy": "trust"}], None], FINDINGS)
    light = light_of(
        tmp_path,
        pages(TWO, 0),
        pages(ONE, 1, 0) | {"source": source, "findings": found, "language": ["en", None]},
        pages(TWO, 7) | {"language": ["de"], "split": ["train"]},
    )
    rows = [light.row(number) for number in range(light.rows)]
    assert [row.key for row in rows] == [page_id(d, i) for d, i in
                                         ((TWO, 0), (ONE, 1), (ONE, 0), (TWO, 7))]  # fmt: skip
    assert [row.license for row in rows] == [None, "MIT", None, None]
    assert [row.language for row in rows] == [None, "en", None, "de"]
    assert [row.split for row in rows] == [None, None, None, "train"]
    assert [row.policies for row in rows] == [(), ("pii", "trust"), (), ()]
    assert [light.find(row.key) for row in rows] == [0, 1, 2, 3]
    assert light.rows_of(ONE).tolist() == [2, 1]
    assert [light.place(number) for number in range(4)] == [(0, 0), (1, 0), (1, 1), (2, 0)]
    chosen = Chooser(light).choose(Filters(split="train"))
    assert chosen.tolist() == [3]
    assert Chooser(light).choose(Filters(split=NONE)).tolist() == [0, 1, 2]
    assert Chooser(light).choose(Filters(document=ONE, language="en")).tolist() == [1]


def test_crops_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    numbers = (10, 2, 100)
    ids = [crop_id(page_id(ONE, 3), number) for number in numbers]
    light = light_of(tmp_path, pages(ONE, 3, 3, 3) | {"crop_id": ids})
    assert [light.key(row) for row in range(3)] == ids
    assert [light.find(key) for key in ids] == [0, 1, 2]
    assert light.rows_of(ONE).tolist() == [1, 0, 2]
    assert light.find(f"{page_id(ONE, 3)}-2") is None
    with pytest.raises(IntegrityError, match="a `crop_id` does not end in a number"):
        light_of(tmp_path, pages(ONE, 3) | {"crop_id": ["odd"]})


def test_ids_that_are_no_hashes_are_told_apart(tmp_path: Path) -> None:
    ids = ["", "ü" * 20, "a" * 16 + "1", "a" * 16 + "2", "a" * 16, "x\x00", "x"]
    light = light_of(tmp_path, {"doc_id": ids})
    assert [light.find(doc_id) for doc_id in ids] == list(range(len(ids)))
    assert light.find("a" * 15) is None


def test_policies_past_the_sixty_fourth_are_left_out_and_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    found = pa.array([[{"policy": f"p{number:02d}"}] for number in range(70)], FINDINGS)
    light = light_of(tmp_path, {"doc_id": [ONE] * 70, "findings": found})
    assert light.policies.of(63) == ("p63",)
    assert light.policies.of(64) == ()
    assert "findings name 70 policies; 64 can be chosen by" in caplog.text
