"""How many shards a replica reads side by side, by engine and size."""

from __future__ import annotations

import pytest

from schemas.feeding import BATCH_PAGES, CONTINUOUS, shards_at_once
from schemas.recipe import EngineSpec, Placement
from workers.engines.endpoint.engine import EndpointEngine
from workers.engines.ppocr.engine import PpOcrEngine
from workers.engines.rapidocr import RapidOcrEngine
from workers.engines.transformers import TransformersEngine
from workers.engines.vllm.engine import VllmEngine

VLLM = EngineSpec(name="vllm", model="somewhere")


@pytest.mark.parametrize("shard_pages", [1, 64, 100_000])
def test_an_engine_that_reads_shard_by_shard_gets_one(shard_pages: int) -> None:
    assert shards_at_once(EngineSpec(), Placement(shard_pages=shard_pages)) == 1


@pytest.mark.parametrize("shard_pages", [16, 64, 256, 1024])
@pytest.mark.parametrize("batch", [None, 32, 512])
def test_shards_hold_several_times_the_batch(shard_pages: int, batch: int | None) -> None:
    placement = Placement(shard_pages=shard_pages, batch_pages=batch)
    pages = shards_at_once(VLLM, placement) * shard_pages
    assert pages >= min(8 * (batch or BATCH_PAGES), 160 * shard_pages)


def test_servers_get_as_many_pages_as_may_be_under_way() -> None:
    urls = ("http://host:8000/v1",)
    few = EngineSpec(name="endpoint", model="m", profile="olmocr-2", urls=urls, concurrency=16)
    assert shards_at_once(few, Placement(shard_pages=64)) == 16 * 8 // 64 + 3


@pytest.mark.parametrize(
    ("shard_pages", "batch", "shards"),
    [(64, 2000, 6144 // 64), (100_000, None, 1), (1, None, 160)],
)
def test_memory_and_threads_bound_them(shard_pages: int, batch: int | None, shards: int) -> None:
    placement = Placement(shard_pages=shard_pages, batch_pages=batch)
    assert shards_at_once(VLLM, placement) == shards


def test_the_names_are_those_of_the_engines_that_batch_over_shards() -> None:
    engines = (RapidOcrEngine, PpOcrEngine, TransformersEngine, VllmEngine, EndpointEngine)
    assert {engine.name for engine in engines if engine.is_continuous} == CONTINUOUS
