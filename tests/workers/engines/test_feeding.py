"""How many shards a replica reads side by side, by engine and size."""

from __future__ import annotations

import pytest

from schemas.recipe import EngineSpec
from workers.engines.feeding import BATCH_PAGES, CONTINUOUS, calls_at_once
from workers.engines.ppocr.engine import PpOcrEngine
from workers.engines.rapidocr import RapidOcrEngine
from workers.engines.transformers import TransformersEngine
from workers.engines.vllm.engine import VllmEngine

VLLM = EngineSpec(name="vllm", model="somewhere")


@pytest.mark.parametrize("shard_pages", [1, 64, 100_000])
def test_an_engine_that_reads_call_by_call_gets_one_shard(shard_pages: int) -> None:
    assert calls_at_once(EngineSpec(), shard_pages) == 1


@pytest.mark.parametrize("shard_pages", [16, 64, 256, 1024])
@pytest.mark.parametrize("placed", [None, 32, 512])
def test_shards_hold_several_times_the_batch(shard_pages: int, placed: int | None) -> None:
    pages = calls_at_once(VLLM, shard_pages, placed) * shard_pages
    assert pages >= min(8 * (placed or BATCH_PAGES), 5 * 1024)


def test_memory_bounds_the_shards() -> None:
    assert calls_at_once(VLLM, 64, 2000) == 6144 // 64
    assert calls_at_once(VLLM, 100_000) == 1
    assert calls_at_once(VLLM, 1) == 160  # threads


def test_the_names_are_those_of_the_engines_that_batch_over_calls() -> None:
    engines = (RapidOcrEngine, PpOcrEngine, TransformersEngine, VllmEngine)
    assert {engine.name for engine in engines if engine.is_continuous} == CONTINUOUS
