"""Single facts about hard pages: which of them our routes and others' readers get right.

    python -m tests.benchmarks.pages --cache DIR [--half open|aside|both] [--group tex ...]
        [--readers ours,ocr,pymupdf4llm,pymupdf4llm-body,tesseract] [--threads N]
        [--failures] [--save DIR] [--page NAME ...] [--json]

The pages come from Debian's documentation packages and from ourselves; their checks, in YAML files
under `checks/`, were written from the pages' pictures. DIR is where packages are downloaded and
pages are made; the first run fetches some hundreds of megabytes with `apt-get download`, a later
run nothing. Half of the pages, chosen by their names, are set aside: look at their scores at the
end of a piece of work, never at their failures. `--failures` and `--save` give the open half only.

CPU seconds are those of the reader's process and its children, on `--threads` cores (1), without
loading. The reader tesseract needs the package tesseract-ocr.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.benchmarks.pages.checks import KINDS
from tests.benchmarks.pages.readers import READERS, read_alone, reader, save
from tests.benchmarks.pages.results import (
    Outcome,
    Score,
    by_group,
    by_half,
    judged,
    open_failures,
)
from tests.benchmarks.pages.sources import (
    HALVES,
    Listed,
    PageFile,
    PageUnavailable,
    listed,
    page_file,
)

LOG_WIDTH = 120


@dataclass(frozen=True, slots=True)
class Result:
    """One reader's outcomes, and its CPU seconds a page."""

    reader: str
    outcomes: Sequence[Outcome]
    cpu_s_per_page: float


def chosen(args: argparse.Namespace) -> list[Listed]:
    """The pages that the options ask for."""
    return [
        page
        for page in listed()
        if args.half in ("both", page.half)
        and (not args.group or page.group in args.group)
        and (not args.page or page.entry.page in args.page)
    ]


def files_of(pages: Sequence[Listed], cache: Path) -> dict[str, PageFile]:
    """The file of each page by its name; a page that cannot be had is named and left out."""
    files = {}
    for page in pages:
        try:
            files[page.entry.page] = page_file(page.entry, cache)
        except PageUnavailable as exc:
            print(f"left out {page.entry.page}: {exc}", file=sys.stderr)
    return files


def measured(
    name: str, pages: Sequence[Listed], files: Mapping[str, PageFile], args: argparse.Namespace
) -> Result:
    """Read and judge the pages that have files with one reader."""
    there = [page for page in pages if page.entry.page in files]
    read = read_alone(name, [files[page.entry.page] for page in there], args.threads)
    if args.save:
        mine = [page.entry.page for page in there if page.half == "open"]
        save(args.save, name, {page: read.texts[page] for page in mine})
    return Result(name, judged(there, read.texts), read.cpu_s / len(there))


# ---- output ---------------------------------------------------------------------------------


def as_json(result: Result) -> dict[str, Any]:
    """A result for machines: counts by half, kind and group."""
    return {
        "reader": result.reader,
        "cpu_s_per_page": round(result.cpu_s_per_page, 4),
        "halves": {
            half: {"share": score.share(), "passed": score.passed, "checks": score.checks}
            for half, score in by_half(result.outcomes).items()
        },
        "groups": {group: score.share() for group, score in by_group(result.outcomes).items()},
    }


def percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def shares(score: Score) -> list[str]:
    return [percent(score.share()), *(percent(score.share(kind)) for kind in KINDS)]


def show(results: Sequence[Result]) -> None:
    console = Console() if sys.stdout.isatty() else Console(width=LOG_WIDTH)
    pages = {outcome.page.entry.page for outcome in results[0].outcomes}
    title = f"{len(pages)} pages, {len(results[0].outcomes)} checks: share passed"
    table = Table("reader", "half", "all", *KINDS, "CPU s a page", title=title)
    for result in results:
        for half, score in by_half(result.outcomes).items():
            table.add_row(result.reader, half, *shares(score), f"{result.cpu_s_per_page:.3f}")
        table.add_section()
    console.print(table)
    groups = list(by_group(results[0].outcomes))
    table = Table("reader", *groups, title="By group, halves together")
    for result in results:
        scores = by_group(result.outcomes)
        table.add_row(result.reader, *(percent(scores[group].share()) for group in groups))
    console.print(table)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.pages", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--cache", type=Path, required=True, help="folder for fetched pages")
    parser.add_argument("--half", choices=[*HALVES, "both"], default="both")
    parser.add_argument("--readers", default=",".join(READERS), help="names with commas")
    parser.add_argument("--group", action="append", help="only pages of this YAML file")
    parser.add_argument("--page", action="append", help="only this page")
    parser.add_argument("--threads", type=int, default=1, help="threads and cores of a reader")
    parser.add_argument("--failures", action="store_true", help="failed checks of the open half")
    parser.add_argument("--save", type=Path, help="write the texts of the open half there")
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    args = parser.parse_args()
    args.cache = args.cache.resolve()
    args.readers = args.readers.split(",")
    for name in args.readers:
        try:
            reader(name)
        except KeyError:
            parser.error(f"no reader {name}; name some of {', '.join(READERS)}")
    if args.threads > len(os.sched_getaffinity(0)):
        parser.error(f"--threads {args.threads}: only {len(os.sched_getaffinity(0))} cores here")
    return args


def main() -> None:
    args = parsed()
    pages = chosen(args)
    files = files_of(pages, args.cache)
    if not files:
        sys.exit("no pages: the options leave none, or none can be had here")
    results = [measured(name, pages, files, args) for name in args.readers]
    if args.json:
        print(json.dumps([as_json(result) for result in results]))
    else:
        show(results)
    if args.failures:
        for result in results:
            print("\n".join(f"{result.reader} {line}" for line in open_failures(result.outcomes)))


if __name__ == "__main__":
    main()
