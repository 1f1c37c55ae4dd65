"""Token bins of Megatron-LM: all tokens in one file, and where each document lies in another.

    .bin   the tokens of the documents, one after another, each document with its end token
    .idx   "MMIDIDX\\0\\0", uint64 1, uint8 type │ uint64 sequences │ uint64 documents + 1
           int32 tokens of each sequence │ int64 byte where each begins │ int64 document ends

Little endian; each document is one sequence, so the ends are 0, 1, 2, … Tokens are uint16 where the
vocabulary is below 65,500, else int32. https://github.com/NVIDIA/Megatron-LM,
megatron/core/datasets/indexed_dataset.py.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from workers.exporting.shards import OfRows, Row, Shard, ShardRecord
from workers.exporting.tokens import Encoder

_UINT16, _INT32 = 8, 4  # the codes of types
_FEWEST_FOR_INT32 = 65_500


@dataclass(frozen=True, slots=True)
class Megatron:
    """Shards `shard_00000.bin` and `.idx`."""

    encoder: Encoder

    def open(self, folder: Path, number: int) -> Shard:
        """See `Format`."""
        return OfRows(_Writer(folder / f"shard_{number:05d}", self.encoder))

    def must_end_at(self, rows: int) -> int | None:
        """See `Format`."""
        return None

    def index(self, shards: Sequence[ShardRecord]) -> Mapping[str, bytes]:
        """See `Format`."""
        return {}


class _Writer:
    def __init__(self, prefix: Path, encoder: Encoder) -> None:
        self._encoder = encoder
        is_small = encoder.vocabulary < _FEWEST_FOR_INT32
        self._code, self._type = (_UINT16, "<u2") if is_small else (_INT32, "<i4")
        self._index = prefix.with_suffix(".idx")
        self._file = prefix.with_suffix(".bin").open("wb")
        self._bytes = 0
        self._lengths: list[int] = []

    def write(self, row: Row) -> int:
        tokens = [*self._encoder.encode(row["text"] or ""), self._encoder.end]
        self._bytes += self._file.write(np.array(tokens, self._type).tobytes())
        self._lengths.append(len(tokens))
        return self._bytes

    def close(self) -> None:
        self._file.close()
        lengths = np.array(self._lengths, np.int64)
        count = len(lengths)
        starts = (np.cumsum(lengths) - lengths) * np.dtype(self._type).itemsize
        with self._index.open("wb") as file:
            file.write(b"MMIDIDX\x00\x00" + struct.pack("<QB", 1, self._code))
            file.write(struct.pack("<QQ", count, count + 1))
            file.write(lengths.astype("<i4").tobytes())
            file.write(starts.astype("<i8").tobytes())
            file.write(np.arange(count + 1).astype("<i8").tobytes())
