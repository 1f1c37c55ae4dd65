"""The `ppocr` engine (torch) against the `rapidocr` engine (ONNX Runtime): same pages, one run.

    python -m tests.benchmarks.ppocr_torch [--pages N] [--pdf-dir DIR] [--device D]
                                           [--precision P] [--json]

Both read the same page images (1280 px, JPEG quality 92), in turns of a few pages. The truth is the
text layer; accuracy is that of `tests.benchmarks.corpus`: letters and digits, order counts. The
largest differences are measured for each model. For detection they are between the probabilities
of whole pages, and 0.002 of them is the byte that torch's come in. For recognition they are between
the largest scores at each step, over all lines that ONNX Runtime's maps give.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pymupdf
from rapidfuzz.distance import Levenshtein
from rich.console import Console
from rich.table import Table

from schemas.pages import PageImage, Reading
from tests.benchmarks.corpus import plain
from tests.benchmarks.ocr_engine import TURN_PAGES, Side, generated_pages, real_pages, timed
from workers.engines.ppocr.device import PpOcrModels
from workers.engines.ppocr.engine import PpOcrEngine
from workers.engines.ppocr.images import Crop
from workers.engines.rapidocr import RapidOcrEngine
from workers.engines.text_lines import (
    DETECTOR,
    RECOGNISER,
    Pixels,
    decode_image,
    detector_pixels,
    detector_shape,
    find_lines,
    line_pixels,
    model_file,
    padded_width_px,
)
from workers.engines.tiles import Tile

Page = tuple[PageImage, str]
"""A page and its true text."""


def measure(pages: Sequence[Page], ours: PpOcrEngine, difference_pages: int) -> dict[str, Any]:
    """Read all pages with both engines; return speed, accuracy and differences."""
    onnx, torch_ = Side(), Side()
    reference = RapidOcrEngine()
    for engine in (reference, ours):
        engine.read([pages[0][0]])
    same = 0
    for start in range(0, len(pages), TURN_PAGES):
        turn = pages[start : start + TURN_PAGES]
        images = [image for image, _ in turn]
        truths = [text for _, text in turn]
        theirs = timed(onnx, reference.read, images)
        readings = timed(torch_, ours.read, images)
        onnx.accuracies += map(accuracy, theirs, truths)
        torch_.accuracies += map(accuracy, readings, truths)
        same += sum(a.text == b.text for a, b in zip(theirs, readings, strict=True))
    compared = [image for image, _ in pages[:difference_pages]]
    return {
        "pages": len(pages),
        "device": str(ours.models.device),
        "precision": ours.models.precision,
        "rapidocr": onnx.row(len(pages)),
        "ppocr": torch_.row(len(pages)),
        "same_text_pages": same,
        "difference_pages": len(compared),
        **largest_differences(compared, ours.models),
    }


def accuracy(reading: Reading, truth: str) -> float:
    return 1 - Levenshtein.normalized_distance(plain(truth), plain(reading.text))


def largest_differences(pages: Sequence[PageImage], models: PpOcrModels) -> dict[str, float]:
    """The largest absolute differences of torch from ONNX Runtime on the same tensors."""
    detector, recogniser = (
        ort.InferenceSession(model_file(name).read_bytes()) for name in (DETECTOR, RECOGNISER)
    )
    maps, steps, lines = 0.0, 0.0, 0
    for page in pages:
        image = decode_image(page.data)
        pixels = detector_pixels(image)
        scores = detector.run(None, {"x": tensor(pixels, pixels.shape[1])})[0]
        [ours] = models.detect([models.send(image)], detector_shape(*image.shape[:2])).wait()
        maps = max(maps, float(np.abs(ours[0] / np.float32(255) - scores[0, 0]).max()))
        for crop in find_lines(scores, Tile(image)):
            line = line_pixels(crop.pixels)
            truth = recogniser.run(None, {"x": tensor(line, padded_width_px(line.shape[1]))})[
                0
            ].max(axis=2)
            flat = models.send(np.ascontiguousarray(crop.pixels).reshape(-1, 3))
            _, probabilities = models.recognise(
                [Crop(flat, *crop.pixels.shape[:2])], padded_width_px(line.shape[1])
            ).wait()
            steps = max(steps, float(np.abs(probabilities - truth).max()))
            lines += 1
    return {
        "detection_largest_difference": maps,
        "recognition_largest_difference": steps,
        "difference_lines": lines,
    }


def tensor(image: Pixels, width_px: int) -> Any:
    """float32 (1, 3, height, `width_px`), -1 to 1, 0 right of the image."""
    padded = np.zeros((1, 3, image.shape[0], width_px), np.float32)
    padded[0, :, :, : image.shape[1]] = image.transpose(2, 0, 1) * np.float32(2 / 255) - 1
    return padded


def show(result: dict[str, Any]) -> None:
    title = f"{result['pages']} pages, ppocr on {result['device']} in {result['precision']}"
    table = Table("engine", "pages/s", "CPU s/page", "accuracy: median", "p10", title=title)
    for name in ("rapidocr", "ppocr"):
        row = result[name]
        table.add_row(
            name,
            f"{row['pages_per_s']:.3f}",
            f"{row['cpu_s_per_page']:.2f}",
            f"{row['accuracy_median']:.4f}",
            f"{row['accuracy_p10']:.4f}",
        )
    console = Console()
    console.print(table)
    console.print(f"same text: {result['same_text_pages']} of {result['pages']} pages")
    console.print(
        f"largest difference: detection {result['detection_largest_difference']:.2g} "
        f"on {result['difference_pages']} pages, recognition "
        f"{result['recognition_largest_difference']:.2g} on {result['difference_lines']} lines"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=8)
    parser.add_argument("--pdf-dir", type=Path, help="real PDFs with text layers")
    parser.add_argument("--device", help="default: CUDA where there is one, else the CPU")
    parser.add_argument("--precision", choices=["fp32", "fp16", "bf16"])
    parser.add_argument("--difference-pages", type=int, default=4)
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    args = parser.parse_args()
    pymupdf.TOOLS.mupdf_display_errors(False)
    source = real_pages(args.pdf_dir) if args.pdf_dir else generated_pages()
    engine = PpOcrEngine(device=args.device, precision=args.precision)
    result = measure(list(islice(source, args.pages)), engine, args.difference_pages)
    if args.json:
        print(json.dumps(result))
    else:
        show(result)


if __name__ == "__main__":
    main()
