"""JSON lines: an object a row. Pictures are in base64 where their column is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from workers.exporting.shards import OfRows, Row, Shard, ShardRecord
from workers.exporting.values import json_bytes


@dataclass(frozen=True, slots=True)
class JsonLines:
    """Shards `shard-00000.jsonl`."""

    def open(self, folder: Path, number: int) -> Shard:
        """See `Format`."""
        return OfRows(_Writer(folder / f"shard-{number:05d}.jsonl"))

    def must_end_at(self, rows: int) -> int | None:
        """See `Format`."""
        return None

    def index(self, shards: Sequence[ShardRecord]) -> Mapping[str, bytes]:
        """See `Format`."""
        return {}


class _Writer:
    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._bytes = 0

    def write(self, row: Row) -> int:
        self._bytes += self._file.write(json_bytes(row) + b"\n")
        return self._bytes

    def close(self) -> None:
        self._file.close()
