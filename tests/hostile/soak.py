"""Run thousands of mutants: each ends in the ledger, and none ends the run.

    python -m tests.hostile.soak --count 10000 --seed 0 [--batch 1000] [--keep DIR] [--json]

The mutants come in batches, as new files come each night. Each batch is one `run` on the dataset,
in this process. The run reads text layers only (`routing: only`), so a page without a good text
layer ends as `no_text_layer` after rendering. The dataset is verified after the last batch. The
report lists outcomes, children started and left, time, and memory: the parent's after each batch,
and the highest peak of a child.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil

from schemas.recipe import Recipe
from tests.hostile.mutation import mutants
from tests.hostile.processes import child_ids, watched_children
from tests.pipelines.datasets import problems, recipe_for, rows, run_here

PAGE_TIMEOUT_S = 20
MEMORY_BYTES = 2 * 2**30


@dataclass
class Result:
    """What became of the mutants."""

    files: int = 0
    documents: int = 0
    duplicate_files: int = 0
    pages: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    missing_files: tuple[str, ...] = ()
    children_started: int = 0
    children_left: int = 0
    seconds: float = 0.0
    parent_mib: list[int] = field(default_factory=list)
    child_peak_mib: int = 0


def recipe_of(folder: Path) -> Recipe:
    """Return a recipe that reads text layers under tight limits."""
    return recipe_for(
        folder / "data",
        folder / "corpus",
        "routing: only\n"
        f"placement: {{page_timeout_s: {PAGE_TIMEOUT_S}, page_memory_bytes: {MEMORY_BYTES}}}\n",
    )


def soak(folder: Path, count: int, seed: int, batch: int, progress: Any = None) -> Result:
    """Run `count` mutants in batches on a new dataset in `folder`, and verify the ledger."""
    corpus = folder / "corpus"
    corpus.mkdir(parents=True)
    recipe, result, started = recipe_of(folder), Result(files=count), time.monotonic()
    with watched_children() as children:
        for number, mutant in enumerate(mutants(count, seed), start=1):
            (corpus / mutant.name).write_bytes(mutant.data)
            if number % batch == 0 or number == count:
                run_here(recipe)
                gc.collect()
                result.parent_mib.append(psutil.Process().memory_info().rss >> 20)
                if progress:
                    seconds = time.monotonic() - started
                    print(number, f"{seconds:.0f} s", result.parent_mib[-1], file=progress)
    result.children_started, result.child_peak_mib = len(children), max(children.values())
    result.children_left = len(child_ids())
    result.seconds = round(time.monotonic() - started, 1)
    _count(folder, result)
    return result


def _count(folder: Path, result: Result) -> None:
    data = folder / "data"
    inventory, rejects = rows(data, "inventory"), rows(data, "rejects")
    listed = {Path(file["uri"]).name for row in inventory for file in row["uris"]}
    result.documents = len(inventory)
    result.duplicate_files = result.files - result.documents
    result.missing_files = tuple(sorted({p.name for p in (folder / "corpus").iterdir()} - listed))
    result.pages = sum(row["page_count"] or 0 for row in inventory)
    outcomes = Counter(f"{row['level']}: {row['reason']}" for row in rejects)
    outcomes["page: sample"] = len(rows(data, "pages"))
    result.outcomes = dict(sorted(outcomes.items()))
    result.problems = problems(data)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--batch", type=int, default=1000)
    parser.add_argument(
        "--keep", type=Path, help="where to make corpus and dataset, and leave them"
    )
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    folder = given.keep or Path(tempfile.mkdtemp(prefix="soak-"))
    try:
        result = soak(folder, given.count, given.seed, given.batch, sys.stderr)
    finally:
        if given.keep is None:
            shutil.rmtree(folder)
    if given.json:
        print(json.dumps(asdict(result), indent=2))
    else:
        for name, value in asdict(result).items():
            print(f"{name}: {value}")
    return int(bool(result.problems or result.missing_files or result.children_left > 1))


if __name__ == "__main__":
    os.nice(5)
    sys.exit(main())
