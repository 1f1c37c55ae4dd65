"""Our rasterizer, with its killable child, against a bare loop over PyMuPDF in this process.

    python -m tests.benchmarks.rasterising [--pages N] [--rounds N] [--pdf-dir DIR] [--no-memory]
                                           [--json]

Both make the same JPEG files (1280 px, quality 92) of the same pages. They take turns at each
document, so that the ratio also holds on a busy machine. The bare loop opens, renders and encodes;
ours also measures ink, hashes the image, limits time and memory, and ships the result through a
pipe. A third side does our work without the child, which shows the cost of isolation alone. The
text layer is off (`routing: never`). Required: 0.85 of the bare loop's pages/s.

The memory part rasterises 64 pages and then 3,000, each in a child of its own, in ranges of 64
as shards do; every page has an image of its own. The child's peak must not grow with the pages.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pymupdf
from PIL import Image
from rich.console import Console
from rich.table import Table

from schemas.recipe import Placement, Raster, TextLayer
from tests.hostile.processes import child_ids, peak_mib
from workers.rasterising import PDF, ChildLimits, Rasterizer, RasterSettings, drawing, render
from workers.text.signatures import image_hash

REQUIRED_RATIO = 0.85
# We do not encode blank pages, so no page may count as blank here.
SETTINGS = RasterSettings(Raster(), "never", TextLayer(), min_ink_share=0.0)
LIMITS = ChildLimits(Placement().page_timeout_s, Placement().page_memory_bytes)
DOC_ID = "0" * 64
RANGE_PAGES = 64
LONG_PAGES = 3000
WORDS = ("inventory", "page", "shard", "receipt", "pass", "reading", "a", "of", "replica", "is")


@dataclass(frozen=True)
class Document:
    path: Path
    pages: range


def generated_pdf(path: Path, pages: int, rng: random.Random, picture_px: int = 0) -> None:
    """Write pages with two columns of words, a ruled table, some curves and perhaps a picture."""
    noise = np.random.default_rng(rng.randrange(2**32))
    with pymupdf.open() as pdf:
        for _ in range(pages):
            page = pdf.new_page()
            for x0 in (40, 310):
                text = " ".join(rng.choices(WORDS, k=260))
                font = rng.choice(("tiro", "helv"))
                page.insert_textbox((x0, 40, x0 + 245, 560), text, fontsize=9, fontname=font)
            shape = page.new_shape()
            for row in range(12):
                shape.draw_line((40, 580 + 18 * row), (300, 580 + 18 * row))
            for column in range(6):
                shape.draw_line((40 + 52 * column, 580), (40 + 52 * column, 778))
            shape.finish(width=0.7)
            for _ in range(20):
                points = [(rng.uniform(320, 550), rng.uniform(580, 780)) for _ in range(4)]
                shape.draw_bezier(*map(pymupdf.Point, points))
                shape.finish(color=[rng.random() for _ in range(3)], width=rng.uniform(0.5, 3))
            shape.commit()
            if picture_px:
                pixels = noise.integers(0, 255, (picture_px // 8, picture_px // 8, 3), np.uint8)
                picture = Image.fromarray(pixels).resize((picture_px, picture_px))
                data = io.BytesIO()
                picture.save(data, "JPEG", quality=60)
                page.insert_image((40, 600, 200, 760), stream=data.getvalue())
        pdf.save(path)


def generated_documents(folder: Path, pages: int, pages_each: int = 12) -> list[Document]:
    rng = random.Random(0)
    documents = []
    for start in range(0, pages, pages_each):
        count = min(pages_each, pages - start)
        documents.append(Document(folder / f"{start}.pdf", range(count)))
        generated_pdf(documents[-1].path, count, rng)
    return documents


def real_documents(folder: Path, pages: int, pages_each: int = 12) -> list[Document]:
    """The first pages of PDFs under `folder`, in seeded order."""
    paths = sorted(folder.rglob("*.pdf"))
    random.Random(0).shuffle(paths)
    documents: list[Document] = []
    for path in paths:
        missing = pages - sum(len(document.pages) for document in documents)
        if missing <= 0:
            break
        with pymupdf.open(path) as pdf:
            if not pdf.needs_pass and len(pdf):
                documents.append(Document(path, range(min(len(pdf), pages_each, missing))))
    return documents


# ---- three ways to make the images ---------------------------------------------------------


def bare(document: Document) -> list[bytes]:
    """The loop that anyone would write: open, render, encode."""
    images = []
    with pymupdf.open(document.path) as pdf:
        for index in document.pages:
            page = pdf.load_page(index)
            zoom = (SETTINGS.raster.longest_edge_px - 1e-3) / max(page.rect.width, page.rect.height)
            pixmap = page.get_pixmap(
                matrix=pymupdf.Matrix(zoom, zoom), colorspace=pymupdf.csRGB, alpha=False
            )
            size = (pixmap.width, pixmap.height)
            image = Image.frombuffer("RGB", size, pixmap.samples_mv, "raw", "RGB", pixmap.stride, 1)
            data = io.BytesIO()
            image.save(data, "JPEG", quality=SETTINGS.raster.quality)
            images.append(data.getvalue())
    return images


def unisolated(document: Document) -> list[bytes]:
    """Our work in this process: no child, no pipe, no limits."""
    path = str(document.path)
    pages = [render._render_page(path, PDF, "", i, SETTINGS) for i in document.pages]
    return [page.image.data for page in pages if page.image]


def ours(rasterizer: Rasterizer, document: Document) -> list[bytes]:
    pages = rasterizer.rasterise(document.path, PDF, DOC_ID, document.pages)
    return [page.image.data for page in pages if page.image]


def steps_ms(documents: Sequence[Document]) -> dict[str, float]:
    """Milliseconds a page of each step, in this process."""
    spent: dict[str, list[float]] = defaultdict(list)

    def timed(step: str, call: Callable[..., Any], *args: Any) -> Any:
        start_s = time.perf_counter()
        result = call(*args)
        spent[step].append(time.perf_counter() - start_s)
        return result

    for document in documents:
        with pymupdf.open(document.path) as pdf:
            for index in document.pages:
                page = pdf.load_page(index)
                drawn = timed("render", drawing.draw_pdf_page, page, SETTINGS.raster)
                grey = timed("grey", drawn.picture.convert, "L")
                timed("ink share", drawing.ink_share, grey)
                timed("image hash", image_hash, grey)
                timed("encode", render.encode, drawn.picture, SETTINGS.raster)
    return {step: 1000 * float(np.mean(times)) for step, times in spent.items()}


def measure_speed(documents: Sequence[Document], rounds: int) -> dict[str, Any]:
    rasterizer = Rasterizer(SETTINGS, LIMITS)
    sides: dict[str, Callable[[Document], list[bytes]]] = {
        "bare": bare,
        "unisolated": unisolated,
        "ours": lambda document: ours(rasterizer, document),
    }
    try:
        # The first round warms up, and leaves out documents of which a side fails to draw a page.
        made = [[make(document) for make in sides.values()] for document in documents]
        usable = [
            document
            for document, files in zip(documents, made, strict=True)
            if all(len(side) == len(document.pages) for side in files)
        ]
        same = sum(a == b for first, _, last in made for a, b in zip(first, last, strict=False))
        pages = sum(len(document.pages) for document in usable)
        rounds_s: list[dict[str, float]] = []
        for number in range(rounds):
            seconds = dict.fromkeys(sides, 0.0)
            for place, document in enumerate(usable):
                order = list(sides)
                shift = (number + place) % len(order)
                for name in order[shift:] + order[:shift]:
                    start_s = time.perf_counter()
                    sides[name](document)
                    seconds[name] += time.perf_counter() - start_s
            rounds_s.append(seconds)
    finally:
        rasterizer.close()
    best = {name: min(seconds[name] for seconds in rounds_s) for name in sides}
    return {
        "documents": len(usable),
        "left_out": len(documents) - len(usable),
        "pages": pages,
        "identical_files": same,
        "rounds": rounds,
        "pages_per_s": {name: pages / seconds for name, seconds in best.items()},
        "ratio": float(np.median([s["bare"] / s["ours"] for s in rounds_s])),
        "ratio_of_best": best["bare"] / best["ours"],
        "unisolated_ratio": float(np.median([s["bare"] / s["unisolated"] for s in rounds_s])),
        "isolation_ratio": float(np.median([s["unisolated"] / s["ours"] for s in rounds_s])),
        "required_ratio": REQUIRED_RATIO,
        "steps_ms": steps_ms(usable),
    }


# ---- memory --------------------------------------------------------------------------------


def measure_memory(folder: Path) -> dict[str, float]:
    """Peak MiB of the child for a short and a long document."""
    result = {}
    for pages in (RANGE_PAGES, LONG_PAGES):
        path = folder / f"long-{pages}.pdf"
        generated_pdf(path, pages, random.Random(pages), picture_px=256)
        result[f"file_mib_{pages}"] = path.stat().st_size / 2**20
        rasterizer = Rasterizer(SETTINGS, LIMITS)
        try:
            peaks = list(_peaks_mib(rasterizer, path, pages))
        finally:
            rasterizer.close()
        result[f"peak_mib_{pages}"] = peaks[-1]
    result["peak_ratio"] = result[f"peak_mib_{LONG_PAGES}"] / result[f"peak_mib_{RANGE_PAGES}"]
    return result


def _peaks_mib(rasterizer: Rasterizer, path: Path, pages: int) -> Iterator[float]:
    """The child's peak resident set after each range."""
    for start in range(0, pages, RANGE_PAGES):
        part = Document(path, range(start, min(start + RANGE_PAGES, pages)))
        assert len(ours(rasterizer, part)) == len(part.pages)
        (child,) = child_ids()
        yield peak_mib(child)


