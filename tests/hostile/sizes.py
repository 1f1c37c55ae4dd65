"""One very long PDF, and one very large folder of images, under 2 GiB for each worker.

    python -m tests.hostile.sizes [--pages 3000] [--image-mb 2000] [--memory-mib 2048]

Both inputs go through a whole run in this process (`routing: only`). Its rasterising child has an
address space of `--memory-mib`. This process does the work of inventory, scoring and publishing
tasks. It has no such limit, as its libraries reserve more memory than they use; its peak is
compared with the limit at the end. Each page of the PDF has its own text and picture; the images
are uncompressed noise, 12 MB each. A value of 0 leaves an input out. If both run, this process's
peak for the second includes the first.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from pipelines.dataset.state import load_snapshot
from tests.benchmarks.rasterising import generated_pdf
from tests.hostile.processes import peak_mib, watched_children
from tests.pipelines.datasets import problems, recipe_for, run_here

IMAGE_SIDE_PX = 2000
IMAGE_MB = IMAGE_SIDE_PX**2 * 3 / 1e6


def write_images(folder: Path, megabytes: int) -> int:
    """Fill a folder with different images; return their number."""
    folder.mkdir(parents=True)
    noise = np.random.default_rng(0)
    count = max(1, round(megabytes / IMAGE_MB))
    for number in range(count):
        pixels = noise.integers(0, 255, (IMAGE_SIDE_PX, IMAGE_SIDE_PX, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:05d}.png", compress_level=0)
    return count


def snapshot_rows(data: Path, table: str) -> int:
    """Return the number of rows of a table, as its parts count them."""
    snapshot = load_snapshot(str(data))
    assert snapshot is not None
    return sum(part.rows for part in snapshot.tables[table].parts)


def measure(folder: Path, name: str, pages: int, memory_mib: int) -> bool:
    """Run over `folder / name`, print peaks, and return whether all limits and counts hold."""
    started = time.monotonic()
    limits = f"routing: only\nplacement: {{page_memory_bytes: {memory_mib * 2**20}}}\n"
    data = folder / f"{name}-data"
    with watched_children() as children:
        run_here(recipe_for(data, folder / name, limits))
    peak = peak_mib()  # before verify, whose memory does not count
    row_count = sum(snapshot_rows(data, table) for table in ("pages", "rejects"))
    size = sum(path.stat().st_size for path in (folder / name).iterdir()) / 1e6
    print(
        f"{name}: {size:.0f} MB, {pages} pages, {row_count} rows of pages and rejects,"
        f" {time.monotonic() - started:.0f} s, peak MiB: this process {peak},"
        f" children {sorted(children.values())}, verify finds {problems(data) or 'nothing'}"
    )
    within = max(peak, *children.values()) <= memory_mib
    return within and row_count >= pages and not problems(data)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pages", type=int, default=3000)
    parser.add_argument("--image-mb", type=int, default=2000)
    parser.add_argument("--memory-mib", type=int, default=2048)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="sizes-"))
    try:
        is_good = True
        if given.pages:
            (folder / "pdf").mkdir()
            generated_pdf(folder / "pdf" / "long.pdf", given.pages, random.Random(0), 800)
            is_good &= measure(folder, "pdf", given.pages, given.memory_mib)
        if given.image_mb:
            count = write_images(folder / "images", given.image_mb)
            is_good &= measure(folder, "images", count, given.memory_mib)
        return int(not is_good)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
