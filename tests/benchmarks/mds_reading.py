"""Write and read samples by mosaicml-streaming, in its own environment: no module of ours.

    PYTHON mds_reading.py write PARTS_FOLDER FOLDER
    PYTHON mds_reading.py read FOLDER WORKERS

Used by `tests.benchmarks.loading --mds PYTHON`; PYTHON has mosaicml-streaming and pyarrow.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
from streaming import MDSWriter, StreamingDataset
from torch.utils.data import DataLoader

BATCH = 32


def write(parts: Path, folder: Path) -> None:
    columns = {"page_id": "str", "text": "str", "image": "bytes"}
    with MDSWriter(out=str(folder), columns=columns, compression=None) as out:
        for part in sorted(parts.glob("*.parquet")):
            for batch in pq.ParquetFile(part).iter_batches(64, columns=list(columns)):
                for row in batch.to_pylist():
                    out.write({**row, "image": row["image"]["bytes"]})


def as_they_are(batch: list[dict[str, object]]) -> list[dict[str, object]]:
    return batch


def read(folder: Path, workers: int) -> None:
    began = time.perf_counter()
    rows = StreamingDataset(local=str(folder), shuffle=True, batch_size=BATCH)
    count = size = 0
    loader = DataLoader(rows, BATCH, num_workers=workers, collate_fn=as_they_are)
    for batch in loader:
        count += len(batch)
        size += sum(len(row["image"]) for row in batch)
    print(
        json.dumps(
            {
                "rows": count,
                "bytes": size,
                "wall_s": time.perf_counter() - began,
            }
        )
    )


if __name__ == "__main__":
    what, *places = sys.argv[1:]
    if what == "write":
        write(Path(places[0]), Path(places[1]))
    else:
        read(Path(places[0]), int(places[1]))
