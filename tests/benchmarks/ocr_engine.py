"""Our `rapidocr` engine against RapidOCR called page by page with its defaults.

    python -m tests.benchmarks.ocr_engine [--pages N] [--pdf-dir DIR] [--json]

Both read the same page images (1280 px, JPEG quality 92) with all cores, in turns of a few
pages. On a busy machine trust the CPU seconds: RapidOCR's threads wait for one another inside each
operator, so its pages/s fall further than ours when others take the cores. The truth is the text
layer. Accuracy is 1 - edit distance / longer length, on text with its white space folded. Our own
`workers.layout.reading_order` orders and joins RapidOCR's lines, so the accuracies compare
recognition, not reading order. The floor is the time that the ONNX Runtime sessions alone take for
our engine's own tensors, one session call on each core.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np
import pymupdf
from PIL import Image
from rapidfuzz.distance import Levenshtein
from rapidocr import RapidOCR

from schemas.pages import PageImage
from workers.engines.rapidocr import RapidOcrEngine
from workers.layout import join_lines, paragraphs

LONGEST_EDGE_PX = 1280
TURN_PAGES = 8
MIN_CHARACTERS = 300
WORDS = """
    inventory document page shard receipt pass reading engine replica mode sample reject publish
    dataset corpus token column heading figure table the of and to in is for with that on by an
    Every Quality Signature 1984 3.14 (compare) x=42 state-of-the-art e.g. 75% costs, holds; read:
"""
CHINESE = "文档页面数据集引擎读取图像模型训练语料收据版本发布质量存储任务集群节点"
LAYOUTS = [  # font, size in points, columns
    ("tiro", 10, 1),
    ("helv", 9, 2),
    ("cour", 9, 1),
    ("tibo", 11, 1),
    ("tiro", 8, 2),
    ("heit", 10, 1),
    ("china-s", 10, 1),
    ("helv", 7, 3),
]


@dataclass
class Side:
    """The results of one side: wall seconds, CPU seconds, and the accuracy of each page."""

    total_s: float = 0.0
    cpu_s: float = 0.0
    accuracies: list[float] = field(default_factory=list)

    def row(self, pages: int) -> dict[str, float]:
        return {
            "pages_per_s": pages / self.total_s,
            "cpu_s_per_page": self.cpu_s / pages,
            "accuracy_median": float(np.median(self.accuracies)),
            "accuracy_p10": float(np.percentile(self.accuracies, 10)),
        }


class Recorder:
    """Wraps a session and keeps the tensors that go through it."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self.tensors: list[dict[str, Any]] = []

    def run(self, names: None, tensors: dict[str, Any]) -> Any:
        self.tensors.append(tensors)
        return self.session.run(names, tensors)

    def get_modelmeta(self) -> Any:
        return self.session.get_modelmeta()


def rasterised(name: str, page: pymupdf.Page) -> PageImage:
    zoom = LONGEST_EDGE_PX / max(page.rect.width, page.rect.height)
    pixmap = page.get_pixmap(matrix=pymupdf.Matrix(zoom, zoom), alpha=False)
    data = io.BytesIO()
    image = Image.frombytes("RGB", (pixmap.width, pixmap.height), pixmap.samples)
    image.save(data, "JPEG", quality=92)
    return PageImage(name, data.getvalue(), pixmap.width, pixmap.height)


def generated_pages(seed: int = 0) -> Iterator[tuple[PageImage, str]]:
    """A4 pages full of words, in several fonts, sizes and column counts, without end."""
    rng = random.Random(seed)
    for number, (font, size_pt, columns) in enumerate(cycle(LAYOUTS)):
        pdf = pymupdf.open()
        page = pdf.new_page()
        width = (595 - 80 - 20 * (columns - 1)) / columns
        for column in range(columns):
            x0 = 40 + column * (width + 20)
            count = int(width * 700 / size_pt**2 / (6 if font != "china-s" else 2.5))
            text = prose(rng, font, count)
            left = page.insert_textbox(
                (x0, 40, x0 + width, 800), text, fontsize=size_pt, fontname=font
            )
            # A box that is too small for its text stays empty.
            assert left >= 0, f"{font} {size_pt} pt: {-left} pt too much text"
        yield rasterised(f"generated-{number}", page), page.get_text()


def prose(rng: random.Random, font: str, count: int) -> str:
    if font == "china-s":
        return "".join(rng.choice(CHINESE) for _ in range(2 * count))
    return " ".join(rng.choices(WORDS.split(), k=count))


