"""Where histories of faults begin and how they must end: a corpus and two versions."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from pipelines.dataset.state import load_snapshot
from schemas.recipe import parse_recipe
from tests.pipelines.corpora import pdf, prose, write_pdf
from tests.pipelines.datasets import all_rows, part_names, problems, run_here

LAYERS = (
    "routing: only\nraster: {longest_edge_px: 400}\non_missing: remove\nmax_removed: 1\n"
    "placement: {shard_pages: 4}\n"
)
ENGINE = (
    "routing: prefer\nraster: {longest_edge_px: 500}\non_missing: remove\nmax_removed: 1\n"
    "placement: {shard_pages: 4, replicas: [1, 2], gpus_per_replica: 1}\n"
)


@dataclass(frozen=True)
class World:
    """A corpus, the first version of its dataset, and the expected second version."""

    corpus: Path
    settings: str
    first: Path
    first_names: frozenset[str]
    first_version: int
    first_rows: Mapping[str, Any]
    second_rows: Mapping[str, Any]
    second_parts: Mapping[str, Any]

    def recipe(self, dataset: str) -> str:
        """Return the recipe of the second version, as a user writes it."""
        return _recipe(dataset, self.corpus, ("staying", "coming"), self.settings)


def make_world(folder: Path, settings: str, coming: int = 36, scans: int = 0) -> World:
    """Make a corpus of PDFs with text layers, and of some scans if the recipe has an engine.

    By default, more files are coming than one inventory task takes.
    """
    corpus = folder / "corpus"
    write_pdf(corpus / "leaving", "gone.pdf", first_seed=1, pages=3)
    for number in range(4):
        write_pdf(corpus / "staying", f"{number}.pdf", first_seed=100 + 10 * number, pages=2)
    for number in range(coming):
        write_pdf(corpus / "coming", f"{number:02}.pdf", first_seed=1000 + number)
    for number in range(2):
        write_pdf(corpus / "coming", f"long-{number}.pdf", 2000 + 100 * number, pages=11)
    # A file whose pages are in other files too, and a file that is not a document.
    (corpus / "coming/again.pdf").write_bytes(pdf([prose(100), prose(1000)]))
    (corpus / "coming/broken.pdf").write_bytes(b"%PDF-1.7 and then nothing")
    for number in range(scans):
        _write_scan(corpus / f"coming/scan-{number}.png", f"Invoice number {number + 4711}")
    first, second = folder / "first", folder / "second"
    run_here(parse_recipe(_recipe(str(first), corpus, ("leaving", "staying"), settings)))
    shutil.copytree(first, second)
    run_here(parse_recipe(_recipe(str(second), corpus, ("staying", "coming"), settings)))
    before = load_snapshot(str(first))
    assert before is not None
    assert problems(second) == ()
    return World(
        corpus=corpus,
        settings=settings,
        first=first,
        first_names=frozenset(str(path.relative_to(first)) for path in first.rglob("*")),
        first_version=before.version,
        first_rows=all_rows(first),
        second_rows=all_rows(second),
        second_parts=part_names(second),
    )


def _recipe(dataset: str, corpus: Path, folders: Sequence[str], settings: str) -> str:
    documents = ", ".join(str(corpus / name) for name in folders)
    return f"dataset: {dataset}\nsources: [{{documents: [{documents}]}}]\n{settings}"


def _write_scan(path: Path, text: str) -> None:
    picture = Image.new("RGB", (700, 500), "white")
    draw = ImageDraw.Draw(picture)
    for line in range(3):
        draw.text((40, 60 + 120 * line), f"{text}, line {line}", fill="black", font_size=40)
    picture.save(path)
