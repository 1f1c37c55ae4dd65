"""The store on a real S3 server: the same promises as on local disk."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from schemas.errors import SourceError, StorageError
from workers import store
from workers.store.remote import TRANSFER_BYTES

pytestmark = pytest.mark.s3

LARGE = os.urandom(2 * TRANSFER_BYTES + 12_345)


def test_an_object_is_read_as_it_was_written(s3: str) -> None:
    uri = store.join(s3, "folder", "object")
    store.write_bytes(uri, b"old and longer")
    store.write_bytes(uri, b"0123456789")
    assert store.read_bytes(uri) == b"0123456789"
    assert store.read_range(uri, 2, 3) == b"234"
    assert store.sha256_of(uri) == hashlib.sha256(b"0123456789").hexdigest()
    assert store.exists(uri)
    assert store.exists(store.join(s3, "folder"))
    with store.local_copy(uri) as path:
        assert path.read_bytes() == b"0123456789"
    assert not path.exists()


def test_a_large_object_goes_up_in_parts_and_comes_down_in_ranges(s3: str, tmp_path: Path) -> None:
    uri = store.join(s3, "large")
    (tmp_path / "large").write_bytes(LARGE)
    store.upload(tmp_path / "large", uri)
    assert store.stat(uri).size == len(LARGE)
    if uri.startswith("s3:"):
        assert store.stat(uri).version.endswith("-3"), "the ETag of an upload in three parts"
    assert store.sha256_of(uri) == hashlib.sha256(LARGE).hexdigest()
    with store.local_copy(uri) as path:
        assert path.read_bytes() == LARGE
    with store.open_input(uri) as handle:
        assert handle.seek(1) == 1
        assert handle.read(TRANSFER_BYTES + 5) == LARGE[1:][: TRANSFER_BYTES + 5]
        assert handle.read() == LARGE[TRANSFER_BYTES + 6 :]
        assert handle.read(1) == b""
    assert store.read_range(uri, TRANSFER_BYTES - 1, 2) == LARGE[TRANSFER_BYTES - 1 :][:2]


def test_an_empty_object_is_one(s3: str) -> None:
    uri = store.join(s3, "empty")
    store.write_bytes(uri, b"")
    assert store.read_bytes(uri) == b""
    with store.local_copy(uri) as path:
        assert path.read_bytes() == b""


def test_sources_are_listed_by_folder_glob_and_name(s3: str) -> None:
    names = ["a.pdf", "b.PNG", "notes.txt", "deep/c.tiff", "deep/er/a.pdf", "deep/er/[1].pdf"]
    for name in names:
        store.write_bytes(store.join(s3, name), name.encode())

    def listed(*patterns: str) -> list[str]:
        files = store.list_documents(store.join(s3, pattern) for pattern in patterns)
        assert all(store.stat(file.uri) == file for file in files)
        return [file.uri.removeprefix(s3 + "/") for file in files]

    assert listed("") == ["a.pdf", "b.PNG", "deep/c.tiff", "deep/er/[1].pdf", "deep/er/a.pdf"]
    assert listed("*") == ["a.pdf", "b.PNG", "notes.txt"]
    assert listed("**/a.pdf", "deep/er") == ["a.pdf", "deep/er/[1].pdf", "deep/er/a.pdf"]
    assert listed("deep/*/*.pdf") == ["deep/er/[1].pdf", "deep/er/a.pdf"]
    assert listed("deep/er/[1].pdf", "notes.txt") == ["deep/er/[1].pdf", "notes.txt"]
    for nothing in ("nowhere", "deep/e", "*.docx"):
        with pytest.raises(SourceError, match="matches no file"):
            listed(nothing)


def test_a_listing_goes_on_past_its_first_page(s3: str) -> None:
    uris = [store.join(s3, f"{number:04d}.json") for number in range(1003)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda uri: store.write_bytes(uri, uri[-9:].encode()), uris))
    store.write_bytes(store.join(s3, "deep", "1.json"), b"")
    assert store.list_names(s3, ".json") == uris
    assert store.list_names(s3 + "/nowhere", ".json") == []
    assert store.read_many(uris[::-1][:20]) == [uri[-9:].encode() for uri in uris[::-1][:20]]


def test_a_missing_object_is_a_file_not_found(s3: str) -> None:
    uri = store.join(s3, "nowhere")
    for read in (store.read_bytes, store.stat, store.sha256_of, store.read_with_version):
        with pytest.raises(FileNotFoundError):
            read(uri)
    with pytest.raises(FileNotFoundError), store.local_copy(uri):
        pass
    assert not store.exists(uri)
    store.delete(uri)


def test_a_short_range_is_a_storage_error(s3: str) -> None:
    uri = store.join(s3, "ten")
    store.write_bytes(uri, b"0123456789")
    for offset, length in ((0, 11), (8, 4), (50, 1)):
        with pytest.raises(StorageError, match="ten"):
            store.read_range(uri, offset, length)


def test_what_changes_while_it_is_read_is_no_mixture(s3: str) -> None:
    uri = store.join(s3, "changing")
    store.write_bytes(uri, LARGE)
    with store.open_input(uri) as handle:
        assert handle.read(10) == LARGE[:10]
        store.write_bytes(uri, LARGE[::-1])
        handle.seek(2 * TRANSFER_BYTES)
        with pytest.raises(StorageError, match=r"cannot read .*changing"):
            handle.read(10)


def test_an_object_is_created_once_and_replaced_only_unchanged(s3: str) -> None:
    uri = store.join(s3, "lease")
    assert store.create_exclusive(uri, b"one")
    assert not store.create_exclusive(uri, b"another")
    data, version = store.read_with_version(uri)
    assert data == b"one"
    assert store.replace_if_unchanged(uri, b"two", version)
    assert not store.replace_if_unchanged(uri, b"three", version)
    assert store.read_bytes(uri) == b"two"
    store.delete(uri)
    assert not store.replace_if_unchanged(uri, b"four", version)
    assert not store.exists(uri)


def test_the_probe_of_conditional_puts_leaves_nothing(s3: str) -> None:
    store.require_conditional_put(s3)
    assert store.list_names(s3, "") == []


def test_of_many_creators_one_succeeds(s3: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        for number in range(2):
            uri = store.join(s3, f"lease-{number}")
            names = [f"racer {name}".encode() for name in range(8)]
            won = list(pool.map(store.create_exclusive, [uri] * 8, names))
            assert won.count(True) == 1
            assert store.read_bytes(uri) == names[won.index(True)]
