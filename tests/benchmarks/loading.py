"""Read a dataset for training: `pagefoundry.open` beside `datasets` and MDS, in one run.

    python -m tests.benchmarks.loading [--pages 4000] [--mds PYTHON] [--folder DIR] [--json]

Pages have pictures of 100 kB, which differ, in row groups of a thousand, and are given as bytes in
batches of 32, shuffled. Each reading is a process of its own, with 0 and 2 worker processes. CPU
seconds are those of all its processes, from their start. `later` is what the peak of the process
that reads, or collects, grew by after the first tenth of the rows. PYTHON is an environment with
mosaicml-streaming and pyarrow; its samples are written first, which is not counted.

    python -m tests.benchmarks.loading --kills

reads an epoch over two ranks of four workers each; both are killed in the middle and go on with
three workers, and every row must come once.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from deltalake import DeltaTable
from rich.console import Console
from rich.table import Table

import pagefoundry
from tests.benchmarks import ledger

BATCH = 32
ROWS_PER_PART = 1000
IMAGE_BYTES = 100_000
WORKERS = (0, 2)


def pictures_of(texts: list[str]) -> pa.Array:
    """Bytes that no codec makes smaller, as those of pictures."""
    dice = np.random.default_rng(zlib.crc32(texts[0].encode()))
    return pa.array([dice.bytes(IMAGE_BYTES) for _ in texts], pa.binary())


def as_they_are(batch: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return batch


# ---- readings ---------------------------------------------------------------------------------


def ours(folder: Path, workers: int) -> Iterable[list[dict[str, Any]]]:
    rows = pagefoundry.open(str(folder / "data")).select("page_id", "text", "image")
    return rows.loader(BATCH, workers=workers)


def streamed(folder: Path, workers: int) -> Iterable[list[dict[str, Any]]]:
    from datasets import Features, Image, load_dataset
    from torch.utils.data import DataLoader

    # The dataset has no card, so its parts are named.
    parts = DeltaTable(folder / "data/pages").file_uris()
    rows = load_dataset("parquet", data_files=parts, split="train", streaming=True)
    rows = rows.select_columns(["page_id", "text", "image"]).cast_column(
        "image", Image(decode=False)
    )
    assert isinstance(rows.features, Features)
    shuffled = rows.shuffle(seed=0, buffer_size=1000)
    return DataLoader(shuffled, BATCH, num_workers=workers, collate_fn=as_they_are)


READINGS: dict[str, Callable[[Path, int], Iterable[list[dict[str, Any]]]]] = {
    "pagefoundry.open": ours,
    "datasets, streaming": streamed,
}


def measure(reading: str, folder: Path, workers: int) -> dict[str, Any]:
    """Read an epoch in this process; return what it cost."""
    began, early_mb = time.perf_counter(), 0.0
    count = size = 0
    pages = len(pagefoundry.open(str(folder / "data")))
    for batch in READINGS[reading](folder, workers):
        count += len(batch)
        size += sum(len(row["image"]["bytes"]) for row in batch)
        if not early_mb and count > pages // 10:
            early_mb = _peak_mb()
    assert (count, size) == (pages, pages * IMAGE_BYTES)
    return {
        "rows": count,
        "bytes": size,
        "wall_s": time.perf_counter() - began,
        "later_mb": _peak_mb() - early_mb,
    }


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def in_process(command: list[str]) -> dict[str, Any]:
    """Run a reading, and count the CPU seconds of all its processes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        out, _ = process.communicate()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {**json.loads(out.splitlines()[-1]), "cpu_s": cpu_s}


def readings(folder: Path, mds: str | None) -> Iterator[dict[str, Any]]:
    """Each reading with each number of workers."""
    script = str(Path(__file__).with_name("mds_reading.py"))
    if mds and not (folder / "mds").exists():
        parts = str(folder / "data/pages/data")
        subprocess.run([mds, script, "write", parts, str(folder / "mds")], check=True)
    for workers in WORKERS:
        for name in READINGS:
            command = [sys.executable, "-m", __spec__.name, "--folder", str(folder)]
            result = in_process([*command, "--run", name, "--workers", str(workers)])
            yield {"reading": name, "workers": workers, **result}
        if mds:
            result = in_process([mds, script, "read", str(folder / "mds"), str(workers)])
            yield {"reading": "MDS", "workers": workers, **result}


