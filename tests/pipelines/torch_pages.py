"""Pages for torch without our code. Its own module, because each worker process imports it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import torch
from deltalake import DeltaTable
from PIL import Image


class TorchPages(torch.utils.data.IterableDataset):  # type: ignore[misc,type-arg]
    """Divides row groups among the loader's workers."""

    def __init__(self, table: Path) -> None:
        self.groups = [
            (path, group)
            for path in DeltaTable(table).file_uris()
            for group in range(pq.ParquetFile(path).num_row_groups)
        ]

    def __iter__(self) -> Iterator[tuple[int, str, int]]:
        worker = torch.utils.data.get_worker_info()
        assert worker is not None
        for path, group in self.groups[worker.id :: worker.num_workers]:
            for row in pq.ParquetFile(path).read_row_group(group).to_pylist():
                picture = Image.open(io.BytesIO(row["image"]["bytes"])).convert("RGB")
                yield worker.id, row["page_id"], picture.width
