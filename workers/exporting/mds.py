"""MDS, the shards of mosaicml-streaming, version 2.

    uint32 samples │ uint32 × (samples + 1) where each begins, and the end │ JSON │ samples

A sample is the uint32 lengths of its values, one a column, and the values. Numbers are little
endian. https://github.com/mosaicml/streaming, streaming/base/format/mds/writer.py. `index.json` has
the shards. It is written here, since MDSWriter asks for the clients of five clouds, and for older
releases of numpy and transformers.

MDS has no null. So the key and the text are `str`, pictures are `jpeg`, which is decoded by what
the bytes are, also PNG and WebP, and the other columns are `json`.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from workers.exporting.shards import OfRows, Row, Shard, ShardRecord
from workers.exporting.values import json_bytes

MOST_BYTES = 2**31
"""Offsets have 32 bits; half of that leaves room for the last row and the index."""

_ENCODINGS = {"text": "str", "image": "jpeg", "images": "jpeg_array"}


@dataclass(frozen=True, slots=True)
class Mds:
    """Shards `shard.00000.mds`, which `index.json` lists."""

    columns: tuple[str, ...]
    key: str
    shard_bytes: int

    def open(self, folder: Path, number: int) -> Shard:
        """See `Format`."""
        return OfRows(_Writer(folder / f"shard.{number:05d}.mds", self._config()))

    def must_end_at(self, rows: int) -> int | None:
        """See `Format`."""
        return None

    def index(self, shards: Sequence[ShardRecord]) -> Mapping[str, bytes]:
        """See `Format`."""
        listed = [
            {
                **self._config(),
                "raw_data": {
                    "basename": shard.files[0].name,
                    "bytes": shard.files[0].bytes,
                    "hashes": {"sha256": shard.files[0].sha256},
                },
                "samples": shard.rows,
                "zip_data": None,
            }
            for shard in shards
        ]
        return {"index.json": json.dumps({"shards": listed, "version": 2}, sort_keys=True).encode()}

    def _config(self) -> dict[str, Any]:
        names = sorted(self.columns)
        return {
            "version": 2,
            "format": "mds",
            "compression": None,
            "hashes": ["sha256"],
            "size_limit": self.shard_bytes,
            "column_names": names,
            "column_encodings": [
                "str" if name == self.key else _ENCODINGS.get(name, "json") for name in names
            ],
            "column_sizes": [None] * len(names),
        }


class _Writer:
    """Writes the samples to a file of their own first, since the index stands before them."""

    def __init__(self, path: Path, config: Mapping[str, Any]) -> None:
        self._path = path
        self._config = json.dumps(config, sort_keys=True).encode()
        self._columns = list(zip(config["column_names"], config["column_encodings"], strict=True))
        self._samples = path.with_suffix(".samples")
        self._file = self._samples.open("wb")
        self._ends = [0]

    def write(self, row: Row) -> int:
        values = [_value(encoding, row[name]) for name, encoding in self._columns]
        sample = _uint32([len(value) for value in values]) + b"".join(values)
        self._ends.append(self._ends[-1] + self._file.write(sample))
        return self._ends[-1] + 4 * len(self._ends)

    def close(self) -> None:
        self._file.close()
        head = 4 + 4 * len(self._ends) + len(self._config)
        with self._path.open("wb") as shard, self._samples.open("rb") as samples:
            shard.write(_uint32([len(self._ends) - 1]))
            shard.write((np.array(self._ends, np.int64) + head).astype("<u4").tobytes())
            shard.write(self._config)
            shutil.copyfileobj(samples, shard, 2**20)
        self._samples.unlink()


def _value(encoding: str, value: Any) -> bytes:
    if encoding == "str":
        return str(value or "").encode()
    if encoding == "jpeg":
        return bytes(value["bytes"])
    if encoding == "jpeg_array":
        pictures = [picture["bytes"] for picture in value]
        return _uint32([len(pictures), *map(len, pictures)]) + b"".join(pictures)
    return json_bytes(value)


def _uint32(numbers: Sequence[int]) -> bytes:
    return np.array(numbers, "<u4").tobytes()
