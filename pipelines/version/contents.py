"""What each table of a version holds, in commit order; `rejects` is in `rejections`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from pipelines.version.records import NOBODY, Flags, Ints, Records
from pipelines.version.rejections import is_plain_document, reject_contents
from pipelines.version.rows import Version
from pipelines.version.said import Said, said_of
from pipelines.version.table_rows import Contents, NewRows, OldRows, old_parts, old_rows, origin
from schemas.inventory import Document
from schemas.sources import is_conversation


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
    parts = old_parts(version, "inventory")
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
    return _contents(version, "pages", version.pages, kept, _said_of_pages(version))


def conversation_contents(version: Version) -> Contents:
    """The kept conversations: each is the one page of its document."""
    kept = version.kept & _is_conversation(version)
    return _contents(version, "conversations", version.pages, kept, _said_of_pages(version))


def _said_of_pages(version: Version) -> Said:
    inputs, pages, splits = version.inputs, version.pages, version.splits
    return said_of(inputs, pages, splits, version.page_drops, version.page_scores)


def _is_conversation(version: Version) -> Flags:
    """Which pages are conversations."""
    of_document = [is_conversation(d.media_type) for d in version.inputs.catalogue.documents]
    flags: Flags = np.array(of_document, bool)[version.pages.doc]
    return flags


def crop_contents(version: Version) -> Contents:
    """The crops of the kept pages."""
    crops = version.crops
    return _contents(
        version,
        "crops",
        crops,
        np.ones(len(crops), bool),
        said_of(version.inputs, crops, version.splits),
    )


def document_contents(version: Version) -> Contents:
    """The kept documents that have a readable page."""
    kept = version.kept_documents
    kept &= ~is_plain_document(version)[version.documents.doc]
    drops, scores = version.document_drops, version.document_scores
    said = said_of(version.inputs, version.documents, version.splits, drops, scores)
    return _contents(version, "documents", version.documents, kept, said)


def _contents(version: Version, table: str, records: Records, kept: Flags, said: Said) -> Contents:
    """The rows of a table that are kept; `said` is along the records."""
    published = np.flatnonzero(kept & records.origin(table))
    chosen = np.flatnonzero(kept & records.origin("staged"))
    new = records.take(chosen)
    order = np.lexsort((new.number, new.index, new.doc, new.order))
    new, of_new = new.take(order), said.take(chosen[order])

    def overlay(places: Ints) -> pa.Table:
        return pa.table({**origin(version, new.doc[places]), **of_new.take(places).columns})

    return Contents(
        table,
        old_parts(version, table),
        [old_rows(records.take(published), said.take(published))],
        [NewRows(new.files, new.file, new.row, new.weight, of_new.split, overlay)],
        scores=() if table == "crops" else version.page_scores.columns,
    )
