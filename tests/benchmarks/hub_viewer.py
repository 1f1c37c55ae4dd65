"""What the Hub's viewer would show of a dataset: bytes by column, and how near its limits are.

    python -m tests.benchmarks.hub_viewer DATASET [--table pages]
    python -m tests.benchmarks.hub_viewer --dense

The viewer is not run. Its rules are those of its source (huggingface/dataset-viewer), computed on
the first 100 rows: cells as JSON, with addresses in place of pictures and base64 of bytes; the
preview of a table, which its page shows first; and the row groups that a page of 100 rows needs.
`--dense` makes 900 pages with pictures of 150 kB, 6,000 letters, 60 blocks and a table of 300
cells, in row groups as publish cuts them by default.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import random
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image
from rich.console import Console
from rich.table import Table

from pipelines.dataset.state import load_snapshot
from schemas.recipe_sections import Publish
from schemas.tables import IMAGE, PAGES
from tests.pipelines.corpora import prose
from workers.dataset.parts import write_part

PAGE_ROWS = 100  # of a page of rows
PREVIEW_BYTES = 200_000  # of the preview: `firstRows.maxBytes` of the Hub's own settings
LEAST_ROWS, CELL_BYTES = 10, 100  # rows that the preview always has; what is left of a long cell
SCAN_BYTES = 300_000_000  # read for a page: `rowsIndex.maxArrowDataInMemory`
SIGNATURES = ("text_hash", "minhash", "image_hash")
ADDRESS = "https://datasets-server.huggingface.co/assets/lake/manuals/--/{0}/--/pages/train/0/x.jpg"
DENSE_ROWS, PICTURE_BYTES, LETTERS, BLOCKS, CELLS = 900, 150_000, 6_000, 60, 300


# ---- as the viewer does it ----------------------------------------------------------------------


def shown(value: Any, kind: pa.DataType) -> Any:
    """A cell as the viewer's JSON has it."""
    if value is None:
        return None
    if kind == IMAGE:
        width, height = Image.open(io.BytesIO(value["bytes"])).size
        return {"src": ADDRESS.format("0" * 40), "height": height, "width": width}
    if pa.types.is_binary(kind):
        return base64.b64encode(value).decode()
    if pa.types.is_struct(kind):
        return {field.name: shown(value[field.name], field.type) for field in kind}
    if pa.types.is_list(kind):
        return [shown(item, kind.value_type) for item in value]
    return value


