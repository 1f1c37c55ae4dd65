"""Read benchmarks: JSON lines, Parquet, plain text, and the pages of PDFs and images.

Owns the formats, how an item is named, and what is said of bad input: the file, the row and the
field. All files come through `workers.store`. Documents are drawn in the child of a rasterizer.

    items = read_benchmark(Benchmark(name="gsm8k", file=("gsm8k/*.jsonl",)), rasterizer)
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.decontaminate import Benchmark
from schemas.errors import SourceError
from schemas.lines import one_line
from workers import store
from workers.policies.decontamination.items import Item
from workers.policies.decontamination.page_items import page_items
from workers.rasterising import Rasterizer
from workers.store.locations import translated
from workers.synthetic.corpora.lines import Line, lines, opened

_PACKED = {".gz": "gz", ".zst": "zst"}
_JSON_LINES = (".jsonl", ".ndjson", ".json")
_TEXTS = (".txt", ".md", ".markdown")
_PARQUET = (".parquet",)
_DOCUMENTS = (".pdf", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp")
SUFFIXES = (
    *_PARQUET,
    *_DOCUMENTS,
    *(name + packed for name in (*_JSON_LINES, *_TEXTS) for packed in ("", *_PACKED)),
)
"""Names under which files are found in folders."""

_DAMAGE = (pa.ArrowException, OSError, ValueError)


def read_benchmark(benchmark: Benchmark, rasterizer: Rasterizer) -> Iterator[Item]:
    """The items of a benchmark, in the order of its files.

    An item is named by its `id_column`, or by its file and its row, line or page from 1; a file is
    named by its path below the folder that holds all of them.

    Raises SourceError, one line that names the file, the row and the field, where an item cannot
    be read: a benchmark that is only half read would let the other half pass.
    """
    place = f"decontaminate {benchmark.name}"
    try:
        files = [file.uri for file in store.list_documents(benchmark.file, SUFFIXES)]
    except SourceError as exc:
        raise SourceError(f"{place}: {exc}") from exc
    base = _common_folder(files)
    seen = 0
    for uri in files:
        try:
            for item in _items_of_file(benchmark, uri, uri.removeprefix(base), rasterizer):
                seen += 1
                yield item
        except FileNotFoundError as exc:
            raise SourceError(f"{place}: {uri} vanished while it was read; run again") from exc
    if not seen:
        raise SourceError(f"{place}: {benchmark.file[0]} has no item; name a file with items")


def _items_of_file(
    benchmark: Benchmark, uri: str, name: str, rasterizer: Rasterizer
) -> Iterator[Item]:
    path_name, packed = _without_packing(uri.lower())
    with store.local_copy(uri) as path, translated("read", uri):
        if path_name.endswith(_JSON_LINES):
            yield from _table_items(benchmark, uri, name, _json_rows(path, packed, uri))
        elif path_name.endswith(_PARQUET):
            yield from _table_items(benchmark, uri, name, _parquet_rows(path, benchmark, uri))
        elif path_name.endswith(_TEXTS):
            yield from _text_items(benchmark, name, _text(path, packed, uri))
        else:
            yield from page_items(benchmark, uri, name, path, rasterizer)


def _without_packing(uri: str) -> tuple[str, str]:
    for suffix, kind in _PACKED.items():
        if uri.endswith(suffix):
            return uri.removesuffix(suffix), kind
    return uri, ""


def _common_folder(uris: Sequence[str]) -> str:
    """The folder that holds all files, with a slash at its end."""
    folder = min(uris)[: min(uris).rfind("/") + 1]
    while not max(uris).startswith(folder):
        folder = folder[: folder.rfind("/", 0, -1) + 1]
    return folder


# ---- rows --------------------------------------------------------------------------

_Row = tuple[str, Mapping[str, Any]]
"""Where a row is, for messages and names, and its fields."""


def _json_rows(path: Path, packed: str, uri: str) -> Iterator[_Row]:
    """The objects on lines, or of one list that the file is."""
    with opened(path, packed) as stream:
        rows = _sound_lines(stream, uri)
        for line in rows:
            if line.data.lstrip().startswith(b"["):
                listed = b"\n".join([line.data, *(following.data for following in rows)])
                values = enumerate(_parsed(listed, uri, f"line {line.number + 1}"), 1)
                yield from ((str(n), _object(value, uri, f"item {n}")) for n, value in values)
            elif line.data.strip():
                where = f"line {line.number + 1}"
                yield str(line.number + 1), _object(_parsed(line.data, uri, where), uri, where)


def _sound_lines(stream: BinaryIO, uri: str) -> Iterator[Line]:
    for line in lines(stream):
        if line.problem is not None:
            raise SourceError(f"{uri}: line {line.number + 1}: {line.problem}")
        yield line


def _object(value: Any, uri: str, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise SourceError(
            f"{uri}: {where}: a JSON {type(value).__name__}, not an object; give one object a "
            'line, such as {"question": "…"}'
        )
    return value


def _parsed(data: bytes, uri: str, where: str) -> Any:
    try:
        return json.loads(data.decode())
    except (ValueError, RecursionError) as exc:
        raise SourceError(f"{uri}: {where}: not JSON: {one_line(str(exc))}") from exc


def _parquet_rows(path: Path, benchmark: Benchmark, uri: str) -> Iterator[_Row]:
    wanted = [*benchmark.columns, *([benchmark.id_column] if benchmark.id_column else [])]
    number = 0
    try:
        with pq.ParquetFile(path) as file:
            for column in wanted:
                if column not in file.schema_arrow.names:
                    raise SourceError(_missing(benchmark, uri, column, file.schema_arrow.names))
            for batch in file.iter_batches(columns=wanted):
                for row in batch.to_pylist():
                    number += 1
                    yield str(number), row
    except _DAMAGE as exc:
        raise SourceError(f"{uri}: row {number + 1}: not Parquet: {one_line(str(exc))}") from exc


def _table_items(benchmark: Benchmark, uri: str, name: str, rows: Iterator[_Row]) -> Iterator[Item]:
    for number, row in rows:
        for column in (*benchmark.columns, benchmark.id_column):
            if column is not None and column not in row:
                raise SourceError(_missing(benchmark, f"{uri}: row {number}", column, list(row)))
        fields = tuple((column, _as_text(row[column])) for column in benchmark.columns)
        own = None if benchmark.id_column is None else row[benchmark.id_column]
        yield Item(benchmark.name, f"{name}:{number}" if own is None else str(own), fields)


def _missing(benchmark: Benchmark, where: str, column: str, names: Sequence[str]) -> str:
    field = "id_column" if column == benchmark.id_column else "columns"
    return (
        f"decontaminate {benchmark.name}: {where}: no column `{column}`; give `{field}:` among "
        + ", ".join(names)
    )


def _as_text(value: Any) -> str:
    """A field as a text: of a list or an object all strings in it, one a line."""
    if value is None:
        return ""
    if isinstance(value, (list, tuple)):
        return "\n".join(filter(None, (_as_text(one) for one in value if not _is_number(one))))
    if isinstance(value, Mapping):
        return _as_text(list(value.values()))
    return str(value)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float))


# ---- texts -------------------------------------------------------------------------


def _text(path: Path, packed: str, uri: str) -> str:
    with opened(path, packed) as stream:
        data = stream.read()
    try:
        return data.removeprefix(b"\xef\xbb\xbf").decode()
    except UnicodeDecodeError as exc:
        number = data.count(b"\n", 0, exc.start) + 1
        raise SourceError(f"{uri}: line {number}: not UTF-8: {exc.reason}") from exc


def _text_items(benchmark: Benchmark, name: str, text: str) -> Iterator[Item]:
    """An item a paragraph; an item a line where no blank line parts any."""
    parts = text.rstrip().splitlines()
    is_parted = any(not line.strip() for line in text.strip().splitlines())
    held: list[str] = []
    for number, line in enumerate([*parts, ""], 1):
        if held and (not line.strip() or not is_parted):
            first = number - len(held)
            yield Item(benchmark.name, f"{name}:{first}", (("text", "\n".join(held)),))
            held = []
        if line.strip():
            held.append(line)
