"""Zips of every kind: each member is read by a range, and what is damaged says so."""

from __future__ import annotations

import io
import os
import struct
import zipfile
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.containers import zip_of
from tests.workers.sources.containers.walks import walked

CORPUS = {"a.pdf": b"first " * 300, "b/c.pdf": os.urandom(3000), "leer.pdf": b""}


class Pipe(io.RawIOBase):
    """A target that cannot go back, so that sizes are written behind each member."""

    def __init__(self, target: BinaryIO) -> None:
        self._target = target

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override] # a test passes bytes
        return self._target.write(data)


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_every_method_gives_the_same_bytes(method: int, tmp_path: Path) -> None:
    read, lost = walked(tmp_path, zip_of(CORPUS, method))
    assert (dict(read), lost) == (CORPUS, {})


def test_sizes_behind_the_members_and_zip64_are_read(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(Pipe(stream), "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in CORPUS.items():
            with archive.open(name, "w", force_zip64=True) as member:
                member.write(data)
    read, lost = walked(tmp_path, stream.getvalue())
    assert (dict(read), lost) == (CORPUS, {})


def test_bytes_in_front_and_a_comment_behind_do_not_matter(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.comment = b"PK\x05\x06 is no end here"
        for name, data in CORPUS.items():
            archive.writestr(name, data)
    assert dict(walked(tmp_path, stream.getvalue())[0]) == CORPUS


def test_a_zip_without_its_directory_is_read_by_its_headers(tmp_path: Path) -> None:
    whole = zip_of(CORPUS)
    cut = whole[: whole.index(b"PK\x01\x02")]
    read, lost = walked(tmp_path, cut)
    assert dict(read) == CORPUS
    ((_, why),) = lost.items()
    assert why.startswith(f"lost_member: at byte {len(cut)}: the zip's directory cannot be read")


def test_a_cut_member_is_lost_and_those_before_it_are_read(tmp_path: Path) -> None:
    whole = zip_of(CORPUS, zipfile.ZIP_STORED)
    read, lost = walked(tmp_path, whole[: whole.index(b"b/c.pdf") + 1000])
    assert [name for name, _ in read] == ["a.pdf"]
    assert "the container ends within the member" in lost["b/c.pdf"]


def test_a_damaged_member_is_told_by_its_crc(tmp_path: Path) -> None:
    data = bytearray(zip_of(CORPUS, zipfile.ZIP_STORED))
    data[data.index(b"first ") + 9] ^= 1
    read, lost = walked(tmp_path, bytes(data))
    assert [name for name, _ in read] == ["b/c.pdf", "leer.pdf"]
    assert "CRC-32" in lost["a.pdf"]


def test_a_member_that_lies_about_its_size_is_cut_off(tmp_path: Path) -> None:
    data = bytearray(zip_of({"a.pdf": bytes(2**20)}))
    directory = data.index(b"PK\x01\x02")
    data[directory + 24 : directory + 28] = struct.pack("<I", 10)  # the unpacked size
    read, lost = walked(tmp_path, bytes(data))
    assert read == []
    assert "differ from the directory's" in lost["a.pdf"]


@pytest.mark.parametrize(
    ("flags", "method", "why"),
    [(1, 8, "encrypted: the member needs a password"), (0, 9, "unsupported: it is packed by defl")],
)
def test_what_is_not_read_says_why(flags: int, method: int, why: str, tmp_path: Path) -> None:
    data = bytearray(zip_of({"a.pdf": b"words"}))
    directory = data.index(b"PK\x01\x02")
    for place in (6, directory + 8):
        data[place : place + 4] = struct.pack("<HH", flags, method)
    _, lost = walked(tmp_path, bytes(data))
    assert lost["a.pdf"].startswith(why)


def test_a_directory_that_hides_members_is_told(tmp_path: Path) -> None:
    data = bytearray(zip_of(CORPUS))
    end = data.index(b"PK\x05\x06")
    data[end + 8 : end + 12] = struct.pack("<HH", 7, 7)
    read, lost = walked(tmp_path, bytes(data))
    assert dict(read) == CORPUS
    assert "has 3 members of 7" in next(iter(lost.values()))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=6))
def test_no_damage_raises_or_hides_a_member(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int]]
) -> None:
    data = bytearray(zip_of(CORPUS))
    for place, value in changes:
        data[4 + place % (len(data) - 4)] = value
    read, lost = walked(tmp_path_factory.mktemp("zip"), bytes(data))
    intact = {content for _, content in read} & set(CORPUS.values())
    assert len(intact) == len(CORPUS) or lost or len(read) >= len(CORPUS)
