"""Choose rows by a condition in SQL, as DataFusion reads it, which deltalake brings along.

DataFusion gives the keys of the rows, and reads no more than the columns that the condition names;
the rows are then found by their keys. Other tables of the same version may stand in the condition:
`doc_id IN (SELECT doc_id FROM documents WHERE page_count > 10)`.
"""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import QueryBuilder
from deltalake.exceptions import DeltaError

from schemas.errors import RequestError
from schemas.lines import error_line
from schemas.tables import KEYS, TABLES
from workers.loading import Rows
from workers.loading.opening import delta_table, find_table


def where(rows: Rows, condition: str) -> Rows:
    """The rows for which a condition in SQL is true. Raises RequestError where it is none."""
    address = rows.address
    key = KEYS[address.table]
    query = QueryBuilder().register(address.table, delta_table(address))
    for other in TABLES:
        if other != address.table and re.search(rf"\b{other}\b", condition, re.IGNORECASE):
            options = dict(address.storage_options)
            there = find_table(address.dataset, other, address.version, options)
            query = query.register(other, delta_table(there))
    # On lines of its own, so that a comment in it ends with it.
    sql = f"SELECT {key} FROM {address.table} WHERE (\n{condition}\n)"
    try:
        keys = pa.table(query.execute(sql).read_all())[key].cast(pa.string())
    except (DeltaError, ValueError) as exc:
        raise RequestError(
            f"--where {condition!r} is no condition in SQL on the columns of {address.table}: "
            f"{error_line(exc)[:700]}"
        ) from exc
    return rows.filter(pc.field(key).isin(keys.combine_chunks()))
