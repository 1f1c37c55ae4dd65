"""PP-OCRv6 with its real weights: its check, its speed, its floor by operations.

`read` gets a shard at a time, as in a replica, so the end of a shard, when the device runs out of
work, is counted.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Sequence
from itertools import cycle, islice
from typing import Any

import numpy as np
import torch
from rapidfuzz.distance import Levenshtein

from schemas.pages import PageImage, Reading
from tests.benchmarks.drawn_pages import drawn_page
from tests.benchmarks.gpu.device import BusySampler, synchronise
from workers.engines.ppocr.engine import PpOcrEngine

DAY_S = 86_400
_DRAWN_PAGES = 256


def check(engine: PpOcrEngine, pages: int) -> dict[str, Any]:
    """The readings of some pages against those of the same engine in fp32 on the CPU."""
    images = [drawn_page(number) for number in range(pages)]
    readings = engine.read(images)
    truths = PpOcrEngine(device="cpu", precision="fp32").read(images)
    pairs = list(zip(readings, truths, strict=True))
    return {
        "checked_pages": pages,
        "same_text_pages": sum(r.text == t.text for r, t in pairs),
        "lowest_similarity": min(
            Levenshtein.normalized_similarity(r.text, t.text) for r, t in pairs
        ),
        "largest_confidence_difference": max(
            abs((r.confidence or 0) - (t.confidence or 0)) for r, t in pairs
        ),
    }


def speed(engine: PpOcrEngine, pages: int, shard_pages: int) -> dict[str, Any]:
    """Read `pages` drawn pages in shards. At most 256 are drawn, and then read again and again."""
    images = [drawn_page(number) for number in range(min(pages, _DRAWN_PAGES))]
    shards = [
        list(islice(cycle(images), start, min(start + shard_pages, pages)))
        for start in range(0, pages, shard_pages)
    ]
    readings = engine.read(shards[0])  # warms up
    synchronise()
    on_gpu = torch.cuda.is_available()
    if on_gpu:
        torch.cuda.reset_peak_memory_stats()
    with BusySampler() as sampler:
        started_s, started_cpu_s = time.perf_counter(), time.process_time()
        for shard in shards:
            _read(engine, shard)
        wall_s, cpu_s = time.perf_counter() - started_s, time.process_time() - started_cpu_s
    return {
        "precision": engine.models.precision,
        "threads": engine.threads,
        "pages": pages,
        "characters_per_page": float(np.mean([len(r.text) for r in readings])),
        "pages_per_s": pages / wall_s,
        "pages_per_day": pages / wall_s * DAY_S,
        "host_cpu_s_per_page": cpu_s / pages,
        "busy_share": sampler.share,
        "device_memory_gib": torch.cuda.max_memory_reserved() / 2**30 if on_gpu else None,
        "host_memory_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    }


def _read(engine: PpOcrEngine, shard: Sequence[PageImage]) -> list[Reading]:
    readings = engine.read(shard)
    failed = [reading.error for reading in readings if reading.error]
    assert not failed, failed[0]
    return readings
