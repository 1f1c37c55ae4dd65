"""What a store that knows chunks by content takes anew when a part loses one page in a hundred.

    python -m tests.benchmarks.part_chunks

200 pages with pictures of 80 kB, in two row groups; one page of each is removed, as a refresh does.
The chunks are ours, of 64 KiB on average, cut where a hash of 64 bytes says so, as xet's are.
"""

from __future__ import annotations

import hashlib
import random
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from schemas.tables import PAGES
from tests.pipelines.corpora import prose
from workers.dataset.parts import write_part

_WINDOW, _LEAST, _MOST = 64, 8_192, 131_072
_ROWS, _GROUP = 200, 100


def rows() -> pa.Table:
    """Pages whose pictures, like JPEG, cannot be compressed."""
    return pa.Table.from_pylist(
        [
            {
                "page_id": f"{number:064x}/00000",
                "text": prose(number, 400),
                "minhash": random.Random(-number).randbytes(1024),
                "image": {"bytes": random.Random(number).randbytes(80_000), "path": "a.jpg"},
            }
            for number in range(_ROWS)
        ],
        schema=PAGES,
    )


def chunks(data: bytes) -> list[tuple[bytes, int]]:
    """The digest and the length of each chunk."""
    words = np.random.default_rng(1).integers(0, 2**64, 256, dtype=np.uint64)
    sums = np.cumsum(words[np.frombuffer(data, np.uint8)], dtype=np.uint64)
    hashes = sums.copy()
    hashes[_WINDOW:] -= sums[:-_WINDOW]
    hashes *= np.uint64(0x9E3779B97F4A7C15)
    hashes ^= hashes >> np.uint64(29)
    hashes *= np.uint64(0xBF58476D1CE4E5B9)
    cuts = [*(np.flatnonzero(hashes >> np.uint64(48) == 0) + 1).tolist(), len(data)]
    made, start = [], 0
    for cut in cuts:
        while cut - start > _MOST or (cut - start >= _LEAST) or (cut == len(data) and cut > start):
            stop = min(cut, start + _MOST)
            made.append((hashlib.sha256(data[start:stop]).digest(), stop - start))
            start = stop
    return made


def new_share(before: bytes, after: bytes) -> float:
    """The share of `after` in chunks that `before` does not have."""
    known = {name for name, _ in chunks(before)}
    return sum(size for name, size in chunks(after) if name not in known) / len(after)


def as_before(table: pa.Table, group: int, folder: Path) -> bytes:
    """A part with compressed pictures, and without chunks by content."""
    pq.write_table(table, folder / "plain", compression="zstd", row_group_size=group)
    return (folder / "plain").read_bytes()


def as_now(table: pa.Table, group: int, folder: Path) -> bytes:
    """A part as it is written."""
    groups = [table.slice(start, group) for start in range(0, len(table), group)]
    return (folder / "pages" / write_part(str(folder), "pages", groups).path).read_bytes()


def main() -> None:
    """Print what is new of a part without two of its rows."""
    whole = rows()
    left = whole.take(pa.array([n for n in range(_ROWS) if n % _GROUP != 20]))
    with tempfile.TemporaryDirectory() as folder:
        for name, write in (("as before", as_before), ("as now", as_now)):
            before = write(whole, _GROUP, Path(folder))
            after = write(left, _GROUP - 1, Path(folder))
            share = new_share(before, after)
            print(f"{name}: {len(before):,} bytes; {share:.1%} of the rewritten part is new")


if __name__ == "__main__":
    main()
