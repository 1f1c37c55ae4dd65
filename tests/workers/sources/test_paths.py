"""What a list of paths may name, what it names, and what of that is there."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.document_source import Paths
from schemas.errors import AccessError, RequestError, SourceError
from workers import store
from workers.sources.paths import (
    PathsRead,
    Reach,
    RefusedError,
    find_paths,
    read_paths,
)


def read(folder: Path, data: bytes, column: str = "path", base: str | None = None) -> PathsRead:
    (folder / "list").write_bytes(data)
    return read_paths(store.stat(str(folder / "list")), Paths(column=column, base=base))


# ---- what a list says ---------------------------------------------------------------------------


def test_a_text_has_one_path_a_line(tmp_path: Path) -> None:
    lines = ["\ufeff# a comment", "a.pdf\r", "", "./b/Report #3.pdf", " c.pdf ", "/srv/d.pdf"]
    found = read(tmp_path, "\n".join([*lines, "a.pdf", "s3://lake/e f%20g.pdf"]).encode())
    assert found.rejects == ()
    assert found.uris == (
        f"{tmp_path}/a.pdf",
        f"{tmp_path}/b/Report #3.pdf",
        f"{tmp_path}/ c.pdf ",
        "/srv/d.pdf",
        "s3://lake/e f%20g.pdf",
    )


@pytest.mark.parametrize("form", ["lines", "packed", "parquet", "dictionary"])
def test_lists_of_every_form(form: str, tmp_path: Path) -> None:
    names = ["a.pdf", "deep/b.pdf"]
    lines = "".join(json.dumps({"file": name, "n": 1}) + "\n" for name in names).encode()
    if form in ("parquet", "dictionary"):
        column = pa.array([*names, None])
        table = {"n": range(3), "file": column.dictionary_encode() if form != "parquet" else column}
        pq.write_table(pa.table(table), tmp_path / "table")
        data = (tmp_path / "table").read_bytes()
    else:
        data = lines if form == "lines" else gzip.compress(lines)
    found = read(tmp_path, data, "file")
    assert found.uris == tuple(f"{tmp_path}/{name}" for name in names)


def test_lines_without_a_path_are_rejects_that_know_no_line(tmp_path: Path) -> None:
    lines = [b'{"path": "a.pdf"}', b'{"other": 1}', b"{", b'{"path": ["b"]}', b'{"path": ""}']
    found = read(tmp_path, b"\n".join(lines))
    assert found.uris == (f"{tmp_path}/a.pdf",)
    assert [reject.reason for reject in found.rejects] == ["no_file"] * 4
    assert all("no JSON with a text in 'path'" in str(r.detail) for r in found.rejects)
    assert found.rejects[0].file.uri == f'{tmp_path}/list!{{"other": 1}}'
    assert read(tmp_path, b"\n".join([lines[0], *lines])).rejects == found.rejects


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ({"file": ["a.pdf"]}, "no column 'path' among file"),
        ({"path": [1]}, "column 'path' holds int64, not text"),
    ],
)
def test_a_table_without_such_a_column_stops_the_run(
    table: dict[str, list[object]], why: str, tmp_path: Path
) -> None:
    pq.write_table(pa.table(table), tmp_path / "table")
    with pytest.raises(SourceError, match=rf"list cannot be read as a list of paths \({why}\)"):
        read(tmp_path, (tmp_path / "table").read_bytes())


def test_a_list_that_is_cut_short_stops_the_run(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"cannot be read as a list of paths .* `paths\.column`"):
        read(tmp_path, gzip.compress(b"a.pdf\n" * 100)[:-12])


# ---- what a list may name -----------------------------------------------------------------------

HERE = Reach.of("/srv/lists/a.txt", None)
THERE = Reach.of("s3a://lake/lists/a.txt", None)
HUB = Reach.of("hf://datasets/me/scans/a.txt", None)
BASED = Reach.of("/srv/lists/a.txt", "s3://lake/scans/")
BASED_HERE = Reach.of("s3://lake/lists/a.txt", "/srv/scans")


@pytest.mark.parametrize(
    ("reach", "word", "uri"),
    [
        (HERE, "a.pdf", "/srv/lists/a.pdf"),
        (HERE, "./b//c.pdf", "/srv/lists/b/c.pdf"),
        (HERE, "~/a.pdf", "/srv/lists/~/a.pdf"),
        (HERE, "/home/me/a.pdf", "/home/me/a.pdf"),
        (HERE, "file:///home/me/a%20b.pdf", "/home/me/a b.pdf"),
        (HERE, "s3a://b/c.pdf", "s3://b/c.pdf"),
        (HERE, "hf://datasets/me/scans/c.pdf", "hf://datasets/me/scans/c.pdf"),
        (THERE, "./a//b.pdf", "s3://lake/lists/a//b.pdf"),
        (THERE, "s3://lake/other/b.pdf", "s3://lake/other/b.pdf"),
        (HUB, "a.pdf", "hf://datasets/me/scans/a.pdf"),
        (BASED, "a.pdf", "s3://lake/scans/a.pdf"),
        (BASED, "s3://lake/scans/b/c.pdf", "s3://lake/scans/b/c.pdf"),
        (BASED_HERE, "a.pdf", "/srv/scans/a.pdf"),
        (BASED_HERE, "/srv/scans/a.pdf", "/srv/scans/a.pdf"),
    ],
)
def test_what_a_list_may_name(reach: Reach, word: str, uri: str) -> None:
    assert reach.place(word) == uri


@pytest.mark.parametrize(
    ("reach", "word", "why"),
    [
        (HERE, "../a.pdf", r"`\.\.`"),
        (HERE, "/srv/lists/../../etc/passwd", r"`\.\.`"),
        (HERE, "file:///srv/%2e%2e/a.pdf", r"`\.\.`"),
        (HERE, "s3://lake/../b.pdf", r"`\.\.`"),
        (HERE, "https://example.org/a.pdf", "`links`"),
        (HERE, "ftp://example.org/a.pdf", "not a store"),
        (HERE, "s3://lake", "names no object"),
        (HERE, "s3://lake/\udcff.pdf", "names no object"),
        (HERE, "s3://a lake!/a.pdf", "names no object"),
        (HERE, "s3://lake/" + "n" * 1025, "names no object"),
        (HERE, "hf://datasets/me", "OWNER/NAME"),
        (HERE, "a\0.pdf", "characters"),
        (HERE, "a\ud800.pdf", "characters"),
        (HERE, ".", "names no file"),
        (THERE, "../a.pdf", r"`\.\.`"),
        (THERE, "/etc/passwd", "its own bucket only"),
        (THERE, "file:///etc/passwd", "its own bucket only"),
        (THERE, "s3://lake-of-others/a.pdf", "its own bucket only"),
        (THERE, "gs://lake/a.pdf", "its own bucket only"),
        (THERE, "\udcff.pdf", "names no object"),
        (HUB, "hf://datasets/me/secrets/a.pdf", "its own bucket only"),
        (BASED, "/srv/lists/a.pdf", r"not below `paths\.base`"),
        (BASED, "s3://lake/scans-of-others/a.pdf", r"not below `paths\.base`"),
        (BASED_HERE, "/srv/scans.pdf", r"not below `paths\.base`"),
        (BASED_HERE, "s3://lake/lists/a.pdf", r"not below `paths\.base`"),
    ],
)
def test_what_a_list_may_not_name(reach: Reach, word: str, why: str) -> None:
    with pytest.raises((RefusedError, RequestError), match=why):
        reach.place(word)


@given(st.text(st.characters(exclude_categories=()), max_size=40))
def test_no_word_leads_out_of_reach(word: str) -> None:
    for reach, root in ((THERE, "s3://lake/"), (BASED, "s3://lake/scans/")):
        try:
            uri = reach.place(word)
        except (RefusedError, RequestError):
            continue
        assert uri.startswith(root)
        assert ".." not in uri.split("/")


def test_names_that_are_not_utf8_are_found(tmp_path: Path) -> None:
    name = b"caf\xe9.pdf"
    with open(os.path.join(os.fsencode(tmp_path), name), "wb") as file:
        file.write(b"%PDF")
    found = find_paths(read(tmp_path, name).uris)
    (listed,) = store.list_documents([str(tmp_path)])
    assert found.files == (listed,)
    based = find_paths(read(tmp_path, name, base=str(tmp_path)).uris)
    assert based.files == (listed,)


# ---- what is there ------------------------------------------------------------------------------


def test_files_are_found_as_a_folder_lists_them(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for name in ("a.pdf", "b/c.pdf"):
        (tmp_path / name).write_bytes(b"%PDF")
    (tmp_path / "loop.pdf").symlink_to("loop.pdf")
    words = ["a.pdf", "b/c.pdf", "gone.pdf", "b", "a.pdf/x", "loop.pdf", "n" * 300]
    found = find_paths(read(tmp_path, "\n".join(words).encode()).uris)
    assert list(found.files) == store.list_documents([f"{tmp_path}/**/[ac].pdf"])
    assert [r.file.uri.rpartition("/")[2] for r in found.missing] == [
        *("gone.pdf", "b", "x", "loop.pdf"),
        "n" * 300,
    ]
    assert {(r.reason, r.file.version) for r in found.missing} == {("no_file", "")}
    assert found.unreadable == ()


def test_what_we_may_not_see_is_not_missing(tmp_path: Path) -> None:
    (tmp_path / "shut").mkdir()
    (tmp_path / "a.pdf").write_bytes(b"%PDF")
    uris = [f"{tmp_path}/shut/b.pdf", f"{tmp_path}/a.pdf"]
    (tmp_path / "shut").chmod(0)
    if os.access(tmp_path / "shut", os.X_OK):
        pytest.skip("this user may enter every folder")
    try:
        found = find_paths(uris)
        with pytest.raises(AccessError, match="give this user the right"):
            find_paths(uris[:1])
    finally:
        (tmp_path / "shut").chmod(0o700)
    assert [(r.file.uri, r.reason) for r in found.unreadable] == [(uris[0], "unreadable")]
    assert len(found.files) == 1
