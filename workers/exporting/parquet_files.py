"""Parquet of exported rows: text alone, as nanochat reads it, and whole rows.

nanochat takes every `*.parquet` of a folder in the order of their names, reads the column `text` a
row group at a time, and keeps the last file for validation: so there are always two. Its own shards
have row groups of 1,024 texts, packed by Zstandard (https://github.com/karpathy/nanochat,
nanochat/dataset.py, dev/repackage_data_reference.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from workers.exporting.shards import OfTables, Shard, ShardRecord

_TEXTS_IN_A_GROUP = 1024
_GROUP_BYTES = 32 * 2**20
_VALIDATION_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class TextParquet:
    """Shards `shard_00000.parquet` of texts; the last 1 % of rows, at least one, stand apart."""

    def open(self, folder: Path, number: int) -> Shard:
        """See `Format`."""
        path = folder / f"shard_{number:05d}.parquet"
        return OfTables(_Writer(path, pa.schema([("text", pa.string())]), _TEXTS_IN_A_GROUP))

    def must_end_at(self, rows: int) -> int | None:
        """See `Format`."""
        return rows - max(1, round(rows * _VALIDATION_SHARE)) or None

    def index(self, shards: Sequence[ShardRecord]) -> Mapping[str, bytes]:
        """See `Format`."""
        return {}


@dataclass(frozen=True, slots=True)
class ParquetRows:
    """Shards `shard-00000.parquet` of whole rows, in row groups of some 32 MiB."""

    schema: pa.Schema

    def open(self, folder: Path, number: int) -> Shard:
        """See `Format`."""
        return OfTables(_Writer(folder / f"shard-{number:05d}.parquet", self.schema))

    def must_end_at(self, rows: int) -> int | None:
        """See `Format`."""
        return None

    def index(self, shards: Sequence[ShardRecord]) -> Mapping[str, bytes]:
        """See `Format`."""
        return {}


class _Writer:
    """Writes row groups of `rows` rows, or of `_GROUP_BYTES` in memory."""

    def __init__(self, path: Path, schema: pa.Schema, rows: int | None = None) -> None:
        # Texts and pictures differ from row to row: a dictionary and bounds of them only cost.
        self._file = pq.ParquetWriter(
            path, schema, compression="zstd", compression_level=3,
            use_dictionary=False, write_statistics=False,
        )  # fmt: skip
        self._schema = schema
        self._rows = rows
        self._held: list[pa.Table] = []

    def write(self, rows: pa.Table) -> None:
        self._held.append(rows.select(self._schema.names).cast(self._schema))
        if self._rows is None:
            if sum(table.nbytes for table in self._held) >= _GROUP_BYTES:
                self._flush()
        elif sum(table.num_rows for table in self._held) >= self._rows:
            held = pa.concat_tables(self._held)
            whole = held.num_rows - held.num_rows % self._rows
            self._held = [held.slice(0, whole)]
            self._flush()
            self._held = [held.slice(whole)]

    def _flush(self) -> None:
        held = pa.concat_tables(self._held)
        if held.num_rows:
            self._file.write_table(held, row_group_size=self._rows or held.num_rows)
        self._held = []

    def close(self) -> None:
        if self._held:
            self._flush()
        self._file.close()
