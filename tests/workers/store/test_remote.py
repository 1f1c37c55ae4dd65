"""An object as a file: any reads give its bytes, in requests of bounded size, of one version."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.store.remote import TRANSFER_BYTES, Entry, RangeFile, download, part_bytes


class Shelf:
    """A store with one object."""

    scheme = "shelf"

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.spans: list[tuple[int, int]] = []

    def info(self, path: str) -> Entry:
        return {"name": path, "size": len(self.data), "ETag": str(hash(self.data)), "modified_s": 0}

    def read_span(self, entry: Entry, start: int, stop: int) -> bytes:
        if entry != self.info(entry["name"]):
            raise OSError("it has changed")
        assert 0 <= start < stop <= len(self.data)
        self.spans.append((start, stop))
        return self.data[start:stop]

    def exists(self, path: str) -> bool:
        return True

    def pages(self, path: str, delimiter: str = "") -> Iterator[list[Entry]]:
        yield [self.info(path)]

    def cat_file(self, path: str, start: int | None = None, end: int | None = None) -> bytes:
        return self.data[start:end]


@given(st.binary(max_size=50), st.lists(st.tuples(st.integers(0, 60), st.integers(-1, 60))))
def test_any_reads_are_those_of_a_file(data: bytes, reads: list[tuple[int, int]]) -> None:
    wanted = io.BytesIO(data)
    for found in (RangeFile(Shelf(data), "x"), io.BufferedReader(RangeFile(Shelf(data), "x"), 8)):
        for offset, size in reads:
            assert found.seek(offset) == wanted.seek(offset)
            assert found.read(size) == wanted.read(size)
            assert found.tell() == wanted.tell()
        assert found.seek(0, os.SEEK_END) == len(data)


def test_requests_are_of_bounded_size(tmp_path: Path) -> None:
    data = os.urandom(1000) * (2 * TRANSFER_BYTES // 1000 + 1)
    shelf = Shelf(data)
    assert RangeFile(shelf, "x").read() == data
    download(shelf, "x", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == data
    assert max(stop - start for start, stop in shelf.spans) == TRANSFER_BYTES
    assert len(shelf.spans) == 6


def test_two_versions_are_not_mixed() -> None:
    shelf = Shelf(b"0123456789")
    file = RangeFile(shelf, "x")
    assert file.read(2) == b"01"
    shelf.data = b"9876543210"
    with pytest.raises(OSError, match="it has changed"):
        file.read(2)


@pytest.mark.parametrize("size", [1, TRANSFER_BYTES, 10_000 * TRANSFER_BYTES + 1, 10**13])
def test_a_file_goes_up_in_as_many_parts_as_stores_take(size: int) -> None:
    assert part_bytes(size) >= TRANSFER_BYTES
    assert -(-size // part_bytes(size)) <= 10_000
