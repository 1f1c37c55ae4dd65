"""Whole runs of this checkout and of another one over the same PDFs, in turns.

`page_cost` calls this. Each run is a process of its own (`pagefoundry run --ray in-process`), with
the checkout on PYTHONPATH and the interpreter of this process. The CPU time is that of the run and
of all processes that it waited for, which are the rasterising children. A run over one of the PDFs
shows what start-up costs; both sides are shown with and without it.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

HERE = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run took, and how many samples it published."""

    cpu_s: float
    wall_s: float
    samples: int


def run_whole(checkout: Path, corpus: Path, layout: str | None) -> Cost:
    """Make a dataset of the PDFs in `corpus`. Raises SystemExit where the run fails.

    `layout` is None for a checkout whose recipes have no such key.
    """
    with tempfile.TemporaryDirectory() as name:
        recipe = Path(name) / "recipe.yaml"
        recipe.write_text(
            f"dataset: {name}/data\nsources: [{{documents: {corpus}}}]\nrouting: only\n"
            + (f"layout: {layout}\n" if layout else "")
        )
        command = (sys.executable, "-m", "pipelines.cli", "run", str(recipe), "--json")
        environment = {**os.environ, "PYTHONPATH": str(checkout), "OMP_NUM_THREADS": "1"}
        out, messages = Path(name) / "report.json", Path(name) / "messages.txt"
        started_s = time.perf_counter()
        with out.open("wb") as report, messages.open("wb") as errors:
            run = subprocess.Popen(
                (*command, "--ray", "in-process"),
                cwd=checkout,
                env=environment,
                stdout=report,
                stderr=errors,
            )
            _, status, used = os.wait4(run.pid, 0)
        wall_s = time.perf_counter() - started_s
        run.returncode = os.waitstatus_to_exitcode(status)
        if run.returncode:
            raise SystemExit(f"{checkout}: the run failed\n{messages.read_text()[-2000:]}")
        return Cost(
            used.ru_utime + used.ru_stime, wall_s, json.loads(out.read_text())["counts"]["pages"]
        )


def measure(corpus: Path, pages: int, other: Path, rounds: int, layout: str) -> dict[str, Any]:
    """Medians of both sides over `rounds`; the first side changes from round to round."""
    sides: dict[str, tuple[Path, str | None]] = {
        "this": (HERE, layout),
        "other": (other.resolve(), None),
    }
    runs: dict[str, list[Cost]] = {name: [] for name in sides}
    with tempfile.TemporaryDirectory() as name:
        first = sorted(corpus.glob("*.pdf"))[0]
        (Path(name) / first.name).symlink_to(first)
        starts = {side: run_whole(path, Path(name), key) for side, (path, key) in sides.items()}
    for number in range(rounds):
        for side in sorted(sides, reverse=number % 2 == 0):
            path, key = sides[side]
            runs[side].append(run_whole(path, corpus, key))
    return {
        "pages": pages,
        "rounds": rounds,
        "layout": layout,
        "sides": {side: _figures(runs[side], starts[side], pages) for side in sides},
        "cpu_ratio": _ratio(runs, starts),
    }


def _figures(runs: list[Cost], start: Cost, pages: int) -> dict[str, float]:
    cpu_s, wall_s = (statistics.median(getattr(run, key) for run in runs) for key in _SECONDS)
    return {
        "cpu_s": cpu_s,
        "wall_s": wall_s,
        "start_cpu_s": start.cpu_s,
        "samples": runs[0].samples,
        "pages_a_cpu_s": pages / cpu_s,
        "pages_a_cpu_s_without_start": pages / (cpu_s - start.cpu_s),
        "pages_a_wall_s": pages / wall_s,
    }


_SECONDS = ("cpu_s", "wall_s")


def _ratio(runs: dict[str, list[Cost]], starts: dict[str, Cost]) -> float:
    """The other's CPU time over ours, start-up left out: the median over the rounds."""
    return statistics.median(
        (other.cpu_s - starts["other"].cpu_s) / (this.cpu_s - starts["this"].cpu_s)
        for this, other in zip(runs["this"], runs["other"], strict=True)
    )


def show(result: dict[str, Any]) -> None:
    """Print the table."""
    sides = result["sides"]
    title = f"whole runs, {result['pages']} pages, medians of {result['rounds']}"
    table = Table("", f"this, layout: {result['layout']}", "the other", title=title)
    for key, label in (
        ("cpu_s", "CPU s of the process tree"),
        ("start_cpu_s", "CPU s of a run over one PDF"),
        ("wall_s", "wall s"),
        ("pages_a_cpu_s", "pages a CPU second"),
        ("pages_a_cpu_s_without_start", "the same without start-up"),
        ("pages_a_wall_s", "pages a wall second"),
        ("samples", "samples"),
    ):
        table.add_row(label, *(f"{sides[side][key]:.5g}" for side in ("this", "other")))
    console = Console()
    console.print(table)
    console.print(f"CPU a page without start-up: the other takes {result['cpu_ratio']:.2f} times")
