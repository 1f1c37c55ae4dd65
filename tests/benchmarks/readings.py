"""Read epochs of a dataset for training, and count them: one reading of `tests.benchmarks.loading`.

    PYTHON readings.py READING FOLDER WORKERS EPOCHS
    PYTHON readings.py write PARTS FOLDER          the samples that MDS reads

Worker processes import this file anew, so it imports little, and none of our modules: `mds` runs in
an environment of its own, which has mosaicml-streaming and pyarrow.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

BATCH = 32
COLUMNS = ("page_id", "text", "image")
Batch = list[dict[str, Any]]


def as_they_are(batch: Batch) -> Batch:
    return batch


def ours(folder: Path, workers: int, epochs: int) -> Iterator[Batch]:
    import pagefoundry

    rows = pagefoundry.open(str(folder / "data")).select(*COLUMNS)
    loader = rows.loader(BATCH, workers=workers)
    for _ in range(epochs):
        yield from loader


def streamed(folder: Path, workers: int, epochs: int) -> Iterator[Batch]:
    from datasets import Image, load_dataset
    from deltalake import DeltaTable
    from torch.utils.data import DataLoader

    # The dataset has no card, so its parts are named.
    parts = DeltaTable(folder / "data/pages").file_uris()
    rows = load_dataset("parquet", data_files=parts, split="train", streaming=True)
    rows = rows.select_columns(list(COLUMNS)).cast_column("image", Image(decode=False))
    loader = DataLoader(
        rows.shuffle(seed=0, buffer_size=1000),
        BATCH,
        num_workers=workers,
        collate_fn=as_they_are,
        persistent_workers=workers > 0,
    )
    for _ in range(epochs):
        yield from loader


def mds(folder: Path, workers: int, epochs: int) -> Iterator[Batch]:
    from streaming import StreamingDataset
    from torch.utils.data import DataLoader

    rows = StreamingDataset(local=str(folder / "mds"), shuffle=True, batch_size=BATCH)
    loader = DataLoader(
        rows, BATCH, num_workers=workers, collate_fn=as_they_are, persistent_workers=workers > 0
    )
    for _ in range(epochs):
        yield from loader


def write(parts: Path, folder: Path) -> None:
    import pyarrow.parquet as pq
    from streaming import MDSWriter

    columns = {"page_id": "str", "text": "str", "image": "bytes"}
    with MDSWriter(out=str(folder), columns=columns, compression=None) as out:
        for part in sorted(parts.glob("*.parquet")):
            for batch in pq.ParquetFile(part).iter_batches(64, columns=list(columns)):
                for row in batch.to_pylist():
                    out.write({**row, "image": row["image"]["bytes"]})


def peak_mb() -> float:
    """Of this program: `getrusage` would also tell of the process that started it."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) / 1024


READINGS = {"ours": ours, "datasets": streamed, "mds": mds}


def main(reading: str, folder: Path, workers: int, epochs: int) -> None:
    rows = size = 0
    peaks = []
    for batch in READINGS[reading](folder, workers, epochs):
        rows += len(batch)
        for row in batch:
            image = row["image"]
            size += len(image if isinstance(image, bytes) else image["bytes"])
        peaks.append(peak_mb())
    later_mb = peaks[-1] - peaks[len(peaks) // 10]
    print(json.dumps({"rows": rows, "bytes": size, "peak_mb": peaks[-1], "later_mb": later_mb}))


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        main(sys.argv[1], Path(sys.argv[2]), *map(int, sys.argv[3:]))
