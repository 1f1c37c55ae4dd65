"""Read the small columns of a table from its parts, side by side."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from schemas.errors import IntegrityError
from schemas.lines import error_line
from schemas.reject_reasons import POLICY_REASONS
from workers.dataset import TableVersion
from workers.dataset.parts import open_part
from workers.viewing.gone import requiring
from workers.viewing.light import NO_WORDS, Documents, LightTable, Marks, Words
from workers.viewing.parts import Part, look_into

log = logging.getLogger(__name__)

_WORDS: Final[Mapping[str, str]] = {
    "doc_id": "doc_id",
    "source": "source_uri",
    "license": "source.license",
    "language": "language",
    "engine": "engine",
    "text_source": "text_source",
    "label": "label",
    "level": "level",
    "stage": "stage",
    "reason": "reason",
    "split": "split",
}
"""Where the columns of words are in a part."""
_NUMBERS: Final[Mapping[str, tuple[str, ...]]] = {
    "page_index": ("page_index",),
    "quality": ("quality.score", "quality_score"),
    "coverage": ("quality.coverage",),
    "tokens": ("text_tokens",),
    "width": ("width",),
    "height": ("height",),
    "similarity": ("similarity",),
}
"""The same of numbers; some have two names."""
_POLICIES = "findings.list.element.policy"
_TEXTS = ("kept_id", "crop_id")
_AT_ONCE = 4
_MOST_POLICIES = 64


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read of a part: arrays by the names of columns, those that it lacks left out.

    `found` are the rows of its findings, and `policies` what found them.
    """

    part: Part
    rows: int
    columns: Mapping[str, pa.Array]
    found: npt.NDArray[np.int64]
    policies: pa.Array


def read_light(table: TableVersion) -> tuple[LightTable, Sequence[Part]]:
    """Read the small columns of a table, and where all else lies in its parts.

    Raises DatasetError where a part is gone, IntegrityError where one is damaged.
    """
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        parts = list(pool.map(lambda part: _read(table.part_uri(part), part.size), table.parts))
    starts = np.cumsum([0, *(part.rows for part in parts)], dtype=np.int64)
    words = {name: _words(column) for name in _WORDS if (column := _joined(parts, name))}
    numbers = {name: _numbers(column) for name in _NUMBERS if (column := _joined(parts, name))}
    kept, crops = (_joined(parts, name) for name in _TEXTS)
    light = LightTable(
        table.uri.rpartition("/")[2],
        starts,
        words,
        numbers,
        _marks(parts, starts, words),
        kept.combine_chunks() if kept else None,
        _crop_numbers(crops, table.uri) if crops else None,
        Documents(words.get("doc_id", NO_WORDS)),
    )
    return light, [part.part for part in parts]


def _read(uri: str, size: int) -> _Read:
    part, metadata = look_into(uri, size)
    names = {**{name: (path,) for name, path in _WORDS.items()}, **_NUMBERS}
    names |= {name: (name,) for name in _TEXTS}
    with requiring(uri), open_part(uri) as handle:
        file = pq.ParquetFile(handle, metadata=metadata)
        there = {file.schema.column(n).path for n in range(len(file.schema))}
        asked = {path for paths in names.values() for path in paths} | {_POLICIES}
        rows = file.read(columns=sorted(asked & there)).combine_chunks()
    columns = {
        name: _coded(values) if name in _WORDS else values
        for name, paths in names.items()
        for path in paths
        if path in there
        for values in [_leaf(rows, path)]
    }
    found, policies = np.empty(0, np.int64), pa.array([], pa.string())
    if _POLICIES in there:
        lists = _one(rows["findings"])
        found = pc.list_parent_indices(lists).to_numpy()
        policies = pc.struct_field(pc.list_flatten(lists), "policy")
    return _Read(part, rows.num_rows, columns, found, policies)


def _leaf(rows: pa.Table, path: str) -> pa.Array:
    name, _, child = path.partition(".")
    column = _one(rows[name])
    return pc.struct_field(column, child) if child else column


def _one(column: pa.ChunkedArray) -> pa.Array:
    joined = column.combine_chunks()
    return joined if isinstance(joined, pa.Array) else pa.concat_arrays(joined.chunks)


def _coded(values: pa.Array) -> pa.Array:
    return values.cast(pa.string()).dictionary_encode()


def _joined(parts: Sequence[_Read], name: str) -> pa.ChunkedArray | None:
    """A column over all parts; None where no row has a value."""
    kinds = [part.columns[name].type for part in parts if name in part.columns]
    if not kinds:
        return None
    columns = [part.columns.get(name, pa.nulls(part.rows, kinds[0])) for part in parts]
    column = pa.chunked_array(columns, kinds[0])
    return None if column.null_count == len(column) else column


def _words(column: pa.ChunkedArray) -> Words:
    unified = column.unify_dictionaries()
    codes = [pc.fill_null(chunk.indices, -1).to_numpy() for chunk in unified.chunks]
    return Words(np.concatenate(codes).astype(np.int32), unified.chunk(0).dictionary)


def _numbers(column: pa.ChunkedArray) -> npt.NDArray[Any]:
    """As stored where that is a single, else as a double, which holds all of 32 bits."""
    kind = np.float32 if pa.types.is_float32(column.type) else np.float64
    numbers: npt.NDArray[Any] = column.to_numpy(zero_copy_only=False).astype(kind)
    return numbers


def _crop_numbers(column: pa.ChunkedArray, uri: str) -> npt.NDArray[np.int32]:
    """The numbers behind the dashes of crops' ids."""
    try:
        parsed = pc.replace_substring_regex(column, r"^.*-", "").cast(pa.int32())
    except pa.ArrowInvalid as exc:
        raise IntegrityError(
            f"{uri}: a `crop_id` does not end in a number ({error_line(exc)}); "
            "`pagefoundry verify` names what is bad"
        ) from exc
    numbers: npt.NDArray[np.int32] = pc.fill_null(parsed, -1).to_numpy().astype(np.int32)
    return numbers


def _marks(parts: Sequence[_Read], starts: npt.NDArray[Any], words: Mapping[str, Words]) -> Marks:
    """The policies of each row: those that found something in it, and the one that rejected it."""
    bits = np.zeros(int(starts[-1]), np.uint64)
    barred = _barred_by(words)
    found = (name for part in parts for name in pc.unique(part.policies).drop_null().to_pylist())
    names = sorted({*found, *barred})
    if len(names) > _MOST_POLICIES:
        log.warning("findings name %d policies; %d can be chosen by", len(names), _MOST_POLICIES)
        names = names[:_MOST_POLICIES]
    for bit, name in enumerate(names):
        mark = np.uint64(1 << bit)
        for start, part in zip(starts, parts, strict=False):
            of_policy = pc.fill_null(pc.equal(part.policies, name), False)
            rows = part.found[of_policy.to_numpy(zero_copy_only=False)]
            bits[start + rows] |= mark
        if name in barred:
            bits[barred[name]] |= mark
    return Marks(bits, tuple(names))


def _barred_by(words: Mapping[str, Words]) -> dict[str, npt.NDArray[np.bool_]]:
    """By policy the rejects that it made: the stage of those is its name."""
    if "stage" not in words or "reason" not in words:
        return {}
    stages, reasons = words["stage"], words["reason"]
    codes = [code for word in POLICY_REASONS if (code := reasons.code(word)) is not None]
    made = np.isin(reasons.codes, codes)
    by_policies = np.unique(stages.codes[made]).tolist()
    return {str(stages.words[code].as_py()): made & (stages.codes == code) for code in by_policies}
