"""What each table of a version holds: the rows of old parts that stay, and the rows that are new.

Old parts are told by place: no row is read to decide whether it stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.version.dedup import Drops
from pipelines.version.records import DUPLICATE, LEFT_OUT, NOBODY, REJECT, Flags, Ints, Records
from pipelines.version.rows import Version
from schemas.sources import is_conversation
from schemas.tables import REJECTS
from workers.dataset import PartFile
from workers.publishing.decisions import KINDS
from workers.publishing.records import Level, RowsFile, record_id

_REJECT_BYTES = 2048  # signatures are most of a row


@dataclass(frozen=True, slots=True)
class OldRows:
    """Rows of old parts that stay, in arrays: the file, its row, and the number of the document
    where the row shall name another URI (-1 where not)."""

    uris: Sequence[str]
    file: npt.NDArray[np.int32]
    row: npt.NDArray[np.int32]
    renamed: npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class NewRows:
    """Rows that go to new parts, in arrays and in their order; `overlay` gives what lies over
    some of them."""

    files: Sequence[RowsFile]
    file: npt.NDArray[np.int32]
    row: npt.NDArray[np.int32]
    weight: Ints
    overlay: Callable[[Ints], pa.Table]


@dataclass(frozen=True, slots=True)
class Contents:
    """A table of a version. `parts` are those of the last version."""

    table: str
    parts: Sequence[tuple[PartFile, str]]
    old: Sequence[OldRows]
    new: Sequence[NewRows]


def page_contents(version: Version) -> Contents:
    """The kept pages that are no conversations."""
    return _contents(version, "pages", version.pages, version.kept & ~_is_conversation(version))


def conversation_contents(version: Version) -> Contents:
    """The kept conversations: each is the one page of its document."""
    kept = version.kept & _is_conversation(version)
    return _contents(version, "conversations", version.pages, kept)


def _is_conversation(version: Version) -> Flags:
    """Along the pages."""
    of_document = [is_conversation(d.media_type) for d in version.inputs.catalogue.documents]
    flags: Flags = np.array(of_document, bool)[version.pages.doc]
    return flags


def crop_contents(version: Version) -> Contents:
    """The crops of the kept pages."""
    return _contents(version, "crops", version.crops, np.ones(len(version.crops), bool))


def document_contents(version: Version) -> Contents:
    """The kept documents that have a readable page."""
    kept = version.documents.readable & ~version.document_drops.dropped
    is_plain = _is_plain(version)[version.documents.doc]
    return _contents(version, "documents", version.documents, kept & ~is_plain)


def _contents(version: Version, table: str, records: Records, kept: Flags) -> Contents:
    published = records.take(kept & records.origin(table))
    new = records.take(kept & records.origin("staged"))
    new = new.take(np.lexsort((new.number, new.index, new.doc, new.order)))
    uris = version.inputs.catalogue.uris

    def overlay(chosen: Ints) -> pa.Table:
        return pa.table({"source_uri": uris.take(pa.array(new.doc[chosen]))})

    return Contents(
        table,
        _parts(version, table),
        [_old(published)],
        [NewRows(new.files, new.file, new.row, new.weight, overlay)],
    )


def _old(records: Records) -> OldRows:
    renamed = np.where(records.moved, records.doc, np.int32(NOBODY))
    return OldRows([f.uri for f in records.files], records.file, records.row, renamed)


def _parts(version: Version, table: str) -> list[tuple[PartFile, str]]:
    """The parts that the last version's table has, and where they lie."""
    snapshot = version.inputs.snapshot
    if snapshot is None:
        return []
    found = snapshot.tables[table]
    return [(part, found.part_uri(part)) for part in found.parts]


# ---- rejects ----------------------------------------------------------------------------------


