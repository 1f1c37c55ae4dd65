"""What `verify`, `vacuum` and a nightly run with nothing new cost on a million pages.

    python -m tests.benchmarks.ledger [--pages 1000000] [--folder DIR] [--json]

The dataset is not read from documents, so that a million pages take minutes: the functions that
write parts and commits get rows as a run would publish them, with small pictures. A document has
ten pages, two pages in a hundred are duplicates, and every page has a staged receipt. Each command
then runs in a process of its own. CPU seconds are those of the process; `own_s` leaves out the
listing of the sources. Required: at most 512 MiB for `verify` and `vacuum`, and at most ten
seconds, without the listing, for the nightly run. To compare with another build, copy this file
into it and name the same `--folder`: a dataset that exists is not made again.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from rich.console import Console
from rich.table import Table

from cluster.session import IN_PROCESS, open_session
from pipelines.dataset.vacuum import Retention, vacuum_dataset
from pipelines.dataset.verify import verify_dataset
from pipelines.run import run
from pipelines.steps.listing import list_sources
from pipelines.version.metadata import settings_of
from schemas.heuristics import HeuristicsRow
from schemas.ids import page_id
from schemas.recipe import Recipe, parse_recipe
from schemas.shards import Receipt
from schemas.tables import SCHEMAS, TABLES
from workers.dataset import PartFile, commit_parts, ensure_table, write_part
from workers.shards import Staging

PAGES_PER_DOCUMENT = 10
ROWS_PER_PART, ROWS_PER_GROUP = 50_000, 10_000
DUPLICATE_SHARE = 0.02
SHARD_PAGES = 64
IMAGE_BYTES, HASH_BYTES, MINHASH_BYTES = 600, 32, 1024
MOST_BYTES, MOST_SECONDS = 512 * 2**20, 10.0
COMMANDS = ("verify", "vacuum", "nightly", "nightly again")

RECIPE = """
dataset: {folder}/data
sources: [{{documents: {folder}/corpus}}]
routing: only
"""


TextOf = Callable[[str, int], str]
"""The text of a page, by its document's id and its number."""
PicturesOf = Callable[[list[str]], pa.Array]
"""The pictures of pages, by their texts."""


CountedOf = Callable[[str], HeuristicsRow]
"""The heuristics of a text."""


def _counted(text: str) -> HeuristicsRow:
    return {"words": len(text.split())}


def _words(name: str, number: int) -> str:
    return f"the words of {name[:32]} " * 4


def recipe_of(folder: Path) -> Recipe:
    return parse_recipe(RECIPE.format(folder=folder))


def build(
    pages: int,
    folder: Path,
    text_of: TextOf = _words,
    duplicate_share: float = DUPLICATE_SHARE,
    is_staged: bool = True,
    pictures_of: PicturesOf | None = None,
    counted: CountedOf = _counted,
    rows_per_part: int = ROWS_PER_PART,
) -> None:
    """Make the corpus, the published dataset and its staging, unless they exist."""
    done = folder / "made"
    if done.exists():
        return
    recipe = recipe_of(folder)
    for number in range(pages // PAGES_PER_DOCUMENT):
        path = folder / "corpus" / f"{number // 1000:05d}" / f"{number:07d}.pdf"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(number))
    files = list(list_sources(recipe).files)
    ids = sorted(hashlib.sha256(str(number).encode()).hexdigest() for number in range(len(files)))
    rng = np.random.default_rng(0)
    everything = rng.permutation(len(ids) * PAGES_PER_DOCUMENT)
    dropped = int(len(everything) * duplicate_share)
    rows = {
        "inventory": [
            {
                "doc_id": name,
                "uris": [{"uri": file.uri, "size": file.size, "version": file.version}],
                "media_type": "application/pdf",
                "size": file.size,
                "page_count": PAGES_PER_DOCUMENT,
            }
            for name, file in zip(ids, files, strict=True)
        ]
    }
    parts = {
        "inventory": _parts(recipe, "inventory", iter([_filled("inventory", rows["inventory"])])),
        "rejects": _parts(recipe, "rejects", _pages(recipe, ids, everything, dropped, rng, None)),
        "documents": _parts(
            recipe, "documents", _documents(recipe, ids, rng, text_of, counted), rows_per_part
        ),
        "crops": [],
        "conversations": [],
        "pages": _parts(
            recipe,
            "pages",
            _pages(
                *(recipe, ids, everything, dropped, rng, text_of, pictures_of, counted),
                min(rows_per_part, ROWS_PER_GROUP),
            ),
            rows_per_part,
        ),
    }
    _commit(recipe, parts, dropped)
    if is_staged:
        _stage(recipe, ids)
    done.touch()


def _filled(table: str, rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=SCHEMAS[table])


