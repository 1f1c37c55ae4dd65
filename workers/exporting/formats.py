"""What can be exported: each format with its rows, and the stream and the writer of an export.

stream, form = opened(Export("s3://lake/manuals", "webdataset"), version)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

from schemas.errors import RequestError
from schemas.tables import KEYS
from workers.dataset.delta import storage_options
from workers.exporting import interleaved
from workers.exporting.interleaved import Pictures
from workers.exporting.joined import Interleaved
from workers.exporting.json_lines import JsonLines
from workers.exporting.lance_files import Lance, require_lance
from workers.exporting.mds import MOST_BYTES, Mds
from workers.exporting.megatron import Megatron
from workers.exporting.ordered import Ordered
from workers.exporting.parquet_files import ParquetRows, TextParquet
from workers.exporting.selection import where
from workers.exporting.shards import Format, Stream
from workers.exporting.tokens import load_encoder, tokenizer_name
from workers.exporting.values import PICTURES, SIGNATURES
from workers.exporting.webdataset import WebDataset
from workers.loading import Rows, open_rows

FormatName = Literal[
    "webdataset", "mds", "lance", "megatron", "jsonl", "text",
    "interleaved", "interleaved-webdataset",
]  # fmt: skip
FORMATS: tuple[FormatName, ...] = get_args(FormatName)
OF_TEXT = ("megatron", "text")
"""Formats of texts alone; a row is a whole document unless a table is named."""
OF_DOCUMENTS = ("interleaved", "interleaved-webdataset")


@dataclass(frozen=True, slots=True)
class Export:
    """What is exported. `version` and `table` may be left out; `settled` fills them in."""

    dataset: str
    form: FormatName
    table: str | None = None
    version: int | None = None
    where: str | None = None
    columns: tuple[str, ...] | None = None
    seed: int = 0
    shard_bytes: int = 500_000_000
    tokenizer: str | None = None
    end_token: str | None = None
    pictures: Pictures | None = None


def require_sensible(wanted: Export) -> None:
    """Raises RequestError for settings that do not go together."""
    form = wanted.form
    wrong = None
    if wanted.table is not None and wanted.table not in KEYS:
        wrong = f"--table {wanted.table} cannot be exported; name one of {', '.join(KEYS)}"
    elif wanted.table not in (None, "documents") and form in OF_DOCUMENTS:
        wrong = f"--format {form} is of documents; leave --table out"
    elif wanted.columns is not None and form in (*OF_TEXT, *OF_DOCUMENTS):
        wrong = f"--format {form} has its own columns; leave --columns out"
    elif (wanted.tokenizer or wanted.end_token) and form != "megatron":
        wrong = "--tokenizer and --end-token are for --format megatron; leave them out"
    elif wanted.pictures is not None and form not in OF_DOCUMENTS:
        wrong = f"--pictures is for --format interleaved, not for {form}; leave it out"
    elif form == "mds" and wanted.shard_bytes > MOST_BYTES:
        wrong = f"--shard-bytes of an MDS shard is at most {MOST_BYTES:,}"
    if wrong is not None:
        raise RequestError(wrong)


def opened(wanted: Export) -> tuple[Stream, Format, dict[str, object]]:
    """The rows of an export, what writes them, and all that decides its bytes.

    Raises DatasetError where a table or column is not there, RequestError for a wrong condition.
    """
    require_sensible(wanted)
    by_default = "documents" if wanted.form in (*OF_TEXT, *OF_DOCUMENTS) else "pages"
    options = storage_options(wanted.dataset)
    rows = open_rows(
        wanted.dataset, wanted.table or by_default, wanted.version, storage_options=options
    )
    table = rows.address.table
    rows = rows.select(*_columns(wanted, rows))
    if wanted.where is not None:
        rows = where(rows, wanted.where)
    ordered = Ordered(rows, wanted.seed)
    decides: dict[str, object] = {
        "dataset": wanted.dataset,
        "version": rows.version,
        "table": table,
        "format": wanted.form,
        "where": wanted.where,
        "columns": list(rows.names),
        "seed": wanted.seed,
        "shard_bytes": wanted.shard_bytes,
    }
    stream: Stream = ordered
    if wanted.form in OF_DOCUMENTS:
        which = wanted.pictures or "figures"
        decides |= {"columns": interleaved.SCHEMA.names, "pictures": which}
        beside = open_rows(
            wanted.dataset, interleaved.TABLES[which], rows.version, storage_options=options
        )
        stream = Interleaved(ordered, beside.select(*interleaved.OF_PICTURES[which]), which)
    if wanted.form == "megatron":
        decides["tokenizer"] = tokenizer_name(wanted.tokenizer)
    form = _format(wanted, stream, KEYS[table])
    if isinstance(form, Megatron):
        decides["end_token"] = form.encoder.end
    return stream, form, decides


def _columns(wanted: Export, rows: Rows) -> tuple[str, ...]:
    """The columns that are read."""
    table = rows.address.table
    if wanted.form in OF_TEXT:
        return ("text",)
    if wanted.form in OF_DOCUMENTS:
        return interleaved.OF_DOCUMENTS
    if wanted.columns is None:
        # JSON would hold pictures in base64: only where they are asked for.
        without = (*SIGNATURES, *PICTURES) if wanted.form == "jsonl" else SIGNATURES
        return tuple(name for name in rows.schema.names if name not in without)
    needs_key = wanted.form in ("webdataset", "mds")
    extra = () if KEYS[table] in wanted.columns or not needs_key else (KEYS[table],)
    return (*extra, *wanted.columns)


def _format(wanted: Export, stream: Stream, key: str) -> Format:
    columns = tuple(stream.schema.names)
    formats: dict[FormatName, Callable[[], Format]] = {
        "webdataset": lambda: WebDataset(key),
        "mds": lambda: Mds(columns, key, wanted.shard_bytes),
        "lance": lambda: Lance(stream.schema),
        "megatron": lambda: Megatron(load_encoder(wanted.tokenizer, wanted.end_token)),
        "jsonl": JsonLines,
        "text": TextParquet,
        "interleaved": lambda: ParquetRows(stream.schema),
        "interleaved-webdataset": lambda: WebDataset("doc_id"),
    }
    if wanted.form == "lance":
        require_lance()
    return formats[wanted.form]()
