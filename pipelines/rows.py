"""The rows of a version: which documents, pages and crops are in it, and the rejects that are not.

A page's crops lie where its own row lies: a published page's in the old parts of `crops`, a staged
one's in its shard. So they leave with their page, and come back with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from cluster.session import Session
from pipelines.dedup import Drop, Drops
from pipelines.state import PageRecords, Snapshot, run_tasks
from schemas.inventory import Document
from schemas.recipe import Recipe
from schemas.tables import REJECTS
from workers.assemble import DocumentPlan, page_reject_rows
from workers.candidates import RowsFile, load_crop_records
from workers.staging import Staging


@dataclass(frozen=True, slots=True)
class Version:
    """All that decides the rows of a version."""

    recipe: Recipe
    documents: Mapping[str, Document]
    records: PageRecords
    page_drops: Drops
    plans: Mapping[str, DocumentPlan]
    summaries: pa.Table
    document_drops: Drops
    snapshot: Snapshot | None
    staging: Staging


@dataclass(frozen=True, slots=True)
class KeptRow:
    """A row of `pages` or `crops` that the version has.

    `file` holds it now, and `published_uri` is the source URI that it names there, None where it
    is staged; `bytes` is about what it will weigh, None where it is published.
    """

    row_id: str
    source_uri: str
    file: RowsFile
    published_uri: str | None
    bytes: int | None


def kept_pages(version: Version) -> list[KeptRow]:
    """The pages that the version has."""
    columns = ["page_id", "doc_id", "reason", "source_uri", "bytes", "file"]
    return [
        KeptRow(
            row["page_id"],
            version.documents[row["doc_id"]].source_uri,
            version.records.files[row["file"]],
            row["source_uri"],
            row["bytes"],
        )
        for row in version.records.table.select(columns).to_pylist()
        if row["reason"] in (None, "duplicate") and row["page_id"] not in version.page_drops
    ]


def kept_crops(version: Version, pages: Iterable[KeptRow], session: Session) -> list[KeptRow]:
    """The crops of the kept `pages`, each from where its page's row lies."""
    table = version.snapshot.tables["crops"] if version.snapshot else None
    published = [RowsFile(table.part_uri(part), "crops") for part in table.parts] if table else []
    crop_uris = {version.staging.crops_uri(shard) for shard in version.records.crop_shards}
    if not published and not crop_uris:
        return []
    pages_of: dict[str | None, dict[str, KeptRow]] = {}  # by staged file, None for published ones
    for page in pages:
        staged = page.file.origin == "staged"
        home = version.staging.crops_uri(Staging.shard_of(page.file.uri)) if staged else None
        pages_of.setdefault(home, {})[page.row_id] = page
    files = published + [RowsFile(uri, "staged") for uri in sorted(crop_uris & pages_of.keys())]
    crops = []
    for file, records in run_tasks(_load_crops, files, session):
        owners = pages_of.get(file.uri if file.origin == "staged" else None, {})
        for row in records.to_pylist():
            owner = owners.get(row["page_id"])
            if owner is not None:
                old, size = row["source_uri"], row["bytes"]
                crops.append(KeptRow(row["crop_id"], owner.source_uri, file, old, size))
    return crops


def _load_crops(file: RowsFile) -> tuple[RowsFile, pa.Table]:
    return file, load_crop_records(file)


def document_plans(
    recipe: Recipe, documents: Mapping[str, Document], records: PageRecords
) -> dict[str, DocumentPlan]:
    """A plan for each document with a readable page, by doc id.

    `has_all_texts` tells whether it can be assembled from what is at hand.
    """
    pages: dict[str, list[tuple[int, str, RowsFile]]] = {}
    table = records.table.select(["page_id", "doc_id", "page_index", "reason", "file"])
    for row in table.to_pylist():
        if row["reason"] in (None, "duplicate"):
            place = (row["page_index"], row["page_id"], records.files[row["file"]])
            pages.setdefault(row["doc_id"], []).append(place)
    return {
        doc_id: DocumentPlan(
            doc_id,
            documents[doc_id].source_uri,
            documents[doc_id].page_count or 0,
            recipe.digest(),
            tuple(sorted(places, key=lambda place: place[0])),
        )
        for doc_id, places in sorted(pages.items())
    }


def has_all_texts(plan: DocumentPlan) -> bool:
    """Whether every page's text is at hand; that of a published duplicate is not."""
    return all(file.origin != "rejects" for _, _, file in plan.pages)


def reject_rows(version: Version, session: Session) -> Iterator[dict[str, Any]]:
    """Everything that went in and does not come out."""
    empty = dict.fromkeys(REJECTS.names)
    for doc_id, document in version.documents.items():
        row = empty | {
            "level": "document",
            "doc_id": doc_id,
            "source_uri": document.source_uri,
            "recipe_digest": version.recipe.digest(),
        }
        if document.page_count is None:
            yield row | {"stage": "inventory", "reason": document.reason, "detail": document.detail}
        elif doc_id not in version.plans:
            detail = f"none of its {document.page_count} pages"
            yield row | {"stage": "read", "reason": "no_readable_page", "detail": detail}
    yield from _document_duplicates(version, empty)
    for rows in run_tasks(page_reject_rows, _reject_places(version), session):
        for row in rows:
            row["source_uri"] = version.documents[row["doc_id"]].source_uri
            drop = version.page_drops.get(row["page_id"])
            yield row | _drop_fields(drop) if drop else row


def _drop_fields(drop: Drop) -> dict[str, Any]:
    return {
        "stage": "dedup",
        "reason": "duplicate",
        "detail": drop.kind,
        "kept_id": drop.kept_id,
        "similarity": drop.similarity,
    }


def _document_duplicates(version: Version, empty: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    columns = ["doc_id", "text_tokens", "quality_score", "text_hash", "minhash", "recipe_digest"]
    for row in version.summaries.select(columns).to_pylist():
        drop = version.document_drops.get(row["doc_id"])
        if drop is not None:
            quality = {"quality": {"score": row.pop("quality_score")}}
            uri = {"source_uri": version.documents[row["doc_id"]].source_uri}
            yield {**empty, "level": "document", **row, **quality, **uri, **_drop_fields(drop)}


def _reject_places(version: Version) -> list[tuple[RowsFile, list[str]]]:
    """The pages that are rejects now, by the file that holds their row."""
    places: dict[int, list[str]] = {}
    for row in version.records.table.select(["page_id", "reason", "file"]).to_pylist():
        unreadable = row["reason"] not in (None, "duplicate")
        if unreadable or row["page_id"] in version.page_drops:
            places.setdefault(row["file"], []).append(row["page_id"])
    return [(version.records.files[file], page_ids) for file, page_ids in places.items()]
