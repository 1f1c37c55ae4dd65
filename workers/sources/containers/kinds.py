"""What a file is that is no document itself: recognised by its bytes, not by its name alone."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from workers.rasterising import PDF, sniff
from workers.sources.containers.opened import opened
from workers.sources.containers.streams import DAMAGE, Forward, unpacked

CONTAINER_SUFFIXES = (
    *(".tar", ".tar.gz", ".tgz", ".tar.zst", ".tzst", ".tar.bz2", ".tbz2", ".tar.xz", ".txz"),
    *(".zip", ".warc", ".warc.gz", ".eml"),
)
"""Names under which containers are found in folders. Tables are found where a recipe says so."""

TABLE_SUFFIXES = (".parquet", ".arrow")

_HEAD_BYTES = 1024
_PIECE_BYTES = 64
_PACKINGS = {
    b"\x1f\x8b\x08": "gz",
    b"BZh": "bz2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zst",
}
_MAGICS = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),  # without a member
    (b"PK\x07\x08PK\x03\x04", "zip"),  # once in several pieces
    (b"WARC/", "warc"),
    (b"PAR1", "parquet"),
    (b"ARROW1", "arrow"),
    (b"\xff\xff\xff\xff", "arrow"),  # a stream: the mark before each length in it
)
_MAIL = re.compile(rb"[\x21-\x39\x3b-\x7e]+:[^\r\n]*\r?\n")  # RFC 5322, 2.2: a header field


@dataclass(frozen=True, slots=True)
class Kind:
    """What a container is, and how it is packed: `gz`, `bz2`, `xz`, `zst`, or empty.

    `form` is `tar`, `zip`, `warc`, `parquet`, `arrow` or `mail`; `file` is any packed file.
    """

    form: str
    packing: str = ""

    @property
    def is_listed(self) -> bool:
        """Whether its members are listed without their bytes, which ranges of it hold."""
        return self.form in ("tar", "zip", "warc") and not self.packing

    @property
    def is_reread(self) -> bool:
        """Whether a member is read again without the members before it."""
        return not self.packing


def recognise(uri: str, head: bytes, name: str) -> Kind | None:
    """What kind of container a file is, by its first 1024 bytes; None where it is none.

    What is packed is unpacked a little. `name` tells mails, which have no mark of their own. A
    document that is a zip inside, such as an EPUB, is none; a tar that begins with a PDF is one.
    """
    if sniff(head) not in (None, PDF):
        return None
    packing = next((word for magic, word in _PACKINGS.items() if head.startswith(magic)), "")
    if packing:
        inner = _unpacked_head(uri, packing)
        if packing == "gz" and inner.startswith(b"WARC/"):
            return Kind("warc")
        return Kind("tar" if _is_tar(inner) else "file", packing)
    form = next((form for magic, form in _MAGICS if head.startswith(magic)), None)
    if form is None and name.lower().endswith(".eml") and _MAIL.match(head):
        form = "mail"
    if form is None and _is_tar(head):
        form = "tar"
    return Kind(form) if form else None


@contextmanager
def lines_or_table(uri: str, handle: BinaryIO) -> Iterator[BinaryIO | Forward | None]:
    """A file of lines, unpacked where it is packed; None where the file is a Parquet table."""
    head = handle.read(_HEAD_BYTES)
    handle.seek(0)
    kind = recognise(uri, head, uri)
    if kind is not None and kind.form == "parquet":
        yield None
    elif kind is not None and kind.packing:
        with unpacked(handle, kind.packing) as stream:
            yield stream
    else:
        yield handle


def _unpacked_head(uri: str, packing: str) -> bytes:
    """The first bytes of what is packed, in small pieces: as many as come before any damage."""
    head = b""
    try:
        with opened(uri) as handle, unpacked(handle.binary, packing) as stream:
            while len(head) < _HEAD_BYTES and (piece := stream.read(_PIECE_BYTES)):
                head += piece
    except DAMAGE:
        return head
    return head


def _is_tar(head: bytes) -> bool:
    if len(head) < tarfile.BLOCKSIZE:
        return False
    try:
        tarfile.TarInfo.frombuf(head[: tarfile.BLOCKSIZE], "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True
