"""The values of one score that are kept in staging, by the keys of their texts.

Each task of a run leaves a file of its own, in one write, so a run that is killed loses no more
than what its tasks have in hand. A published row carries its value, so the files serve only runs
that did not end, rows that come back, and scores that are dropped and added again. They are removed
with what has been staged too long.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from workers import store
from workers.scores.texts import KEY, KEY_BYTES, Keys
from workers.store.listing import list_stored

SCORES = "scores-"
"""Begins the names of the folders of scores in staging."""

KEPT = pa.schema([("text", pa.binary(KEY_BYTES)), ("value", pa.float32())])
"""One row a text. The value is NaN for a text that ended its replica twice."""

Values = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class KeptScores:
    """The folder of one score in a dataset's staging."""

    folder: str

    @staticmethod
    def of(staging_root: str, score_digest: str) -> KeptScores:
        """The folder of a score, by `PinnedScore.digest`."""
        return KeptScores(store.join(staging_root, f"{SCORES}{score_digest}"))

    def write(self, keys: Keys, values: Values) -> None:
        """Keep the values of some texts."""
        data = keys.tobytes()
        texts = pa.FixedSizeBinaryArray.from_buffers(
            pa.binary(KEY_BYTES), len(keys), [None, pa.py_buffer(data)]
        )
        out = io.BytesIO()
        table = pa.table([texts, pa.array(values)], schema=KEPT)
        pq.write_table(table, out, compression="none", use_dictionary=False)
        name = hashlib.blake2b(data, digest_size=16).hexdigest()
        store.write_bytes(store.join(self.folder, f"{name}.parquet"), out.getvalue())

    def load(self) -> tuple[Keys, Values]:
        """All keys, sorted and each once, and their values."""
        listed = [item.uri for item in list_stored(self.folder) if item.name.endswith(".parquet")]
        tables = [pq.read_table(io.BytesIO(data)) for data in store.read_many(listed)]
        if not tables:
            return np.zeros(0, KEY), np.zeros(0, np.float32)
        table = pa.concat_tables(tables)
        keys, first = np.unique(np.frombuffer(_joined(table["text"]), KEY), return_index=True)
        return keys, table["value"].to_numpy()[first]


def _joined(column: pa.ChunkedArray) -> bytes:
    return b"".join(column.to_pylist())


def values_of(keys: Keys, known: tuple[Keys, Values]) -> tuple[Values, npt.NDArray[np.bool_]]:
    """The kept value of each key, NaN where there is none, and which keys have one.

    `known` is what `KeptScores.load` gives.
    """
    values = np.full(len(keys), np.nan, np.float32)
    if not len(known[0]):
        return values, np.zeros(len(keys), bool)
    place = np.minimum(np.searchsorted(known[0], keys), len(known[0]) - 1)
    is_known: npt.NDArray[np.bool_] = known[0][place] == keys
    values[is_known] = known[1][place[is_known]]
    return values, is_known
