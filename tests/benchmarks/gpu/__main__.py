"""All that this project does on one GPU, measured in at most eight minutes, without a network.

    python -m tests.benchmarks.gpu [--json FILE] [--minutes 8] [--only PART ...] [--small]

Runs on a machine with torch 2.11 and transformers 5.17. The models need pydantic, too, and
DeepSeek-OCR a transformers with `UnlimitedOcr` (5.23); `ppocr` needs rapidocr and rapidfuzz; `pass`
needs pymupdf, deltalake and pycld2. A part whose packages are missing says which, and the others
run. Figures are printed as they come, and FILE is written anew after each, so that a run that is
cut off still tells. A part begins only if the minutes left are enough for it.

PP-OCRv6 has its real weights. The other models have their real dimensions and random weights, and
every page has an answer of 1,050 tokens: the mean behind the claim of 200,000 pages a day on one
A100. What a model computes is compared with the same weights in fp32 on the CPU before it is timed.
`--small` makes the models small, to try the script without a GPU; its figures mean nothing.
"""

from __future__ import annotations

import argparse
import gc
import json
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from tests.benchmarks.gpu.device import describe, measure_ceilings
from tests.benchmarks.gpu.floors import Ceilings

Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is read."""

    is_small: bool
    pages: int = 256
    batch_pages: int = 256
    answer_tokens: int = 1050
    ppocr_pages: int = 1024
    pass_pages: int = 1024
    shard_pages: int = 256
    checked_pages: int = 2


SMALL = Sizes(True, 3, 2, 8, 3, 4, 2, 1)


@dataclass(frozen=True, slots=True)
class Part:
    """One part: what it is called, and the seconds that it takes on a GPU."""

    name: str
    least_s: float
    run: Callable[[Sizes, Ceilings], Iterator[tuple[str, Figures]]]


def run_ppocr(sizes: Sizes, ceilings: Ceilings) -> Iterator[tuple[str, Figures]]:
    from tests.benchmarks.gpu import ppocr
    from workers.engines.ppocr.engine import PpOcrEngine

    engine = PpOcrEngine()
    yield "PP-OCRv6, checked", ppocr.check(engine, sizes.checked_pages)
    yield "PP-OCRv6", ppocr.speed(engine, sizes.ppocr_pages, sizes.shard_pages, ceilings)


def run_model(
    name: str, modes: Sequence[str], sizes: Sizes, ceilings: Ceilings
) -> Iterator[tuple[str, Figures]]:
    from tests.benchmarks.gpu import models
    from tests.benchmarks.gpu.networks import make_engine

    engine = make_engine(name, modes[0], sizes.is_small)
    weights = sum(weight.numel() for weight in engine._loaded.model.parameters())
    yield f"{name}, checked", {"parameters": weights, **models.check(engine, sizes.checked_pages)}
    for mode in modes:
        time_mode = partial(
            models.speed,
            engine,
            mode,
            sizes.pages,
            sizes.batch_pages,
            sizes.answer_tokens,
            ceilings,
        )
        figures, texts = time_mode()
        yield f"{name} {mode}", figures
        figures, recorded = time_mode(records=True)
        same = sum(a == b for a, b in zip(texts, recorded, strict=True)) / len(texts)
        yield f"{name} {mode}, recorded", {**figures, "same_texts_share": same}


def run_pass(sizes: Sizes, ceilings: Ceilings) -> Iterator[tuple[str, Figures]]:
    from tests.benchmarks.gpu import whole_pass

    yield "whole pass without Ray", whole_pass.speed(sizes.pass_pages, sizes.shard_pages)


PARTS = (
    Part("ppocr", 60, run_ppocr),
    Part("deepseek-ocr", 180, partial(run_model, "DeepSeek-OCR", ("tiny", "base", "gundam"))),
    Part("deepseek-ocr-2", 75, partial(run_model, "DeepSeek-OCR-2", ("base",))),
    Part("lighton-ocr", 75, partial(run_model, "LightOnOCR-2-1B", ("native",))),
    Part("pass", 60, run_pass),
)


def results(parts: Sequence[Part], sizes: Sizes, minutes: float) -> Iterator[tuple[str, Figures]]:
    """The figures of each part as they come; a part that fails is one that says so."""
    began_s = time.monotonic()
    ceilings = measure_ceilings(sizes.is_small)
    yield (
        "device",
        {
            **describe(),
            "copy_bytes_per_s": ceilings.bytes_per_s,
            "matrix_flops_per_s": ceilings.flops_per_s,
        },
    )
    for part in parts:
        left_s = 60 * minutes - (time.monotonic() - began_s)
        if left_s < part.least_s:
            yield part.name, {"not_run": f"{left_s:.0f} s are left, it takes {part.least_s:.0f}"}
            continue
        try:
            yield from part.run(sizes, ceilings)
        except ImportError as exc:
            yield part.name, {"not_run": f"{exc}; install it, or carry its wheel here"}
        except Exception as exc:  # noqa: BLE001 - the parts after it still tell
            traceback.print_exc()
            yield part.name, {"failed": f"{type(exc).__name__}: {exc}"}
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def show(title: str, figures: Figures) -> None:
    print(f"\n{title}")
    for name, value in figures.items():
        digits = ",.0f" if isinstance(value, float) and value >= 1000 else ".4g"
        print(f"  {name:32}{format(value, digits) if isinstance(value, float) else value}")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, help="a file for all figures")
    parser.add_argument("--minutes", type=float, default=8)
    parser.add_argument("--only", nargs="+", choices=[part.name for part in PARTS])
    parser.add_argument("--small", action="store_true", help="try the script without a GPU")
    args = parser.parse_args(arguments)
    parts = [part for part in PARTS if not args.only or part.name in args.only]
    found: dict[str, Figures] = {}
    for title, figures in results(parts, SMALL if args.small else Sizes(False), args.minutes):
        found[title] = figures
        show(title, figures)
        if args.json:
            args.json.write_text(json.dumps(found, indent=2) + "\n")
    return int(any({"not_run", "failed"} & figures.keys() for figures in found.values()))


if __name__ == "__main__":
    raise SystemExit(main())