def show(results: list[dict[str, Any]]) -> None:
    table = Table("reading", "workers", "rows", "CPU s", "rows/CPU s", "wall s", "later MB")
    for row in results:
        table.add_row(
            row["reading"],
            str(row["workers"]),
            f"{row['rows']:,}",
            f"{row['cpu_s']:.1f}",
            f"{row['rows'] / row['cpu_s']:,.0f}",
            f"{row['wall_s']:.1f}",
            f"{row['later_mb']:.0f}" if "later_mb" in row else "",
        )
    Console(width=120).print(table)


# ---- kills ------------------------------------------------------------------------------------


def rank_of(folder: Path, rank: int, workers: int) -> None:
    """Give an epoch's rows of a rank, a line a batch, and keep the state after each."""
    state = folder / f"state-{rank}.json"
    rows = pagefoundry.open(str(folder / "data")).select("page_id", "text")
    loader = rows.loader(BATCH, workers=workers, rank=rank, ranks=2, seed=1)
    if state.exists():
        loader.load_state_dict(json.loads(state.read_text()))
    for batch in loader:
        # A batch counts when its state is kept, as that of a model would be.
        line = json.dumps([row["page_id"] for row in batch])
        with (folder / f"given-{rank}.jsonl").open("a") as given:
            given.write(f"{line}\n")
        new = state.with_suffix(".new")
        new.write_text(json.dumps(loader.state_dict()))
        os.replace(new, state)


def kills(folder: Path) -> dict[str, Any]:
    """Kill both ranks in the middle of an epoch, let them go on, and count the rows."""
    for path in folder.glob("*-[01].json*"):
        path.unlink()
    pages = len(pagefoundry.open(str(folder / "data")))

    def started(workers: int) -> list[subprocess.Popen[bytes]]:
        command = [sys.executable, "-m", __spec__.name, "--folder", str(folder)]
        options = ("--workers", str(workers), "--rank")
        return [
            subprocess.Popen([*command, *options, str(rank)], start_new_session=True)
            for rank in range(2)
        ]

    def given(rank: int) -> list[list[str]]:
        path = folder / f"given-{rank}.jsonl"
        return [json.loads(line) for line in path.open()] if path.exists() else []

    for process, rank in zip(started(4), range(2), strict=True):
        while len(given(rank)) < pages // BATCH // 6:
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    before = [len(given(rank)) for rank in range(2)]
    for process in started(3):
        assert process.wait() == 0
    counts = Counter(key for rank in range(2) for batch in given(rank) for key in batch)
    return {
        "rows": pages,
        "given": len(counts),
        "twice": sum(count > 1 for count in counts.values()),
        "batches before the kill": before,
        "batches": [len(given(rank)) for rank in range(2)],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=4000)
    parser.add_argument("--folder", type=Path, help="make the dataset here, and keep it")
    parser.add_argument("--mds", help="a Python that has mosaicml-streaming")
    parser.add_argument("--kills", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--run", choices=READINGS, help=argparse.SUPPRESS)
    parser.add_argument("--rank", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--workers", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.run:
        print(json.dumps(measure(args.run, args.folder, args.workers)))
        return
    if args.rank is not None:
        rank_of(args.folder, args.rank, args.workers)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder or Path(temporary)
        ledger.build(
            args.pages, folder, duplicate_share=0, is_staged=False, pictures_of=pictures_of,
            rows_per_part=ROWS_PER_PART,
        )  # fmt: skip
        if args.kills:
            print(json.dumps(kills(folder)))
            return
        results = list(readings(folder, args.mds))
    print(json.dumps(results)) if args.json else show(results)


if __name__ == "__main__":
    main()
