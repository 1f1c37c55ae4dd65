"""Recall and false positives of decontamination where what is planted is known, and pages/s.

    python -m tests.benchmarks.decontamination [--pages N] [--items N] [--scans N]
        [--datatrove PYTHON] [--json]

A benchmark of made questions and answers is planted in made pages of 300 words: each item once in
each kind of `tests.benchmarks.contaminated`. The rest of the pages is clean. `--scans` items are
also drawn on pages of 7 to 9 pt, which are degraded and read with the default engine, and found by
their pictures alone among as many other pages of the same fonts. Required: recall 0.98 for full and
cut, 0.9 through OCR at the levels of a recipe, and at most 1 of 10,000 clean pages found.

`--datatrove` names the Python of an environment with the `bench` group: datatrove's filter then
judges the same texts. All times are CPU seconds of one core. The floors are two loops that do less
than any filter must: words of the page, and letters of the page with their seeds.

`halves` are those of items over a page break, in the pages: how many are whole in what is found in
a page alone, and with its document. A half of fewer than `min_letters` letters is not to be found.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from schemas.decontaminate import Benchmark
from schemas.degrade import LEVELS
from schemas.findings import Finding
from tests.benchmarks import datatrove_decontamination
from tests.benchmarks.contaminated import (
    KINDS,
    PAGE_WORDS,
    SCANS,
    MadeItem,
    Planted,
    degraded,
    drawn,
    encoded,
    scanned,
)
from tests.benchmarks.halves import halves
from tests.made_prose import in_lines, made_words
from workers.policies.decontamination import (
    Index,
    Item,
    build_index,
    build_pictures,
    find,
    find_pictures,
)
from workers.policies.decontamination.letters import letters_of
from workers.policies.decontamination.seeds import seeds_of
from workers.rasterising.pictures import decode
from workers.text.signatures import image_hash, words

BATCH_ROWS = 256
REQUIRED = {"full": 0.98, "cut to 50-80 %": 0.98} | {f"scanned, {name}": 0.9 for name in LEVELS}
LEGIBLE = 0.1
BENCHMARK = Benchmark(name="made", file=("made.jsonl",), columns=("question", "answer"))


def measure(pages: int, items: int, scans: int, datatrove: str | None) -> dict[str, Any]:
    rng = random.Random(0)
    made = [MadeItem.draw(rng) for _ in range(items)]
    planted = {kind: Planted([plant(rng, item) for item in made]) for kind, plant in KINDS.items()}
    count = pages - sum(len(kind.texts) for kind in planted.values())
    clean = [in_lines(made_words(rng, PAGE_WORDS), rng=rng) for _ in range(count)]
    for level in SCANS if scans else ():
        planted[f"scanned, {level}"] = scanned(rng, made[:scans], level)

    start_s = time.process_time()
    index = build_index(
        [
            Item("made", str(n), tuple(zip(BENCHMARK.columns, item.texts, strict=True)))
            for n, item in enumerate(made)
        ],
        [BENCHMARK],
    )
    index_s = time.process_time() - start_s
    find(index, clean[:BATCH_ROWS])  # the first call makes the table of letters
    results = {kind: judged(index, kind, texts) for kind, texts in planted.items()}
    texts = [text for kind in KINDS for text in planted[kind].texts] + clean
    found, spent_s = timed(lambda part: find(index, part), texts)
    wrong = [page for page in found[-count:] if page]
    result = {
        "pages": len(texts),
        "items": items,
        "index": {"cpu_s": index_s, "letters": len(index.codes), "seeds": len(index.table.keys)},
        "kinds": results,
        "clean": {"pages": count, "found": len(wrong), "per_10000": 1e4 * len(wrong) / count},
        "pages_per_s": len(texts) / spent_s,
        "floors": floors(texts),
        "halves": halves(random.Random(1), made, index),
        "pictures": pictures(rng, made[:scans]) if scans else None,
        "datatrove": None,
    }
    if datatrove:
        result["datatrove"] = compare(made, planted, clean, texts, datatrove, spent_s)
    return result


def judged(index: Index, kind: str, planted: Planted) -> dict[str, Any]:
    """How many items were found in their texts, and how many texts had another item."""
    found = find(index, planted.texts)
    own = [has(page, n) for n, page in enumerate(found)]
    other = sum(any(one.detail != str(n) for one in page) for n, page in enumerate(found))
    return {
        "texts": len(found),
        "recall": sum(own) / len(found),
        "required": REQUIRED.get(kind),
        "other_items": other,
        "note": note_on(own, planted.wrong),
    }


def note_on(own: list[bool], wrong: list[float]) -> str:
    """How well the scans were read, and the recall of those that are legible."""
    if not wrong:
        return ""
    legible = [one for one, share in zip(own, wrong, strict=True) if share <= LEGIBLE]
    return (
        f"wrong letters: median {np.median(wrong):.1%}, most {max(wrong):.1%}; "
        f"at most {LEGIBLE:.0%}: {sum(legible)} of {len(legible)}"
    )


def timed(call: Callable[[list[str]], Sequence[Any]], texts: list[str]) -> tuple[list[Any], float]:
    """The results of all texts, in batches of rows, and the CPU seconds."""
    results: list[Any] = []
    start_s = time.process_time()
    for start in range(0, len(texts), BATCH_ROWS):
        results += call(texts[start : start + BATCH_ROWS])
    return results, time.process_time() - start_s


def floors(texts: list[str]) -> dict[str, float]:
    """Pages per second of less than any filter does."""

    def seeds(part: list[str]) -> list[int]:
        parts = [part[start : start + 32] for start in range(0, len(part), 32)]
        return [len(seeds_of(letters_of(few).codes).places) for few in parts]

    def page_words(part: list[str]) -> list[list[str]]:
        return [words(text) for text in part]

    loops: dict[str, Callable[[list[str]], Sequence[Any]]] = {
        "words": page_words,
        "letters and seeds": seeds,
    }
    return {name: len(texts) / timed(call, texts)[1] for name, call in loops.items()}


def pictures(rng: random.Random, made: list[MadeItem]) -> dict[str, Any]:
    """Pages of a benchmark without text, degraded, among as many pages that are not its own."""
    originals = [encoded(drawn(rng, item, n)[1]) for n, item in enumerate(made)]
    others = [encoded(drawn(rng, MadeItem.draw(rng), n)[1]) for n in range(len(made))]
    index = build_pictures(
        [Item("made", str(n), (), data) for n, data in enumerate(originals)], [BENCHMARK]
    )
    results: dict[str, Any] = {}
    for level in SCANS:
        files = [
            encoded(degraded(decode(data), level, n)) for n, data in enumerate(originals + others)
        ]
        hashes = [image_hash(decode(data).convert("L")) for data in files]
        read: list[int] = []

        def load(row: int, files: list[bytes] = files, read: list[int] = read) -> bytes:
            read.append(row)
            return files[row]

        start_s = time.process_time()
        found = find_pictures(index, hashes, load)
        results[level] = {
            "recall": sum(has(page, n) for n, page in enumerate(found[: len(made)])) / len(made),
            "others_found": sum(map(bool, found[len(made) :])),
            "others": len(others),
            "decoded": len(read),
            "ms_a_page": 1000 * (time.process_time() - start_s) / len(files),
        }
    return results


def has(page: list[Finding], number: int) -> bool:
    return any(one.detail == str(number) for one in page)


def compare(
    made: list[MadeItem],
    planted: dict[str, Planted],
    clean: list[str],
    texts: list[str],
    python: str,
    spent_s: float,
) -> dict[str, Any]:
    """What datatrove's filter finds in the same texts, and how many times our CPU seconds."""
    kinds = {kind: part.texts for kind, part in planted.items()} | {"clean": clean}
    given = [text for part in kinds.values() for text in part]
    result = datatrove_decontamination.run([item.texts for item in made], given, python)
    flags = iter(result["contaminated"])
    shares = {
        kind: sum(next(flags) for _ in part) / len(part) for kind, part in kinds.items() if part
    }
    a_page_s, own_s = result["cpu_s"] / len(given), spent_s / len(texts)
    return {"found": shares, "pages_per_s": 1 / a_page_s, "times_slower": a_page_s / own_s}


