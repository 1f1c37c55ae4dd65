"""PP-OCRv6 with its real weights on one accelerator: no Ray, no network, no corpus.

    python -m tests.benchmarks.gpu_ppocr [--device D] [--pages N] [--precision P] [--compile]

Needs torch, transformers, rapidocr (which ships the weights), onnx and Pillow, and the folders
`schemas` and `workers` beside `tests`. The pages are drawn: 990 x 1280 px, about 45 lines and
2,700 characters each, JPEG quality 92. At most 256 are drawn, and then read again and again.
`read` gets a shard at a time, as in a replica, so the end of a shard, when the device runs out of
work, is counted. A first shard warms up and is not counted.

`device_share` is the time between the start and the end of each model call, on the device's own
clock, divided by the wall time. It includes the gaps between kernels, so it is an upper bound of
how busy the device is. `busy_share` is the driver's own figure, from `nvidia-smi`.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import resource
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from itertools import cycle, islice
from threading import Event, Thread
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from rapidfuzz.distance import Levenshtein

from schemas.pages import PageImage, Reading
from workers.engines.ppocr.device import Fetched, PpOcrModels, Precision
from workers.engines.ppocr.engine import PpOcrEngine

WIDTH_PX, HEIGHT_PX = 990, 1280
DRAWN_PAGES = 256
DAY_S = 86_400
SAMPLE_EVERY_S = 0.2
WORDS = """
    inventory document page shard receipt pass reading engine replica mode sample reject publish
    dataset corpus token column heading figure table the of and to in is for with that on by an
    Every Quality Signature 1984 3.14 (compare) x=42 state-of-the-art e.g. 75% costs, holds; read:
"""


def bench_ppocr(
    device: str | None = None,
    pages: int = 2048,
    shard_pages: int = 256,
    precision: Precision | None = None,
    is_compiled: bool = False,
    threads: int | None = None,
    check_pages: int = 4,
) -> dict[str, Any]:
    """Read `pages` drawn pages in shards; return figures of speed and memory, and a check."""
    engine = PpOcrEngine(threads, device, precision, is_compiled)
    on_cuda = engine.models.is_cuda
    images = [drawn_page(i) for i in range(min(pages, DRAWN_PAGES))]
    shards = [
        list(islice(cycle(images), start, min(start + shard_pages, pages)))
        for start in range(0, pages, shard_pages)
    ]
    readings = engine.read(shards[0])
    if on_cuda:
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
    clock = DeviceClock(engine.models)
    with BusySampler(on_cuda) as sampler:
        started_s, started_cpu_s = time.perf_counter(), time.process_time()
        for shard in shards:
            failed = [r.error for r in engine.read(shard) if r.error]
            assert not failed, failed[0]
        wall_s, cpu_s = time.perf_counter() - started_s, time.process_time() - started_cpu_s
    return {
        "device": torch.cuda.get_device_name(engine.models.device) if on_cuda else "cpu",
        "precision": engine.models.precision,
        "compiled": is_compiled,
        "threads": engine.threads,
        "pages": pages,
        "pages_per_s": pages / wall_s,
        "pages_per_day": pages / wall_s * DAY_S,
        "characters_per_page": float(np.mean([len(r.text) for r in readings])),
        "host_cpu_s_per_page": cpu_s / pages,
        "device_share": clock.busy_s() / wall_s if on_cuda else None,
        "busy_share": sampler.share(),
        "device_memory_mib": torch.cuda.max_memory_reserved() >> 20 if on_cuda else None,
        "host_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
    } | check(readings[:check_pages], images[:check_pages])


def drawn_page(number: int) -> PageImage:
    """A page of words in one, two or three columns."""
    rng = random.Random(number)
    image = Image.new("RGB", (WIDTH_PX, HEIGHT_PX), "white")
    draw = ImageDraw.Draw(image)
    vocabulary = WORDS.split()
    columns = rng.choice((1, 1, 2, 3))
    font = ImageFont.load_default(size=rng.choice((17, 18, 20)))
    line_px, gap_px = int(font.size * 1.45), 40
    width_px = (WIDTH_PX - 120 - gap_px * (columns - 1)) / columns
    for column in range(columns):
        x = 60 + column * (width_px + gap_px)
        for y in range(60, HEIGHT_PX - 60 - line_px, line_px):
            words = [rng.choice(vocabulary)]
            while font.getlength(" ".join(words)) < width_px:
                words.append(rng.choice(vocabulary))
            draw.text((x, y), " ".join(words[:-1]), fill="black", font=font)
    data = io.BytesIO()
    image.save(data, "JPEG", quality=92)
    return PageImage(f"drawn/{number:05}", data.getvalue(), WIDTH_PX, HEIGHT_PX)


def check(readings: Sequence[Reading], pages: Sequence[PageImage]) -> dict[str, Any]:
    """Compare the readings with those of the same engine in fp32 on the CPU."""
    truths = PpOcrEngine(device="cpu", precision="fp32").read(pages)
    pairs = list(zip(readings, truths, strict=True))
    return {
        "checked_pages": len(pairs),
        "same_text_pages": sum(r.text == t.text for r, t in pairs),
        "lowest_similarity": min(
            Levenshtein.normalized_similarity(r.text, t.text) for r, t in pairs
        ),
        "largest_confidence_difference": max(
            abs((r.confidence or 0) - (t.confidence or 0)) for r, t in pairs
        ),
    }


class DeviceClock:
    """Marks the start and the end of every model call on the device's stream."""

    def __init__(self, models: PpOcrModels) -> None:
        self._marks: list[tuple[torch.cuda.Event, torch.cuda.Event]] = []
        if models.is_cuda:
            models.detect = self._marked(models.detect)
            models.recognise = self._marked(models.recognise)

    def busy_s(self) -> float:
        torch.cuda.synchronize()
        return sum(start.elapsed_time(end) for start, end in self._marks) / 1000

    def _marked(self, call: Callable[..., Fetched]) -> Callable[..., Fetched]:
        def run(images: Sequence[Any]) -> Fetched:
            start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            start.record()
            fetched = call(images)
            end.record()
            self._marks.append((start, end))
            return fetched

        return run


