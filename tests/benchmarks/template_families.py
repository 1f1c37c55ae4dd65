"""How deduplication scales, and how good it is, on families of pages filled from one template.

    python -m tests.benchmarks.deduplication --families [6000 60000 600000] [--json]

A page is a set of 296 shingles, from which its real signature is computed. Members of a family
have a Jaccard similarity of about 0.7 to each other: too high for LSH to separate them, too low
for a duplicate. One page in ten is followed by a true duplicate of it, with a similarity of 0.85
to 1. In the shape `mixed`, families of 2, 10, 100 and so on, up to a sixth of all pages, each have
an equal share of the pages. In the shape `one`, all pages are one family.

The pages are in files as after reading, and go through the steps of a publish on a local Ray:
keys, buckets, components, decisions. Memory is the peak of the driver's process, and the highest
sample of any one worker process.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import json
import multiprocessing
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

from cluster.session import open_session
from pipelines.version.dedup import Drops, find_duplicates
from pipelines.version.records import NOBODY, Catalogue, load_all
from schemas.inventory import Document
from schemas.recipe import parse_recipe
from schemas.shards import SeenFile
from workers.publishing.records import RowsFile
from workers.text import signatures

SHINGLES = 296
FAMILY_JACCARD = 0.7
PLANTED_SHARE = 10  # one page in so many is followed by a true duplicate
FILE_PAGES = 20_000
CHECKED_DROPS = 2000  # whose true similarity is computed
SHAPES = ("mixed", "one")
RECIPE = parse_recipe("dataset: none\nsources: [{documents: none}]\n")
DOC_ID = "0" * 64

PERMUTATIONS = 128
_LARGE = 64

Shingles = npt.NDArray[np.uint64]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Families:
    """The family of each page, and which pages are true duplicates of the page before them."""

    family: npt.NDArray[np.int64]
    planted: npt.NDArray[np.bool_]

    @staticmethod
    def of(pages: int, shape: str) -> Families:
        sizes = [10**power for power in range(1, 9) if 10**power < pages // 6]
        classes = [2, *sizes, pages // 6] if shape == "mixed" else [pages]
        counts = [size for size in classes for _ in range(pages // len(classes) // size)]
        family = np.repeat(np.arange(len(counts)), counts)
        random = np.random.default_rng(pages)
        planted = random.random(len(family)) < 1 / PLANTED_SHARE
        planted &= np.diff(family, prepend=-1) == 0
        planted[1:] &= ~planted[:-1]
        return Families(family, planted)

    def shingles(self, page: int) -> Shingles:
        """The page's set of shingles, the same at each call."""
        if self.planted[page]:
            random = np.random.default_rng((2, page))
            original = self.shingles(page - 1)
            return _with(original, *_changes(random.uniform(0.85, 1), random))
        return _with(_template(int(self.family[page])), *self._own(page))

    def signature(self, page: int) -> Shingles:
        """`signatures.minhash` of the page's set; that of a union is the minimum of its parts'."""
        family = self.family[page]
        # For a small family, signing the template costs more than it saves.
        if self.planted[page] or family != self.family[page - _LARGE]:
            return signatures.minhash(self.shingles(page), PERMUTATIONS)
        places, own = self._own(page)
        kept = np.ones(SHINGLES, bool)
        kept[places] = False
        of_template = _template_rows(int(self.family[page]))[kept].min(axis=0)
        return np.minimum(of_template, signatures.minhash(own, PERMUTATIONS))

    def _own(self, page: int) -> tuple[Indices, Shingles]:
        # Two pages that each keep a share c of the template have c^2 of it in common.
        kept = (2 * FAMILY_JACCARD / (1 + FAMILY_JACCARD)) ** 0.5
        return _changes(kept / (2 - kept), np.random.default_rng((1, page)))


@functools.lru_cache(maxsize=4)
def _template(family: int) -> Shingles:
    return _drawn(np.random.default_rng((0, family)), SHINGLES)


@functools.lru_cache(maxsize=4)
def _template_rows(family: int) -> Shingles:
    """The signature of each shingle by itself, uint64 (shingles, permutations)."""
    template = _template(family)
    return np.stack([signatures.minhash(shingle, PERMUTATIONS) for shingle in template[:, None]])


def _drawn(random: np.random.Generator, count: int) -> Shingles:
    return random.integers(0, 2**63, count).astype(np.uint64)


def _changes(jaccard: float, random: np.random.Generator) -> tuple[Indices, Shingles]:
    """The places of shingles to replace, and their replacements, for this similarity.

    Two sets of n shingles, of which k differ, have the similarity (n - k) / (n + k).
    """
    lost = round(SHINGLES * (1 - jaccard) / (1 + jaccard))
    return random.choice(SHINGLES, lost, replace=False), _drawn(random, lost)


def _with(shingles: Shingles, places: Indices, own: Shingles) -> Shingles:
    changed = shingles.copy()
    changed[places] = own
    return changed


def make(pages: int, shape: str, folder: Path) -> None:
    """Write the pages as the files of shards that were read."""
    starts = range(0, len(Families.of(pages, shape).family), FILE_PAGES)
    with multiprocessing.Pool() as pool:
        pool.starmap(_make_file, [(pages, shape, folder, start) for start in starts], 1)


