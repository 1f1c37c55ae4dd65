"""Read a dataset for training: `pagefoundry.open` beside `datasets` and MDS, in one run.

    python -m tests.benchmarks.loading [--pages 4000] [--mds PYTHON] [--folder DIR] [--json]

Pages have pictures of 100 kB, which differ, in row groups of 250, and are given as bytes in
batches of 32, shuffled. Each reading (`tests.benchmarks.readings`) is a process of its own, with 0
and 2 worker processes. It is run for one epoch and for five: CPU and wall seconds an epoch are a
quarter of the difference, so that what starting costs is left out; CPU seconds are those of all its
processes. The peak is that of the process that reads, or collects; `later` is what it grew by after
the first tenth of five epochs. PYTHON is an environment with mosaicml-streaming and pyarrow; its
samples are written first, which is not counted.

    python -m tests.benchmarks.loading --kills

reads an epoch over two ranks of four workers each; both are killed in the middle and go on with
three workers, and every row must come once.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from rich.console import Console
from rich.table import Table

import pagefoundry
from tests.benchmarks import ledger
from tests.benchmarks.processes import measured

BATCH = 32
ROWS_PER_PART = 250
IMAGE_BYTES = 100_000
WORKERS = (0, 2)
EPOCHS = (1, 5)


def pictures_of(texts: list[str]) -> pa.Array:
    """Bytes that no codec makes smaller, as those of pictures."""
    dice = np.random.default_rng(zlib.crc32(texts[0].encode()))
    return pa.array([dice.bytes(IMAGE_BYTES) for _ in texts], pa.binary())


# ---- readings ---------------------------------------------------------------------------------


def measure(command: list[str]) -> dict[str, Any]:
    """What an epoch costs, beside what starting costs."""
    one, five = (measured([*command, str(epochs)]) for epochs in EPOCHS)
    rows = one["rows"]
    assert (five["rows"], one["bytes"]) == (EPOCHS[1] * rows, rows * IMAGE_BYTES)
    more = EPOCHS[1] - EPOCHS[0]
    cost = {name: (five[name] - one[name]) / more for name in ("cpu_s", "wall_s")}
    return {**five, **cost, "rows": rows, "start_cpu_s": one["cpu_s"] - cost["cpu_s"]}


def readings(folder: Path, mds: str | None) -> Iterator[dict[str, Any]]:
    """Each reading with each number of workers."""
    script = str(Path(__file__).with_name("readings.py"))
    if mds and not (folder / "mds").exists():
        parts = str(folder / "data/pages/data")
        subprocess.run([mds, script, "write", parts, str(folder / "mds")], check=True)
    pythons = {"ours": sys.executable, "datasets": sys.executable, **({"mds": mds} if mds else {})}
    for workers in WORKERS:
        for name, python in pythons.items():
            result = measure([python, script, name, str(folder), str(workers)])
            yield {"reading": name, "workers": workers, **result}


def show(results: list[dict[str, Any]]) -> None:
    table = Table(
        "reading", "workers", "start CPU s", "epoch CPU s", "rows/CPU s", "rows/s", "peak MB",
        "later MB",
    )  # fmt: skip
    for row in results:
        table.add_row(
            row["reading"],
            str(row["workers"]),
            f"{row['start_cpu_s']:.1f}",
            f"{row['cpu_s']:.2f}",
            f"{row['rows'] / row['cpu_s']:,.0f}",
            f"{row['rows'] / row['wall_s']:,.0f}",
            f"{row['peak_mb']:,.0f}",
            f"{row['later_mb']:.0f}",
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
    parser.add_argument("--rank", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--workers", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
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
