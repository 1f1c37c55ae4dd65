"""The embeddings of rows: which have a vector in staging, and what the encoder says of the others.

    rows ─► keys of their texts, noted or read ─► vectors that staging has ─► texts without one
         ─► [ read ─► embed on a replica ─► keep ] per some hundred texts ─► where each vector lies

A row is embedded by its text as it was read, before any policy. Its vector is kept by the row, so
a row that is dropped can be compared again although its text lies nowhere.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cluster.session import Session
from pipelines.steps.places import staging_root
from pipelines.steps.settings import encoder_settings
from pipelines.steps.tasks import run_tasks
from pipelines.version.policies import has_lost_text
from pipelines.version.records import NOBODY, Catalogue, Flags, Ints, Records
from pipelines.version.story import Story
from pipelines.version.text_pass import TextPass, keys_of_texts, read_all
from schemas.recipe import NearText, Recipe
from schemas.semantic import PinnedEncoder
from workers import store
from workers.embeddings import Encoder, load_encoder
from workers.embeddings.kept import (
    DOCUMENT,
    LEFT_OUT,
    NOTE,
    PARTIAL,
    VALUE,
    WHOLE,
    KeptEmbeddings,
    embeddings_name,
    entries_tasks,
    kept_files,
    read_entries,
)
from workers.embeddings.vectors import to_bytes, whole_numbers
from workers.publishing.records import Level
from workers.text_models.kept import places_of
from workers.text_models.texts import KEY, Keys

_NOTES_PER_FILE = 65_536


@dataclass(frozen=True, slots=True)
class Embedding:
    """What embedding rows needs besides the records."""

    recipe: Recipe
    encoder: PinnedEncoder
    catalogue: Catalogue
    session: Session
    story: Story

    @property
    def folder(self) -> str:
        """Where the embeddings of this encoder and of these readings are kept."""
        name = embeddings_name(self.encoder.digest, self.recipe.digest())
        return store.join(staging_root(self.recipe), name)


@dataclass(frozen=True, slots=True)
class Embedded:
    """Where the vectors of records lie, with an entry a record.

    - `file` is the number of its file in `files`, `NOBODY` for a record without a vector.
    - `row` is its place there, `text` the key of its text.
    - `used` are the names of the files of which these records need an entry.
    """

    files: Sequence[str]
    file: npt.NDArray[np.int32]
    row: npt.NDArray[np.int32]
    text: Keys
    used: frozenset[str]


def embed_rows(
    originals: Records, among: Flags, level: Level, embedding: Embedding
) -> Embedded | Flags:
    """The vectors of the rows that are flagged in `among`, or rows that must be read again first.

    `originals` lie where they are as they were read. Rows with few words get no vector, and neither
    do documents that the model does not see whole.
    """
    near = embedding.recipe.dedup.near or NearText()
    among = among & (originals.tokens >= near.min_text_tokens)
    entries = _load(level, embedding)

    # 1. Rows without a text need a noted one whose vector is there.
    keys, is_noted = entries.texts_of(originals.keys)
    is_noted &= among & ~originals.origin("staged")
    is_done = is_noted.copy()
    is_done[is_noted] = entries.places_of(keys[is_noted], level)[1]
    lost: Flags = among & ~is_done & (originals.origin("rejects") | has_lost_text(originals))
    if lost.any():
        return lost

    # 2. Find the keys of the other texts, and embed each text that has no vector.
    unknown = np.flatnonzero(among & ~is_noted)
    keys[unknown] = keys_of_texts(originals, unknown, embedding.session)
    rows = np.flatnonzero(among)
    is_there = entries.places_of(keys[rows], level)[1]
    _, first = np.unique(keys[rows][~is_there], return_index=True)
    new = rows[~is_there][np.sort(first)]
    if len(new):
        _embed(originals, new, level, embedding)

    # 3. Note the texts of the rows whose vector another has.
    noted = unknown[~np.isin(unknown, new)]
    noted = noted[~entries.says(originals.keys[noted], keys[noted])]
    _note(originals, noted, keys, level, embedding)
    if len(new) or len(noted):
        entries = _load(level, embedding)
    return entries.along(originals, rows, keys, level)


def _embed(
    originals: Records, rows: npt.NDArray[np.intp], level: Level, embedding: Embedding
) -> None:
    recipe, session = embedding.recipe, embedding.session
    settings = encoder_settings(embedding.encoder, recipe.placement, session.isolated)
    text_pass = TextPass(
        f"embed {level}s",
        functools.partial(load_encoder, settings),
        functools.partial(embeddings_of, level),
        KeptEmbeddings(embedding.folder, level),
    )
    tasks = [task for task, _ in originals.by_file(rows)]
    failures = read_all(text_pass, tasks, recipe, session, embedding.story)
    if failures:
        count = f"{len(failures):,} texts are" if len(failures) > 1 else "1 text is"
        embedding.story.say(
            f"{count} not compared by `dedup.semantic`, because the model failed twice: "
            f"{failures[0]}"
        )


def embeddings_of(level: Level, encoder: Encoder, texts: Sequence[str]) -> pa.Array:
    """What the encoder says of each text, as `VALUE`."""
    found = encoder.embed(texts, only_whole=level == "document")
    vectors = [None if row is None else to_bytes([whole_numbers(row)])[0] for row in found.vectors]
    columns = [pa.array(found.is_whole), pa.array(vectors, pa.binary())]
    return pa.StructArray.from_arrays(columns, names=[field.name for field in VALUE])


def _note(
    originals: Records,
    rows: npt.NDArray[np.intp],
    keys: Keys,
    level: Level,
    embedding: Embedding,
) -> None:
    kept = KeptEmbeddings(embedding.folder, level)
    documents = embedding.catalogue.documents
    for start in range(0, len(rows), _NOTES_PER_FILE):
        some = rows[start : start + _NOTES_PER_FILE]
        doc_ids = [documents[number].doc_id for number in originals.doc[some].tolist()]
        pages = originals.index[some].tolist() if level == "page" else [DOCUMENT] * len(some)
        kept.note(doc_ids, pages, keys[some])


# ---- entries ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Entries:
    """All entries of a folder: which texts rows of one level have, and where vectors of texts are.

    - `row_keys`, ascending, and `row_texts`: the text of each row, by its `page_key`; `row_files`
      are the files that say it.
    - `texts`, ascending, with the `state`, `file` and `row` of each.
    """

    files: Sequence[str]
    row_keys: Ints
    row_texts: Keys
    row_files: npt.NDArray[np.int32]
    texts: Keys
    state: npt.NDArray[np.uint8]
    file: npt.NDArray[np.int32]
    row: npt.NDArray[np.int32]

    def texts_of(self, row_keys: Ints) -> tuple[Keys, Flags]:
        """The texts of rows, and of which rows they are noted."""
        places, is_there = self._rows(row_keys)
        texts = np.zeros(len(row_keys), KEY)
        texts[is_there] = self.row_texts[places[is_there]]
        return texts, is_there

    def says(self, row_keys: Ints, texts: Keys) -> Flags:
        """Whether it is noted of each row that it has this text."""
        noted, is_there = self.texts_of(row_keys)
        flags: Flags = is_there & (noted == texts)
        return flags

    def places_of(self, texts: Keys, level: Level) -> tuple[npt.NDArray[np.intp], Flags, Flags]:
        """The place of each text among `texts`, whether there is one, and whether its vector is
        compared."""
        places, is_there = places_of(texts, self.texts)
        least = PARTIAL if level == "page" else WHOLE
        is_compared = np.zeros(len(texts), bool)
        is_compared[is_there] = self.state[places[is_there]] >= least
        return places, is_there, is_compared

    def along(
        self, records: Records, rows: npt.NDArray[np.intp], texts: Keys, level: Level
    ) -> Embedded:
        """Where the vectors of the records at `rows` lie; `texts` are along the records."""
        file, row = (np.full(len(records), NOBODY, np.int32) for _ in range(2))
        places, is_there, is_compared = self.places_of(texts[rows], level)
        file[rows[is_compared]] = self.file[places[is_compared]]
        row[rows[is_compared]] = self.row[places[is_compared]]
        noted, is_noted = self._rows(records.keys[rows])
        used = {*self.file[places[is_there]].tolist(), *self.row_files[noted[is_noted]].tolist()}
        names = frozenset(self.files[number].rpartition("/")[2] for number in used)
        return Embedded(self.files, file, row, texts, names)

    def _rows(self, row_keys: Ints) -> tuple[npt.NDArray[np.intp], Flags]:
        if not len(self.row_keys):
            return np.zeros(len(row_keys), np.intp), np.zeros(len(row_keys), bool)
        places = np.minimum(np.searchsorted(self.row_keys, row_keys), len(self.row_keys) - 1)
        is_there: Flags = self.row_keys[places] == row_keys
        return places, is_there


def _load(level: Level, embedding: Embedding) -> _Entries:
    """The entries of all files; of entries of one row the latest counts."""
    files = kept_files(embedding.folder)
    loaded = run_tasks(read_entries, entries_tasks(files), embedding.session)
    tables = [table for _, table in sorted(loaded, key=lambda pair: pair[0])]
    doc = np.concatenate([np.zeros(0, np.int32), *(_documents(t, embedding) for t in tables)])
    page, state, file, row = (
        np.concatenate([np.zeros(0, dtype), *(t[name].to_numpy() for t in tables)])
        for name, dtype in (
            ("page_index", np.int32),
            ("state", np.uint8),
            ("file", np.int32),
            ("row", np.int32),
        )
    )
    joined = b"".join(key for t in tables for key in t["text"].to_pylist())
    texts: Keys = np.frombuffer(joined, KEY)

    is_mine = (doc != NOBODY) & ((page == DOCUMENT) == (level == "document"))
    mine = np.flatnonzero(is_mine)[::-1]  # the latest first
    index = np.maximum(page[mine], 0).astype(np.int64)
    row_keys, first = np.unique((doc[mine].astype(np.int64) << 32) | index, return_index=True)
    latest = mine[first]

    # A document that is too long may be a page, whose beginning is compared.
    has_value = np.flatnonzero((state != NOTE) & ((state != LEFT_OUT) | (level == "document")))
    known, first = np.unique(texts[has_value], return_index=True)
    at = has_value[first]
    return _Entries(
        *(files, row_keys, texts[latest], file[latest], known, state[at], file[at], row[at])
    )


def _documents(table: pa.Table, embedding: Embedding) -> npt.NDArray[np.int32]:
    column = table["doc_id"].combine_chunks()
    numbers = embedding.catalogue.numbers_of(column.dictionary.to_pylist())
    found: npt.NDArray[np.int32] = numbers[column.indices.to_numpy()]
    return found