def show(result: dict[str, Any]) -> None:
    console = Console(width=110)
    peer = result["datatrove"]
    title = f"{result['items']} items in {result['pages']:,} pages"
    table = Table("planted", "texts", "recall", "required", "datatrove", "note", title=title)
    for kind, row in result["kinds"].items():
        required = "" if row["required"] is None else f"{row['required']:.2f}"
        theirs = f"{peer['found'][kind]:.3f}" if peer else ""
        recall = f"{row['recall']:.3f}"
        table.add_row(kind, str(row["texts"]), recall, required, theirs, row["note"])
    for level, row in (result["pictures"] or {}).items():
        others, cost = f"{row['others_found']} of {row['others']} others", row["ms_a_page"]
        note = f"{others} found, {row['decoded']} decoded, {cost:.1f} ms a page"
        recall = f"{row['recall']:.3f}"
        table.add_row(f"picture only, {level}", str(row["others"]), recall, "", "", note)
    console.print(table)
    for length, row in result["halves"].items():
        if length != "ms_a_document":
            console.print(
                f"halves over a page break, {length} letters: {row['found']} of {row['halves']} "
                f"found in their pages, {row['alone']} without their documents"
            )
    console.print(f"that takes {result['halves']['ms_a_document']:.1f} ms a document with one")
    clean = result["clean"]
    others = sum(row["other_items"] for row in result["kinds"].values())
    theirs = f"; datatrove: {1e4 * peer['found']['clean']:.1f}" if peer else ""
    console.print(
        f"clean: {clean['found']} of {clean['pages']:,} pages found, {clean['per_10000']:.1f} in "
        f"10,000 (required: at most 1){theirs}; another item in {others} of the planted texts"
    )
    index = result["index"]
    console.print(
        f"index: {index['letters']:,} letters, {index['seeds']:,} seeds, {index['cpu_s']:.2f} s"
    )
    rates = {"find": result["pages_per_s"]} | result["floors"]
    if peer:
        rates["datatrove"] = peer["pages_per_s"]
    console.print("pages/s on one core: " + ", ".join(f"{k} {v:,.0f}" for k, v in rates.items()))
    if peer:
        console.print(f"datatrove takes {peer['times_slower']:.1f} times as long (required: 5)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=20_000)
    parser.add_argument("--items", type=int, default=300)
    parser.add_argument("--scans", type=int, default=24, help="items that are drawn and scanned")
    parser.add_argument("--datatrove", help="Python of an environment with the `bench` group")
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    args = parser.parse_args()
    result = measure(args.pages, args.items, args.scans, args.datatrove)
    if args.json:
        print(json.dumps(result))
    else:
        show(result)


if __name__ == "__main__":
    main()
