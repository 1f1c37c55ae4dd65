"""What each table of a version holds: the rows of old parts that stay, and the rows that are new.

Old rows are named by their place: no row is read to decide whether it stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.version.dedup import Drops
from pipelines.version.records import (
    DUPLICATE,
    FIRST_BARRED,
    LEFT_OUT,
    LIMITED,
    NOBODY,
    REJECT,
    RESERVED,
    Flags,
    Ints,
    Records,
)
from pipelines.version.rows import Version
from pipelines.version.said import Said, counts, is_counted_alike, said_of, said_of_scores
from pipelines.version.scores import Scores
from schemas.inventory import Document
from schemas.rows import RejectRow
from schemas.sources import is_conversation
from workers.dataset import PartFile
from workers.publishing.decisions import KINDS
from workers.publishing.gather import CLEARED
from workers.publishing.records import Level, RowsFile, record_id

_REJECT_BYTES = 2048  # signatures are most of a row


@dataclass(frozen=True, slots=True)
class OldRows:
    """Rows of old parts that stay, in arrays of one entry a row.

    The row is the `row`-th of `uris[file]`. `renamed` is the number of its document where that has
    another URI or `source` now, which the row must say; -1 elsewhere. `said` is of these rows.
    """

    uris: Sequence[str]
    file: npt.NDArray[np.int32]
    row: npt.NDArray[np.int32]
    renamed: npt.NDArray[np.int32]
    said: Said

    def take(self, chosen: Ints) -> OldRows:
        """Some of the rows."""
        file, row, renamed = self.file[chosen], self.row[chosen], self.renamed[chosen]
        return OldRows(self.uris, file, row, renamed, self.said.take(chosen))


@dataclass(frozen=True, slots=True)
class NewRows:
    """Rows that go to new parts, in arrays and in their order.

    `overlay` gives, for some of them by place, the columns in which a row gets another value than
    its file has.
    """

    files: Sequence[RowsFile]
    file: npt.NDArray[np.int32]
    row: npt.NDArray[np.int32]
    weight: Ints
    overlay: Callable[[Ints], pa.Table]


@dataclass(frozen=True, slots=True)
class Contents:
    """What a table of a version holds.

    `parts` are those of the last version, each with its URI, and `old` their rows that stay; `new`
    are rows that lie in other files, `at_hand` new rows that lie in none. `scores` are its columns
    of scores.
    """

    table: str
    parts: Sequence[tuple[PartFile, str]]
    old: Sequence[OldRows]
    new: Sequence[NewRows] = ()
    at_hand: Iterable[Mapping[str, object]] = ()
    scores: tuple[str, ...] = ()


def table_contents(version: Version, known: Sequence[Document]) -> Iterator[Contents]:
    """The contents of every table, in commit order; `known` is the last version's inventory.

    One at a time: the arrays of a table are not needed once it is written.
    """
    yield inventory_contents(version, known)
    yield reject_contents(version)
    yield document_contents(version)
    yield crop_contents(version)
    yield conversation_contents(version)
    yield page_contents(version)


def inventory_contents(version: Version, known: Sequence[Document]) -> Contents:
    """The present documents: a document whose files changed gets a new row."""
    catalogue = version.inputs.catalogue
    parts = _parts(version, "inventory")
    places = ((n, row) for n, (part, _) in enumerate(parts) for row in range(part.rows))
    unchanged: list[tuple[int, int]] = []
    ids = set()
    for place, document in zip(places, known, strict=True):
        number = catalogue.numbers.get(document.doc_id)
        if number is not None and catalogue.documents[number] == document:
            ids.add(document.doc_id)
            unchanged.append(place)
    file, row = np.array(unchanged, np.int32).reshape(-1, 2).T
    renamed = np.full(len(unchanged), NOBODY, np.int32)
    return Contents(
        "inventory",
        parts,
        [OldRows([uri for _, uri in parts], file, row, renamed, Said.nothing(len(row)))],
        at_hand=(d.to_row() for d in catalogue.documents if d.doc_id not in ids),
    )


def page_contents(version: Version) -> Contents:
    """The kept pages that are no conversations."""
    kept = version.kept & ~_is_conversation(version)
    said = said_of(version.inputs, version.pages, version.page_drops, version.page_scores)
    return _contents(version, "pages", version.pages, kept, said)


def conversation_contents(version: Version) -> Contents:
    """The kept conversations: each is the one page of its document."""
    kept = version.kept & _is_conversation(version)
    said = said_of(version.inputs, version.pages, version.page_drops, version.page_scores)
    return _contents(version, "conversations", version.pages, kept, said)


def _is_conversation(version: Version) -> Flags:
    """Which pages are conversations."""
    of_document = [is_conversation(d.media_type) for d in version.inputs.catalogue.documents]
    flags: Flags = np.array(of_document, bool)[version.pages.doc]
    return flags


def crop_contents(version: Version) -> Contents:
    """The crops of the kept pages."""
    crops = version.crops
    return _contents(
        version, "crops", crops, np.ones(len(crops), bool), said_of(version.inputs, crops)
    )


def document_contents(version: Version) -> Contents:
    """The kept documents that have a readable page."""
    kept = version.kept_documents
    kept &= ~_is_plain(version)[version.documents.doc]
    drops, scores = version.document_drops, version.document_scores
    said = said_of(version.inputs, version.documents, drops, scores)
    return _contents(version, "documents", version.documents, kept, said)


def _contents(version: Version, table: str, records: Records, kept: Flags, said: Said) -> Contents:
    """The rows of a table that are kept; `said` is along the records."""
    published = np.flatnonzero(kept & records.origin(table))
    chosen = np.flatnonzero(kept & records.origin("staged"))
    new = records.take(chosen)
    order = np.lexsort((new.number, new.index, new.doc, new.order))
    new, of_new = new.take(order), said.take(chosen[order])

    def overlay(places: Ints) -> pa.Table:
        return pa.table({**_origin(version, new.doc[places]), **of_new.take(places).columns})

    return Contents(
        table,
        _parts(version, table),
        [_old(records.take(published), said.take(published))],
        [NewRows(new.files, new.file, new.row, new.weight, overlay)],
        scores=() if table == "crops" else version.page_scores.columns,
    )


def _is_mixed_alike(version: Version) -> bool:
    """Whether the last version counted what its mix left out as this one does."""
    mix, snapshot = version.inputs.recipe.mix, version.inputs.snapshot
    then = snapshot.metadata["publish_settings"].get("mix") if snapshot else None
    had_budget = isinstance(then, dict) and "tokens" in then
    has_budget = mix is not None and mix.tokens is not None
    return is_counted_alike(version.inputs) and had_budget == has_budget


def _origin(version: Version, doc: npt.NDArray[np.int32]) -> dict[str, pa.Array]:
    """The columns that say where documents are from, by their numbers."""
    catalogue, numbers = version.inputs.catalogue, pa.array(doc)
    return {
        "source_uri": catalogue.uris.take(numbers),
        "source": catalogue.sources.take(numbers),
    }


def _old(records: Records, said: Said) -> OldRows:
    renamed = np.where(records.moved, records.doc, np.int32(NOBODY))
    uris = [file.uri for file in records.files]
    return OldRows(uris, records.file, records.row, renamed, said)


def _parts(version: Version, table: str) -> list[tuple[PartFile, str]]:
    """The parts that the last version's table has, and where they lie."""
    snapshot = version.inputs.snapshot
    if snapshot is None:
        return []
    old = snapshot.tables[table]
    return [(part, old.part_uri(part)) for part in old.parts]


