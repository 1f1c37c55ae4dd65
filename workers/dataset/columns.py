"""Lookups and conditions over whole Arrow columns, without a loop over rows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas.findings import findings_key


def without(rows: pa.Table, others: pa.Table, key: str) -> pa.Table:
    """The rows whose key is not in `others`."""
    return rows.filter(pc.invert(is_in(rows[key], array(others[key]))))


def lookup(keys: pa.ChunkedArray, table: pa.Table, key: str) -> pa.Table:
    """The row of `table` for each of `keys`, or a row of nulls if there is none."""
    places = pc.index_in(keys, value_set=array(table[key]), skip_nulls=True)
    return table.take(array(places))


def array(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """The column in one piece."""
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def with_nulls(values: npt.NDArray[np.float32]) -> pa.Array:
    """Numbers as a column in which NaN is null."""
    return pa.array(values, mask=np.isnan(values))


def is_in(column: pa.ChunkedArray, values: pa.Array) -> pa.Array:
    """Whether each value of the column is among `values`; a null never is."""
    return array(pc.is_in(column, value_set=values, skip_nulls=True))


def equal(column: pa.ChunkedArray, word: str) -> pa.Array:
    """Whether each value of the column equals `word`; a null never does."""
    return array(pc.fill_null(pc.equal(column, word), False))


def join(*parts: pa.ChunkedArray | pa.Array | str) -> pa.Array:
    """Concatenate strings; null where one of them is null."""
    return pc.binary_join_element_wise(*parts, "")


def first_case(*cases: tuple[pa.Array, str | pa.Array], otherwise: str | pa.Array) -> pa.Array:
    """For each row the word of the first condition that is true; a null is not true."""
    conditions = pc.make_struct(
        *(pc.fill_null(array(condition), False) for condition, _ in cases),
        field_names=[str(number) for number in range(len(cases))],
    )
    return pc.case_when(conditions, *(word for _, word in cases), otherwise)


def findings_keys(column: pa.ChunkedArray) -> npt.NDArray[np.uint64]:
    """The key of each row's findings. Most rows have none, so only the others become objects."""
    keys = np.zeros(len(column), np.uint64)
    places = np.flatnonzero(array(pc.is_valid(column)).to_numpy(zero_copy_only=False))
    for place, found in zip(places, column.take(pa.array(places)).to_pylist(), strict=True):
        keys[place] = findings_key(found)
    return keys
