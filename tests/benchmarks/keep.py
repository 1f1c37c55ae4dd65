"""What `keep` costs on many pages, and what a refresh writes again when its shares move.

    python -m tests.benchmarks.keep [--pages 50000] [--folder DIR] [--json]

The dataset is that of `tests.benchmarks.ledger` without duplicates, with pages of 50 to 350 words.
Each run is a process of its own, with no Ray. `moved` are the old rows of `pages` that came in or
left, `again` the old parts that the version does not have any more, and their bytes; `written` the
bytes of parts that are new. Parts are small, so that a dataset of this size has many. The last run
adds one document in a hundred, of pages of
as many words; it reads them, so its CPU seconds are given beside those of the same run
without `keep`, in a copy of the dataset.

    python -m tests.benchmarks.keep --heuristics

measures what heuristics cost beside what is counted of a page anyway.
"""

from __future__ import annotations

import argparse
import io
import json
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image
from rich.console import Console
from rich.table import Table

from cluster.session import IN_PROCESS, open_session
from pipelines.run import run
from schemas.recipe import Raster, Recipe, parse_recipe
from tests.benchmarks import ledger
from tests.benchmarks.policies import parts_of
from tests.pipelines.corpora import pdf, prose
from workers.rasterising import pictures
from workers.text import languages, measures, quality, signatures
from workers.text.heuristics import heuristics

FEWEST, MOST = 50, 350
PART_BYTES = 1_000_000
FLOOR = "policies: [{keep: {words: {min: 320}}}]"
TENTH = "policies: [{keep: {mean_word_length: {top: 10 %}}}]"
ROWS_PER_PART = 1000
STEPS = {
    "another setting": ("data", "", 1),
    "added: a floor": ("data", FLOOR, 0),
    "changed: the best tenth": ("data", TENTH, 0),
    "the same again": ("data", TENTH, 0),
    "1 % more documents": ("data", TENTH, 0),
    "the same without `keep`": ("copy", "", 1),
}


def recipe_of(folder: Path, name: str, policies: str, other: int) -> Recipe:
    recipe = ledger.RECIPE.format(folder=folder).replace(f"{folder}/data", f"{folder}/{name}")
    return parse_recipe(f"{recipe}\n{policies}\npublish: {{part_bytes: {PART_BYTES + other}}}\n")


def text(name: str, number: int) -> str:
    """Words drawn at random, as many as the page's number says."""
    return prose(number, FEWEST + int(np.random.default_rng(number).integers(MOST - FEWEST)))


def pictures_of(texts: list[str]) -> pa.Array:
    """The same small picture for each text."""
    picture = pictures.encode(Image.new("RGB", (40, 50), "white"), Raster())
    return pa.array([picture] * len(texts), pa.binary())


def add_documents(folder: Path, documents: int) -> None:
    for number in range(documents):
        dice = np.random.default_rng(10**6 + number)
        counts = dice.integers(FEWEST, MOST, ledger.PAGES_PER_DOCUMENT).tolist()
        pages = [prose(10**7 + 100 * number + place, count) for place, count in enumerate(counts)]
        (folder / "corpus" / f"new-{number}.pdf").write_bytes(pdf(pages))


def measure(step: str, folder: Path) -> dict[str, Any]:
    """Run a step in this process; return what it cost."""
    recipe = recipe_of(folder, *STEPS[step])
    before = parts_of(recipe)
    cpu_s = time.process_time()
    with open_session(IN_PROCESS) as session:
        report = run(recipe, session, Console(file=io.StringIO()))
    cpu_s = time.process_time() - cpu_s
    after = parts_of(recipe)
    changes = (report.changes or {}).get("pages", {})
    originals = (Path(recipe.dataset) / "staging").glob("originals-*/*")
    return {
        "step": step, "cpu_s": cpu_s, "pages_read": report.pages_read,
        "pages": report.counts["pages"],
        "moved": sum(changes.get(kind, {}).get(why, 0)
                     for kind, why in (("added", "let_in"), ("removed", "policy"))),
        "parts": {name: [sum(path not in after for path in paths), len(paths)]
                  for name, paths in _by_table(before).items()},
        "again": sum(size for path, size in before.items() if path not in after),
        "written": sum(size for path, size in after.items() if path not in before),
        "all": sum(after.values()),
        "originals": sum(path.stat().st_size for path in originals),
    }  # fmt: skip


def _by_table(parts: dict[str, int]) -> dict[str, list[str]]:
    names = ("pages", "documents", "rejects")
    return {name: [path for path in parts if path.startswith(f"{name}/")] for name in names}


def show(results: list[dict[str, Any]]) -> None:
    table = Table("run", "CPU s", "read", "pages", "moved", "old parts again", "again MB",
                  "written MB", "of MB",
                  "originals MB")  # fmt: skip
    for row in results:
        parts = ", ".join(f"{name} {new} of {all_}" for name, (new, all_) in row["parts"].items())
        table.add_row(
            row["step"],
            f"{row['cpu_s']:.1f}",
            f"{row['pages_read']:,}",
            f"{row['pages']:,}",
            f"{row['moved']:,}",
            parts,
            *(f"{row[name] / 1e6:,.1f}" for name in ("again", "written", "all", "originals")),
        )
    Console(width=180).print(table)


# ---- heuristics -------------------------------------------------------------------------------


def heuristics_cost(repeats: int = 400) -> dict[str, float]:
    """CPU microseconds of a page of 540 words, counted in turns with what is counted anyway."""
    page = "\n".join(f"{prose(line, 12).capitalize()}." for line in range(45))
    words = signatures.words(page)
    counted: dict[str, Callable[[], object]] = {
        "heuristics": lambda: heuristics(page, "en"),
        "tokens": lambda: measures.count_tokens(page),
        "language": lambda: languages.language(page),
        "words": lambda: signatures.words(page),
        "quality": lambda: quality.measure(page, words, None, 0.1),
        "signature": lambda: signatures.minhash(signatures.shingle_hashes(words), 128),
    }
    costs = dict.fromkeys(counted, 0.0)
    for turn in range(repeats + 1):
        for name, count in counted.items():
            began = time.process_time_ns()
            count()
            costs[name] += (time.process_time_ns() - began) / 1e3 if turn else 0
    return {name: cost / repeats for name, cost in costs.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=50_000)
    parser.add_argument("--folder", type=Path, help="make the dataset here, and keep it")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--heuristics", action="store_true", help="only what these cost")
    parser.add_argument("--run", choices=STEPS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.heuristics:
        print(json.dumps({name: round(cost) for name, cost in heuristics_cost().items()}))
        return
    if args.run:
        print(json.dumps(measure(args.run, args.folder)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder or Path(temporary)
        ledger.build(
            *(args.pages, folder, text, 0, False, pictures_of),
            lambda text: heuristics(text, "en"),
            ROWS_PER_PART,
        )
        results = []
        for step in STEPS:
            if step.startswith("1 %"):
                add_documents(folder, args.pages // 100 // ledger.PAGES_PER_DOCUMENT)
            results.append(ledger.in_process(step, folder, __spec__.name))
            if step == "another setting":
                shutil.copytree(folder / "data", folder / "copy")
    print(json.dumps(results)) if args.json else show(results)


if __name__ == "__main__":
    main()
