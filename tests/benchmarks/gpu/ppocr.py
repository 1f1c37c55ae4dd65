"""PP-OCRv6 with its real weights: its check, its speed, its floor by operations.

`read` gets a shard at a time, as in a replica, so the end of a shard, when the device runs out of
work, is counted. The floor is that of both networks: the operations of an image of usual size are
counted, and grow with its pixels.
"""

from __future__ import annotations

import resource
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle, islice
from typing import Any

import numpy as np
import torch
from rapidfuzz.distance import Levenshtein
from torch.utils.flop_counter import FlopCounterMode

from schemas.pages import PageImage, Reading
from tests.benchmarks.drawn_pages import drawn_page
from tests.benchmarks.gpu.device import DAY_S, BusySampler, synchronise
from tests.benchmarks.gpu.floors import Ceilings
from workers.engines.ppocr.engine import PpOcrEngine

_DRAWN_PAGES = 256
_USUAL_PX = {"detection": (1280, 992), "recognition": (48, 560)}


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


def speed(engine: PpOcrEngine, pages: int, shard_pages: int, ceilings: Ceilings) -> dict[str, Any]:
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
    engine.models.clock.restart(has_events=True)
    with BusySampler() as sampler, pixels_counted(engine) as pixels:
        started_s, started_cpu_s = time.perf_counter(), time.process_time()
        for shard in shards:
            _read(engine, shard)
        wall_s, cpu_s = time.perf_counter() - started_s, time.process_time() - started_cpu_s
    floor_s = floor_flops(engine, pixels) / pages / ceilings.flops_per_s
    device_ms = engine.models.clock.device_ms()
    return {
        "precision": engine.models.precision,
        "threads": engine.threads,
        "pages": pages,
        "characters_per_page": float(np.mean([len(r.text) for r in readings])),
        "pages_per_s": pages / wall_s,
        "pages_per_day": pages / wall_s * DAY_S,
        "host_cpu_s_per_page": cpu_s / pages,
        "busy_share": sampler.share,
        **{f"device_ms_{stage}": ms / pages for stage, ms in device_ms.items()},
        "device_memory_gib": torch.cuda.max_memory_reserved() / 2**30 if on_gpu else None,
        "host_memory_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        "floor_pages_per_s": 1 / floor_s,
        "of_the_floor": floor_s / (wall_s / pages),
    }


@contextmanager
def pixels_counted(engine: PpOcrEngine) -> Iterator[Counter[str]]:
    """The pixels that each network gets inside: uint8 (images, height, width, 3)."""
    pixels: Counter[str] = Counter()

    def count(name: str, images: torch.Tensor) -> None:
        pixels[name] += images.shape[:3].numel()

    hooks = [
        network.register_forward_pre_hook(lambda _, args, name=name: count(name, args[0]))
        for name, network in networks(engine).items()
    ]
    try:
        yield pixels
    finally:
        for hook in hooks:
            hook.remove()


def networks(engine: PpOcrEngine) -> dict[str, torch.nn.Module]:
    """Both networks, by what they are for."""
    return {"detection": engine.models._detect, "recognition": engine.models._recognise}


@torch.inference_mode()
def floor_flops(engine: PpOcrEngine, pixels: Counter[str]) -> float:
    """The operations for so many pixels."""
    total = 0.0
    for name, network in networks(engine).items():
        height, width = _USUAL_PX[name]
        image = torch.zeros(1, height, width, 3, dtype=torch.uint8, device=engine.models.device)
        widths = (torch.tensor([width], device=image.device),) if name == "recognition" else ()
        with FlopCounterMode(display=False) as counter:
            network(image, *widths)
        total += counter.get_total_flops() / (height * width) * pixels[name]
    return total


def _read(engine: PpOcrEngine, shard: Sequence[PageImage]) -> list[Reading]:
    readings = engine.read(shard)
    failed = [reading.error for reading in readings if reading.error]
    assert not failed, failed[0]
    return readings