def _make_file(pages: int, shape: str, folder: Path, start: int) -> None:
    families = Families.of(pages, shape)
    scores = np.random.default_rng(1).random(len(families.family)).round(2)
    numbers = range(start, min(start + FILE_PAGES, len(scores)))
    signs = [families.signature(page).tobytes() for page in numbers]
    count = len(numbers)
    table = pa.table(
        {
            "doc_id": [DOC_ID] * count,
            "page_index": pa.array(numbers, pa.int32()),
            "reason": pa.nulls(count, pa.string()),
            "image_bytes": pa.array([0] * count, pa.int64()),
            "recipe_digest": [RECIPE.digest()] * count,
            "text_tokens": pa.array([2 * SHINGLES] * count, pa.int32()),
            "text_hash": pa.array([hashlib.blake2b(s, digest_size=16).digest() for s in signs]),
            "image_hash": pa.array([bytes(32)] * count, pa.binary()),
            "minhash": pa.array(signs),
            "quality_score": scores[start : start + count],
        }
    )
    pq.write_table(table, folder / f"{start:09d}.parquet", compression="none")


def measure(pages: int, shape: str, folder: Path) -> dict[str, Any]:
    """Deduplicate the pages in the folder."""
    families = Families.of(pages, shape)
    pages = len(families.family)
    sources = (SeenFile("none", 0, "0"),)
    catalogue = Catalogue.of([Document(DOC_ID, sources, "application/pdf", pages)])
    files = [
        RowsFile(str(path), "staged", pq.read_metadata(path).num_rows)
        for path in sorted(folder.glob("*.parquet"))
    ]
    scratch = folder / "scratch"
    scratch.mkdir()
    with open_session() as session:
        with session.runtime():
            pass  # starts Ray
        before_mib, watch = _peak_mib(), Watch()
        began_s, driver_s = time.perf_counter(), time.thread_time()
        with watch:
            records = load_all(RECIPE, files, "page", catalogue, str(scratch), session)
            loaded_mib, loaded_s = _peak_mib(), time.thread_time()
            among = np.ones(len(records), bool)
            drops = find_duplicates(records, among, "page", RECIPE.dedup, str(scratch), session)
        seconds = time.perf_counter() - began_s
        spent = {
            "pages": pages,
            "shape": shape,
            "seconds": seconds,
            "driver_cpu_s": time.thread_time() - driver_s,
            "driver_dedup_cpu_s": time.thread_time() - loaded_s,
            "driver_mib": _peak_mib() - before_mib,
            "driver_dedup_mib": _peak_mib() - loaded_mib,
            "task_cpu_s": watch.cpu_s,
            "task_mib": watch.peak_mib,
            "scratch_bytes": sum(path.stat().st_size for path in scratch.glob("*")),
        }
    return spent | quality(families, drops)


def quality(families: Families, drops: Drops) -> dict[str, Any]:
    """Recall of the planted duplicates, and the true similarity of a sample of the drops."""
    dropped = drops.keeper != NOBODY
    planted = np.flatnonzero(families.planted)
    places = np.flatnonzero(dropped)
    chosen = np.random.default_rng(0).permutation(places)[:CHECKED_DROPS]
    true = np.array([
        _jaccard(families.shingles(p), families.shingles(int(drops.keeper[p]))) for p in chosen
    ])  # fmt: skip
    return {
        "drops": int(dropped.sum()),
        "planted": len(planted),
        "recall_above_0.85": float((dropped[planted] | dropped[planted - 1]).mean()),
        "checked": len(chosen),
        "precision_at_0.8": float((true >= 0.8).mean()),
        "lowest_dropped": float(true.min()),
        "dropped_below_0.6": int((true < 0.6).sum()),
    }


def _jaccard(left: Shingles, right: Shingles) -> float:
    shared = len(np.intersect1d(left, right))
    return shared / (len(left) + len(right) - shared)


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class Watch:
    """Samples Ray's worker processes while tasks run: CPU seconds, and the most memory of one."""

    def __init__(self) -> None:
        self.cpu_s = 0.0
        self.peak_mib = 0.0
        self._spent: dict[int, float] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> None:
        self._start = {pid: spent for pid, spent, _ in self._workers()}
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self.cpu_s = sum(s - self._start.get(pid, 0.0) for pid, s in self._spent.items())

    def _look(self) -> None:
        while True:
            stopping = self._stop.is_set()
            for pid, spent, held in self._workers():
                self._spent[pid] = spent
                self.peak_mib = max(self.peak_mib, held / 2**20)
            if stopping:
                return
            self._stop.wait(0.1)

    @staticmethod
    def _workers() -> Iterator[tuple[int, float, int]]:
        for process in psutil.Process().children(recursive=True):
            try:
                if process.name().startswith("ray::"):
                    times, memory = process.cpu_times(), process.memory_full_info()
                    yield process.pid, times.user + times.system, memory.uss
            except psutil.Error:
                continue  # the process ended


def measure_all(sizes: Sequence[int]) -> list[dict[str, Any]]:
    """Make and measure each size and shape, each step in a process of its own."""
    results = []
    for shape in SHAPES:
        for pages in sizes:
            with tempfile.TemporaryDirectory() as folder:
                for step in ("make", "measure"):
                    command = [sys.executable, "-m", __spec__.name, step, str(pages), shape, folder]
                    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
                results.append(json.loads(done.stdout))
    return results


def show(results: Sequence[dict[str, Any]]) -> None:
    table = Table("", *(f"{r['shape']} {r['pages']:,}" for r in results))
    for name in results[0]:
        if name not in ("pages", "shape"):
            cells = (
                f"{r[name]:,.3f}" if isinstance(r[name], float) else f"{r[name]:,}" for r in results
            )
            table.add_row(name, *cells)
    Console(width=160).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("step", choices=["make", "measure"])
    parser.add_argument("pages", type=int)
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("folder", type=Path)
    args = parser.parse_args()
    if args.step == "make":
        make(args.pages, args.shape, args.folder)
    else:
        print(json.dumps(measure(args.pages, args.shape, args.folder)))


if __name__ == "__main__":
    main()
