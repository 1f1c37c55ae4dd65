"""What a born-digital page costs: CPU milliseconds by stage, and whole runs of two checkouts.

    python -m tests.benchmarks.page_cost FOLDER [--pages 300] [--peer-pages 30] [--seed 0] [--json]
    python -m tests.benchmarks.page_cost FOLDER --other CHECKOUT [--pages 300] [--rounds 3] [--json]

FOLDER holds PDFs, in any depth. Files are drawn by the seed, and from each up to four pages that
stand together and have text; they are copied to small PDFs, so that their neighbours are there.

The first form does what a run does to a page, in this process: it rasterises with `routing: only`
and scores. It times the stages once with `layout: never` and once with `layout: auto`, and at last
`pymupdf4llm.to_markdown` on every n-th of the pages. A stage is a list of functions; its time is
that of its functions without the time of the stages that they call. `open` reads the file and the
page's objects; `MuPDF's text` is the floor of the text layer, with the page's operators, which are
interpreted for its picture too. CPU time is that of all threads: with OMP_NUM_THREADS=1 none waits
for another.

The second form is in `paired_runs`: whole runs of this checkout and of another one, in turns.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pymupdf
from rich.console import Console
from rich.table import Table

from pipelines.steps.settings import child_limits, raster_settings, score_settings
from schemas.pages import RasteredPage
from schemas.recipe import Recipe, parse_recipe
from tests.benchmarks import paired_runs
from tests.benchmarks.stages import REST, STAGES, Meter, stages_timed
from workers.rasterising import PDF, Rasterizer
from workers.rasterising.render import spend_less
from workers.reading.replica import given_reading
from workers.shards import ScoreSettings, score_page

PAGES_EACH = 4
LEAST_CHARS = 200  # of a page with text; a page of a scan or a figure has fewer
DOC_ID = "0" * 64


class ThisProcess:
    """Runs the calls of a rasterizer here, where they can be timed. See `children.Child.run`."""

    report = None

    def run(
        self,
        function: Callable[..., Any],
        calls: Sequence[tuple[object, ...]],
        _: float,
        shared: tuple[object, ...] = (),
    ) -> Iterator[Any]:
        """The result of each call."""
        for call in calls:
            yield function(*shared, *call)


# ---- the pages ------------------------------------------------------------------------------


def sample(folder: Path, out: Path, pages: int, seed: int) -> dict[Path, int]:
    """Small PDFs with `pages` pages in all, and how many pages each has."""
    rng = random.Random(seed)
    paths = sorted(folder.rglob("*.pdf"))
    rng.shuffle(paths)
    chosen: dict[Path, int] = {}
    for path in paths:
        missing = pages - sum(chosen.values())
        if missing <= 0:
            break
        target = out / f"{len(chosen):04}.pdf"
        if count := _copy_pages(path, target, min(PAGES_EACH, missing), rng.random()):
            chosen[target] = count
    return chosen


def _copy_pages(path: Path, target: Path, most: int, place: float) -> int:
    """Copy pages that stand together and have text; how many they are."""
    try:
        with pymupdf.open(path, filetype="pdf") as whole:
            if whole.needs_pass or not whole.page_count:
                return 0
            first = int(place * max(whole.page_count - most + 1, 1))
            last = min(first + most, whole.page_count) - 1
            if any(
                len(whole.load_page(index).get_text().strip()) < LEAST_CHARS
                for index in range(first, last + 1)
            ):
                return 0
            with pymupdf.open() as part:
                part.insert_pdf(whole, from_page=first, to_page=last)
                part.save(target, garbage=1, deflate=True)
    except (RuntimeError, ValueError):  # PyMuPDF's errors for a file that is no sound PDF
        return 0
    return int(last - first + 1)


# ---- our cost -------------------------------------------------------------------------------


def recipe_of(layout: str, folder: Path) -> Recipe:
    """The recipe of a run over the pages that needs no engine."""
    return parse_recipe(
        f"dataset: {folder / 'data'}\nsources: [{{documents: {folder}}}]\n"
        f"routing: only\nlayout: {layout}\n"
    )


def our_cost(documents: dict[Path, int], layout: str) -> dict[str, Any]:
    """CPU milliseconds a page by stage, and how many pages became samples."""
    recipe = recipe_of(layout, Path("unused"))
    rasterizer = Rasterizer(raster_settings(recipe), child_limits(recipe))
    rasterizer._child = ThisProcess()  # type: ignore[assignment]
    settings = score_settings(recipe)
    meter = Meter()
    spend_less()
    first = dict([next(iter(documents.items()))])
    _read(rasterizer, first, settings)  # loads vocabularies and models
    with stages_timed(meter):
        meter.start()
        samples = _read(rasterizer, documents, settings)
        spent = meter.stop()
    pages = sum(documents.values())
    by_stage = {stage: 1000 * spent.get(stage, 0.0) / pages for stage in (*STAGES, REST)}
    return {"ms_a_page": by_stage, "ms_in_all": sum(by_stage.values()), "samples": samples}


def _read(rasterizer: Rasterizer, documents: dict[Path, int], settings: ScoreSettings) -> int:
    samples = 0
    for path, count in documents.items():
        for page in rasterizer.rasterise(path, PDF, DOC_ID, range(count)):
            samples += _is_sample(page, settings)
    return samples


def _is_sample(page: RasteredPage, settings: ScoreSettings) -> bool:
    """Score the page as a run does. A page whose layer is not taken is an error with this routing.

    Its picture costs the same.
    """
    row = score_page(page, None if page.error else given_reading(page), settings)
    return row["reason"] is None


# ---- the peer -------------------------------------------------------------------------------


def floor_cost(documents: dict[Path, int]) -> float:
    """CPU milliseconds a page of `get_text("dict")` alone, in newly opened documents."""
    spent_s = 0.0
    for path, count in documents.items():
        with pymupdf.open(path) as pdf:
            for index in range(count):
                page = pdf.load_page(index)
                start_s = time.process_time()
                page.get_text("dict", flags=pymupdf.TEXT_PRESERVE_WHITESPACE)
                spent_s += time.process_time() - start_s
    return 1000 * spent_s / sum(documents.values())


def peer_cost(documents: dict[Path, int], pages: int) -> dict[str, float]:
    """CPU milliseconds a page of `pymupdf4llm.to_markdown`, and of how many pages."""
    import pymupdf4llm  # type: ignore[import-untyped]  # it has no types

    pymupdf.set_messages(path=os.devnull)
    everything = [(path, index) for path, count in documents.items() for index in range(count)]
    chosen = everything[:: max(1, len(everything) // pages)][:pages]
    spent_s = 0.0
    # One page before the clock runs, which loads its models.
    for number, (path, index) in enumerate([chosen[0], *chosen]):
        with pymupdf.open(path) as pdf, contextlib.redirect_stdout(sys.stderr):
            start_s = time.process_time()
            pymupdf4llm.to_markdown(pdf, pages=[index], header=False, footer=False)
            spent_s += time.process_time() - start_s if number else 0.0
    return {"pages": len(chosen), "ms_a_page": 1000 * spent_s / len(chosen)}


# ---- the report -----------------------------------------------------------------------------


def measure(folder: Path, pages: int, peer_pages: int, seed: int) -> dict[str, Any]:
    """All costs of one sample, in one run."""
    with tempfile.TemporaryDirectory() as name:
        documents = sample(folder, Path(name), pages, seed)
        if not documents:
            raise SystemExit(f"{folder} holds no PDF of which pages have text")
        result: dict[str, Any] = {
            "pages": sum(documents.values()),
            "documents": len(documents),
            "floor_ms": floor_cost(documents),
            "ours": {layout: our_cost(documents, layout) for layout in ("never", "auto")},
        }
        if peer_pages:
            result["peer"] = peer_cost(documents, peer_pages)
    return result


def show(result: dict[str, Any]) -> None:
    """Print the table."""
    ours = result["ours"]
    title = f"CPU ms a page, {result['pages']} pages of {result['documents']} PDFs"
    table = Table("stage", *(f"layout: {layout}" for layout in ours), title=title)
    for stage in (*STAGES, REST):
        table.add_row(stage, *(f"{cost['ms_a_page'][stage]:.2f}" for cost in ours.values()))
    table.add_section()
    table.add_row("in all", *(f"{cost['ms_in_all']:.1f}" for cost in ours.values()))
    table.add_row("samples", *(str(cost["samples"]) for cost in ours.values()))
    if peer := result.get("peer"):
        ratios = (f"1/{peer['ms_a_page'] / cost['ms_in_all']:.0f}" for cost in ours.values())
        table.add_row("share of pymupdf4llm's", *ratios)
    console = Console()
    console.print(table)
    console.print(f'get_text("dict") alone: {result["floor_ms"]:.2f} ms')
    if peer:
        console.print(f"pymupdf4llm: {peer['ms_a_page']:.0f} ms on {peer['pages']} of the pages")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pages", type=int, default=300)
    parser.add_argument("--peer-pages", type=int, default=30, help="0 leaves pymupdf4llm out")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--other", type=Path, help="a checkout whose whole runs are compared")
    parser.add_argument("--rounds", type=int, default=3, help="pairs of whole runs")
    parser.add_argument("--layout", default="never", help="of whole runs of this checkout")
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    arguments = parser.parse_args()
    pymupdf.TOOLS.mupdf_display_errors(False)
    pymupdf.TOOLS.mupdf_display_warnings(False)
    if arguments.other is None:
        result = measure(arguments.folder, arguments.pages, arguments.peer_pages, arguments.seed)
    else:
        with tempfile.TemporaryDirectory() as name:
            corpus = Path(name) / "corpus"
            corpus.mkdir()
            documents = sample(arguments.folder, corpus, arguments.pages, arguments.seed)
            result = paired_runs.measure(
                corpus, sum(documents.values()), arguments.other, arguments.rounds, arguments.layout
            )
    if arguments.json:
        print(json.dumps(result))
    elif arguments.other is None:
        show(result)
    else:
        paired_runs.show(result)


if __name__ == "__main__":
    main()
