"""WebDataset: tar files in which the files of a sample share the name before the first dot.

    0123…-00004.jpg     the picture, as it is stored
    0123…-00004.json    the other columns
    0123…-00004.txt     the text

https://github.com/webdataset/webdataset. The pictures of a list are `KEY.000.jpg`, `KEY.001.jpg`.
"""

from __future__ import annotations

import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from workers.exporting.shards import OfRows, Row, Shard, ShardRecord
from workers.exporting.values import PICTURES, json_bytes, pictures_of


@dataclass(frozen=True, slots=True)
class WebDataset:
    """Shards `shard-00000.tar`; `key` is the column that names a sample."""

    key: str

    def open(self, folder: Path, number: int) -> Shard:
        """See `Format`."""
        return OfRows(_Writer(folder / f"shard-{number:05d}.tar", self.key))

    def must_end_at(self, rows: int) -> int | None:
        """See `Format`."""
        return None

    def index(self, shards: Sequence[ShardRecord]) -> Mapping[str, bytes]:
        """See `Format`."""
        return {}


class _Writer:
    def __init__(self, path: Path, key: str) -> None:
        self._file = path.open("wb")
        self._key = key
        self._bytes = 0

    def write(self, row: Row) -> int:
        key = cast(str, row[self._key])
        stem = key.replace("/", "-")
        pictures = pictures_of(row, key)
        rest = {name: value for name, value in row.items() if name not in (*PICTURES, "text")}
        if "images" in row and "texts" in row:  # which picture stands where in a document
            names = iter(name.partition(".")[2] for name, _ in pictures)
            rest["images"] = [image and next(names) for image in row["images"]]
        files = [*pictures, (f"{stem}.json", json_bytes(rest))]
        if row.get("text") is not None:
            files.append((f"{stem}.txt", row["text"].encode()))
        for name, data in files:
            self._add(name, data)
        return self._bytes

    def _add(self, name: str, data: bytes) -> None:
        # Without a time, an owner, or what else differs from one machine to the next.
        member = tarfile.TarInfo(name)
        member.size = len(data)
        member.mode = 0o644
        head = member.tobuf(tarfile.PAX_FORMAT)
        padding = -len(data) % tarfile.BLOCKSIZE
        for piece in (head, data, bytes(padding)):
            self._bytes += self._file.write(piece)

    def close(self) -> None:
        self._file.write(bytes(2 * tarfile.BLOCKSIZE))
        self._file.close()
