"""How legible pages stay at each level of degrading, and what degrading costs.

    python -m tests.benchmarks.degrading [--pages N] [--edge-px E] [--save DIR]

A4 pages of text in several fonts, sizes and columns are drawn, degraded at each named level and
read with the `rapidocr` engine. The column "characters" is 1 - edit distance / longer length, on
the letters and digits of a reading and its text. Order counts there: where a skew makes the engine
read across the columns of a page, their text is lost. "words" is the share of the text's words that
the reading has anywhere, which measures legibility alone. "lost" is the difference from the same
page before degrading. "ms" is the CPU time of degrading a page.
"""

from __future__ import annotations

import argparse
import io
import time
from collections import Counter
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rapidfuzz.distance import Levenshtein

from schemas.degrade import LEVELS, Degrade
from schemas.pages import PageImage
from tests.benchmarks.ocr_engine import LONGEST_EDGE_PX, generated_pages
from workers.engines.rapidocr import RapidOcrEngine
from workers.rasterising.pictures import decode
from workers.synthetic.degrade import degrade

Accuracies = NDArray[np.float64]


def encoded(name: str, picture: Image.Image) -> PageImage:
    data = io.BytesIO()
    picture.save(data, "JPEG", quality=92)
    return PageImage(name, data.getvalue(), picture.width, picture.height)


def words_found(text: str, truth: str) -> float:
    wanted = Counter(truth.split())
    return (Counter(text.split()) & wanted).total() / wanted.total()


def characters(text: str, truth: str) -> float:
    letters = ("".join(filter(str.isalnum, side)) for side in (text, truth))
    return Levenshtein.normalized_similarity(*letters)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=24)
    parser.add_argument("--edge-px", type=int, default=LONGEST_EDGE_PX)
    parser.add_argument("--levels", nargs="*", default=list(LEVELS), choices=list(LEVELS))
    parser.add_argument("--save", type=Path, help="save the pictures in this folder")
    args = parser.parse_args()
    pages = list(islice(generated_pages(), args.pages))
    pictures = [decode(image.data) for image, _ in pages]
    for picture in pictures:
        picture.thumbnail((args.edge_px, args.edge_px), Image.Resampling.LANCZOS)
    engine = RapidOcrEngine()

    def read(name: str, made: list[Image.Image]) -> Accuracies:
        """Characters and words of each page: float64 (2, pages)."""
        if args.save:
            for number, picture in enumerate(made):
                picture.save(args.save / f"{name}-{number:02}.png")
        images = [encoded(f"{name}-{number}", picture) for number, picture in enumerate(made)]
        texts = [reading.text for reading in engine.read(images)]
        accuracies = [
            [measure(text, truth) for text, (_, truth) in zip(texts, pages, strict=True)]
            for measure in (characters, words_found)
        ]
        return np.array(accuracies)

    def show(name: str, accuracies: Accuracies, clean: Accuracies, cost: str) -> None:
        cells = "".join(
            f"{np.median(row):14.4f}{np.median(clean_row - row):8.4f}{(clean_row - row).max():8.4f}"
            for row, clean_row in zip(accuracies, clean, strict=True)
        )
        print(f"{name:6}{cells}{cost:>9}", flush=True)

    print(f"{len(pages)} pages, longest edge {args.edge_px} px; median, median lost, most lost")
    print(
        f"{'':6}{'characters':>14}{'lost':>8}{'most':>8}{'words':>14}{'lost':>8}{'most':>8}{'ms':>9}"
    )
    clean = read("clean", pictures)
    show("clean", clean, clean, "")
    for level in args.levels:
        start_s = time.process_time()
        made = [
            degrade(picture, np.random.default_rng(number), Degrade.model_validate(level)).picture
            for number, picture in enumerate(pictures)
        ]
        cost_ms = (time.process_time() - start_s) / len(pages) * 1000
        show(level, read(level, made), clean, f"{cost_ms:.0f}")


if __name__ == "__main__":
    main()