def real_pages(folder: Path, seed: int = 0) -> Iterator[tuple[PageImage, str]]:
    """One page of each PDF under `folder`, in seeded order, if its text layer is sound."""
    rng = random.Random(seed)
    paths = sorted(folder.rglob("*.pdf"))
    rng.shuffle(paths)
    for path in paths:
        with pymupdf.open(path) as pdf:
            if pdf.needs_pass or not len(pdf):
                continue
            page = pdf[rng.randrange(len(pdf))]
            text = page.get_text()
            # The model has no Hebrew or Arabic letters: both engines would read nothing there.
            is_known = not any("\u0590" <= c <= "\u08ff" or c == "\ufffd" for c in text)
            if len(text.strip()) >= MIN_CHARACTERS and is_known:
                yield rasterised(str(path), page), text


def accuracy(text: str, truth: str) -> float:
    return Levenshtein.normalized_similarity(" ".join(text.split()), " ".join(truth.split()))


def timed(side: Side, call: Callable[..., Any], *args: Any) -> Any:
    start_s, start_cpu_s = time.perf_counter(), time.process_time()
    result = call(*args)
    side.cpu_s += time.process_time() - start_cpu_s
    side.total_s += time.perf_counter() - start_s
    return result


def joined(output: Any) -> str:
    """RapidOCR's lines as our engine would join them."""
    if output.boxes is None:
        return ""
    boxes = np.concatenate([output.boxes.min(axis=1), output.boxes.max(axis=1)], axis=1)
    return "\n\n".join(
        join_lines([" ".join(output.txts[i] for i in row) for row in rows])
        for rows in paragraphs(boxes)
    )


def run_sessions(recorders: Sequence[Recorder], pool: ThreadPoolExecutor) -> None:
    """Run the engine's sessions on the recorded tensors, and nothing else.

    Results are dropped at once: the class scores of the lines of eight pages take 5 GB.
    """

    def run(session: Any, tensors: dict[str, Any]) -> None:
        session.run(None, tensors)

    futures = [pool.submit(run, r.session, t) for r in recorders for t in r.tensors]
    for future in futures:
        future.result()


def measure(pages: Sequence[tuple[PageImage, str]]) -> dict[str, Any]:
    theirs, ours, floor = Side(), Side(), Side()
    reference, engine = RapidOCR(params={"Global.log_level": "error"}), RapidOcrEngine()
    recorders = [Recorder(engine._detector), Recorder(engine._recogniser)]
    engine._detector, engine._recogniser = recorders
    with ThreadPoolExecutor(engine._threads) as pool:
        reference(pages[0][0].data)
        engine.read([pages[0][0]])
        for start in range(0, len(pages), TURN_PAGES):
            turn = pages[start : start + TURN_PAGES]
            for recorder in recorders:
                recorder.tensors.clear()
            images = [image for image, _ in turn]
            outputs = [timed(theirs, reference, image.data) for image in images]
            readings = timed(ours, engine.read, images)
            timed(floor, run_sessions, recorders, pool)
            theirs.accuracies += [
                accuracy(joined(o), truth) for o, (_, truth) in zip(outputs, turn, strict=True)
            ]
            ours.accuracies += [
                accuracy(r.text, truth) for r, (_, truth) in zip(readings, turn, strict=True)
            ]
    return {
        "pages": len(pages),
        "threads": engine._threads,
        "rapidocr_page_by_page": theirs.row(len(pages)),
        "ours": ours.row(len(pages)),
        "ratio": theirs.total_s / ours.total_s,
        "floor_pages_per_s": len(pages) / floor.total_s,
        "floor_cpu_s_per_page": floor.cpu_s / len(pages),
        "time_over_floor": ours.total_s / floor.total_s,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=24)
    parser.add_argument("--pdf-dir", type=Path, help="real PDFs with text layers")
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    args = parser.parse_args()
    pymupdf.TOOLS.mupdf_display_errors(False)
    source = real_pages(args.pdf_dir) if args.pdf_dir else generated_pages()
    result = measure(list(islice(source, args.pages)))
    if args.json:
        print(json.dumps(result))
        return
    print(f"{result['pages']} pages, {result['threads']} threads")
    print(f"{'':24}{'pages/s':>9}{'CPU s/page':>12}{'accuracy: median':>18}{'p10':>8}")
    for name in ("rapidocr_page_by_page", "ours"):
        row = result[name]
        cells = f"{row['accuracy_median']:18.4f}{row['accuracy_p10']:8.4f}"
        print(f"{name:24}{row['pages_per_s']:9.3f}{row['cpu_s_per_page']:12.2f}{cells}")
    floor_cpu = result["floor_cpu_s_per_page"]
    print(f"{'sessions alone (floor)':24}{result['floor_pages_per_s']:9.3f}{floor_cpu:12.2f}")
    print(f"ours / RapidOCR: {result['ratio']:.2f} times the pages/s")
    print(f"ours / floor: {result['time_over_floor']:.2f} times the time")


if __name__ == "__main__":
    main()
