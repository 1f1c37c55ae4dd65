"""What kind of document an archive is, by its own directory: zip files, and Microsoft's compound
files.

Runs in the parent, on untrusted files: a directory is read only up to a size, an entry only up to a
length, and nothing is unpacked to a file.
"""

from __future__ import annotations

import errno
import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

ZIP = b"PK\x03\x04"
COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".jp2", ".avif", ".heic", ".jxl")
BROKEN_ZIP = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, OSError, EOFError, ValueError,
    NotImplementedError, RuntimeError, KeyError,
)  # fmt: skip
"""What `zipfile` raises for a damaged or locked archive, or one that has no such entry."""

_END, _END_BYTES = b"PK\x05\x06", 22
_MAX_COMMENT_BYTES = 1 << 16
_MAX_DIRECTORY_BYTES = 8 << 20
"""115,000 entries of 73 bytes. Python makes 530 bytes of objects of each, so 61 MB."""
_MAX_ENTRY_BYTES = 1 << 20

_PARTS = (
    ("docx", r"wordprocessingml\.(document|template)|ms-word\.(document|template)\.macroEnabled"),
    ("pptx", r"presentationml\.(presentation|slideshow|template)"
             r"|ms-powerpoint\.(presentation|slideshow|template)\.macroEnabled"),
    ("xlsx", r"spreadsheetml\.(sheet|template)"
             r"|ms-excel\.(sheet|template)\.(binary\.)?macroEnabled"),
)  # fmt: skip
_MAIN_PARTS = [
    (kind, re.compile(rf"application/vnd\.(openxmlformats-officedocument\.)?({names})\.main"))
    for kind, names in _PARTS
]
_XPS_PART = re.compile(r"xps-fixeddocumentsequence\+xml|vnd\.openxps-|application/oxps")


def zip_kind(path: Path, name: str) -> str | None:
    """What a zip is: the media type that it names itself, or a short name for what it holds.

    The names are docx, pptx, xlsx, xps, epub, cbz, and zip for any other. None for one whose
    directory cannot be read. Raises OSError.
    """
    try:
        if not _directory_is_small(path):
            return None
        with zipfile.ZipFile(path) as archive:
            entries = set(archive.namelist())
            if "mimetype" in entries:
                return (
                    read_entry(archive, "mimetype")
                    .decode("latin-1")
                    .strip()
                    .removesuffix("-template")
                )
            if "[Content_Types].xml" in entries:
                return _of_parts(read_entry(archive, "[Content_Types].xml"))
            if "META-INF/container.xml" in entries:
                is_book = b"oebps-package+xml" in read_entry(archive, "META-INF/container.xml")
                return "epub" if is_book else "zip"
            is_comic = name.lower().endswith(".cbz")
            return "cbz" if is_comic and any(map(is_picture, entries)) else "zip"
    except BROKEN_ZIP as exc:
        if isinstance(exc, OSError) and exc.errno not in (None, errno.EINVAL):
            raise  # the disk's fault; a false offset is an invalid argument
        return None


def _of_parts(content_types: bytes) -> str:
    text = content_types.decode("utf-8", "replace")
    for kind, part in _MAIN_PARTS:
        if part.search(text):
            return kind
    return "xps" if _XPS_PART.search(text) else "zip"


def is_picture(entry: str) -> bool:
    """Whether an entry of a comic book is a page of it. macOS adds files of its own to each."""
    return entry.lower().endswith(PICTURES) and not entry.startswith("__MACOSX/")


def read_entry(archive: zipfile.ZipFile, entry: str, most: int = _MAX_ENTRY_BYTES) -> bytes:
    """The first `most` bytes of an entry, unpacked."""
    with archive.open(entry) as file:
        return file.read(most)


def _directory_is_small(path: Path) -> bool:
    """Whether a zip's directory may be read. One of ZIP64, which has larger numbers, may not."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - _END_BYTES - _MAX_COMMENT_BYTES))
        tail = file.read()
    at = tail.rfind(_END)
    return at >= 0 and int.from_bytes(tail[at + 12 : at + 16], "little") <= _MAX_DIRECTORY_BYTES


def is_encrypted(path: Path) -> bool:
    """Whether a zip of OpenDocument says that its parts are encrypted. Raises OSError."""
    try:
        with zipfile.ZipFile(path) as archive:
            return b"encryption-data" in read_entry(archive, "META-INF/manifest.xml")
    except BROKEN_ZIP:
        return False


# ---- compound files: [MS-CFB] 2.2, the header; 2.6.1, the entries of the directory ------------

_ENTRY_BYTES = 128
_MAX_SECTORS = 256
"""A directory of 1,024 streams; the ones that tell are among its first."""
_IN_HEADER = 109


def stream_names(path: Path) -> list[str]:
    """The names of the streams of a compound file, as far as its directory can be read."""
    with path.open("rb") as file:

        def read(sector: int, size: int) -> bytes:
            file.seek((sector + 1) * size)
            return file.read(size)

        return _stream_names(file.read(512), read)


def _stream_names(header: bytes, read: Callable[[int, int], bytes]) -> list[str]:
    shift = int.from_bytes(header[30:32], "little")
    if shift not in (9, 12):
        return []
    size = 1 << shift
    tables = [_number(header, 76 + 4 * k) for k in range(_IN_HEADER)]
    names: list[str] = []
    sector = _number(header, 48)
    for _ in range(_MAX_SECTORS):
        table = sector // (size // 4)
        data = read(sector, size)
        for at in range(0, len(data) - _ENTRY_BYTES + 1, _ENTRY_BYTES):
            length = int.from_bytes(data[at + 64 : at + 66], "little")
            names.append(data[at : at + max(0, min(length, 64) - 2)].decode("utf-16-le", "replace"))
        if table >= _IN_HEADER or not data:
            break
        sector = _number(read(tables[table], size), 4 * (sector % (size // 4)))
        if sector >= 0xFFFF_FFFA:  # the chain's end, or no sector at all
            break
    return [name for name in names if name]


def _number(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4].ljust(4, b"\xff"), "little")