def size_of(value: Any) -> int:
    """Bytes of a value as JSON."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


@dataclass(frozen=True)
class Preview:
    """How many rows the preview has, and how many of them are cut to 100 bytes a cell."""

    rows: int
    cut: int
    size: int


def preview_of(rows: Sequence[dict[str, Any]], features: int) -> Preview:
    """The preview of rows whose description takes as many bytes as `features`."""
    items = [{"row_idx": n, "row": row, "truncated_cells": []} for n, row in enumerate(rows)]
    sizes = [size_of(item) + 1 for item in items]
    budget = PREVIEW_BYTES - features
    count, total = len(sizes[:LEAST_ROWS]), 2 + sum(sizes[:LEAST_ROWS])
    cut = 0
    while total >= budget and cut < count:
        cut += 1
        total -= sizes[count - cut] - _cut_size(items[count - cut])
    while not cut and count < len(sizes) and total + sizes[count] < budget:
        total += sizes[count]
        count += 1
    return Preview(count, cut, features + total)


def _cut_size(item: dict[str, Any]) -> int:
    cells = {name: min(size_of(cell), CELL_BYTES) for name, cell in item["row"].items()}
    long = [name for name, cell in item["row"].items() if size_of(cell) > CELL_BYTES]
    names = sum(size_of(name) + 2 for name in cells)
    return sum(cells.values()) + names + size_of({**item, "row": {}, "truncated_cells": long}) + 1


def features_size(schema: pa.Schema) -> int:
    """Bytes of the description of columns, which comes with the rows."""
    from datasets import Features

    kinds = Features.from_arrow_schema(schema).to_dict()
    listed = [
        {"feature_idx": n, "name": name, "type": kinds[name]} for n, name in enumerate(schema.names)
    ]
    return size_of(listed)


# ---- measured -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Groups:
    """Row groups of a table: rows, bytes as they lie in the file, and bytes unpacked."""

    rows: list[int]
    packed: list[int]
    unpacked: list[int]

    def most_for_a_page(self) -> int:
        """The most unpacked bytes of the row groups that any 100 rows lie in."""
        most, first = 0, 0
        starts = [sum(self.rows[:n]) for n in range(len(self.rows) + 1)]
        for last, start in enumerate(starts[:-1]):
            while starts[first + 1] <= start - PAGE_ROWS + 1:
                first += 1
            most = max(most, sum(self.unpacked[first : last + 1]))
        return most


def groups_of(parts: Iterable[str]) -> Groups:
    """The row groups of parts on local disk."""
    found = Groups([], [], [])
    for part in parts:
        metadata = pq.read_metadata(part)
        for number in range(metadata.num_row_groups):
            group = metadata.row_group(number)
            columns = [group.column(n) for n in range(group.num_columns)]
            found.rows.append(group.num_rows)
            found.packed.append(sum(column.total_compressed_size for column in columns))
            found.unpacked.append(group.total_byte_size)
    return found


def show(parts: Sequence[str], console: Console) -> None:
    """Print what was found of the parts of a table."""
    file = pq.ParquetFile(parts[0])
    schema = file.schema_arrow
    first = next(file.iter_batches(PAGE_ROWS)).to_pylist()
    for part in parts[1:]:
        if len(first) < PAGE_ROWS:
            more = next(pq.ParquetFile(part).iter_batches(PAGE_ROWS - len(first)))
            first += more.to_pylist()
    rows = [{f.name: shown(row[f.name], f.type) for f in schema} for row in first]
    table = Table("column", "mean bytes a row", "largest cell", "share")
    sizes = {name: [size_of(row[name]) for row in rows] for name in schema.names}
    total = sum(map(sum, sizes.values()))
    for name in sorted(sizes, key=lambda name: -sum(sizes[name])):
        table.add_row(
            name,
            f"{sum(sizes[name]) / len(rows):,.0f}",
            f"{max(sizes[name]):,}",
            f"{sum(sizes[name]) / total:.1%}",
        )
    console.print(table)
    for words, names in (
        ("all columns", schema.names),
        ("without signatures", [name for name in schema.names if name not in SIGNATURES]),
    ):
        kept = pa.schema([schema.field(name) for name in names])
        features = features_size(kept)
        chosen = [{name: row[name] for name in names} for row in rows]
        preview = preview_of(chosen, features)
        console.print(
            f"{words}: a page of {len(rows)} rows is {size_of(chosen):,} bytes of JSON, the "
            f"description of columns {features:,}; the preview has {preview.rows} rows, "
            f"{preview.cut} of them cut, in {preview.size:,} of {PREVIEW_BYTES:,} bytes"
        )
    groups = groups_of(parts)
    console.print(
        f"{len(groups.rows)} row groups of {max(groups.rows):,} rows at most: the largest is "
        f"{max(groups.packed):,} bytes in the file and {max(groups.unpacked):,} unpacked; those "
        f"that a page of {PAGE_ROWS} rows lies in are {groups.most_for_a_page():,} unpacked at "
        f"most, of {SCAN_BYTES:,}"
    )


# ---- dense pages --------------------------------------------------------------------------------


def dense_page(number: int) -> dict[str, Any]:
    """A page of small print around a table, with a picture that no codec makes smaller."""
    dice = random.Random(number)
    text = prose(number, LETTERS)[:LETTERS]
    cell = {"row": 1, "column": 1, "rows": 1, "columns": 1, "text": "1,234.5"}
    box = [dice.random() for _ in range(4)]
    blocks: list[dict[str, Any]] = [
        {"label": "paragraph", "bbox": box, "text": text[n::BLOCKS], "confidence": dice.random()}
        for n in range(BLOCKS)
    ]
    blocks[0]["cells"] = [{**cell, "bbox": box} for _ in range(CELLS)]
    picture = io.BytesIO()
    Image.new("RGB", (905, 1280)).save(picture, "JPEG")
    rest = dice.randbytes(PICTURE_BYTES - picture.tell())  # after the end of the file, unread
    return {
        "page_id": f"{number:064x}/00000",
        "doc_id": f"{number:064x}",
        "source_uri": f"s3://lake/corpora/manuals/{number:06d}.pdf",
        "image": {"bytes": picture.getvalue() + rest, "path": f"{number:064x}-00000.jpg"},
        "text": text,
        "blocks": blocks,
        "text_hash": dice.randbytes(16),
        "minhash": dice.randbytes(1024),
        "image_hash": dice.randbytes(32),
    }


def write_dense(folder: Path) -> list[str]:
    """Write a part of dense pages; the way to it."""
    a_group = Publish().row_group_bytes // PICTURE_BYTES
    groups = (
        pa.Table.from_pylist([dense_page(number) for number in numbers], schema=PAGES)
        for start in range(0, DENSE_ROWS, a_group)
        for numbers in [range(start, min(start + a_group, DENSE_ROWS))]
    )
    return [str(folder / "pages" / write_part(str(folder), "pages", groups).path)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("dataset", nargs="?", help="a dataset on local disk")
    parser.add_argument("--table", default="pages")
    parser.add_argument("--dense", action="store_true", help="make dense pages instead")
    options = parser.parse_args()
    out = Console(width=110, soft_wrap=True)
    if options.dense:
        with tempfile.TemporaryDirectory() as made:
            show(write_dense(Path(made)), out)
    else:
        snapshot = load_snapshot(options.dataset)
        assert snapshot is not None, f"{options.dataset} holds no published version"
        show(snapshot.part_uris(options.table), out)
