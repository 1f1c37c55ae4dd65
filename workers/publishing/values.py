"""Values: the numbers of all rows that `keep` compares, read from the columns they are in.

Texts are read only of rows that an earlier release wrote, whose heuristics are counted now.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from schemas.keep import columns_of
from workers.dataset.columns import array
from workers.policies.keeping import of_text
from workers.publishing.records import RowsFile
from workers.publishing.rows_of import RowsOf

Places = npt.NDArray[np.int32]
Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ValuesTask:
    """Rows of some files, and the names of the values to read of them."""

    number: int
    rows: tuple[RowsOf, ...]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RowValues:
    """What a task found, file by file: float64 (names, rows), NaN where a row has no such value.

    `languages` is a dictionary array of words.
    """

    number: int
    values: Numbers
    languages: pa.DictionaryArray


def read_values(task: ValuesTask) -> RowValues:
    """The values and the language of each of the task's rows."""
    values, languages = [], []
    for rows in task.rows:
        numbers, words = _of_file(rows.file, rows.rows, task.names)
        values.append(numbers)
        languages.append(words)
    return RowValues(
        task.number,
        np.concatenate(values, axis=1),
        array(pa.chunked_array(languages).dictionary_encode()),
    )


def _of_file(file: RowsFile, rows: Places, names: Sequence[str]) -> tuple[Numbers, pa.Array]:
    """The values of rows of a file: float64 (names, rows), and their languages."""
    values = np.full((len(names), len(rows)), np.nan)
    with file.open() as handle:
        parquet = pq.ParquetFile(handle)
        there = set(parquet.schema_arrow.names)
        columns = {
            name: column
            for name in names
            for column in columns_of(name)
            if column.partition(".")[0] in there
        }
        wanted = sorted({*columns.values(), *({"language"} & there)})
        table = parquet.read(columns=wanted).take(pa.array(rows))
        for place, name in enumerate(names):
            if name in columns:
                values[place] = _numbers(table, columns[name])
        languages = _languages(table)
        old = _uncounted(table, names)
        if len(old) and "text" in there:
            texts = parquet.read(columns=["text"])["text"].take(pa.array(rows[old]))
            _count(values, names, old, texts, languages)
    return values, languages


def _numbers(table: pa.Table, column: str) -> Numbers:
    first, *rest = column.split(".")
    numbers = array(table[first])
    if rest:
        numbers = pc.struct_field(numbers, rest)
    found: Numbers = pc.fill_null(numbers.cast(pa.float64()), np.nan).to_numpy(zero_copy_only=False)
    return found


def _languages(table: pa.Table) -> pa.Array:
    if "language" not in table.column_names:
        return pa.array(["und"] * table.num_rows, pa.string())
    return pc.fill_null(array(table["language"]).cast(pa.string()), "und")


def _uncounted(table: pa.Table, names: Sequence[str]) -> npt.NDArray[np.int64]:
    """The places of rows whose heuristics are wanted and were never counted."""
    if not any(map(_is_counted, names)):
        return np.zeros(0, np.int64)
    if "heuristics" not in table.column_names:
        return np.arange(table.num_rows)
    return np.flatnonzero(array(pc.is_null(table["heuristics"])).to_numpy(zero_copy_only=False))


def _is_counted(name: str) -> bool:
    return columns_of(name)[0].startswith("heuristics.")


def _count(
    values: Numbers,
    names: Sequence[str],
    places: npt.NDArray[np.int64],
    texts: pa.ChunkedArray,
    languages: pa.Array,
) -> None:
    """Fill in the heuristics of the rows at some places, which have these texts."""
    counted = [name for name in names if _is_counted(name)]
    of_rows = languages.take(pa.array(places)).to_pylist()
    for place, text, language in zip(places.tolist(), texts.to_pylist(), of_rows, strict=True):
        for name, value in of_text(text, language, counted).items():
            values[names.index(name), place] = np.nan if value is None else value
