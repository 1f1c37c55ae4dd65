"""Export a dataset beside what `datasets` does to the same end, in one run.

    python -m tests.benchmarks.export [--pages 2000] [--folder DIR] [--json]

Pages have pictures of 100 kB, which differ, in row groups of a thousand. Each conversion is a
process of its own, which ends with a folder of files: CPU and wall seconds are those of the whole
process, its start too, with all that it starts. `datasets` loads the parts and writes JSON lines,
its own Arrow files, Parquet, or, by webdataset's ShardWriter, tars; its cache is empty before. JSON
lines have no pictures. `exported` is the command `pagefoundry export`.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from rich.console import Console
from rich.table import Table

from tests.benchmarks import ledger
from tests.benchmarks.processes import measured

ROWS_PER_PART = 1000
IMAGE_BYTES = 100_000
SHARD_BYTES = 50_000_000
COLUMNS = ("page_id", "doc_id", "page_index", "source_uri", "text", "language", "blocks", "quality")


def pictures_of(texts: list[str]) -> pa.Array:
    """Bytes that no codec makes smaller, which begin as a JPEG does."""
    dice = np.random.default_rng(zlib.crc32(texts[0].encode()))
    return pa.array([b"\xff\xd8" + dice.bytes(IMAGE_BYTES - 2) for _ in texts], pa.binary())


# ---- conversions --------------------------------------------------------------------------------


def exported(form: str, folder: Path, out: Path) -> None:
    from pipelines.cli import main as command

    columns = () if form in ("text", "megatron") else ("--columns", ",".join(of(form)))
    table = ("--table", "pages") if not columns else ()
    sys.argv = [
        *("pagefoundry", "export", str(folder / "data"), str(out), "--format", form, *columns),
        *("--shard-bytes", str(SHARD_BYTES), *table),
    ]
    command()


def of(form: str) -> tuple[str, ...]:
    return COLUMNS if form in ("jsonl", "json") else ("image", *COLUMNS)


def by_datasets(form: str, folder: Path, out: Path) -> None:
    import datasets

    datasets.disable_progress_bars()
    rows = datasets.load_dataset(
        "parquet",
        data_files=str(folder / "data/pages/data/*.parquet"),
        columns=list(of(form)),
        split="train",
        cache_dir=str(out.with_suffix(".cache")),
    )
    out.mkdir()
    if form == "json":
        rows.to_json(str(out / "rows.jsonl"))
    elif form == "parquet":
        rows.to_parquet(str(out / "rows.parquet"))
    elif form == "arrow":
        rows.save_to_disk(str(out / "rows"))
    else:
        import webdataset

        plain = rows.cast_column("image", datasets.Image(decode=False))
        pattern = str(out / "shard-%05d.tar")
        with webdataset.ShardWriter(pattern, maxsize=SHARD_BYTES, verbose=0) as writer:
            for row in plain:
                picture, text = row.pop("image"), row.pop("text")
                writer.write(
                    {
                        "__key__": row["page_id"].replace("/", "-"),
                        "jpg": picture["bytes"],
                        "txt": text,
                        "json": row,
                    }
                )


CONVERSIONS: dict[str, tuple[Callable[[str, Path, Path], None], str]] = {
    **{
        f"export {form}": (exported, form)
        for form in ("jsonl", "webdataset", "mds", "lance", "text", "megatron")
    },
    "datasets to_json": (by_datasets, "json"),
    "datasets, ShardWriter": (by_datasets, "webdataset"),
    "datasets save_to_disk": (by_datasets, "arrow"),
    "datasets to_parquet": (by_datasets, "parquet"),
}


def convert(name: str, folder: Path, out: Path) -> None:
    """Convert, and print the peak of this process."""
    conversion, form = CONVERSIONS[name]
    try:
        conversion(form, folder, out)
    except SystemExit as exc:
        if exc.code:
            raise
    # Of this program: `getrusage` would also tell of the process that started it.
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    print(json.dumps({"peak_mb": int(status["VmHWM"].split()[0]) / 1024}))


def results(folder: Path, pages: int) -> Iterator[dict[str, Any]]:
    for name in CONVERSIONS:
        with tempfile.TemporaryDirectory(dir=folder) as temporary:
            out = Path(temporary) / "out"
            command = [sys.executable, "-m", __spec__.name, "--folder", str(folder)]
            result = measured([*command, "--one", name, "--out", str(out)])
            written = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
            assert written > 0
        yield {
            "conversion": name, "pages": pages, "written_mb": written / 1e6, **result,
        }  # fmt: skip


def show(rows: list[dict[str, Any]]) -> None:
    table = Table("conversion", "CPU s", "pages/CPU s", "pages/s", "peak MB", "written MB")
    for row in rows:
        table.add_row(
            row["conversion"],
            f"{row['cpu_s']:.1f}",
            f"{row['pages'] / row['cpu_s']:,.0f}",
            f"{row['pages'] / row['wall_s']:,.0f}",
            f"{row['peak_mb']:,.0f}",
            f"{row['written_mb']:,.0f}",
        )
    Console(width=100).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=2000)
    parser.add_argument("--folder", type=Path, help="make the dataset here, and keep it")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        convert(args.one, args.folder, args.out)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder or Path(temporary)
        ledger.build(
            args.pages, folder, duplicate_share=0, is_staged=False, pictures_of=pictures_of,
            rows_per_part=ROWS_PER_PART,
        )  # fmt: skip
        rows = list(results(folder, args.pages))
    print(json.dumps(rows)) if args.json else show(rows)


if __name__ == "__main__":
    main()
