"""The embeddings of a dataset's rows, kept in staging: which text a row has, and its vector.

    staging/embeddings-<encoder>-<recipe>/ ─► files of rows: document, page, key of the text, vector

A row that is dropped has no text in the version. So its vector must outlast its shard, or its page
would be read again whenever the corpus changes. The vectors of a text are computed once: another
row of the same text has a note, which is an entry without a vector. Entries name their documents,
so a takedown finds them.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from workers import store
from workers.publishing.records import Level
from workers.publishing.rows_of import RowsOf
from workers.store.listing import list_stored
from workers.text_models.texts import KEY_BYTES, Keys, text_key

EMBEDDINGS = "embeddings-"
"""Begins the names of the folders of embeddings in staging."""


def embeddings_name(encoder_digest: str, recipe_digest: str) -> str:
    """The name of the folder of an encoder's embeddings: by the reading, too, as it makes texts."""
    return f"{EMBEDDINGS}{encoder_digest}-{recipe_digest[:16]}"


NOTE, FAILED, LEFT_OUT, PARTIAL, WHOLE = range(5)
"""What an entry is: without a vector as another has it, as the model failed on the text twice, or
as a document is too long; with the vector of the beginning of a text, or of a whole one."""

DOCUMENT = -1
"""Stands in `page_index` for the document itself."""

VALUE = pa.struct([("is_whole", pa.bool_()), ("vector", pa.binary())])
"""What the encoder says of a text."""

_ENTRY = pa.schema(
    [
        ("doc_id", pa.string()),
        ("page_index", pa.int32()),
        ("text", pa.binary(KEY_BYTES)),
        ("state", pa.uint8()),
        ("vector", pa.binary()),
    ]
)
_FILES_PER_TASK = 64


@dataclass(frozen=True, slots=True)
class KeptEmbeddings:
    """A folder of embeddings, as a place to keep those of the rows of one level."""

    folder: str
    level: Level

    @property
    def kind(self) -> pa.DataType:
        """The type of what the encoder says of a text."""
        return VALUE

    def keep(self, rows: Sequence[RowsOf], texts: Sequence[str], values: pa.Array) -> None:
        """Keep the embeddings of the texts of some rows, one after the other."""
        doc_ids, pages = self._names(rows)
        states = [self._state(value) for value in values.to_pylist()]
        vectors = pa.array([value and value["vector"] for value in values.to_pylist()], pa.binary())
        self.write(doc_ids, pages, [text_key(text) for text in texts], states, vectors)

    def note(self, doc_ids: Sequence[str], pages: Sequence[int], keys: Keys) -> None:
        """Note which texts some rows have; their vectors are kept already, or will be."""
        names = [key.tobytes() for key in keys]
        count = len(names)
        self.write(doc_ids, pages, names, [NOTE] * count, pa.nulls(count, pa.binary()))

    def _state(self, value: Mapping[str, Any] | None) -> int:
        if value is None:
            return FAILED
        if value["vector"] is not None:
            return WHOLE if value["is_whole"] else PARTIAL
        return LEFT_OUT if self.level == "document" and not value["is_whole"] else FAILED

    def _names(self, rows: Sequence[RowsOf]) -> tuple[list[str], list[int]]:
        """The document of each row, and its page."""
        doc_ids: list[str] = []
        pages: list[int] = []
        columns = ["doc_id", "page_index"] if self.level == "page" else ["doc_id"]
        for part in rows:
            for batch in part.batches(columns):
                doc_ids += batch["doc_id"].to_pylist()
                if self.level == "page":
                    pages += batch["page_index"].to_pylist()
        return doc_ids, pages or [DOCUMENT] * len(doc_ids)

    def write(
        self,
        doc_ids: Sequence[str],
        pages: Sequence[int],
        keys: Sequence[bytes],
        state: Sequence[int],
        vectors: pa.Array,
    ) -> None:
        """Write the entries of rows in one file; columns as `read_entries` gives them."""
        table = pa.table([doc_ids, pages, keys, state, vectors], schema=_ENTRY)
        out = io.BytesIO()
        pq.write_table(table, out, compression="none", use_dictionary=["doc_id"])
        named = hashlib.blake2b(digest_size=16)
        for doc_id, page, key in zip(doc_ids, pages, keys, strict=True):
            named.update(f"{doc_id}/{page}/".encode() + key)
        uri = store.join(self.folder, f"{named.hexdigest()}.parquet")
        store.write_bytes(uri, out.getvalue())


# ---- reading them -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EntriesTask:
    """Files whose entries are wanted; `first` is the number of the first."""

    uris: tuple[str, ...]
    first: int


_WORDS = pa.dictionary(pa.int32(), pa.string())


def kept_files(folder: str) -> list[str]:
    """The files of a folder, the oldest first."""
    items = [item for item in list_stored(folder) if item.name.endswith(".parquet")]
    return [item.uri for item in sorted(items, key=lambda item: (item.modified_s, item.name))]


def entries_tasks(uris: Sequence[str]) -> list[EntriesTask]:
    """The tasks that read the entries of some files."""
    starts = range(0, len(uris), _FILES_PER_TASK)
    return [EntriesTask(tuple(uris[s : s + _FILES_PER_TASK]), s) for s in starts]


def read_entries(task: EntriesTask) -> tuple[int, pa.Table]:
    """The number of the first file, and all entries without their vectors.

    Columns: `doc_id`, `page_index`, `text`, `state`, the number of the `file`, the `row` in it.
    """
    tables = []
    for number, uri in enumerate(task.uris, task.first):
        with store.open_input(uri) as handle:
            table = pq.read_table(handle, columns=["doc_id", "page_index", "text", "state"])
        table = table.set_column(0, "doc_id", table["doc_id"].cast(_WORDS))
        table = table.append_column("file", pa.array(np.full(len(table), number, np.int32)))
        table = table.append_column("row", pa.array(np.arange(len(table), dtype=np.int32)))
        tables.append(table)
    return task.first, pa.concat_tables(tables).unify_dictionaries()


@dataclass(frozen=True, slots=True)
class VectorsOf:
    """Vectors of one file, by places that may repeat."""

    uri: str
    rows: npt.NDArray[np.int32]

    def read(self) -> list[bytes]:
        """The vectors, in the order of `rows`."""
        with store.open_input(self.uri) as handle:
            column = pq.read_table(handle, columns=["vector"])["vector"]
        taken: list[bytes] = column.take(pa.array(self.rows)).to_pylist()
        return taken
