"""What one model says of texts, kept in staging by the keys of the texts.

Each task of a run leaves a file of its own, in one write, so a run that is killed loses no more
than what its tasks have in hand. A model says a value of each text: a number, a list of numbers, or
whatever else fits a column (`Kept.kind`).
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from workers import store
from workers.publishing.rows_of import RowsOf
from workers.store.listing import list_stored
from workers.text_models.texts import KEY, KEY_BYTES, Keys, text_key


class Keeper(Protocol):
    """Where values of texts are kept, by their type `kind`; the value of a text that ended its
    replica twice is null."""

    @property
    def kind(self) -> pa.DataType:
        """The type of a value."""
        ...

    def keep(self, rows: Sequence[RowsOf], texts: Sequence[str], values: pa.Array) -> None:
        """Keep the values of the texts of some rows, one after the other."""
        ...


@dataclass(frozen=True, slots=True)
class Kept:
    """The folder of what one model says of texts; `kind` is the type of a value.

    A file has a row a text: its key `text`, and its `value`, null for a text that ended its replica
    twice.
    """

    folder: str
    kind: pa.DataType

    @property
    def schema(self) -> pa.Schema:
        """The columns of a file."""
        return pa.schema([("text", pa.binary(KEY_BYTES)), ("value", self.kind)])

    def write(self, keys: Keys, values: pa.Array) -> None:
        """Keep the values of some texts."""
        data = keys.tobytes()
        texts = pa.FixedSizeBinaryArray.from_buffers(
            pa.binary(KEY_BYTES), len(keys), [None, pa.py_buffer(data)]
        )
        out = io.BytesIO()
        table = pa.table([texts, values], schema=self.schema)
        pq.write_table(table, out, compression="none", use_dictionary=False)
        name = hashlib.blake2b(data, digest_size=16).hexdigest()
        store.write_bytes(store.join(self.folder, f"{name}.parquet"), out.getvalue())

    def keep(self, rows: Sequence[RowsOf], texts: Sequence[str], values: pa.Array) -> None:
        """Keep the values of the texts of some rows. Which rows have them is not kept."""
        self.write(np.array([text_key(text) for text in texts], KEY), values)

    def files(self) -> list[str]:
        """The files, in the order of their names."""
        return [item.uri for item in list_stored(self.folder) if item.name.endswith(".parquet")]

    def load(self) -> tuple[Keys, pa.Array]:
        """All keys, sorted and each once, and their values."""
        tables = [pq.read_table(io.BytesIO(data)) for data in store.read_many(self.files())]
        if not tables:
            return np.zeros(0, KEY), pa.nulls(0, self.kind)
        table = pa.concat_tables(tables)
        keys, first = np.unique(np.frombuffer(_joined(table["text"]), KEY), return_index=True)
        return keys, table["value"].combine_chunks().take(pa.array(first))


def _joined(column: pa.ChunkedArray) -> bytes:
    return b"".join(column.to_pylist())


def places_of(keys: Keys, known: Keys) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
    """Where each key stands among the known ones, which are sorted, and which keys are known.

    The place of a key that is not known means nothing.
    """
    if not len(known):
        return np.zeros(len(keys), np.intp), np.zeros(len(keys), bool)
    places = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    is_known: npt.NDArray[np.bool_] = known[places] == keys
    return places, is_known
