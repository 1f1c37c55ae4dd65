"""A file of records that differs from the others is rejected alone; the others are read."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas.errors import SourceError
from schemas.recipe import Recipe
from tests.pipelines.corpora import prose
from tests.pipelines.datasets import problems, rows, run_here

TEXTS = [prose(number, 30) for number in range(40)]


def parquet(columns: dict[str, Any]) -> Callable[[Path], None]:
    return lambda path: pq.write_table(pa.table(columns), path)


def data(content: bytes) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(content) and None


def cut_parquet(path: Path) -> None:
    pq.write_table(pa.table({"text": TEXTS}), path)
    path.write_bytes(path.read_bytes()[:-40])


LINES, MORE_LINES = (
    "\n".join(json.dumps({"text": text}) for text in texts).encode()
    for texts in (TEXTS[10:12], TEXTS[20:22])
)
ODD: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "schema.parquet": (parquet({"body": ["a"], "n": [1]}), "no_corpus", "no column `text`"),
    "numbers.parquet": (parquet({"text": [1, 2]}), "no_corpus", "column `text` holds int64"),
    "lists.parquet": (parquet({"text": [["a"]]}), "no_corpus", "column `text` holds list"),
    "none.parquet": (parquet({"text": pa.nulls(2)}), "no_corpus", "column `text` holds null"),
    "rows.parquet": (parquet({"text": pa.array([], pa.string())}), "empty_file", "no record"),
    "cut.parquet": (cut_parquet, "corrupt", "not Parquet"),
    "no.parquet": (data(b"no Parquet"), "corrupt", "not Parquet"),
    "keys.jsonl": (data(b'{"body": "a"}\n'), "corrupt", "line 1: `text` is missing"),
    "list.jsonl": (data(b"[1, 2]\n"), "corrupt", "a JSON list, not an object"),
    "cut.jsonl.gz": (data(gzip.compress(LINES)[:-30]), "corrupt", "compressed data are damaged"),
    "no.jsonl.zst": (data(b"no zstd"), "corrupt", "no.jsonl.zst"),
    "empty.jsonl": (data(b""), "empty_file", "no record"),
    "bytes.txt": (data(b"\xff\xfe\x00"), "corrupt", "not UTF-8"),
    "table.csv": (data(b"text\na\n"), "no_corpus", "no known format"),
    "_SUCCESS": (data(b""), "no_corpus", "no known format"),
}


def recipe_of(dataset: Path, pattern: Path) -> Recipe:
    source = {"text": str(pattern)}
    return Recipe.model_validate({"dataset": str(dataset), "sources": [source]})


def test_an_odd_file_is_a_reject_that_names_it_and_the_others_are_read(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for name, (write, _, _) in ODD.items():
        write(corpus / name)
    pq.write_table(pa.table({"text": TEXTS[:3]}), corpus / "good.parquet")
    (corpus / "good.jsonl").write_bytes(MORE_LINES)
    recipe = recipe_of(tmp_path / "data", corpus / "*")
    report = run_here(recipe)
    assert (report.unreadable, problems(tmp_path / "data")) == ({}, ())
    pages = {row["source_uri"]: row for row in rows(tmp_path / "data", "pages")}
    good = {uri.rpartition("/corpus/")[2].partition("#")[0] for uri in pages}
    assert good - {"cut.jsonl.gz"} == {"good.jsonl", "good.parquet"}
    rejects = rows(tmp_path / "data", "rejects")
    reject_of = {
        row["source_uri"].rpartition("/corpus/")[2].partition("#")[0]: row for row in rejects
    }
    assert reject_of.keys() == ODD.keys()
    for name, (_, reason, detail) in ODD.items():
        assert (reject_of[name]["reason"], detail in reject_of[name]["detail"]) == (reason, True), (
            reject_of[name]
        )
        if reason == "no_corpus":
            assert name in reject_of[name]["detail"]
    assert not run_here(recipe).committed


@pytest.mark.parametrize("name", ["schema.parquet", "table.csv"])
def test_a_source_of_none_but_odd_files_is_the_recipes_fault(tmp_path: Path, name: str) -> None:
    """The files lack the column or are of another kind: nothing is published."""
    for number in range(3):
        ODD[name][0](tmp_path / f"{number}-{name}")
    with pytest.raises(SourceError, match=ODD[name][2]):
        run_here(recipe_of(tmp_path / "data", tmp_path / "*.*"))
    with pytest.raises(SourceError, match=ODD[name][2]):
        run_here(recipe_of(tmp_path / "data", tmp_path / "*.*"))
    (tmp_path / "text.md").write_text("# A title\n\nand a text that is none of those")
    assert run_here(recipe_of(tmp_path / "data", tmp_path / "*.*")).counts["pages"] == 1