# ---- rejects ----------------------------------------------------------------------------------


def reject_contents(version: Version) -> Contents:
    """Everything that went in and does not come out."""
    documents, pages = version.documents, version.pages
    is_plain = (documents.outcome == REJECT) & _is_plain(version)[documents.doc]
    nothing = np.zeros(len(documents), bool)
    of_documents = Rejections(
        version.document_drops,
        version.document_verdicts.barred,
        documents.readable & version.reserved[documents.doc],
        documents.readable & version.limited[documents.doc],
        nothing,
        is_plain,
    )
    of_pages = Rejections(
        version.page_drops,
        version.page_verdicts.barred,
        pages.readable & version.reserved[pages.doc],
        pages.readable & version.limited[pages.doc],
        version.selection.left_out,
        pages.outcome == REJECT,
    )
    levels = [
        _rejected(version, "document", documents, of_documents, version.document_scores),
        _rejected(version, "page", pages, of_pages, version.page_scores),
    ]
    return Contents(
        "rejects",
        _parts(version, "rejects"),
        [old for old, _ in levels],
        [new for _, new in levels],
        new_plain_rejects(version),
        version.page_scores.columns,
    )


def new_plain_rejects(version: Version) -> Iterator[RejectRow]:
    """Rejects of documents without a page count or a readable page, unless they are there."""
    documents = version.documents
    is_plain = _is_plain(version)
    is_plain[documents.doc[documents.outcome == REJECT]] = False
    for number in np.flatnonzero(is_plain).tolist():
        document = version.inputs.catalogue.documents[number]
        stage, reason = "read", "no_readable_page"
        detail: str | None = f"none of its {document.page_count} pages"
        if document.page_count is None:
            assert document.reason is not None
            stage, reason, detail = "inventory", document.reason, document.detail
        yield {
            "level": "document",
            "stage": stage,
            "reason": reason,
            "detail": detail,
            "doc_id": document.doc_id,
            "source_uri": document.source_uri,
            "source": document.provenance.to_row(),
            "recipe_digest": version.inputs.recipe.digest(),
        }