class BusySampler:
    """The driver's own utilisation figure, sampled while the block runs; nothing without a GPU."""

    def __init__(self, on_cuda: bool) -> None:
        self._samples: list[int] = []
        self._is_over = Event()
        self._thread = Thread(target=self._sample, daemon=True)
        self._tool = shutil.which("nvidia-smi") if on_cuda else None

    def __enter__(self) -> BusySampler:
        if self._tool:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        if self._tool:
            self._thread.join()

    def share(self) -> float | None:
        return float(np.mean(self._samples)) / 100 if self._samples else None

    def _sample(self) -> None:
        query = [str(self._tool), "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits"]
        while not self._is_over.wait(SAMPLE_EVERY_S):
            output = subprocess.run(query, capture_output=True, text=True, check=True).stdout
            self._samples.append(int(output.split()[torch.cuda.current_device()]))


def show(result: dict[str, Any]) -> None:
    for name, value in result.items():
        digits = ",.0f" if isinstance(value, float) and value >= 1000 else ".4g"
        print(f"{name:32}{format(value, digits) if isinstance(value, float) else value}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", help="default: CUDA where there is one, else the CPU")
    parser.add_argument("--pages", type=int, default=2048)
    parser.add_argument("--shard-pages", type=int, default=256)
    parser.add_argument("--precision", choices=["fp32", "fp16", "bf16"])
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--check-pages", type=int, default=4)
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    args = parser.parse_args()
    result = bench_ppocr(
        args.device,
        args.pages,
        args.shard_pages,
        args.precision,
        args.compile,
        args.threads,
        min(args.check_pages, args.pages),
    )
    if args.json:
        print(json.dumps(result))
    else:
        show(result)


if __name__ == "__main__":
    main()
