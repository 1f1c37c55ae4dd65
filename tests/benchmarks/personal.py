"""How much personal data is found and how much of what is found is none; what masking leaves.

    python -m tests.benchmarks.personal [--documents N] [--pages N] [--save DIR]

Documents of known values are made in twelve languages and four layouts (letters, forms, tables,
reports full of numbers that are nobody's), and measured

1. as texts, with what the detectors cost;
2. as the text layers of PDFs, and as scans read by the default engine, in the eight languages that
   it reads: `recall` is then over what is on the page, so it has the engine's errors in it;
3. after masking: values that are still in the page's texts, and that the engine reads in the
   painted picture. `all` counts all planted values, `found` those that the detectors had found.

A planted value counts as found where a finding of its kind covers it; in a reading, where one is
like it by 85 of 100. A finding counts as right where it covers a part of a planted value.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pymupdf
from PIL import Image
from rapidfuzz import fuzz

from schemas.pages import Block, PageImage
from schemas.personal import KINDS, Personal
from schemas.recipe import Raster
from schemas.rows import BlockRow
from tests.personal_values import (
    LABELS,
    LANGUAGES,
    MORE_LANGUAGES,
    Planted,
    decoy,
    kinds_of,
    planted,
    sentence,
)
from workers.engines.rapidocr import RapidOcrEngine
from workers.policies.personal import find, find_in_page, mask_page, paint, regions_of
from workers.policies.personal.line_reader import read_lines
from workers.rasterising.pictures import encode
from workers.sample import prose
from workers.sample.pages import Sheet, typeset, worn
from workers.textlayer import extract

LAYOUTS = ("letter", "form", "table", "report", "bare")
"""In a `bare` page no words name the values."""
MASK_ALL = Personal(default="mask")
EDGE_PX = 1280
ALIKE = 85


@dataclass(frozen=True)
class Document:
    """A made page in the small markup of `workers.sample.pages`, and what was planted in it."""

    language: str
    layout: str
    text: str
    values: tuple[Planted, ...]


def documents(count: int, languages: Sequence[str], seed: int) -> Iterator[Document]:
    rng = random.Random(seed)
    for number in range(count):
        language = languages[number % len(languages)]
        layout = LAYOUTS[(number + number // len(languages)) % len(LAYOUTS)]
        kinds = kinds_of(language)
        values = tuple(
            planted(kind, language, rng) for kind in rng.sample(kinds, min(6, len(kinds)))
        )
        yield Document(language, layout, MAKERS[layout](language, values, rng), values)


def letter(language: str, values: Sequence[Planted], rng: random.Random) -> str:
    parts = [f"{sentence(language)} {one.label} {one.value}, {decoy(rng)}." for one in values]
    return "# 7/3\n\n" + "\n\n".join([*parts, sentence(language)])


def form(language: str, values: Sequence[Planted], rng: random.Random) -> str:
    return "\n\n".join(
        [sentence(language), *(f"{one.label} {one.value}" for one in values), decoy(rng)]
    )


def table(language: str, values: Sequence[Planted], rng: random.Random) -> str:
    """The labels at the left; what has no label stands beside a number of its own."""
    names = [LABELS[language].get(one.kind, ("key:",))[0] for one in values]
    rows = [
        f"| {name} | {one.value} | {decoy(rng)} |" for name, one in zip(names, values, strict=True)
    ]
    return "\n".join([f"{sentence(language)}\n", "| A | B | C |", *rows])


def report(language: str, values: Sequence[Planted], rng: random.Random) -> str:
    lines = [f"{sentence(language)} {decoy(rng)}, {decoy(rng)}; {decoy(rng)}." for _ in range(5)]
    lines[2] += f" {values[0].label} {values[0].value}."
    lines[4] += f" {values[1].label} {values[1].value}."
    return "\n\n".join(lines)


def bare(language: str, values: Sequence[Planted], rng: random.Random) -> str:
    return "\n\n".join(f"{sentence(language)} {one.value}, {decoy(rng)}." for one in values)


MAKERS = {"letter": letter, "form": form, "table": table, "report": report, "bare": bare}


def held(document: Document) -> list[Planted]:
    return [one for one in document.values if one.value in document.text]


class Score:
    """Counts by kind: planted, planted and found, findings, findings that are right."""

    def __init__(self) -> None:
        self.planted: Counter[str] = Counter()
        self.found: Counter[str] = Counter()
        self.findings: Counter[str] = Counter()
        self.right: Counter[str] = Counter()

    def add(self, document: Document, found: Sequence[tuple[str, str]]) -> list[Planted]:
        """Counts a document with its findings, pairs of kind and value; returns what was found."""
        hits = []
        for one in held(document):
            self.planted[one.kind] += 1
            if any(kind == one.kind and covers(value, one.value) for kind, value in found):
                self.found[one.kind] += 1
                hits.append(one)
        for kind, value in found:
            self.findings[kind] += 1
            self.right[kind] += any(
                one.kind == kind and partly(value, one.value) for one in held(document)
            )
        return hits

    def show(self, title: str) -> None:
        print(f"\n{title}\n{'kind':14}{'planted':>9}{'recall':>9}{'findings':>10}{'precision':>11}")
        for kind in (*KINDS, "all"):
            planted_, found, findings, right = (
                counts.total() if kind == "all" else counts[kind]
                for counts in (self.planted, self.found, self.findings, self.right)
            )
            recall, precision = found / max(planted_, 1), right / max(findings, 1)
            print(f"{kind:14}{planted_:9}{recall:9.3f}{findings:10}{precision:11.3f}")


def compact(value: str) -> str:
    return "".join(sign for sign in value.lower() if not sign.isspace() and sign != "\\")


def covers(found: str, value: str) -> bool:
    return compact(value) in compact(found) or fuzz.ratio(compact(found), compact(value)) >= ALIKE


def partly(found: str, value: str) -> bool:
    return fuzz.partial_ratio(compact(found), compact(value)) >= ALIKE


def of_texts(count: int) -> None:
    score, of_bare, size, cost_s = Score(), Score(), 0, 0.0
    by_language: Counter[str] = Counter()
    for document in documents(count, LANGUAGES + MORE_LANGUAGES, seed=1):
        start_s = time.process_time()
        found = [one for one in find(document.text, document.language) if MASK_ALL.counts(one)]
        cost_s += time.process_time() - start_s
        size += len(document.text)
        pairs = [(one.kind, document.text[one.start : one.end]) for one in found]
        own = of_bare if document.layout == "bare" else score
        missed = len(held(document)) - len(own.add(document, pairs))
        by_language[document.language] += missed * (own is score)
    languages = len(LANGUAGES + MORE_LANGUAGES)
    score.show(f"texts: {count} documents in {languages} languages; values that words name")
    of_bare.show("texts: values that no words name")
    missed_by = {code: number for code, number in sorted(by_language.items()) if number}
    print("missed, though named, by language:", missed_by or "none")
    print(
        f"made texts, all of them with findings: {size / cost_s / 1e6:.2f} M characters/s and core"
    )
    clean = [text for text in vars(prose).values() if isinstance(text, str) and len(text) > 400]
    for text in clean:
        find(text, "en")
    start_s = time.process_time()
    for _ in range(100):
        for text in clean:
            find(text, "en")
    rate = 100 * sum(map(len, clean)) / (time.process_time() - start_s) / 1e6
    print(f"clean prose: {rate:.1f} M characters/s and core")


def of_folder(folder: Path) -> None:
    """What is found in real texts, whose truth nobody knows: counts, and some of each kind."""
    counts: Counter[str] = Counter()
    samples: dict[str, list[str]] = {}
    size, start_s = 0, time.process_time()
    for path in sorted(folder.rglob("*")):
        if path.suffix not in (".md", ".txt", ".rst", ".py", "") or not path.is_file():
            continue
        text = path.read_text("utf-8", "replace")[:60_000]
        size += len(text)
        for one in filter(MASK_ALL.counts, find(text, "en")):
            counts[one.kind] += 1
            shown = text[max(one.start - 30, 0) : one.end + 10].replace("\n", " ")
            samples.setdefault(one.kind, []).append(f"{shown} ({one.detail} {one.certainty:g})")
    cost_s = time.process_time() - start_s
    print(f"{size:,} characters, {size / cost_s / 1e6:.2f} M characters/s and core: {dict(counts)}")
    for kind, shown_of_kind in sorted(samples.items()):
        some = random.Random(1).sample(shown_of_kind, min(len(shown_of_kind), 12))
        print(kind, *some, sep="\n    ")


def rows_of(blocks: Sequence[Block]) -> list[BlockRow]:
    return [
        BlockRow(
            label=block.label,
            bbox=block.bbox,
            text=block.text,
            confidence=block.confidence,
            cells=[
                {
                    "row": cell.row,
                    "column": cell.column,
                    "rows": cell.rows,
                    "columns": cell.columns,
                    "bbox": cell.bbox,
                    "text": cell.text,
                }
                for cell in block.cells
            ]
            or None,
        )
        for block in blocks
    ]


class Masking:
    """What is left of planted values after masking, and how the pictures were painted."""

    def __init__(self, name: str, engine: RapidOcrEngine, save: Path | None) -> None:
        self.name, self.engine, self.save = name, engine, save
        self.left: Counter[str] = Counter()
        self.places: Counter[str] = Counter()
        self.pages = self.written = self.masked = 0
        self.cost_s = 0.0

    def add(
        self,
        document: Document,
        picture: Image.Image,
        text: str,
        blocks: Sequence[Block],
        score: Score,
    ) -> None:
        raster, rows = Raster(), rows_of(blocks)
        found = find_in_page(text, rows, document.language, MASK_ALL)
        texts = [text, *(row["text"] for row in rows)]
        findings = zip(texts, [found.text, *found.blocks], strict=True)
        pairs = {(f.kind, t[f.start : f.end]) for t, of_text in findings for f in of_text}
        hits = score.add(document, sorted(pairs))
        masked, masked_rows = mask_page(text, rows, found, MASK_ALL.masked_kinds)
        regions = regions_of(text, rows, found, MASK_ALL.masked_kinds)
        data = encode(picture, raster)
        start_s = time.process_time()
        painted = paint(data, regions, read_lines, MASK_ALL, raster, document.language)
        self.cost_s += time.process_time() - start_s
        self.places.update(painted.places)
        page = PageImage(str(self.pages), painted.data, picture.width, picture.height)
        read = "\n".join(block.text for block in self.engine.read([page])[0].blocks)
        cells = [cell["text"] for row in masked_rows for cell in row["cells"] or ()]
        all_text = "\n".join([masked.text, *(row["text"] for row in masked_rows), *cells])
        for name, planted_ in (("all", held(document)), ("found", hits)):
            for one in planted_:
                self.left[f"text, {name}"] += compact(one.value) in compact(all_text)
                self.left[f"picture, {name}"] += compact(one.value) in compact(read)
                alike = fuzz.partial_ratio(compact(one.value), compact(read)) >= 90
                self.left[f"picture, {name}, misread"] += alike
        self.masked += masked.text.count("[")
        self.written += read.count("[")
        self.pages += 1
        if self.save:
            (
                self.save / f"{self.name}-{self.pages:03}-{document.language}-{document.layout}.jpg"
            ).write_bytes(painted.data)

    def show(self) -> None:
        print("left after masking:", {name: self.left[name] for name in sorted(self.left)})
        print(
            f"{self.pages} pages painted, places known by {dict(self.places)}; placeholders in the"
            f" texts {self.masked}, read in the pictures {self.written};"
            f" {self.cost_s / max(self.pages, 1):.2f} CPU s a page"
        )


def sheet_of(document: Document, size_px: float = 11) -> Sheet:
    return Sheet(
        (document.text,),
        size_px,
        lang="zh-Hans" if document.language == "zh" else document.language,
    )


def of_pages(count: int, save: Path | None) -> None:
    engine = RapidOcrEngine()
    layers, scans = Score(), Score()
    of_layers, of_scans = Masking("layer", engine, save), Masking("scan", engine, save)
    for number, document in enumerate(documents(count, LANGUAGES, seed=2)):
        with pymupdf.open(stream=typeset("", [sheet_of(document)])) as pdf:
            page = pdf[0]
            layer = extract(page)
            scale = EDGE_PX / max(page.rect.width, page.rect.height)
            pixmap = page.get_pixmap(matrix=pymupdf.Matrix(scale, scale))
            picture = Image.frombytes("RGB", (pixmap.width, pixmap.height), pixmap.samples)
            of_layers.add(document, picture, layer.text, layer.blocks, layers)
        scan = worn(picture.convert("L"), number, 0.5 * (-1) ** number).convert("RGB")
        image = PageImage(str(number), encode(scan, Raster()), scan.width, scan.height)
        reading = engine.read([image])[0]
        of_scans.add(document, scan, reading.text, reading.blocks, scans)
    layers.show(f"text layers: {count} pages in {len(LANGUAGES)} languages")
    of_layers.show()
    scans.show(f"scans read by rapidocr: {count} pages in {len(LANGUAGES)} languages")
    of_scans.show()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=int, default=2_400)
    parser.add_argument("--pages", type=int, default=40)
    parser.add_argument("--save", type=Path, help="save the painted pictures in this folder")
    parser.add_argument("--texts", type=Path, help="a folder of texts, to see what is found there")
    args = parser.parse_args()
    if args.texts:
        of_folder(args.texts)
        return
    of_texts(args.documents)
    if args.pages:
        of_pages(args.pages, args.save)


if __name__ == "__main__":
    main()