def _is_plain(version: Version) -> Flags:
    """By document number: whether it has no page count or no readable page."""
    is_plain = np.ones(len(version.inputs.catalogue.documents), bool)
    is_plain[version.pages.doc[version.pages.readable]] = False
    return is_plain


@dataclass(frozen=True, slots=True)
class Rejections:
    """Why rows of a level are rejected, in arrays with an entry a record.

    They are duplicates, `barred` by a policy, `reserved` for their document, `limited` with it,
    `left_out` by the mix, or `plain`: of no text.
    """

    drops: Drops
    barred: Flags
    reserved: Flags
    limited: Flags
    left_out: Flags
    plain: Flags

    @property
    def by_rule(self) -> Flags:
        """Which rows another rule than deduplication or a policy leaves out."""
        flags: Flags = self.reserved | self.limited | self.left_out
        return flags


def _rejected(
    version: Version, level: Level, records: Records, why: Rejections, scores: Scores
) -> tuple[OldRows, NewRows]:
    """The rejects of a level: rows of old parts that stay, and new rows."""
    same = (
        _same_drop(records, why.drops)
        | (why.reserved & (records.outcome == RESERVED))
        | (why.limited & (records.outcome == LIMITED))
        | (why.left_out & (records.outcome == LEFT_OUT) & _is_mixed_alike(version))
        | (why.barred & (records.outcome >= FIRST_BARRED))
    )
    stays = records.origin("rejects") & (why.plain | same)
    is_out = why.plain | why.drops.dropped | why.barred | why.by_rule
    chosen = np.flatnonzero(is_out & ~stays)
    new, said = records.take(chosen), said_of_scores(scores)

    def overlay(places: Ints) -> pa.Table:
        columns = _overlay(version, level, records, why, chosen[places])
        return pa.table({**columns, **said.take(chosen[places]).columns})

    weight = np.full(len(new), _REJECT_BYTES, np.int64)
    old = _old(records.take(stays), said.take(np.flatnonzero(stays)))
    return old, NewRows(new.files, new.file, new.row, weight, overlay)


def _same_drop(records: Records, drops: Drops) -> Flags:
    """Duplicates that the last version dropped for the same keeper, kind and similarity."""
    keepers = np.full(len(records), NOBODY, np.int64)
    keepers[drops.dropped] = records.keys[drops.keeper[drops.dropped]]
    same: Flags = (
        drops.dropped
        & (records.outcome == DUPLICATE)
        & (records.keeper == keepers)
        & (records.kind == drops.kind)
        & (records.similarity == drops.similarity)
    )
    return same


def _overlay(
    version: Version,
    level: Level,
    records: Records,
    why: Rejections,
    chosen: Ints,
) -> dict[str, pa.Array]:
    catalogue, drops = version.inputs.catalogue, why.drops
    dropped, keepers = drops.dropped[chosen], drops.keeper[chosen]
    by_rule = why.by_rule[chosen]
    # rule: the place of a row's word in those of `where_out`
    rule = np.select([dropped, why.reserved[chosen], why.limited[chosen]], [0, 1, 2], 3)

    def where_dropped(values: npt.NDArray[np.generic], kind: pa.DataType) -> pa.Array:
        return pa.array(np.broadcast_to(values, dropped.shape), kind, mask=~dropped)

    def where_out(*words: str) -> pa.Array:
        return pa.array(np.array(words, object)[rule], pa.string(), mask=~(dropped | by_rule))

    places = zip(records.doc[keepers].tolist(), records.index[keepers].tolist(), strict=True)
    names = [record_id(level, catalogue.documents[doc].doc_id, index, 0) for doc, index in places]
    return {
        "level": pa.array([level] * len(chosen), pa.string()),
        **_origin(version, records.doc[chosen]),
        "stage": where_out("dedup", "rights", "limits", "mix"),
        "reason": where_out("duplicate", "reserved", "over_limit", "left_out"),
        "detail": where_dropped(np.array(KINDS, object)[drops.kind[chosen]], pa.string()),
        "kept_id": where_dropped(np.array(names, object), pa.string()),
        "similarity": where_dropped(drops.similarity[chosen], pa.float32()),
        # Of what a mix leaves out, a budget must know the tokens in the next version, too.
        "trainer_tokens": counts(
            np.where(why.left_out[chosen], records.trainer_tokens[chosen], NOBODY)
        ),
        CLEARED: pa.array(by_rule),
    }
