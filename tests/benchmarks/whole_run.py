"""The whole run against its engine in a bare loop, on the same pages, in one process tree.

    python -m tests.benchmarks.whole_run [--pages 48] [--rounds 2] [--json]

The run is inventory, rasterising, reading, scoring, deduplication and publish on a local Ray with
`routing: never`; the bare loop is `engine.read` on page images that are ready in memory. Start-up
(model load, first workers) counts in neither: the run's cost is the time of all pages minus the
time of a one-page corpus, divided by the difference in pages.
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from cluster.session import open_session
from pipelines.run import run
from pipelines.steps.settings import child_limits, raster_settings
from schemas.pages import PageImage
from schemas.recipe import EngineSpec, Recipe, parse_recipe
from tests.pipelines.corpora import write_pdf
from workers.engines import load_engine
from workers.rasterising import PDF, Rasterizer

PAGES_PER_FILE = 8


def _recipe(folder: Path, name: str, source: str) -> Recipe:
    return parse_recipe(
        f"dataset: {folder / name}\nsources: [{{documents: {folder / source}}}]\n"
        "routing: never\nplacement: {shard_pages: 16}\n"
    )


def _images(recipe: Recipe, folder: Path) -> list[PageImage]:
    rasterizer = Rasterizer(raster_settings(recipe), child_limits(recipe))
    try:
        return [
            page.image
            for path in sorted(folder.glob("*.pdf"))
            for page in rasterizer.rasterise(path, PDF, "0" * 64, range(PAGES_PER_FILE))
            if page.image is not None
        ]
    finally:
        rasterizer.close()


def measure(pages: int, rounds: int) -> dict[str, float]:
    """Pages a second of both, from medians over rounds, and their ratio."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(pages // PAGES_PER_FILE):
            write_pdf(folder / "many", f"{number}.pdf", 100 * number, PAGES_PER_FILE)
        write_pdf(folder / "one", "one.pdf", 9999, 1)
        images = _images(_recipe(folder, "unused", "many"), folder / "many")
        engine = load_engine(EngineSpec())
        engine.read(images[:2])
        bare, whole = [], []
        for round_number in range(rounds):
            started = time.perf_counter()
            engine.read(images)
            bare.append((time.perf_counter() - started) / len(images))
            times = {}
            with open_session() as session:
                # The first run starts Ray, which must not count in the time of the one-page run.
                for name_of_run, source in (("warm", "one"), ("one", "one"), ("many", "many")):
                    recipe = _recipe(folder, f"data-{name_of_run}-{round_number}", source)
                    started = time.perf_counter()
                    report = run(recipe, session, Console(file=io.StringIO()))
                    times[name_of_run] = time.perf_counter() - started
                    assert report.counts["pages"] == (1 if source == "one" else len(images))
            whole.append((times["many"] - times["one"]) / (len(images) - 1))
    bare_s, whole_s = statistics.median(bare), statistics.median(whole)
    return {
        "pages": len(images),
        "bare_pages_per_second": 1 / bare_s,
        "run_pages_per_second": 1 / whole_s,
        "start_up_s": times["one"],
        "ratio": bare_s / whole_s,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=48)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    result = measure(arguments.pages, arguments.rounds)
    if arguments.json:
        print(json.dumps(result))
        return
    table = Table("what", "pages/s", title="the whole run against its engine alone")
    table.add_row("engine in a bare loop", f"{result['bare_pages_per_second']:.2f}")
    table.add_row("whole run without start-up", f"{result['run_pages_per_second']:.2f}")
    table.add_row("ratio (at least 0.9)", f"{result['ratio']:.3f}")
    Console().print(table)


if __name__ == "__main__":
    main()
