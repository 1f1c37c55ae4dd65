"""A pass on a real Ray, as Prometheus sees it on the metrics port of the driver's node."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from pathlib import Path

import pymupdf
import pytest
from rich.console import Console

from cluster.metrics import METRICS, dataset_label, pass_metrics
from cluster.pool import PoolState
from cluster.progress import meter
from cluster.session import IN_PROCESS, Session, open_session
from pipelines.inventory import take_inventory
from pipelines.read import read_pages
from pipelines.steps.outcome import PassReport
from schemas.recipe import Recipe, parse_recipe
from schemas.timings import ShardTimes
from tests.cluster.scraping import Series, scrape
from tests.pipelines.corpora import write_pdf
from workers.shards import Staging

WAIT_S = 60.0


@pytest.fixture
def session(local_ray: None) -> Iterator[Session]:
    with open_session() as opened:
        yield opened


def make_corpus(folder: Path) -> None:
    """Write born-digital pages, an empty page, and a page that only an engine can read."""
    source = write_pdf(folder, "born.pdf", first_seed=1, pages=5)
    with pymupdf.open(source) as document:
        document[0].get_pixmap(dpi=120).save(folder / "scan.png")
    with pymupdf.open() as document:
        document.new_page()
        document.save(folder / "blank.pdf")


def make_recipe(folder: Path, name: str, extra: str = "") -> Recipe:
    return parse_recipe(
        f"dataset: {folder / name}\nsources: [{{documents: {folder / 'corpus'}}}]\n"
        f"placement: {{shard_pages: 3}}\n{extra}"
    )


def read_all(recipe: Recipe, session: Session) -> PassReport:
    console = Console(file=io.StringIO())
    with meter(console, "inventory", "files") as progress:
        documents = take_inventory(recipe, [], None, session, progress).documents
    ranges = [document.pages for document in documents]
    with meter(console, "read", "pages", sum(map(len, ranges))) as progress:
        return read_pages(recipe, ranges, Staging(f"{recipe.dataset}/x"), session, progress)


def scraped_until_all_is_there(session: Session, recipe: Recipe) -> tuple[dict[str, str], Series]:
    """Scrape the port while a second pass runs, until it shows all metrics."""
    import ray

    with pass_metrics(session.metrics, recipe, 100, with_replicas=True) as metrics:
        times = ShardTimes(1.0, 6.0, 0.5, 4, 3, 2, 400, 900, 800, 5)
        metrics.add({"sample": 3, "loop": 1}, times)
        stop_at_s = time.monotonic() + WAIT_S
        while True:
            metrics.watch(PoolState(4, 3, 7, pending_lanes=2, suspects=1, retries=5, splits=2))
            types, series = scrape(ray.nodes()[0])
            if len(types) >= len(METRICS) or time.monotonic() > stop_at_s:
                return types, series
            time.sleep(0.2)


@pytest.mark.ray
@pytest.mark.slow
def test_prometheus_sees_what_the_pass_reports(tmp_path: Path, session: Session) -> None:
    make_corpus(tmp_path / "corpus")
    recipe, other = make_recipe(tmp_path, "manuals"), make_recipe(tmp_path, "other")
    report = read_all(recipe, session)
    types, series = scraped_until_all_is_there(session, other)

    assert types == {f"ray_{metric.name}": metric.kind for metric in METRICS.values()}
    for metric in METRICS.values():
        suffix = "_count" if metric.kind == "histogram" else ""
        label_sets = [own for name, own in series if name == f"ray_{metric.name}{suffix}"]
        assert {frozenset(dict(own)) for own in label_sets} == {
            frozenset({"dataset", *metric.labels})
        }

    labels = {("dataset", dataset_label(recipe.dataset))}

    def value(name: str, **more: str) -> float:
        return series[f"ray_pagefoundry_{name}", frozenset(labels | set(more.items()))]

    outcomes = {
        dict(own)["outcome"]: count
        for (name, own), count in series.items()
        if name == "ray_pagefoundry_pages_total" and own >= labels
    }
    assert outcomes == report.outcomes == {"sample": 6, "blank": 1}
    assert value("shards_total", outcome="done") == 3
    assert value("engine_pages_total") == report.times.engine_pages == 1
    assert value("vision_tokens_total") == report.times.vision_tokens
    assert value("text_tokens_total") == report.times.text_tokens
    assert value("task_seconds_total", step="raster") == pytest.approx(report.times.raster_s)
    assert value("task_seconds_total", step="finish") == pytest.approx(report.times.finish_s)
    assert value("replica_busy_seconds_total") == pytest.approx(report.times.read_s)
    assert value("raster_seconds_count") == 3
    assert value("page_read_seconds_count") == 1

    labels = {("dataset", dataset_label(other.dataset))}
    assert value("replicas", state="ready") == 4
    assert value("pages_remaining") == 96
    assert value("retries_total") == 2
    assert value("shard_retries_total") == 5
    assert value("gpu_memory_bytes") == 5


def test_times_are_in_the_report_and_not_in_the_receipts(tmp_path: Path) -> None:
    make_corpus(tmp_path / "corpus")
    receipts = []
    for name in ("one", "two"):
        recipe = make_recipe(tmp_path, name, "routing: only\n")
        with open_session(IN_PROCESS) as session:
            report = read_all(recipe, session)
        assert report.outcomes == {"sample": 5, "blank": 1, "no_text_layer": 1}
        assert (report.times.pages, report.times.engine_pages, report.times.read_s) == (7, 0, 0)
        assert min(report.times.raster_s, report.times.finish_s, report.times.text_tokens) > 0
        paths = (tmp_path / name / "x").glob("*.json")
        receipts.append(sorted(path.read_bytes() for path in paths))
    assert len(receipts[0]) == 3
    assert receipts[0] == receipts[1]
