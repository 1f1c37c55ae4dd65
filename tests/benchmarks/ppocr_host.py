"""What a page of the `ppocr` engine costs the host, by stage, beside what the device does.

    python -m tests.benchmarks.ppocr_host [--pages N] [--pdf-dir DIR] [--device D] [--compare]
                                          [--cores-per-gpu C] [--json]

For 100 pages/s, a GPU with 12 host cores may spend 120 ms of CPU time a page. The pages are those
of `tests.benchmarks.drawn_pages`, or real ones. Without a GPU the pages are read twice: first the
networks compute, then what they gave is replayed in batches of a GPU's size, and this is measured.
What the device would do besides, resizing and cutting, is told apart as the device's. `queueing` is
what is left of the process's CPU time: threads, batches, futures. Times are CPU times of threads,
which other work on the same cores makes longer, so the least of `--repeats` counts, and figures
compare on one machine only. `--compare` reads the pages with `rapidocr`, too, and counts the
characters that differ.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import pymupdf
import torch
from rapidfuzz.distance import Levenshtein
from torch import Tensor, nn

from schemas.pages import PageImage, Reading
from tests.benchmarks.drawn_pages import drawn_page
from tests.benchmarks.ocr_engine import real_pages
from workers.engines.ppocr.engine import CUDA_LINES, CUDA_PAGES, PpOcrEngine
from workers.engines.rapidocr import RapidOcrEngine

AIM_PAGES_PER_S = 100


class Replayed(nn.Module):
    """A network that computes what it gives for an item once, and then knows it."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net
        self.known: dict[bytes, list[Tensor]] = {}

    def forward(self, *inputs: Tensor) -> Any:
        """`inputs` and the outputs are batches, of any number of items."""
        items = list(zip(*inputs, strict=True))
        keys = [sha256(item_bytes(*item)).digest() for item in items]
        for key, item in zip(keys, items, strict=True):
            if key not in self.known:
                outputs = self.net(*(part[None] for part in item))
                self.known[key] = list(outputs if isinstance(outputs, tuple) else (outputs,))
        batches = [
            torch.cat(parts) for parts in zip(*(self.known[key] for key in keys), strict=True)
        ]
        return tuple(batches) if len(batches) > 1 else batches[0]


def item_bytes(pixels: Tensor, width_px: Tensor | None = None) -> bytes:
    """A page, or a line as far as its own width; what a line is padded with has no meaning."""
    own = pixels if width_px is None else pixels[:, : int(width_px)]
    return own.numpy().tobytes()


def with_replay(engine: PpOcrEngine, pages: Sequence[PageImage]) -> list[Reading]:
    """Read `pages` and let the engine read them again in batches of a GPU's size, replayed."""
    models = engine.models
    for name in ("_detect", "_recognise", "_lay_out"):
        setattr(models, name, Replayed(getattr(models, name)))
    readings = engine.read(pages)
    engine.use_batches(CUDA_PAGES, CUDA_LINES, lanes=1)
    return readings


def host_costs(engine: PpOcrEngine, pages: Sequence[PageImage]) -> dict[str, Any]:
    """Milliseconds a page on the host and on the device, by stage, and the readings."""
    clock = engine.models.clock
    clock.restart(has_events=True)
    started_s, started_cpu_s = time.perf_counter(), time.process_time()
    readings = engine.read(pages)
    wall_s, cpu_s = time.perf_counter() - started_s, time.process_time() - started_cpu_s
    host_ms, device_ms = dict(clock.host_ms), clock.device_ms()
    # On the CPU the device's time is time of this process.
    own_ms = 0.0 if engine.models.is_cuda else sum(device_ms.values())
    host_ms["queueing"] = cpu_s * 1000 - own_ms - sum(host_ms.values())
    return {
        "pages": len(pages),
        "wall_s": wall_s,
        "host_ms": {stage: ms / len(pages) for stage, ms in host_ms.items()},
        "device_ms": {stage: ms / len(pages) for stage, ms in device_ms.items()},
        "host_ms_a_page": sum(host_ms.values()) / len(pages),
        "readings": readings,
    }


def differences(readings: Sequence[Reading], pages: Sequence[PageImage]) -> dict[str, int]:
    """How many characters differ from what the `rapidocr` engine reads."""
    truths = RapidOcrEngine().read(pages)
    pairs = [(r.text, t.text) for r, t in zip(readings, truths, strict=True)]
    return {
        "characters": sum(len(truth) for _, truth in pairs),
        "characters_that_differ": sum(Levenshtein.distance(*pair) for pair in pairs),
        "pages_with_the_same_text": sum(text == truth for text, truth in pairs),
    }


def show(result: dict[str, Any], cores: int) -> None:
    print(f"{result['pages']} pages in {result['wall_s']:.0f} s")
    for place in ("host_ms", "device_ms"):
        for stage, ms in result[place].items():
            print(f"{place.removesuffix('_ms'):8}{stage:30}{ms:10.2f} ms/page")
    print(f"{'host':8}{'all':30}{result['host_ms_a_page']:10.2f} ms/page")
    most_ms = cores * 1000 / AIM_PAGES_PER_S
    print(f"{AIM_PAGES_PER_S} pages/s on {cores} cores leave {most_ms:.0f} ms/page")
    for name in ("characters", "characters_that_differ", "pages_with_the_same_text"):
        if name in result:
            print(f"{name:38}{result[name]:10}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=8)
    parser.add_argument("--pdf-dir", type=Path, help="real PDFs; default: drawn pages")
    parser.add_argument("--device", help="default: CUDA where there is one, else the CPU")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--cores-per-gpu", type=int, default=12)
    parser.add_argument("--compare", action="store_true", help="with the `rapidocr` engine")
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    args = parser.parse_args()
    pymupdf.TOOLS.mupdf_display_errors(False)
    cv2.setNumThreads(1)
    if args.pdf_dir:
        pages = [page for page, _ in islice(real_pages(args.pdf_dir), args.pages)]
    else:
        pages = [drawn_page(number) for number in range(args.pages)]
    engine = PpOcrEngine(args.threads, args.device)
    if engine.models.is_cuda:
        engine.read(pages)  # warms up
    else:
        with_replay(engine, pages)
    results = [host_costs(engine, pages) for _ in range(args.repeats)]
    result = min(results, key=lambda costs: float(costs["host_ms_a_page"]))
    readings = result.pop("readings")
    if args.compare:
        result |= differences(readings, pages)
    if args.json:
        print(json.dumps(result))
    else:
        show(result, args.cores_per_gpu)


if __name__ == "__main__":
    main()