# ---- the report ----------------------------------------------------------------------------


def show(result: dict[str, Any]) -> None:
    console = Console()
    speed = result["speed"]
    table = Table(title=f"{speed['pages']} pages of {speed['documents']} PDFs")
    for column in ("", "pages/s (best)", "ratio (median)"):
        table.add_column(column, justify="left" if not column else "right")
    rates = speed["pages_per_s"]
    table.add_row("bare PyMuPDF loop", f"{rates['bare']:.1f}", "1.000")
    unisolated_ratio = f"{speed['unisolated_ratio']:.3f}"
    table.add_row("ours, without the child", f"{rates['unisolated']:.1f}", unisolated_ratio)
    table.add_row("ours", f"{rates['ours']:.1f}", f"{speed['ratio']:.3f}")
    console.print(table)
    if speed["left_out"]:
        console.print(f"{speed['left_out']} PDFs left out: a page failed")
    console.print(
        f"{speed['identical_files']} files are byte for byte the same as those of the bare loop"
    )
    steps = speed["steps_ms"]
    whole = sum(steps.values())
    table = Table("step", "ms a page", "share", title="Our steps, in this process")
    for step, milliseconds in steps.items():
        table.add_row(step, f"{milliseconds:.2f}", f"{milliseconds / whole:.1%}")
    table.add_row("child and pipe", "", f"{1 / speed['isolation_ratio'] - 1:.1%} on top")
    console.print(table)
    verdict = "met" if speed["ratio"] >= REQUIRED_RATIO else "MISSED"
    console.print(f"required {REQUIRED_RATIO}, measured {speed['ratio']:.3f}: {verdict}")
    if memory := result.get("memory"):
        table = Table("pages", "file MiB", "peak MiB of the child", title="Memory")
        for pages in (RANGE_PAGES, LONG_PAGES):
            sizes = (memory[f"file_mib_{pages}"], memory[f"peak_mib_{pages}"])
            table.add_row(str(pages), *(f"{size:.0f}" for size in sizes))
        console.print(table)
        console.print(
            f"peak of {LONG_PAGES} pages: {memory['peak_ratio']:.2f} times that of {RANGE_PAGES}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=96)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pdf-dir", type=Path, help="real PDFs in place of generated ones")
    parser.add_argument("--no-memory", action="store_true", help="leave out the memory part")
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    args = parser.parse_args()
    pymupdf.TOOLS.mupdf_display_errors(False)
    pymupdf.TOOLS.mupdf_display_warnings(False)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if args.pdf_dir:
            documents = real_documents(args.pdf_dir, args.pages)
        else:
            documents = generated_documents(folder, args.pages)
        result: dict[str, Any] = {"speed": measure_speed(documents, args.rounds)}
        if not args.no_memory:
            result["memory"] = measure_memory(folder)
    if args.json:
        print(json.dumps(result))
    else:
        show(result)


if __name__ == "__main__":
    main()
