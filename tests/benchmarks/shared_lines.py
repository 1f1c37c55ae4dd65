"""What lines that many documents share cost to find and to cut, and whether exactly they are cut.

    python -m tests.benchmarks.shared_lines [--pages 200000] [--folder DIR] [--json]

The dataset is that of `tests.benchmarks.ledger` without duplicates: pages of 25 lines, ten a
document. A quarter of the documents (5,000 of 20,000) have a line of the same words and another
date on one of their pages; as many have a line that differs in a word, each word in one document
fewer than are asked for. After `lines: cut` every page and document is compared with what it should
be. `pass alone` only finds the lines. `copies counted` makes every row say how many it stands for,
which writes every part again. Each run is a process of its own, without Ray.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from cluster.session import IN_PROCESS, open_session
from pipelines.dataset.state import load_snapshot
from pipelines.version.shared_lines import shared_lines
from schemas.shared_lines import SharedLines
from tests.benchmarks import ledger
from tests.benchmarks.policies import measure, pictures_of, recipe_of, show
from tests.pipelines.corpora import prose
from workers.dataset import read_part
from workers.policies.shared_lines import lines_of
from workers.publishing.line_counts import TextRows
from workers.publishing.records import RowsFile

LINES_A_PAGE, PHRASE_WORDS, PHRASES = 25, 6, 4000
SHARE = 4  # of so many documents one has the line, and another one nearly the same
LINE = "Downloaded by a guest of the library on {} March {} for personal use only."
NEAR = "Downloaded by a guest of the {} on {} March {} for personal use only."
PLACES = ("institute", "university", "hospital", "ministry", "museum", "archive")
LEAST = 1000
STEPS = {
    "another setting": ("", "publish: {part_bytes: 499999999}"),
    "lines: tag": (f"policies: [{{lines: {{documents: {LEAST}, action: tag}}}}]", ""),
    "lines: cut": (f"policies: [{{lines: {{documents: {LEAST}}}}}]", ""),
    "the same again": (f"policies: [{{lines: {{documents: {LEAST}}}}}]", ""),
    "dropped": ("", ""),
    "copies counted": ("", "dedup: {copies: true}"),
}
_PHRASES = np.array([prose(seed, PHRASE_WORDS) for seed in range(PHRASES)], object)


def planted(document: int) -> str | None:
    """The line that a document has on its fourth page."""
    date = (document % 31 + 1, 1950 + document % 70)
    if document % SHARE == 0:
        return LINE.format(*date)
    near = document // SHARE // (LEAST - 1)
    if document % SHARE == 1 and near < len(PLACES):
        return NEAR.format(PLACES[near], *date)
    return None


def text_of(name: str, number: int) -> str:
    """The text of a page: each line is of two phrases, and hardly one stands twice."""
    pairs = np.random.default_rng(number).integers(0, PHRASES, (LINES_A_PAGE, 2))
    lines = [" ".join(pair) for pair in _PHRASES[pairs].tolist()]
    line = planted(number // ledger.PAGES_PER_DOCUMENT)
    if line is not None and number % ledger.PAGES_PER_DOCUMENT == 3:
        lines.insert(number % LINES_A_PAGE, line)
    return "\n".join(lines)


def alone(folder: Path) -> dict[str, Any]:
    """Find the lines in this process; what that cost."""
    snapshot = load_snapshot(recipe_of(folder).dataset)
    assert snapshot is not None
    table = snapshot.tables["documents"]
    files = [TextRows(RowsFile(table.part_uri(p), "documents", p.rows), None) for p in table.parts]
    policy = SharedLines(documents=LEAST)
    tokens = sum(part.rows for part in table.parts) * 10 * LINES_A_PAGE * 2 * PHRASE_WORDS
    cpu_s = time.process_time()
    with open_session(IN_PROCESS) as session, tempfile.TemporaryDirectory() as scratch:
        found = shared_lines(files, tokens, policy, session, scratch)
    cpu_s = time.process_time() - cpu_s
    status = Path("/proc/self/status").read_text()
    lines = sum(
        sum(1 for _ in lines_of(text, policy.min_letters))
        for text in read_part(files[0].file.uri, ["text"])["text"].to_pylist()[:200]
    )
    lines = lines * sum(file.file.rows for file in files) // 200
    return {
        "found": list(map(dict, found)), "cpu_s": cpu_s, "lines": lines,
        "lines_per_s": lines / cpu_s,
        "peak_bytes": int(status.partition("VmHWM:")[2].split()[0]) * 1024,
    }  # fmt: skip


def check(folder: Path) -> dict[str, int]:
    """Compare every page and document with what it should be after the cut."""
    snapshot = load_snapshot(recipe_of(folder).dataset)
    assert snapshot is not None
    counts = {"cut": 0, "kept near misses": 0, "wrong": 0}
    names: list[str] = []
    for part in snapshot.tables["inventory"].parts:
        uri = snapshot.tables["inventory"].part_uri(part)
        names += read_part(uri, ["doc_id"])["doc_id"].to_pylist()
    numbers = {name: number for number, name in enumerate(sorted(names))}
    assert numbers[hashlib.sha256(b"0").hexdigest()] >= 0
    for table, columns in (("pages", ["page_index"]), ("documents", [])):
        for part in snapshot.tables[table].parts:
            uri = snapshot.tables[table].part_uri(part)
            for row in read_part(uri, ["doc_id", "text", *columns]).to_pylist():
                document = numbers[row["doc_id"]]
                pages = [row["page_index"]] if columns else range(ledger.PAGES_PER_DOCUMENT)
                first = document * ledger.PAGES_PER_DOCUMENT
                text = "\n\n".join(text_of("", first + index) for index in pages)
                line = planted(document)
                if line is not None and line in text:
                    is_cut = document % SHARE == 0
                    counts["cut" if is_cut else "kept near misses"] += 1
                    if is_cut:
                        text = "\n".join(kept for kept in text.split("\n") if kept != line)
                counts["wrong"] += row["text"] != text
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=200_000)
    parser.add_argument("--folder", type=Path, help="make the dataset here, and keep it")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--run", choices=[*STEPS, "pass alone"], help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.run:
        is_pass = args.run == "pass alone"
        result = alone(args.folder) if is_pass else measure(args.run, args.folder, STEPS)
        print(json.dumps(result))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder or Path(temporary)
        ledger.build(args.pages, folder, text_of, 0, False, pictures_of)
        results, found = [], ledger.in_process("pass alone", folder, __spec__.name)
        for step in STEPS:
            results.append(ledger.in_process(step, folder, __spec__.name))
            if step == "lines: cut":
                found |= check(folder)
    if args.json:
        print(json.dumps({"runs": results, "pass": found}))
        return
    show(results)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