def reject_contents(version: Version) -> Contents:
    """Everything that went in and does not come out, but for `new_plain_rejects`."""
    documents, pages = version.documents, version.pages
    is_plain = (documents.outcome == REJECT) & _is_plain(version)[documents.doc]
    left_out = version.selection.left_out
    nothing = np.zeros(len(documents), bool)
    levels = [
        _rejected(version, "document", documents, version.document_drops, is_plain, nothing),
        _rejected(version, "page", pages, version.page_drops, pages.outcome == REJECT, left_out),
    ]
    return Contents(
        "rejects",
        _parts(version, "rejects"),
        [old for old, _ in levels],
        [new for _, new in levels],
    )


def new_plain_rejects(version: Version) -> Iterator[dict[str, Any]]:
    """Rows of documents that cannot be counted or have no readable page, and have none yet."""
    documents = version.documents
    is_plain = _is_plain(version)
    is_plain[documents.doc[documents.outcome == REJECT]] = False
    for number in np.flatnonzero(is_plain).tolist():
        document = version.inputs.catalogue.documents[number]
        row = dict.fromkeys(REJECTS.names) | {
            "level": "document",
            "doc_id": document.doc_id,
            "source_uri": document.source_uri,
            "recipe_digest": version.inputs.recipe.digest(),
        }
        if document.page_count is None:
            yield row | {"stage": "inventory", "reason": document.reason, "detail": document.detail}
        else:
            detail = f"none of its {document.page_count} pages"
            yield row | {"stage": "read", "reason": "no_readable_page", "detail": detail}


def _is_plain(version: Version) -> Flags:
    """By document number: it cannot be counted, or has no readable page."""
    is_plain = np.ones(len(version.inputs.catalogue.documents), bool)
    is_plain[version.pages.doc[version.pages.readable]] = False
    return is_plain


def _rejected(
    version: Version,
    level: Level,
    records: Records,
    drops: Drops,
    is_plain: Flags,
    left_out: Flags,
) -> tuple[OldRows, NewRows]:
    """The rejects of a level: rows of old parts that stay, and new ones."""
    same = _same_drop(records, drops) | (left_out & (records.outcome == LEFT_OUT))
    stays = records.origin("rejects") & (is_plain | same)
    chosen = np.flatnonzero((is_plain | drops.dropped | left_out) & ~stays)
    new = records.take(chosen)

    def overlay(places: Ints) -> pa.Table:
        return _overlay(version, level, records, drops, left_out, chosen[places])

    weight = np.full(len(new), _REJECT_BYTES, np.int64)
    return _old(records.take(stays)), NewRows(new.files, new.file, new.row, weight, overlay)


def _same_drop(records: Records, drops: Drops) -> Flags:
    """Duplicates that the last version dropped just as this one does."""
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
    drops: Drops,
    left_out: Flags,
    chosen: Ints,
) -> pa.Table:
    catalogue = version.inputs.catalogue
    dropped, keepers = drops.dropped[chosen], drops.keeper[chosen]
    is_out = dropped | left_out[chosen]

    def where_dropped(values: Any, kind: pa.DataType) -> pa.Array:
        return pa.array(np.broadcast_to(values, dropped.shape), kind, mask=~dropped)

    places = zip(records.doc[keepers].tolist(), records.index[keepers].tolist(), strict=True)
    names = [record_id(level, catalogue.documents[doc].doc_id, index, 0) for doc, index in places]
    return pa.table(
        {
            "level": pa.array([level] * len(chosen), pa.string()),
            "source_uri": catalogue.uris.take(pa.array(records.doc[chosen])),
            "stage": pa.array(np.where(dropped, "dedup", "mix"), pa.string(), mask=~is_out),
            "reason": pa.array(
                np.where(dropped, "duplicate", "left_out"), pa.string(), mask=~is_out
            ),
            "detail": where_dropped(np.array(KINDS, object)[drops.kind[chosen]], pa.string()),
            "kept_id": where_dropped(np.array(names, object), pa.string()),
            "similarity": where_dropped(drops.similarity[chosen], pa.float32()),
        }
    )