def _parts(
    recipe: Recipe, table: str, groups: Iterator[pa.Table], rows_per_part: int = ROWS_PER_PART
) -> list[PartFile]:
    """Parts of so many rows, in row groups of at most `ROWS_PER_GROUP`."""
    parts: list[PartFile] = []
    waiting: list[pa.Table] = []
    for group in groups:
        waiting.append(group)
        if sum(group.num_rows for group in waiting) >= rows_per_part:
            parts.append(write_part(recipe.dataset, table, waiting))
            waiting = []
    return parts + ([write_part(recipe.dataset, table, waiting)] if waiting else [])


def _random(rng: np.random.Generator, rows: int, size: int) -> pa.Array:
    offsets = np.arange(rows + 1, dtype=np.int32) * np.int32(size)
    data = rng.bytes(rows * size)
    return pa.Array.from_buffers(
        pa.binary(), rows, [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    )


def _completed(table: str, rows: int, columns: dict[str, Any]) -> pa.Table:
    """A table of these columns; a single text fills its column, and missing columns are null."""
    schema = SCHEMAS[table]
    arrays = []
    for field in schema:
        value = columns.get(field.name)
        if isinstance(value, str):
            value = pa.repeat(value, rows)
        arrays.append(pa.nulls(rows, field.type) if value is None else pa.array(value, field.type))
    return pa.Table.from_arrays(arrays, schema=schema)


def _pages(
    recipe: Recipe,
    ids: list[str],
    everything: npt.NDArray[np.int64],
    dropped: int,
    rng: np.random.Generator,
    text_of: TextOf | None,
    pictures_of: PicturesOf | None = None,
    counted: CountedOf = _counted,
    rows_per_group: int = ROWS_PER_GROUP,
) -> Iterator[pa.Table]:
    """Rows of the shuffled pages: the first `dropped` as duplicates, or the others with a text."""
    chosen = everything[dropped:] if text_of else everything[:dropped]
    languages = np.array(["en", "de", "fr", "zh"])
    for start in range(0, len(chosen), rows_per_group):
        group = chosen[start : start + rows_per_group]
        rows = len(group)
        names = [ids[number] for number in (group // PAGES_PER_DOCUMENT).tolist()]
        indices = (group % PAGES_PER_DOCUMENT).tolist()
        columns: dict[str, Any] = {
            "page_id": [page_id(name, index) for name, index in zip(names, indices, strict=True)],
            "doc_id": names,
            "page_index": indices,
            "source_uri": [f"corpus/{name[:12]}.pdf" for name in names],
            "text_hash": _random(rng, rows, HASH_BYTES),
            "minhash": _random(rng, rows, MINHASH_BYTES),
            "image_hash": _random(rng, rows, HASH_BYTES),
            "recipe_digest": recipe.digest(),
        }
        if text_of is None:
            keepers = rng.choice(everything[dropped:], rows).tolist()
            columns |= {
                "level": "page",
                "stage": "dedup",
                "reason": "duplicate",
                "kept_id": [page_id(ids[n // PAGES_PER_DOCUMENT], n % 10) for n in keepers],
            }
            yield _completed("rejects", rows, columns)
        else:
            texts = list(map(text_of, names, group.tolist()))
            images = pictures_of(texts) if pictures_of else _random(rng, rows, IMAGE_BYTES)
            columns |= {
                "image": pa.StructArray.from_arrays(
                    [images, pa.array(columns["page_id"])], ["bytes", "path"]
                ),
                "text": texts,
                "heuristics": list(map(counted, texts)),
                "blocks": [[{"label": "text", "bbox": [0, 0, 1, 1], "text": t}] for t in texts],
                "text_tokens": np.full(rows, 100, np.int32),
                "vision_tokens": np.full(rows, 256, np.int32),
                "language": languages[rng.integers(0, len(languages), rows)].tolist(),
            }
            yield _completed("pages", rows, columns)


def _documents(
    recipe: Recipe,
    ids: list[str],
    rng: np.random.Generator,
    text_of: TextOf,
    counted: CountedOf,
) -> Iterator[pa.Table]:
    for start in range(0, len(ids), 1024):
        names = ids[start : start + 1024]
        texts = [
            "\n\n".join(
                text_of(name, number * PAGES_PER_DOCUMENT + index)
                for index in range(PAGES_PER_DOCUMENT)
            )
            for number, name in enumerate(names, start)
        ]
        columns = {
            "doc_id": names,
            "page_count": np.full(len(names), PAGES_PER_DOCUMENT, np.int32),
            "text": texts,
            "heuristics": list(map(counted, texts)),
            "page_indices": [list(range(PAGES_PER_DOCUMENT))] * len(names),
            "page_offsets": [[0] * PAGES_PER_DOCUMENT] * len(names),
            "text_tokens": np.full(len(names), 1000, np.int64),
            "text_hash": _random(rng, len(names), HASH_BYTES),
            "minhash": _random(rng, len(names), MINHASH_BYTES),
            "recipe_digest": recipe.digest(),
        }
        yield _completed("documents", len(names), columns)


def _commit(recipe: Recipe, parts: dict[str, list[PartFile]], duplicates: int) -> None:
    for table in TABLES:
        ensure_table(recipe.dataset, table)
    metadata = {
        "versions": {
            table: commit_parts(recipe.dataset, table, parts[table]).version
            for table in TABLES[:-1]
        },
        "run_id": "0" * 32,
        "counts": {table: sum(part.rows for part in parts[table]) for table in TABLES},
        "rejects": {"duplicate": duplicates},
        "mix": {},
        "changes": {},
        **settings_of(recipe),
    }
    commit_parts(recipe.dataset, "pages", parts["pages"], metadata)


def _stage(recipe: Recipe, ids: list[str]) -> None:
    """Write a receipt for every 64 pages, and files of the sizes that it names."""
    folder = Path(recipe.dataset) / "staging" / recipe.digest()
    folder.mkdir(parents=True)
    pages = len(ids) * PAGES_PER_DOCUMENT
    for start in range(0, pages, SHARD_PAGES):
        stop = min(start + SHARD_PAGES, pages)
        ranges = []
        for number in range(start // PAGES_PER_DOCUMENT, (stop - 1) // PAGES_PER_DOCUMENT + 1):
            first = number * PAGES_PER_DOCUMENT
            last = first + PAGES_PER_DOCUMENT
            ranges.append((ids[number], max(start, first) - first, min(stop, last) - first))
        name = hashlib.sha256(str(start).encode()).hexdigest()[:32]
        (folder / f"{name}.images").write_bytes(b"images")
        (folder / f"{name}.parquet").write_bytes(b"rows")
        receipt = Receipt(
            name, recipe.digest(), tuple(ranges), "", "", 4, 6, {"sample": stop - start}
        )
        (folder / f"{name}.json").write_text(receipt.to_json())
    Staging(str(folder)).remember_receipts()


# ---- measuring --------------------------------------------------------------------------------


def measure(command: str, folder: Path) -> dict[str, Any]:
    """Run a command in this process; return what it cost."""
    recipe = recipe_of(folder)
    listing_s, result = 0.0, ""
    wall_s, cpu_s = time.monotonic(), time.process_time()
    if command == "verify":
        with open_session(IN_PROCESS) as session:
            verdict = verify_dataset(recipe.dataset, session)
        result = f"{verdict.pages:,} pages, {len(verdict.problems)} problems"
    elif command == "vacuum":
        done = vacuum_dataset(recipe.dataset, Retention(versions=1), dry_run=True)
        result = ", ".join(f"{item.files:,} {item.what}" for item in done.removed if item.files)
    else:
        began_s = time.process_time()
        list_sources(recipe)
        listing_s = time.process_time() - began_s
        cpu_s += listing_s
        wall_s += listing_s
        with open_session() as session:
            report = run(recipe, session, Console(file=io.StringIO()))
        result = f"version {report.version}, {report.pages:,} pages, committed {report.committed}"
    cpu_s, wall_s = time.process_time() - cpu_s, time.monotonic() - wall_s  # without the imports
    status = Path("/proc/self/status").read_text()
    peak = int(status.partition("VmHWM:")[2].split()[0]) * 1024
    return {
        "command": command, "cpu_s": cpu_s, "wall_s": wall_s, "listing_s": listing_s,
        "own_s": cpu_s - listing_s, "peak_bytes": peak, "result": result,
    }  # fmt: skip


def in_process(
    command: str, folder: Path, module: str = "tests.benchmarks.ledger"
) -> dict[str, Any]:
    """Measure a command of a benchmark in a process of its own."""
    arguments = [sys.executable, "-m", module, "--run", command]
    done = subprocess.run(
        [*arguments, "--folder", str(folder)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-4000:])
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def show(results: list[dict[str, Any]]) -> None:
    table = Table("command", "CPU s", "of which listing", "wall s", "peak MiB", "result")
    for row in results:
        table.add_row(
            row["command"],
            f"{row['cpu_s']:.1f}",
            f"{row['listing_s']:.1f}",
            f"{row['wall_s']:.1f}",
            f"{row['peak_bytes'] / 2**20:.0f}",
            row["result"],
        )
    Console().print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="make the dataset here, and keep it")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--run", choices=COMMANDS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.run:
        print(json.dumps(measure(args.run, args.folder)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder or Path(temporary)
        build(args.pages, folder)
        results = [in_process(command, folder) for command in COMMANDS]
    if args.json:
        print(json.dumps(results))
        return
    show(results)
    for row in results:
        heavy = row["command"] in ("verify", "vacuum") and row["peak_bytes"] > MOST_BYTES
        if heavy or (row["command"].startswith("nightly") and row["own_s"] > MOST_SECONDS):
            raise SystemExit(f"{row['command']} costs more than its limit allows")


if __name__ == "__main__":
    main()
