"""What a page costs as the corpus grows, and what a nightly refresh of a large corpus costs.

    python -m tests.benchmarks.growth [--pages 1000 10000 100000] [--folder DIR] [--json]

The run has no model: small real PDFs of ten pages with a text layer are read with `routing: only`,
scored, deduplicated, published and verified on a local Ray. Two pages in a hundred repeat another.
Then one document in a hundred is added, and the run is repeated. The cost of a page is CPU seconds
of all processes, since wall time depends on the other work of the machine. Required: the cost of a
page at each size is within 20 % of that at the smallest size that fills a shard for each core; the
refresh takes under 5 % of the first run; the driver stays under 2 GiB.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from cluster.session import open_session
from pipelines.run import run
from schemas.recipe import parse_recipe

PAGES_PER_DOCUMENT = 10
WORDS_PER_PAGE = 30
REPEATED_SHARE = 0.02
REQUIRED_GROWTH, REQUIRED_REFRESH, REQUIRED_BYTES = 1.2, 0.05, 2 * 2**30
SYLLABLES = [c + v for c in "bdfgklmnprstvz" for v in "aeiou"]

RECIPE = """
dataset: {dataset}
sources: [{{documents: {corpus}}}]
routing: only
raster: {{longest_edge_px: 64}}
placement: {{shard_pages: 256}}
"""


def words(seed: int) -> list[str]:
    """The words of a page; a small share of the seeds repeats the words of an earlier seed."""
    rng = random.Random(seed)
    if rng.random() < REPEATED_SHARE and seed:
        return words(rng.randrange(seed))
    syllables = rng.choices(SYLLABLES, k=3 * WORDS_PER_PAGE)
    return ["".join(syllables[n : n + 3]) for n in range(0, len(syllables), 3)]


def small_pdf(first_seed: int) -> bytes:
    """Ten pages of thirty words in five lines, written by hand: making them must cost little."""
    count = PAGES_PER_DOCUMENT
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(count))
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Count {count}/Kids[{kids}]>>",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    for number in range(count):
        chosen = words(first_seed + number)
        lines = [" ".join(chosen[n : n + 6]) for n in range(0, WORDS_PER_PAGE, 6)]
        text = " ".join(f"({line})Tj T*" for line in lines)
        stream = f"BT /F 9 Tf 11 TL 20 180 Td {text} ET"
        objects.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 260 200]/Contents {5 + 2 * number} 0 R"
            "/Resources<</Font<</F 3 0 R>>>>>>"
        )
        objects.append(f"<</Length {len(stream)}>>stream\n{stream}\nendstream")
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj{body}endobj\n".encode()
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    size = len(objects) + 1
    out += f"xref\n0 {size}\n0000000000 65535 f \n{table}".encode()
    out += f"trailer<</Size {size}/Root 1 0 R>>\nstartxref\n{out.rfind(b'xref')}\n%%EOF".encode()
    return bytes(out)


def write_documents(corpus: Path, first: int, last: int) -> None:
    """Documents by number, a thousand to a folder."""
    for number in range(first, last):
        folder = corpus / f"{number // 1000:05d}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number:07d}.pdf").write_bytes(small_pdf(number * PAGES_PER_DOCUMENT))


def measure(pages: int, folder: Path) -> dict[str, Any]:
    """Measure a first run and a refresh with 1 % more documents, each in its own process."""
    corpus, dataset = folder / "corpus", folder / "data"
    documents = pages // PAGES_PER_DOCUMENT
    write_documents(corpus, 0, documents)
    first = in_process(corpus, dataset)
    added = max(1, documents // 100)
    write_documents(corpus, documents, documents + added)
    refresh = in_process(corpus, dataset)
    shutil.rmtree(folder)
    return {"pages": pages, "added_pages": added * PAGES_PER_DOCUMENT, "first": first,
            "refresh": refresh}  # fmt: skip


def in_process(corpus: Path, dataset: Path) -> dict[str, Any]:
    """Run in a process of its own, so that only the CPU time and memory of the run count."""
    command = [sys.executable, "-m", "tests.benchmarks.growth", "--run", str(corpus), str(dataset)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-4000:])
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def run_once(corpus: Path, dataset: Path) -> dict[str, Any]:
    """Run the recipe; return what it cost in this process and all its children."""
    recipe = parse_recipe(RECIPE.format(dataset=dataset, corpus=corpus))
    start_s = time.monotonic()
    phases = io.StringIO()
    with open_session() as session:
        report = run(recipe, session, Console(file=phases))
        wall_s = time.monotonic() - start_s
        own = resource.getrusage(resource.RUSAGE_SELF)
        workers_cpu_s = sum(map(spent_s, psutil.Process().children(recursive=True)))
    return {
        "pages_read": report.pages_read,
        "counts": dict(report.counts),
        "rejects": dict(report.rejects),
        "wall_s": wall_s,
        "driver_cpu_s": own.ru_utime + own.ru_stime,
        "workers_cpu_s": workers_cpu_s,
        "driver_bytes": own.ru_maxrss * 1024,
        "log": phases.getvalue(),
    }


def spent_s(process: psutil.Process) -> float:
    """CPU seconds of a process and of its children that have ended."""
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)


def cpu_s(result: dict[str, Any]) -> float:
    """CPU seconds of the driver and everything under it."""
    return float(result["driver_cpu_s"] + result["workers_cpu_s"])


def show(results: list[dict[str, Any]]) -> None:
    console = Console()
    table = Table("pages", "wall s", "CPU s", "CPU ms/page", "driver CPU s", "driver MiB",
                  "refresh: new pages", "wall s", "CPU s", "of first run",
                  "driver MiB")  # fmt: skip
    for result in results:
        first, refresh = result["first"], result["refresh"]
        table.add_row(
            f"{result['pages']:,}",
            f"{first['wall_s']:.1f}",
            f"{cpu_s(first):.1f}",
            f"{1000 * cpu_s(first) / result['pages']:.2f}",
            f"{first['driver_cpu_s']:.1f}",
            f"{first['driver_bytes'] / 2**20:.0f}",
            f"{result['added_pages']:,}",
            f"{refresh['wall_s']:.1f}",
            f"{cpu_s(refresh):.1f}",
            f"{refresh['wall_s'] / first['wall_s']:.1%}",
            f"{refresh['driver_bytes'] / 2**20:.0f}",
        )
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--folder", type=Path, help="where the corpora and datasets are made")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--run", nargs=2, type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.run:
        print(json.dumps(run_once(*args.run)))
        return
    results = []
    for pages in args.pages:
        with tempfile.TemporaryDirectory(dir=args.folder) as folder:
            results.append(measure(pages, Path(folder) / "growth"))
        if args.json:
            print(json.dumps(results[-1]), flush=True)
        else:
            show(results)


if __name__ == "__main__":
    os.environ.setdefault("RAY_memory_monitor_refresh_ms", "0")
    main()
