"""What a split into training and validation rows costs: the families, and the links between rows.

    python -m tests.benchmarks.splits [--documents 10000 1000000] [--pages 6000 60000] [--json]

`families`: links between pairs of documents at random, a tenth as many as documents, and within
families of 10, 100 and so on, up to a hundredth of all documents. All are drawn and their families
found. `links`: the pages of `template_families`, nearly all of them similar at 0.7, go through the
steps of deduplication in this process, first without links and then with them. Times are CPU
seconds, memory is the peak of a process that does nothing else.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

from cluster.session import IN_PROCESS, open_session
from pipelines.version.dedup import find_duplicates
from pipelines.version.records import Catalogue, load_all
from schemas.inventory import Document
from schemas.shards import SeenFile
from tests.benchmarks.template_families import DOC_ID, RECIPE, SHAPES, make
from workers.publishing.duplicates import Indices
from workers.publishing.records import RowsFile
from workers.publishing.splits import drawn, whole_families

SHARE = 0.01


def measure_families(documents: int) -> dict[str, Any]:
    names = [f"{number:064x}" for number in range(documents)]
    links, largest = make_links(documents)
    before_mib, began_s = _peak_mib(), time.process_time()
    chosen = drawn(names, 0, SHARE)
    drawn_s = time.process_time() - began_s
    validation = whole_families(chosen, [links])
    return {
        "documents": documents,
        "links": len(links),
        "largest_family": largest,
        "draw_cpu_s": drawn_s,
        "families_cpu_s": time.process_time() - began_s - drawn_s,
        "mib": _peak_mib() - before_mib,
        "drawn": float(chosen.mean()),
        "validation": float(validation.mean()),
    }


def make_links(documents: int) -> tuple[Indices, int]:
    """Pairs of documents, and the size of the largest planted family."""
    random = np.random.default_rng(0)
    order = random.permutation(documents)
    pairs = [random.integers(0, documents, (documents // 10, 2))]
    start, size = 0, 10
    while size <= documents // 100:
        family = order[start : start + size]
        pairs.append(np.stack([np.repeat(family[0], size - 1), family[1:]], axis=1))
        start, size = start + size, size * 10
    return np.concatenate(pairs).astype(np.int64), size // 10


def measure_links(pages: int, shape: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(pages, shape, folder)
        files = [
            RowsFile(str(path), "staged", pq.read_metadata(path).num_rows)
            for path in sorted(folder.glob("*.parquet"))
        ]
        count = sum(file.rows for file in files)
        sources = (SeenFile("none", 0, "0"),)
        catalogue = Catalogue.of([Document(DOC_ID, sources, "application/pdf", count)])
        spent: dict[bool, float] = {}
        with open_session(IN_PROCESS) as session:
            records = load_all(RECIPE, files, "page", catalogue, str(folder), session)
            among = np.ones(len(records), bool)
            for links in (False, True):
                began_s = time.process_time()
                drops = find_duplicates(
                    records, among, "page", RECIPE.dedup, str(folder), session, links=links
                )
                spent[links] = time.process_time() - began_s
    return {
        "pages": count,
        "shape": shape,
        "drops": int(drops.dropped.sum()),
        "links": len(drops.links),
        "without_cpu_s": spent[False],
        "with_cpu_s": spent[True],
    }


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure_all(documents: list[int], pages: list[int]) -> dict[str, list[dict[str, Any]]]:
    """Each measurement in a process of its own."""
    return {
        "families": [_alone("families", str(count)) for count in documents],
        "links": [_alone("links", str(count), shape) for shape in SHAPES for count in pages],
    }


def _alone(*arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.benchmarks.splits", *arguments]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def main() -> None:
    if sys.argv[1:2] == ["families"]:
        print(json.dumps(measure_families(int(sys.argv[2]))))
        return
    if sys.argv[1:2] == ["links"]:
        print(json.dumps(measure_links(int(sys.argv[2]), sys.argv[3])))
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--pages", type=int, nargs="+", default=[6_000, 60_000])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    results = measure_all(options.documents, options.pages)
    if options.json:
        print(json.dumps(results, indent=2))
        return
    for title, rows in results.items():
        table = Table(*rows[0], title=title)
        for row in rows:
            table.add_row(*(f"{v:.4g}" if isinstance(v, float) else str(v) for v in row.values()))
        Console(width=140).print(table)


if __name__ == "__main__":
    main()
