"""Typeset pages in all presets and scripts, and check each against its text.

    python -m tests.benchmarks.exactness [--pages N] [--seed N] [--json]

`workers.synthetic.text.typeset` draws and checks every page: it compares the characters in the
display list with the source. This benchmark also joins the pages of a document, compares them with
the whole document, and counts them. It prints how many pages are exact, and how much of the range
of each field of typography the styles covered.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from collections import Counter, defaultdict

import numpy as np
from rich.console import Console
from rich.table import Table

from schemas.errors import DocumentError
from schemas.typography import PRESETS
from tests.synthetic_texts import KINDS, text_blocks
from workers.synthetic.text import fonts, typeset
from workers.synthetic.text.markdown import to_text
from workers.synthetic.text.typography import Style, coverage, sample

EDGE_PX = 512


def squeezed(text: str) -> str:
    return "".join(text.split())


def check(pages: int, seed: int) -> tuple[Counter[tuple[str, str, str]], dict[str, list[Style]]]:
    """Counts by preset, kind of text and outcome, and the styles of each preset."""
    counts: Counter[tuple[str, str, str]] = Counter()
    styles: dict[str, list[Style]] = defaultdict(list)
    done = 0
    for number in itertools.count():
        for preset, kind in itertools.product(PRESETS, KINDS):
            if done >= pages:
                return counts, styles
            rng = np.random.default_rng([seed, number, len(styles), done])
            blocks = text_blocks(kind, rng, sentences=int(rng.integers(4, 120)))
            style = sample(rng, PRESETS[preset], fonts.script_of(blocks[0].text))
            styles[preset].append(style)
            try:
                count = typeset.count(blocks, style)
                drawn = list(typeset.pages(blocks, style, range(count), longest_edge_px=EDGE_PX))
            except DocumentError as exc:
                counts[preset, kind, f"error: {exc}"] += 1
                done += 1
                continue
            joined = squeezed("".join(page.text for page in drawn))
            is_same = joined == squeezed(to_text(blocks)) and len(drawn) == count
            counts[preset, kind, "exact" if is_same else "not the document"] += count
            done += count
    raise AssertionError("unreachable: the count has no end")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    args = parser.parse_args()
    start_s = time.perf_counter()
    counts, styles = check(args.pages, args.seed)
    seconds = time.perf_counter() - start_s
    covered = {
        preset: {c.field: f"{c.hit}/{c.bins}" for c in coverage(styles[preset], PRESETS[preset])}
        for preset in PRESETS
    }
    failures = {key: n for key, n in counts.items() if key[2] != "exact"}
    if args.json:
        rows = [[*key, n] for key, n in counts.items()]
        print(json.dumps({"counts": rows, "coverage": covered, "seconds": seconds}))
    else:
        console = Console()
        table = Table("", *PRESETS, title=f"exact pages of {counts.total()}, in {seconds:.0f} s")
        for kind in KINDS:
            table.add_row(kind, *(str(counts[preset, kind, "exact"]) for preset in PRESETS))
        console.print(table)
        for preset, fields in covered.items():
            console.print(f"{preset}: " + ", ".join(f"{k} {v}" for k, v in fields.items()))
        for (preset, kind, outcome), n in failures.items():
            console.print(f"{n} x {preset}, {kind}: {outcome}")
    if failures:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
