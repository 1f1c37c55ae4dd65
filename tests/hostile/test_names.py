"""File names are data: whatever a name holds, its file is read, named in UTF-8, and found."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa

from schemas.lines import one_line
from schemas.shards import SeenFile
from schemas.tables import INVENTORY
from tests.builders import examine
from tests.pipelines.corpora import pdf, prose
from tests.pipelines.datasets import problems, recipe_for, rows, run_here
from workers import store
from workers.rasterising import Rasterizer

NAMES = [
    b"line\nbreak\r\n.pdf",
    b"..\\..\\up.pdf",
    b"..%2F..%2Fup.pdf",
    b"...pdf",
    b"\xff\xfe lone.pdf",
    b"\xed\xa0\x80 surrogate.pdf",
    "é composed.pdf".encode(),
    "e\u0301 composed.pdf".encode(),
    "\u202efdp.txt\u2066.pdf".encode(),
    b"file:%ff lone.pdf",
    b"%FF%FE lone.pdf",
    b"s3:bucket.pdf",
    b"[glob]*?{a,b}.pdf",
    b"-rf.pdf",
    b" ' \" ; $(x) `x` # ? & =.pdf",
    b"\x01\x1b[31m\x7f.pdf",
    b"=cmd|' -C calc'!A0.pdf",
    b"n" * 251 + b".pdf",
]


def write_corpus(folder: Path) -> int:
    """Write a different page under each name, and one under a path of nearly 4 kB."""
    folder.mkdir()
    for number, name in enumerate(NAMES):
        with open(os.path.join(os.fsencode(folder), name), "wb") as file:
            file.write(pdf([prose(number)]))
    deep = folder
    while len(str(deep)) < 3800:
        deep = deep / ("d" * 200)
    deep.mkdir(parents=True)
    (deep / "deep.pdf").write_bytes(pdf([prose(len(NAMES))]))
    return len(NAMES) + 1


def test_hostile_names_are_read_stored_in_utf8_and_found_again(tmp_path: Path) -> None:
    count = write_corpus(tmp_path / "corpus")
    recipe = recipe_for(tmp_path / "data", tmp_path / "corpus", "routing: only\n")
    report = run_here(recipe)
    assert (report.documents, report.counts["pages"], report.unreadable) == (count, count, {})
    assert problems(tmp_path / "data") == ()
    uris = [file["uri"] for row in rows(tmp_path / "data", "inventory") for file in row["uris"]]
    assert len(set(uris)) == count
    paths = {os.fsencode(store.local_path(uri)) for uri in uris}
    assert {os.path.basename(path) for path in paths} == {*NAMES, b"deep.pdf"}
    assert all(uri.encode() and os.path.isfile(store.local_path(uri)) for uri in uris)
    assert {row["source_uri"] for row in rows(tmp_path / "data", "pages")} == set(uris)
    assert not run_here(recipe).committed


class NoChild(Rasterizer):
    """A rasterizer for files that are never opened."""

    def __init__(self) -> None:
        pass


def test_what_is_said_of_a_hostile_name_is_one_line_that_a_table_can_hold(tmp_path: Path) -> None:
    missing = SeenFile(f"{tmp_path}/gone\n\x1b[2J\0\ud800.pdf", 1, "1")
    document = examine(missing, NoChild())
    assert (document.reason, document.doc_id) == ("unreadable", None)
    assert document.detail == one_line(document.detail)
    assert "gone" in str(document.detail)
    field = INVENTORY.field("detail")
    assert pa.array([document.detail], field.type).to_pylist() == [document.detail]
