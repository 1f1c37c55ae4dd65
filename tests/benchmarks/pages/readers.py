"""The systems that the page benchmark compares, each in a process of its own.

`ours` is a recipe's defaults (`routing: prefer`), `ocr` the same with `routing: never`: both go
through the steps of a pass, so whole documents are opened and furniture is known by its neighbours.
`pymupdf4llm` runs with its defaults, and as `pymupdf4llm-body` with heads and feet switched off;
it recognises scans with the RapidOCR that we install. `tesseract` gets pages at 300 dots an inch,
as its manual advises, with the languages that its name carries: `tesseract:deu+fra`, else English.

A page that our quality floors reject has no text here, as it would not be in the dataset.
"""

from __future__ import annotations

import contextlib
import functools
import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it has no types
import pymupdf

from tests.benchmarks.pages.sources import PageFile

TURN_PAGES = 16
TESSERACT_DPI = 300
# Each library reads another of these.
_THREAD_LIMITS = ("OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

Read = Callable[[Sequence[PageFile]], list[str]]
"""The texts of pages, in their order; empty for a page that could not be read."""
Prepare = Callable[[int], Read]
"""Loads a reader that uses this many threads."""


@dataclass(frozen=True, slots=True)
class Texts:
    """What a reader made of the pages, by name, and the CPU seconds that it took for them all.

    Loading models, and the first page, which is read once more, are not counted.
    """

    texts: Mapping[str, str]
    cpu_s: float


# ---- ours -----------------------------------------------------------------------------------


def _ours(routing: str, threads: int) -> Read:
    from pipelines.steps import shard as steps
    from pipelines.steps.settings import replica_settings
    from schemas.recipe import Recipe
    from schemas.shards import PageRange, Shard
    from workers import store
    from workers.reading import load_replica
    from workers.shards import Staging, score_page

    recipe = Recipe.model_validate(
        {
            "dataset": "benchmark",
            "sources": ["pages"],
            "routing": routing,
            "placement": {"threads_per_replica": threads},
        }
    )
    replica = load_replica(replica_settings(recipe, isolated=False))

    def read(pages: Sequence[PageFile]) -> list[str]:
        ranges = tuple(
            PageRange(
                f"{number:064x}",
                page.index,
                page.index + 1,
                "application/pdf",
                (store.stat(str(page.path)),),
            )
            for number, page in enumerate(pages)
        )
        job = steps.make_job(recipe, Shard(ranges, recipe.digest()), Staging("unused"))
        rastered = steps.raster(job)
        readings = steps.read(replica, job, rastered)
        rows = [
            score_page(page, reading, job.scoring)
            for page, reading in zip(rastered.value, readings.value, strict=True)
        ]
        for page, row in zip(pages, rows, strict=True):
            if row["reason"] is not None:
                print(f"rejected {page.name}: {row['reason']} {row['detail']}", file=sys.stderr)
        return ["" if row["reason"] is not None else row["text"] for row in rows]

    return read


# ---- peers ----------------------------------------------------------------------------------


def _pymupdf4llm(body_only: bool, threads: int) -> Read:
    import pymupdf4llm  # type: ignore[import-untyped]  # it has no types

    options = {"header": False, "footer": False} if body_only else {}

    def read(pages: Sequence[PageFile]) -> list[str]:
        return [
            str(pymupdf4llm.to_markdown(str(page.path), pages=[page.index], **options))
            for page in pages
        ]

    return read


def _tesseract(languages: str, threads: int) -> Read:
    def read(pages: Sequence[PageFile]) -> list[str]:
        return [_recognised(page, languages) for page in pages]

    return read


def _recognised(page: PageFile, languages: str) -> str:
    with tempfile.NamedTemporaryFile(suffix=".png") as picture, pymupdf.open(page.path) as pdf:
        pdf[page.index].get_pixmap(dpi=TESSERACT_DPI).save(picture.name)
        options = ["-l", languages, "--dpi", str(TESSERACT_DPI)]
        call = ["tesseract", picture.name, "stdout", *options]
        return subprocess.run(call, capture_output=True, text=True, check=True).stdout


READERS: Mapping[str, Prepare] = {
    "ours": functools.partial(_ours, "prefer"),
    "ocr": functools.partial(_ours, "never"),
    "pymupdf4llm": functools.partial(_pymupdf4llm, False),
    "pymupdf4llm-body": functools.partial(_pymupdf4llm, True),
    "tesseract": functools.partial(_tesseract, "eng"),
}


def reader(name: str) -> Prepare:
    """A reader by its name. Raises KeyError."""
    base, _, languages = name.partition(":")
    if base == "tesseract" and languages:
        return functools.partial(_tesseract, languages)
    return READERS[name]


# ---- running --------------------------------------------------------------------------------


def read_alone(name: str, pages: Sequence[PageFile], threads: int) -> Texts:
    """Read pages in a new process, on as many cores as `threads`.

    Libraries change one another when they are loaded together: pymupdf4llm switches PyMuPDF's own
    layout on.
    """
    with _limited(threads):
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            return pool.submit(_read, name, pages, threads).result()


@contextlib.contextmanager
def _limited(threads: int) -> Iterator[None]:
    """Limit the threads of processes that are started meanwhile."""
    before, cores = dict(os.environ), os.sched_getaffinity(0)
    os.environ.update(dict.fromkeys(_THREAD_LIMITS, str(threads)))
    os.sched_setaffinity(0, sorted(cores)[-threads:])
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)
        os.environ.clear()
        os.environ.update(before)


def _read(name: str, pages: Sequence[PageFile], threads: int) -> Texts:
    os.dup2(2, 1)  # libraries print there what they do; standard output is for the results
    pymupdf.TOOLS.mupdf_display_errors(False)
    read = reader(name)(threads)
    read(pages[:1])
    texts: dict[str, str] = {}
    start_s = cpu_s()
    for start in range(0, len(pages), TURN_PAGES):
        turn = pages[start : start + TURN_PAGES]
        texts |= zip((page.name for page in turn), read(turn), strict=True)
    return Texts(texts, cpu_s() - start_s)


def cpu_s() -> float:
    """CPU seconds of this process, of the children that it has, and of those that have ended."""
    this = psutil.Process()
    times = [process.cpu_times() for process in (this, *this.children(recursive=True))]
    return float(sum(t.user + t.system + t.children_user + t.children_system for t in times))


def save(folder: Path, name: str, texts: Mapping[str, str]) -> None:
    """Write a reader's texts, one file a page."""
    folder = folder / name.replace(":", "-")
    folder.mkdir(parents=True, exist_ok=True)
    for page, text in texts.items():
        (folder / f"{page}.md").write_text(text, encoding="utf-8")
