"""A plan says what a run would do and on what that rests; it reads no page and writes nothing."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pytest
from rich.console import Console

from cluster.estimate import YARDSTICK, Rates
from cluster.session import IN_PROCESS, open_session
from pipelines.cli.show import plan as show_plan
from pipelines.dataset.state import load_snapshot
from pipelines.planning.plan import Options, Plan, plan_run
from schemas.errors import DatasetError, RequestError
from schemas.recipe import Recipe
from schemas.timings import ShardTimes
from tests.pipelines.corpora import write_pdf, write_pdfs
from tests.pipelines.datasets import commit_again, recipe_for, run_here

ONLY = "routing: only\nplacement: {shard_pages: 4}\n"
GPUS = "placement: {shard_pages: 4, replicas: 4, gpus_per_replica: 2}\n"


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return write_pdfs(tmp_path / "corpus", 5, pages=3)


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return tmp_path / "data"


def plan_here(recipe: Recipe, **options: object) -> Plan:
    with open_session(IN_PROCESS) as session:
        return plan_run(recipe, session, Console(file=io.StringIO()), Options(**options))  # type: ignore[arg-type]


def rates(recipe: Recipe) -> Rates:
    """100 pages, each drawn in 0.2 s; the engine read half of them in 3 s each."""
    return Rates.measured(
        ShardTimes(raster_s=20, read_s=150, finish_s=10, pages=100, engine_pages=50),
        recipe_digest=recipe.digest(),
        device="NVIDIA A100",
        publish_s=5,
        staged_bytes=100_000,
        ramp_s=7,
        inventory_pages=200,
        samples=100,
        published_bytes=100_000,
    )


def files(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_before_the_first_run_everything_is_to_read(corpus: Path, dataset: Path) -> None:
    (corpus / "bad.pdf").write_text("not a document")
    found = plan_here(recipe_for(dataset, corpus, GPUS), price=2.0)
    assert (found.documents, found.uncountable, found.pages) == (6, 1, 15)
    assert (found.pages_published, found.pages_staged, found.to_read.pages) == (0, 0, 15)
    assert (found.rates_from, found.costs, found.measured) == ("yardstick", YARDSTICK, None)
    assert "a replica reads 2.39 pages/s, which is DeepSeek-OCR's claim" in found.notes[0]
    # 15 pages are 4 shards, one for each replica: 4 pages drawn, read and finished
    assert found.to_read.pass_s == pytest.approx(4 / 25 + 4 / 2.39 + 4 / 100)
    assert found.to_read.cost == pytest.approx(2.0 * found.to_read.pass_s / 3600 * 4 * 2)
    assert found.hours == pytest.approx(found.inventory_s / 3600 + found.to_read.hours)
    assert not dataset.exists()


def test_what_is_published_or_staged_is_not_read_again(corpus: Path, dataset: Path) -> None:
    recipe = recipe_for(dataset, corpus, ONLY)
    run_here(recipe)
    write_pdf(corpus, "new.pdf", first_seed=900, pages=2)
    before = files(dataset)
    found = plan_here(recipe)
    assert (found.pages_published, found.pages_staged, found.to_read.pages) == (15, 0, 2)
    assert files(dataset) == before
    staging = dataset.parent / "staging"
    shutil.move(dataset / "staging", staging)
    shutil.rmtree(dataset)
    shutil.move(staging, dataset / "staging")
    found = plan_here(recipe)
    assert (found.pages_published, found.pages_staged, found.to_read.pages) == (0, 15, 2)
    shards = [
        path
        for path in (dataset / "staging" / recipe.digest()).iterdir()
        if path.suffix in (".parquet", ".images")
    ]
    staged = sum(path.stat().st_size for path in shards)
    assert found.storage.staging_now == staged
    assert found.storage.staging_peak == staged + 2 * 150_000
    assert found.storage.published_then == 17 * 150_000


def test_of_a_published_version_only_the_inventory_is_opened(corpus: Path, dataset: Path) -> None:
    recipe = recipe_for(dataset, corpus, ONLY)
    run_here(recipe)
    for table in ("pages", "documents", "rejects", "crops"):
        for part in (dataset / table).glob("data/*.parquet"):
            part.unlink()
    assert plan_here(recipe).pages_published == 15


def test_rates_of_the_dataset_are_used(corpus: Path, dataset: Path) -> None:
    recipe = recipe_for(dataset, corpus, GPUS + "engine: {name: ppocr}\nrouting: never\n")
    only = recipe_for(dataset, corpus, ONLY)
    run_here(only)
    commit_again(
        str(dataset),
        rates=rates(recipe).to_dict(),
        recipe_digest=recipe.digest(),
        reading_settings=recipe.reading_settings(),
    )
    write_pdf(corpus, "new.pdf", first_seed=900, pages=16)
    found = plan_here(recipe, cores=100)
    assert (found.rates_from, found.measured) == ("calibration", rates(recipe))
    assert found.notes[0].startswith("the rates were measured on NVIDIA A100 over 100 pages")
    # 4 shards on 4 replicas: 4 pages of 0.2 + 0.5 x 3 + 0.1 s; 7 s of ramp, 0.05 s a page after
    assert found.to_read.pass_s == pytest.approx(7.2)
    assert found.to_read.hours == pytest.approx((7 + 7.2 + 16 * 0.05) / 3600)
    # 1000 bytes a page are staged; 500 of each page of the inventory are published.
    assert found.storage.staging_peak == found.storage.staging_now + 16_000
    assert found.storage.published_then == found.storage.published_now + 8_000
    given = plan_here(recipe, pages_per_second=2.0, cores=100)
    assert given.to_read.pass_s == pytest.approx(4 * (0.2 + 0.5 / 2 + 0.1))
    assert "the rate of a replica was given: 2 pages/s" in given.notes


def test_rates_of_other_settings_are_shown_and_not_used(corpus: Path, dataset: Path) -> None:
    recipe = recipe_for(dataset, corpus, ONLY)
    run_here(recipe)
    commit_again(str(dataset), rates=rates(recipe).to_dict())
    other = recipe_for(dataset, corpus, ONLY + "raster: {quality: 80}\n")
    with pytest.raises(DatasetError, match="was made with other settings"):
        plan_here(other)
    found = plan_here(other, re_read=True)
    assert (found.rates_from, found.to_read.pages) == ("yardstick", 15)
    assert found.measured == rates(recipe)
    assert found.notes[0].startswith("the rates measured on NVIDIA A100 with other settings")


def test_rates_of_another_dataset(corpus: Path, dataset: Path, tmp_path: Path) -> None:
    recipe = recipe_for(dataset, corpus, ONLY)
    other = recipe_for(tmp_path / "other", corpus, ONLY)
    pages_read = run_here(other).pages_read
    with pytest.raises(DatasetError, match="has no rates"):
        plan_here(recipe, rates_from="nowhere")
    planned = plan_here(recipe, rates_from=other.dataset)
    assert planned.rates_from == "calibration"
    assert planned.measured is not None
    assert (planned.measured.pages, planned.measured.device) == (pages_read, "cpu")
    changed = recipe_for(dataset, corpus, ONLY + "raster: {quality: 80}\n")
    with pytest.raises(DatasetError, match=r"other settings \(raster.quality: 92 -> 80\)"):
        plan_here(changed, rates_from=other.dataset)
    commit_again(other.dataset, rates=None)  # as an older PageFoundry left it
    with pytest.raises(DatasetError, match="has no rates"):
        plan_here(recipe, rates_from=other.dataset)


def test_nodes_bound_the_replicas_and_the_table_asks_what_if(corpus: Path, dataset: Path) -> None:
    recipe = recipe_for(dataset, corpus, GPUS)
    found = plan_here(recipe, nodes=1, gpus_per_node=4)
    assert found.to_read.replicas == 2
    assert [row.nodes for row in found.what_if] == [1, 2, 5, 10, 20, 40]
    assert [row.estimate.replicas for row in found.what_if] == [2, 4, 4, 4, 4, 4]  # of 4 shards
    assert {row.estimate.limit for row in found.what_if[2:]} == {"shards"}
    found = plan_here(recipe, nodes=3, gpus_per_node=8)
    assert found.to_read.replicas == 4
    assert "3 nodes have room for 12 replicas, but placement.replicas allows only 4" in found.notes
    assert [row.nodes for row in found.what_if] == [1, 2, 3, 5, 10, 20, 40]


@pytest.mark.parametrize(
    ("extra", "message"),
    [(GPUS, "a replica takes 2 GPUs and a node has 1"), ("", "takes no GPU")],
)
def test_nodes_that_say_nothing_of_replicas_are_refused(
    corpus: Path, dataset: Path, extra: str, message: str
) -> None:
    with pytest.raises(RequestError, match=message):
        plan_here(recipe_for(dataset, corpus, extra), nodes=2, gpus_per_node=1)


def test_text_layers_need_no_replica(corpus: Path, dataset: Path) -> None:
    found = plan_here(recipe_for(dataset, corpus, ONLY), cores=2)
    # 15 pages are 4 shards over 2 cores: two rounds of 4 pages
    assert found.to_read.pass_s == pytest.approx(2 * 4 * (1 / 25 + 1 / 100))
    assert (found.to_read.engine_pages, found.to_read.gpu_hours, found.what_if) == (0, 0, [])


def test_a_plan_is_shown_with_what_it_rests_on(corpus: Path, dataset: Path) -> None:
    recipe = recipe_for(dataset, corpus, GPUS)
    run_here(recipe_for(dataset, corpus, ONLY))
    assert load_snapshot(str(dataset)) is not None
    out = io.StringIO()
    found = plan_here(recipe, price=1.5, re_read=True, nodes=2)
    Console(file=out, width=120).print(show_plan.plan(found))
    lines = out.getvalue()
    for words in ("pages to read", "yardstick", "what if", "GPU-hours", "• nothing was measured"):
        assert words in lines
