"""The store: whole writes, sorted unique listings, errors that name what they could not do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import RequestError, SourceError, StorageError
from workers import store

NAMES = ["a.pdf", "b.PNG", "notes.txt", "deep/c.tiff", "deep/er/a.pdf"]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    for name in NAMES:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return tmp_path


def listed(corpus: Path, *patterns: str) -> list[str]:
    files = store.list_documents(str(corpus / pattern) for pattern in patterns)
    return [str(Path(file.uri).relative_to(corpus)) for file in files]


def test_a_folder_stands_for_the_documents_below_it(corpus: Path) -> None:
    assert listed(corpus, "") == ["a.pdf", "b.PNG", "deep/c.tiff", "deep/er/a.pdf"]


def test_a_glob_stands_for_exactly_what_it_matches(corpus: Path) -> None:
    assert listed(corpus, "*") == ["a.pdf", "b.PNG", "notes.txt"]
    assert listed(corpus, "**/*.pdf") == ["a.pdf", "deep/er/a.pdf"]
    assert listed(corpus, "notes.txt") == ["notes.txt"]


def test_overlapping_patterns_name_a_file_once_in_order(corpus: Path) -> None:
    assert listed(corpus, "deep", "", "**/a.pdf", "a.pdf") == listed(corpus, "")


def test_a_listed_file_is_what_stat_says(corpus: Path) -> None:
    for file in store.list_documents([str(corpus)]):
        assert store.stat(file.uri) == file
    assert file.size == len("deep/er/a.pdf")


def test_a_rewritten_file_has_another_version(corpus: Path) -> None:
    before = store.stat(str(corpus / "a.pdf"))
    os.utime(corpus / "a.pdf", (1, 1))
    assert store.stat(before.uri) != before


def test_a_link_to_a_file_is_listed_as_the_file_and_a_broken_one_is_said(corpus: Path) -> None:
    (corpus / "links").mkdir()
    (corpus / "links/to-a.pdf").symlink_to(corpus / "a.pdf")
    (corpus / "links/broken.pdf").symlink_to(corpus / "nowhere.pdf")
    broken, linked = store.list_documents([str(corpus / "links")])
    assert linked.size == (corpus / "a.pdf").stat().st_size
    with pytest.raises(FileNotFoundError):
        store.stat(broken.uri)


def test_a_folder_whose_name_looks_like_a_glob_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "[2020]").mkdir()
    (tmp_path / "[2020]" / "a.pdf").write_bytes(b"x")
    assert listed(tmp_path, "[2020]") == ["[2020]/a.pdf"]


@pytest.mark.parametrize("pattern", ["nowhere", "nowhere/*.pdf", "*.docx", "deep/er/b*"])
def test_a_pattern_that_matches_nothing_is_named(corpus: Path, pattern: str) -> None:
    with pytest.raises(SourceError, match="matches no file") as caught:
        store.list_documents([str(corpus), str(corpus / pattern)])
    assert repr(str(corpus / pattern)) in str(caught.value)


def test_a_place_that_cannot_be_listed_is_named() -> None:
    with pytest.raises(RequestError, match=r"gopher:// is not a store that can be read; .*gs://"):
        store.list_documents(["gopher://old/*.pdf"])


def test_an_object_is_written_whole_over_an_old_one(tmp_path: Path) -> None:
    uri = str(tmp_path / "new" / "folder" / "object")
    store.write_bytes(uri, b"old and longer")
    store.write_bytes(uri, b"new")
    assert store.read_bytes(uri) == b"new"
    assert os.listdir(tmp_path / "new" / "folder") == ["object"]


def test_a_failed_write_leaves_the_old_object_and_no_other(tmp_path: Path) -> None:
    uri = str(tmp_path / "object")
    store.write_bytes(uri, b"old")
    with pytest.raises(TypeError):
        store.write_bytes(uri, "text, not bytes")  # type: ignore[arg-type]
    assert store.read_bytes(uri) == b"old"
    assert os.listdir(tmp_path) == ["object"]


def test_a_write_that_cannot_be_done_is_a_storage_error_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "taken" / "inner").mkdir(parents=True)
    for write in (
        lambda uri: store.write_bytes(uri, b"data"),
        lambda uri: store.upload(Path(__file__), uri),
    ):
        with pytest.raises(StorageError, match=r"cannot write .*/taken"):
            write(str(tmp_path / "taken"))
        assert os.listdir(tmp_path) == ["taken"]


def test_others_may_read_what_is_written(tmp_path: Path) -> None:
    store.write_bytes(str(tmp_path / "object"), b"data")
    assert (tmp_path / "object").stat().st_mode & 0o777 == 0o644


def test_an_upload_copies_whole_and_keeps_no_temporary_file(tmp_path: Path) -> None:
    store.upload(Path(__file__), str(tmp_path / "data" / "copy"))
    assert os.listdir(tmp_path / "data") == ["copy"]
    assert (tmp_path / "data" / "copy").read_bytes() == Path(__file__).read_bytes()


@given(st.binary(min_size=1, max_size=60), st.data())
def test_a_range_is_exactly_those_bytes(tmp_path_factory, data: bytes, draw) -> None:
    uri = str(tmp_path_factory.getbasetemp() / "ranges")
    store.write_bytes(uri, data)
    start = draw.draw(st.integers(0, len(data) - 1))
    length = draw.draw(st.integers(1, len(data) - start))
    assert store.read_range(uri, start, length) == data[start : start + length]


@pytest.mark.parametrize(("offset", "length", "found"), [(0, 11, 10), (8, 4, 2), (50, 1, 0)])
def test_a_short_range_is_a_storage_error(tmp_path: Path, offset, length, found) -> None:
    store.write_bytes(str(tmp_path / "ten"), b"0123456789")
    message = f"{length} bytes wanted at {offset}, {found} found"
    with pytest.raises(StorageError, match=message):
        store.read_range(str(tmp_path / "ten"), offset, length)


def test_a_missing_object_is_a_file_not_found(tmp_path: Path) -> None:
    uri = str(tmp_path / "nowhere")
    for read in (store.read_bytes, store.stat, store.sha256_of, store.open_input):
        with pytest.raises(FileNotFoundError):
            read(uri)
    with pytest.raises(FileNotFoundError):
        store.read_range(uri, 0, 1)
    with pytest.raises(FileNotFoundError), store.local_copy(uri):
        pass


def test_names_directly_in_a_folder_are_sorted_and_by_suffix(tmp_path: Path) -> None:
    for name in ("b.json", "a.json", "a.parquet", "deep/c.json"):
        store.write_bytes(str(tmp_path / name), b"")
    assert store.list_names(str(tmp_path), ".json") == [
        str(tmp_path / "a.json"),
        str(tmp_path / "b.json"),
    ]
    assert store.list_names(str(tmp_path / "nowhere"), ".json") == []


@pytest.mark.parametrize("count", [0, 1, 3])
def test_many_objects_come_in_the_order_asked(tmp_path: Path, count: int) -> None:
    uris = [str(tmp_path / str(number)) for number in range(count)][::-1]
    for uri in uris:
        store.write_bytes(uri, uri.encode())
    assert store.read_many(uris) == [uri.encode() for uri in uris]


def test_a_local_copy_of_a_local_file_is_the_file(corpus: Path) -> None:
    with store.local_copy(f"file://{corpus}/a.pdf") as path:
        assert path == corpus / "a.pdf"


def test_relative_paths_are_made_absolute_and_urls_left(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert store.absolute("x/../data/") == str(tmp_path / "data")
    assert store.absolute("s3://bucket/data/") == "s3://bucket/data"
    assert store.is_local("file:///data")
    assert not store.is_local("s3://bucket/data")


def test_names_that_look_like_urls_or_are_not_utf8_are_read(tmp_path: Path) -> None:
    chained = tmp_path / "a::b.pdf"
    chained.write_bytes(b"chained")
    broken = tmp_path / os.fsdecode(b"caf\xe9.pdf")
    broken.write_bytes(b"latin-1")
    listed = store.list_documents([str(tmp_path)])
    assert [file.uri.encode() for file in listed]
    assert sorted(store.read_bytes(file.uri) for file in listed) == [b"chained", b"latin-1"]
    for file in listed:
        assert store.stat(file.uri) == file
        with store.local_copy(file.uri) as path:
            assert str(path).encode()
            assert path.read_bytes() == store.read_bytes(file.uri)


def test_deleting_what_is_not_there_is_no_error(tmp_path: Path) -> None:
    uri = store.join(str(tmp_path), "object")
    store.write_bytes(uri, b"data")
    store.delete(uri)
    assert not store.exists(uri)
    store.delete(uri)


def test_only_an_empty_folder_is_removed(tmp_path: Path) -> None:
    store.write_bytes(str(tmp_path / "folder" / "object"), b"data")
    store.remove_empty_folder(str(tmp_path / "folder"))
    assert os.listdir(tmp_path / "folder") == ["object"]
    store.delete(str(tmp_path / "folder" / "object"))
    for _ in range(2):
        store.remove_empty_folder(str(tmp_path / "folder"))
    assert os.listdir(tmp_path) == []


def test_an_open_object_is_read_in_any_order(tmp_path: Path) -> None:
    store.write_bytes(f"{tmp_path}/object", b"0123456789")
    with store.open_input(f"{tmp_path}/object") as handle:
        assert (handle.seek(4), handle.read(2), handle.tell()) == (4, b"45", 6)
        assert (handle.read(), handle.read()) == (b"6789", b"")
        assert (handle.seek(-1, os.SEEK_END), handle.read()) == (9, b"9")
