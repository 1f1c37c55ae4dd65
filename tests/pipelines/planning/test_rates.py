"""Measured rates go before the yardstick only where they fit, and what is assumed is said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cluster.estimate import YARDSTICK, Rates
from pipelines.dataset.state import Snapshot
from pipelines.planning.rates import choose_rates
from schemas.recipe import EngineSpec, Recipe
from schemas.timings import ShardTimes
from tests.pipelines.datasets import recipe_for
from workers.dataset import TableVersion


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    return recipe_for(tmp_path / "data", tmp_path / "corpus")


def measured(recipe: Recipe, pages: int, engine_pages: int) -> Rates:
    return Rates.measured(
        ShardTimes(raster_s=pages / 10, read_s=engine_pages * 2.0, pages=pages,
                   engine_pages=engine_pages),
        recipe_digest=recipe.digest(), device="cpu", publish_s=1, staged_bytes=1, ramp_s=3,
        inventory_pages=pages, samples=pages, published_bytes=1,
    )  # fmt: skip


def snapshot(rates: Rates | None) -> Snapshot:
    metadata = {"rates": rates.to_dict() if rates else None}
    return Snapshot({"pages": TableVersion("/data/pages", 1, (), metadata)})


def with_engine(recipe: Recipe, gpus: float, **engine: object) -> Recipe:
    placement = recipe.placement.model_copy(update={"gpus_per_replica": gpus})
    return recipe.model_copy(update={"engine": EngineSpec(**engine), "placement": placement})  # type: ignore[arg-type]


@pytest.mark.parametrize("found", [None, snapshot(None)])
def test_the_yardstick_says_that_nothing_was_measured(
    recipe: Recipe, found: Snapshot | None
) -> None:
    rated = choose_rates(with_engine(recipe, 1, name="ppocr"), found)
    assert (rated.costs, rated.origin, rated.measured) == (YARDSTICK, "yardstick", None)
    (note,) = rated.notes
    assert note.startswith("nothing was measured with these settings")
    assert "a replica reads 2.39 pages/s, which is DeepSeek-OCR's claim for one A100" in note
    assert "gpus_per_replica" not in note


def test_what_servers_give_is_not_guessed_from_this_machine(recipe: Recipe) -> None:
    fleet = with_engine(
        recipe, 0, name="endpoint", model="m", profile="olmocr-2", urls=("http://a/v1",)
    )
    (note,) = choose_rates(fleet, None).notes
    assert "the servers read 2.39 pages/s for each replica that asks them" in note
    assert "says nothing of yours (--probe measures them)" in note
    assert "CPUs are far slower" not in note


def test_the_default_engine_is_assumed_to_take_what_it_took_of_a_core(recipe: Recipe) -> None:
    rated = choose_rates(recipe, None, threads=4)
    assert rated.origin == "assumption"
    assert rated.costs == replace(YARDSTICK, read_s=3.1 / 4)
    (note,) = rated.notes
    assert "a replica of 4 threads reads 1.3 pages/s (rapidocr took 3.1 core seconds" in note
    assert "2.39" not in note


def test_the_yardstick_of_a_gpu_is_doubted_where_there_is_none(recipe: Recipe) -> None:
    rated = choose_rates(with_engine(recipe, 0, name="ppocr"), None, threads=4)
    assert (rated.costs, rated.origin) == (YARDSTICK, "yardstick")
    assert "placement.gpus_per_replica is 0 and CPUs are far slower" in rated.notes[0]


def test_many_pages_need_no_warning(recipe: Recipe) -> None:
    rated = choose_rates(recipe, snapshot(measured(recipe, 5000, 2500)))
    assert rated.origin == "calibration"
    assert (rated.costs.read_s, rated.costs.engine_share) == (2.0, 0.5)
    assert len(rated.notes) == 1


def test_few_pages_and_an_engine_that_read_none_are_warned_of(recipe: Recipe) -> None:
    rated = choose_rates(recipe, snapshot(measured(recipe, 100, 0)))
    _, few, engine = rated.notes
    assert few.startswith("these are few pages")
    assert engine.startswith("the engine's speed is not known")


def test_rates_of_another_digest_are_named_and_left(recipe: Recipe) -> None:
    rates = replace(measured(recipe, 5000, 2500), recipe_digest="e" * 16)
    rated = choose_rates(recipe, snapshot(rates))
    assert (rated.origin, rated.measured) == ("assumption", rates)
    assert f"({'e' * 16}, not {recipe.digest()}) are not used" in rated.notes[0]


def test_a_given_speed_goes_before_either(recipe: Recipe) -> None:
    for found in (None, snapshot(measured(recipe, 5000, 2500))):
        rated = choose_rates(recipe, found, pages_per_second=4)
        assert rated.costs.read_s == 0.25
        assert rated.notes[-1] == "the rate of a replica was given: 4 pages/s"
        assert "2.39" not in " ".join(rated.notes)
