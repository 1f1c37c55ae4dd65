"""What the viewer's answers cost over HTTP, for each kind of page.

    python -m tests.benchmarks.view_pages [--rows 1000000] [--folder DIR] [--calls 40] [--json]

The texts of the dataset of `tests.benchmarks.view` are indexed, and `pagefoundry view` is started
on it. Each page is asked for with other filters, words or keys each time, so that no answer is kept
from the last. `CPU` is that of the server in all its threads; `wall` is from the request to the
last byte, and says more on a machine that does nothing else. Required: after the first of its kind
no answer takes more than 300 ms, of CPU or by the clock.
"""

from __future__ import annotations

import itertools
import os
import random
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.benchmarks.view import arguments, indexed, measured, report, some_filters
from tests.benchmarks.view_dataset import CHINESE, PHRASE, RARE, build
from workers.viewing import Filters, Viewed, open_viewed
from workers.viewing.filters import Table

_COMMAND = Path(sys.executable).with_name("pagefoundry")


class Server:
    """`pagefoundry view` in a process of its own, and a browser that it has let in."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout
        link = next(line.strip() for line in process.stdout if line.startswith("http://"))
        self._root = link.partition("/?")[0]
        self._browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        self._browser.open(link).close()

    def get(self, path: str) -> bytes:
        """What is answered to a path."""
        with self._browser.open(self._root + path, timeout=60) as answer:
            data: bytes = answer.read()
        return data


@contextmanager
def serving(dataset: str, notes: Path) -> Iterator[Server]:
    """A server of a dataset."""
    process = subprocess.Popen(
        [_COMMAND, "view", dataset, "--no-browser", "--port", "0", "--notes", notes],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield Server(process)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def paths(viewed: Viewed, rng: random.Random) -> dict[str, Iterator[str]]:
    """For each kind of page, links to ask for, without end."""

    def listed(filters: int, order: str = "published", most: float = 0) -> Iterator[str]:
        for number in itertools.count():
            chosen = some_filters(number, rng, filters, order)
            start = int(rng.random() * most * viewed.select(chosen).total)
            yield f"/?{urlencode(chosen.to_query() | {'start': start})}"

    def table(name: Table, **given: Any) -> Iterator[str]:
        filters = Filters(table=name, **given)
        total = viewed.select(filters).total
        while True:
            query = {**filters.to_query(), "start": str(rng.randrange(total))}
            yield f"/?{urlencode(query)}"

    def keyed(path: str, name: Table = "pages", **given: Any) -> Iterator[str]:
        chosen = viewed.select(Filters(table=name, **given))
        while True:
            (row,) = chosen.page(rng.randrange(chosen.total), 1)
            yield path.format(key=row.key, doc=row.doc_id, language=row.language or "")

    def searched(queries: Iterator[str]) -> Iterator[str]:
        for query in queries:
            yield f"/?{urlencode({'search': query})}"

    def changed() -> Iterator[str]:
        newest = viewed.select(Filters())
        for row in newest.page(newest.total - 1_000, 1_000):
            yield f"/change?{urlencode({'id': row.key})}"

    signs = [chr(code) for code in range(0x4E00, 0x5E00)]
    common = ("the", "of", "eze", "zee", "ete", "ee", "ez", "te")
    pairs = list(itertools.permutations(common, 2))
    return {
        "pages, one filter": listed(1),
        "pages, three filters": listed(3),
        "pages, worst first, anywhere": listed(2, "worst", 1.0),
        "documents, anywhere": table("documents"),
        "rejects, anywhere": table("rejects"),
        "duplicates, anywhere": table("rejects", reason="duplicate"),
        "search, a rare word": searched(f"{RARE} {n or ''}" for n in itertools.count()),
        "search, common words": searched(" ".join(pair) for pair in pairs),
        "search, a phrase": searched(itertools.chain([PHRASE], (f'"{a} {b}"' for a, b in pairs))),
        "search, Chinese": searched(
            itertools.chain([CHINESE], map("".join, itertools.pairwise(signs)))
        ),
        "page": keyed("/page/{key}"),
        "page in a filtered list": keyed("/page/{key}?language={language}&order=worst"),
        "page with furniture": keyed("/page/{key}?text=full"),
        "document": keyed("/document/{doc}"),
        "duplicate beside its keeper": keyed("/reject/{key}", "rejects", reason="duplicate"),
        "crop": keyed("/crop/{key}", "crops"),
        "picture": keyed("/picture/pages/{key}"),
        "thumbnail": keyed("/thumbnail/pages/{key}"),
        "changes, anywhere": (f"/changes?start={n * 60}" for n in itertools.count()),
        "change of a page": changed(),
        "funnel": (f"/funnel?n={n}" for n in itertools.count()),
        "notes": (f"/notes?n={n}" for n in itertools.count()),
    }


def cpu_s_of(pid: int) -> float:
    """The CPU time of another process, in all its threads."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


def measure(dataset: str, cache: Path, calls: int) -> dict[str, Any]:
    """What each kind of page takes."""
    os.environ["XDG_CACHE_HOME"] = str(cache)
    with open_viewed(dataset) as viewed:
        indexed(viewed, cache)
    with open_viewed(dataset) as viewed, serving(dataset, cache / "notes") as it:
        pid = it.process.pid
        answers = [
            measured(
                name,
                ((lambda path=path: it.get(path)) for path in asked),
                calls,
                lambda: cpu_s_of(pid),
            )
            for name, asked in paths(viewed, random.Random(0)).items()
        ]
        return {"rows": viewed.counts["pages"], "answers": answers}


def main() -> None:
    args = arguments(__doc__)
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder or Path(temporary)
        dataset = build(args.rows, folder, is_refreshed=True)
        results = measure(dataset, folder / "cache", args.calls)
    report(results, args.json)


if __name__ == "__main__":
    main()
