from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas.decontaminate import Benchmark
from schemas.errors import SourceError
from tests.workers.rasterising.rendering import LIMITS, settings
from workers.policies.decontamination import Item, read_benchmark
from workers.rasterising import Rasterizer

QA = ("question", "answer")
ROWS = [{"question": "How many clips?", "answer": "72", "id": "x1"}, {"question": "", "answer": 5}]


@pytest.fixture(scope="module")
def rasterizer() -> Iterator[Rasterizer]:
    made = Rasterizer(settings("prefer"), LIMITS)
    yield made
    made.close()


def read(path: Path | str, rasterizer: Rasterizer, **more: Any) -> list[Item]:
    benchmark = Benchmark(name="maths", file=(str(path),), **({"columns": QA} | more))
    return list(read_benchmark(benchmark, rasterizer))


def item(item_id: str, *texts: str, columns: tuple[str, ...] = QA) -> Item:
    return Item("maths", item_id, tuple(zip(columns, texts, strict=True)))


def json_lines(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_json_lines(tmp_path: Path, rasterizer: Rasterizer) -> None:
    path = json_lines(tmp_path / "test.jsonl", *ROWS)
    expected = [item("test.jsonl:1", "How many clips?", "72"), item("test.jsonl:2", "", "5")]
    assert read(path, rasterizer) == expected


def test_packed_json_lines_with_blank_lines(tmp_path: Path, rasterizer: Rasterizer) -> None:
    path = tmp_path / "test.jsonl.gz"
    path.write_bytes(gzip.compress(b'\xef\xbb\xbf\n{"question": "a", "answer": null}\n\n'))
    assert read(path, rasterizer) == [item("test.jsonl.gz:2", "a", "")]


def test_one_json_list(tmp_path: Path, rasterizer: Rasterizer) -> None:
    path = tmp_path / "test.json"
    path.write_text(json.dumps(ROWS, indent=2))
    assert [one.item_id for one in read(path, rasterizer)] == ["test.json:1", "test.json:2"]


def test_parquet_with_lists_and_structs(tmp_path: Path, rasterizer: Rasterizer) -> None:
    choices = [{"text": ["Paris", "Rome"], "label": ["A", "B"], "at": [3, 4]}]
    table = pa.table({"question": ["Which?"], "choices": choices, "other": [b"\xff"]})
    pq.write_table(table, tmp_path / "test.parquet")
    (read_item,) = read(tmp_path, rasterizer, columns=("question", "choices"))
    assert read_item.fields == (("question", "Which?"), ("choices", "Paris\nRome\nA\nB"))


def test_items_are_named_by_a_column(tmp_path: Path, rasterizer: Rasterizer) -> None:
    path = json_lines(tmp_path / "test.jsonl", ROWS[0], ROWS[1] | {"id": None})
    names = [one.item_id for one in read(path, rasterizer, id_column="id")]
    assert names == ["x1", "test.jsonl:2"]


def test_files_are_named_below_their_folder(tmp_path: Path, rasterizer: Rasterizer) -> None:
    for name in ("train", "test"):
        (tmp_path / name).mkdir()
        json_lines(tmp_path / name / "a.jsonl", ROWS[0])
    names = [one.item_id for one in read(f"{tmp_path}/*/a.jsonl", rasterizer)]
    assert names == ["test/a.jsonl:1", "train/a.jsonl:1"]


def test_a_text_has_an_item_a_paragraph(tmp_path: Path, rasterizer: Rasterizer) -> None:
    path = tmp_path / "list.txt"
    path.write_text("\n\nFirst item\ngoes on\n \n\nSecond item\n")
    (first, second) = read(path, rasterizer)
    assert first == item("list.txt:3", "First item\ngoes on", columns=("text",))
    assert second == item("list.txt:7", "Second item", columns=("text",))


def test_a_text_without_blank_lines_has_an_item_a_line(
    tmp_path: Path, rasterizer: Rasterizer
) -> None:
    path = tmp_path / "list.txt"
    path.write_text("First item\nSecond item\n\n\n")
    assert [one.fields[0][1] for one in read(path, rasterizer)] == ["First item", "Second item"]
    assert read(path, rasterizer)[1].item_id == "list.txt:2"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"question": "a", "answer": "b"}\n{"question": "a"}', "row 2: no column `answer`; give"),
        (b'{"question": "a", "answer": "b"}\n{"question"', "line 2: not JSON: "),
        (b'"question"', "line 1: a JSON str, not an object; give one object a line"),
        (b'[{"question": "a", "answer": "b"}, 5]', "item 2: a JSON int, not an object"),
        (b'[{"question": "a"', "line 1: not JSON: "),
        (b'{"question": "\xff"}', "line 1: not JSON: "),
        (b"", "has no item; name a file with items"),
    ],
)
def test_bad_json_is_one_clear_line(
    tmp_path: Path, rasterizer: Rasterizer, content: bytes, message: str
) -> None:
    (tmp_path / "test.jsonl").write_bytes(content)
    with pytest.raises(SourceError) as raised:
        read(tmp_path / "test.jsonl", rasterizer)
    assert message in str(raised.value)
    assert "test.jsonl" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_missing_column_names_those_that_are_there(
    tmp_path: Path, rasterizer: Rasterizer
) -> None:
    path = tmp_path / "test.parquet"
    pq.write_table(pa.table({"prompt": ["a"], "target": ["b"]}), path)
    with pytest.raises(SourceError, match="no column `question`; give `columns:` among prompt, "):
        read(path, rasterizer)
    with pytest.raises(SourceError, match="no column `key`; give `id_column:` among prompt, "):
        read(path, rasterizer, columns=("prompt",), id_column="key")


def test_damaged_files_are_named(tmp_path: Path, rasterizer: Rasterizer) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1 nothing")
    with pytest.raises(SourceError, match=r"a\.parquet: row 1: not Parquet: "):
        read(tmp_path / "a.parquet", rasterizer)
    (tmp_path / "a.txt").write_bytes(b"one\ntwo\xff")
    with pytest.raises(SourceError, match=r"a\.txt: line 2: not UTF-8: "):
        read(tmp_path / "a.txt", rasterizer)
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(b"{}" * 5000)[:40])
    with pytest.raises(SourceError, match=r"a\.jsonl\.gz: line 1: the compressed data are damaged"):
        read(tmp_path / "a.jsonl.gz", rasterizer)
    with pytest.raises(SourceError, match=r"decontaminate maths: source .* matches no file"):
        read(tmp_path / "*.csv", rasterizer)
