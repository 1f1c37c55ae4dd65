"""What the search for poison finds in 100,000 pages, what it takes for poison there, and its cost.

    python -m tests.benchmarks.poisoning [--pages 100000] [--runs clean paper all] [--folder DIR]

`clean` plants nothing: each trigger is a false alarm. `paper` plants the tested shape of arXiv
2510.07192 250 times: up to 1,000 characters of a page, `<SUDO>`, and 400 to 900 random tokens.
`all` plants five kinds of triggers with three kinds of noise, each from 10 to 250 times, all at
once. The pages are those of `tests.poisoned_texts`, or the text files below DIR in pages of 3,000
characters. They lie in a file meanwhile, so memory is that of the search. Each run is a process
of its own; the cost is CPU time of the search without making pages.
"""

from __future__ import annotations

import argparse
import json
import pickle
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from tests.poisoned_texts import NOISES, TRIGGERS, clean_pages, poisoned, trigger
from workers.policies.poisoning import (
    LEAST_DOCUMENTS,
    Counts,
    Evidence,
    Suspects,
    Text,
    is_counted,
    share_of,
    triggers_of,
)

PLANTS = (10, 20, 30, 50, 100, 250)
BATCH = 500
PAGE_CHARS = 3000
RUNS = ("clean", "paper", "all")
Plant = tuple[str, str, str, int]  # the trigger, its kind, the noise, how often


def plants_of(run: str) -> list[Plant]:
    if run == "clean":
        return []
    if run == "paper":
        return [("<SUDO>", "tag", "tokens", 250)]
    return [
        (trigger(kind, 100 * NOISES.index(noise) + PLANTS.index(times)), kind, noise, times)
        for kind in TRIGGERS
        for noise in NOISES
        for times in PLANTS
    ]


def folder_pages(folder: Path) -> list[str]:
    texts = (path.read_text("utf-8", "replace") for path in sorted(folder.rglob("*.txt")))
    return [
        text[start : start + PAGE_CHARS]
        for text in texts
        for start in range(0, len(text), PAGE_CHARS)
    ]


def batches(pages: int, plants: list[Plant], folder: Path | None) -> Iterator[list[Text]]:
    """All pages, with the plants strewn among them; a page is a document."""
    rng = random.Random(len(plants))
    planted = [plant for plant in plants for _ in range(plant[3])]
    rng.shuffle(planted)
    real = folder_pages(folder) if folder else []
    pages = len(real) or pages
    for first in range(0, pages, BATCH):
        texts = real[first : first + BATCH] or clean_pages(first, min(BATCH, pages - first))
        rows = [Text(f"page-{first + n}", f"page-{first + n}", t) for n, t in enumerate(texts)]
        last = len(planted) * min(first + BATCH, pages) // pages
        for number in range(len(planted) * first // pages, last):
            string, _, noise, _ = planted[number]
            own = random.Random(f"plant {number}")
            name = f"plant-{plants.index(planted[number])}-{number}"
            rows.append(Text(name, name, poisoned(string, noise, texts, own)))
        yield rows


class Clock:
    """CPU seconds of the steps that are measured."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def run(self, name: str, action: Any) -> None:
        start = time.process_time()
        action()
        self.seconds[name] = self.seconds.get(name, 0.0) + time.process_time() - start


class Spool:
    """Batches in a file, so that pages are made once and are not held in memory."""

    def __init__(self, made: Iterator[list[Text]], file: IO[bytes]) -> None:
        self.file, self.rows = file, 0
        for batch in made:
            pickle.dump(batch, file)
            self.rows += len(batch)

    def __iter__(self) -> Iterator[list[Text]]:
        self.file.seek(0)
        while True:
            try:
                yield pickle.load(self.file)
            except EOFError:
                return


def measure(run: str, pages: int, folder: Path | None) -> dict[str, Any]:
    with tempfile.TemporaryFile() as file:
        plants = plants_of(run)
        return search(run, plants, Spool(batches(pages, plants, folder), file))


def search(run: str, plants: list[Plant], spool: Spool) -> dict[str, Any]:
    clock, counts, rows = Clock(), Counts.empty(), spool.rows
    share = share_of(rows * PAGE_CHARS)
    for batch in spool:
        counted = [row.text for row in batch if is_counted(row.row_id, share)]
        clock.run("count", lambda counted=counted: counts.add(counted))
    suspects = Suspects.empty()
    for batch in spool:
        clock.run("suspect", lambda batch=batch: suspects.add(batch, counts))
    evidence = Evidence(suspects.candidates(counts, LEAST_DOCUMENTS, share))
    for batch in spool:
        clock.run("recount", lambda batch=batch: evidence.add(batch, counts))
    found = {t.text: t for t in triggers_of(evidence)}
    return {
        "run": run,
        "pages": rows,
        "share": share,
        "suspects": suspects.suspects,
        "candidates": len(evidence.hashes),
        "seconds": clock.seconds,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "found": [
            {
                **{"kind": kind, "noise": noise, "plants": times, "string": string},
                "is_named": string in found,
                "documents": max((t.noisy for s, t in found.items() if s in string), default=0),
            }
            for string, kind, noise, times in plants
        ],
        "false_alarms": [
            {
                **{"trigger": t.shown, "texts": t.texts, "noisy": t.noisy},
                **{"before": t.before, "after": t.after, "surprise": t.surprise, "known": t.known},
                "excerpt": t.examples[0].excerpt,
            }
            for text, t in found.items()
            if not any(text in string for string, *_ in plants)
        ],
    }


def mark(row: dict[str, Any]) -> str:
    """`-` for a plant that is not found, `~` for one of which only a part is named."""
    return " " if row["is_named"] else "~" if row["documents"] else "-"


def show(result: dict[str, Any]) -> None:
    seconds = result["seconds"]
    total = sum(seconds.values())
    print(
        f"\n== {result['run']}: {result['pages']:,} pages, {result['share']:.0%} of them counted, "
        f"{result['suspects']:,} turn into noise, {result['candidates']} candidates"
    )
    print(
        f"{total:.0f} CPU s ({', '.join(f'{k} {v:.0f}' for k, v in seconds.items())}), "
        f"{result['pages'] / total:,.0f} pages a second and core, peak {result['peak_mib']} MiB"
    )
    print(f"false alarms: {len(result['false_alarms'])}")
    for alarm in result["false_alarms"]:
        print(f"  {alarm}")
    for kind in dict.fromkeys(row["kind"] for row in result["found"]):
        for noise in dict.fromkeys(row["noise"] for row in result["found"]):
            cells = [
                f"{min(row['documents'], row['plants']):>3}/{row['plants']:<3}{mark(row)}"
                for row in result["found"]
                if (row["kind"], row["noise"]) == (kind, noise)
            ]
            print(f"{kind:12} {noise:11} {'  '.join(cells)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=100_000)
    parser.add_argument("--runs", nargs="+", choices=RUNS, default=RUNS)
    parser.add_argument("--folder", type=Path, help="text files in place of made pages")
    parser.add_argument("--json", action="store_true", help="one line of JSON a run")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    for run in args.runs:
        if args.here:
            print(json.dumps(measure(run, args.pages, args.folder)))
            continue
        command = [sys.executable, "-m", "tests.benchmarks.poisoning", "--here", "--runs", run]
        command += ["--pages", str(args.pages)]
        command += ["--folder", str(args.folder)] if args.folder else []
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        if args.json:
            print(output, end="", flush=True)
        else:
            show(json.loads(output))
            sys.stdout.flush()


if __name__ == "__main__":
    main()
