"""Tars of every kind, plain and packed: both walks read the same, and go on behind damage."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.containers import tar_of, zstd_of
from tests.workers.sources.containers.walks import walked
from workers.sources.containers.limits import MAX_HEADER_BYTES

CORPUS = {"a.pdf": b"first " * 300, "b/" + "long" * 60 + ".pdf": os.urandom(5000), "ü.pdf": b""}
PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstd_of,
}


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_every_form_and_packing_gives_the_same_bytes(
    form: int, packing: str, tmp_path: Path
) -> None:
    corpus = {name: data for name, data in CORPUS.items() if len(name) < 99 or form}
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=form) as archive:
        for name, data in corpus.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    read, lost = walked(tmp_path, PACKINGS[packing](stream.getvalue()))
    assert (dict(read), lost) == (corpus, {})


@pytest.mark.parametrize("packing", PACKINGS)
def test_links_and_devices_have_no_bytes(packing: str, tmp_path: Path) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, kind in (
            ("link.pdf", tarfile.SYMTYPE),
            ("hard.pdf", tarfile.LNKTYPE),
            ("device.pdf", tarfile.CHRTYPE),
            ("pipe.pdf", tarfile.FIFOTYPE),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
        archive.addfile(tarfile.TarInfo("whole.pdf"))
    read, lost = walked(tmp_path, PACKINGS[packing](stream.getvalue()))
    assert [name for name, _ in read] == ["whole.pdf"]
    assert "/etc/passwd; links in containers are not followed" in lost["link.pdf"]
    assert lost.keys() == {"link.pdf", "hard.pdf", "device.pdf", "pipe.pdf"}


def test_several_tars_in_one_file_are_read(tmp_path: Path) -> None:
    first, second = tar_of({"a.pdf": b"1"}), tar_of({"b.pdf": b"2"})
    assert walked(tmp_path, first + second) == ([("a.pdf", b"1"), ("b.pdf", b"2")], {})


@pytest.mark.parametrize("packing", PACKINGS)
def test_what_lies_behind_a_damaged_header_is_read(packing: str, tmp_path: Path) -> None:
    data = bytearray(tar_of({"a.pdf": b"1", "b.pdf": b"2", "c.pdf": b"3"}))
    data[1024:1536] = b"\xee" * 512
    read, lost = walked(tmp_path, PACKINGS[packing](bytes(data)))
    assert read == [("a.pdf", b"1"), ("c.pdf", b"3")]
    ((name, why),) = lost.items()
    assert name == "(from byte 1024)"
    assert "the bytes up to 2048 cannot be read as a tar" in why


@pytest.mark.parametrize("packing", ["", "gz", "zst"])
@pytest.mark.parametrize("kept", [3 * 512 - 100, 3 * 512, 700])
def test_a_cut_tar_says_where(packing: str, kept: int, tmp_path: Path) -> None:
    whole = tar_of({"a.pdf": b"1" * 600, "b.pdf": b"2"})
    read, lost = walked(tmp_path, PACKINGS[packing](whole[:kept]))
    assert [name for name, _ in read] == (["a.pdf"] if kept > 1200 else [])
    assert lost


def test_packed_bytes_that_are_cut_are_lost_from_there_on(tmp_path: Path) -> None:
    data = gzip.compress(tar_of({"a.pdf": b"1", "b.pdf": os.urandom(9000)}))
    read, lost = walked(tmp_path, data[:4000])
    assert read == [("a.pdf", b"1")]
    assert any("damaged" in why or "cannot be read" in why for why in lost.values())


def test_a_header_that_claims_gigabytes_costs_none(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.pdf"))
    info = tarfile.TarInfo("pax")
    info.type, info.size = tarfile.XHDTYPE, 2**33
    data = info.tobuf(tarfile.USTAR_FORMAT if info.size < 2**33 else tarfile.GNU_FORMAT)
    read, lost = walked(tmp_path, stream.getvalue()[:512] + data + bytes(4096))
    assert [name for name, _ in read] == ["a.pdf"]
    assert "a header of" in next(iter(lost.values()))
    assert MAX_HEADER_BYTES < 2**33


def test_names_that_are_not_utf_8_are_printable(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with tarfile.open(
        fileobj=stream, mode="w", format=tarfile.GNU_FORMAT, encoding="latin-1"
    ) as archive:
        archive.addfile(tarfile.TarInfo("ü.pdf"))
    ((name, _),), _ = walked(tmp_path, stream.getvalue())
    assert name == "\\xfc.pdf"
