"""Publish: make a new version of the rows that were kept, and commit it.

    records, drops ─► which rows each table has ─► parts ─► commits, `pages` last

Parts that hold only rows of the new version stay as they are; parts that lose or change rows are
written again without them; new rows go to new parts in a seeded order. All of it is a function of
the rows, so a publish that was killed is repeated without doubling anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from cluster.progress import Meter
from cluster.session import Session
from pipelines.dedup import Drop, Drops
from pipelines.state import PageRecords, Snapshot, run_tasks
from schemas.ids import digest, order_key
from schemas.inventory import Document
from schemas.recipe import Recipe
from schemas.tables import INVENTORY, REJECTS, TABLES
from workers.assemble import (
    DocumentPlan,
    NewDocumentsPart,
    NewPagesPart,
    RewrittenPart,
    RowPlace,
    page_reject_rows,
    rewrite_part,
    write_documents_part,
    write_pages_part,
    write_rows,
)
from workers.candidates import RowsFile
from workers.delta import PartFile, commit_parts
from workers.parts import read_part
from workers.staging import Staging

LARGEST_DOCUMENT_GROUP = 1024
FEWEST_DOCUMENT_GROUPS = 64  # so that many ranks striding over row groups each get some
DOCUMENTS_PER_PART = 65_536


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


def publish(version: Version, session: Session, meter: Meter) -> tuple[int, dict[str, Any]]:
    """Write and commit a version; its number and what its commit says."""
    dataset = version.recipe.dataset
    rejects = sorted(reject_rows(version, session), key=_reject_order)
    inventory = [document.to_row() for _, document in sorted(version.documents.items())]
    parts = {
        "inventory": write_rows(dataset, "inventory", inventory, INVENTORY),
        "rejects": write_rows(dataset, "rejects", rejects, REJECTS),
        "documents": _write_table(version, "documents", session, meter),
        "pages": _write_table(version, "pages", session, meter),
    }
    run_id = digest(part.path for name in TABLES for part in parts[name])[:32]
    versions = {
        name: commit_parts(dataset, name, parts[name], run_id).version for name in TABLES[:-1]
    }
    metadata = {
        "versions": versions,
        "run_id": run_id,
        "counts": {name: sum(part.rows for part in parts[name]) for name in TABLES},
        "rejects": dict(sorted(Counter(row["reason"] for row in rejects).items())),
        **settings_of(version.recipe),
    }
    return commit_parts(dataset, "pages", parts["pages"], run_id, metadata).version, metadata


def settings_of(recipe: Recipe) -> dict[str, Any]:
    """The settings that a version's commit names: a run with others publishes anew."""
    return {
        "recipe_digest": recipe.digest(),
        "reading_settings": recipe.reading_settings(),
        "publish_settings": {
            "dedup": recipe.dedup.model_dump(mode="json"),
            "publish": recipe.publish.model_dump(mode="json"),
            "on_missing": recipe.on_missing,
        },
    }


# ---- which rows -----------------------------------------------------------------------------


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


def _reject_order(row: Mapping[str, Any]) -> tuple[str, str, int]:
    return row["level"], row["doc_id"], row["page_index"] or 0


# ---- which parts ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PublishedPart:
    """A part of the last version: which ids it holds, and the source URI that each names."""

    part: PartFile
    uri: str
    source_uris: Mapping[str, str]


def _write_table(version: Version, table: str, session: Session, meter: Meter) -> list[PartFile]:
    """Write what is new or changed of a table; all its parts, the unchanged ones too."""
    if table == "pages":
        key, published, wanted = "page_id", _published_pages(version), _wanted_pages(version)
    else:
        key, published = "doc_id", _published_documents(version)
        wanted = {
            doc_id: version.documents[doc_id].source_uri
            for doc_id in version.plans
            if doc_id not in version.document_drops
        }
    staying: list[PartFile] = []
    rewritten: list[RewrittenPart] = []
    dataset = version.recipe.dataset
    for old in published:
        keep = [row_id for row_id in old.source_uris if row_id in wanted]
        moved = {
            row_id: wanted[row_id] for row_id in keep if wanted[row_id] != old.source_uris[row_id]
        }
        if len(keep) == old.part.rows and not moved:
            staying.append(old.part)
        else:
            rewritten.append(RewrittenPart(dataset, table, old.uri, key, tuple(keep), moved))
    present = {row_id for old in published for row_id in old.source_uris}
    new = [row_id for row_id in wanted if row_id not in present]
    seed = version.recipe.publish.seed
    new.sort(key=lambda row_id: order_key(seed, row_id))
    new_parts = (_new_pages if table == "pages" else _new_documents)(version, new)
    meter.total = (meter.total or 0) + len(rewritten) + len(new_parts)
    write = write_pages_part if table == "pages" else write_documents_part
    written = run_tasks(rewrite_part, rewritten, session, meter)
    written += run_tasks(write, new_parts, session, meter)
    return staying + sorted((part for part in written if part), key=lambda part: part.path)


def _wanted_pages(version: Version) -> dict[str, str]:
    table = version.records.table.select(["page_id", "doc_id", "reason"])
    return {
        row["page_id"]: version.documents[row["doc_id"]].source_uri
        for row in table.to_pylist()
        if row["reason"] in (None, "duplicate") and row["page_id"] not in version.page_drops
    }


def _published_pages(version: Version) -> list[PublishedPart]:
    if version.snapshot is None:
        return []
    ids: dict[str, dict[str, str]] = {}
    for row in version.records.table.select(["page_id", "source_uri", "file"]).to_pylist():
        file = version.records.files[row["file"]]
        if file.origin == "pages":
            ids.setdefault(file.uri, {})[row["page_id"]] = row["source_uri"]
    table = version.snapshot.tables["pages"]
    uris = ((part, table.part_uri(part)) for part in table.parts)
    return [PublishedPart(part, uri, ids.get(uri, {})) for part, uri in uris]


def _published_documents(version: Version) -> list[PublishedPart]:
    if version.snapshot is None:
        return []
    table, current = version.snapshot.tables["documents"], version.recipe.digest()
    found = []
    for part in table.parts:
        rows = read_part(table.part_uri(part), ["doc_id", "source_uri", "recipe_digest"])
        uris = {
            row["doc_id"]: row["source_uri"]
            for row in rows.to_pylist()
            if row["recipe_digest"] == current
        }
        found.append(PublishedPart(part, table.part_uri(part), uris))
    return found


def _new_pages(version: Version, page_ids: Sequence[str]) -> list[NewPagesPart]:
    """Cut rows, in their order, into row groups and parts of about the recipe's sizes."""
    table = version.records.table.select(["page_id", "doc_id", "bytes", "file"])
    row_of = {row["page_id"]: row for row in table.to_pylist()}
    settings = version.recipe.publish
    parts: list[list[list[RowPlace]]] = []
    part_bytes, group_bytes = settings.part_bytes, settings.row_group_bytes
    for page_id in page_ids:
        row = row_of[page_id]
        shard_id = version.staging.shard_of(version.records.files[row["file"]].uri)
        place = RowPlace(page_id, shard_id, version.documents[row["doc_id"]].source_uri)
        if not parts or part_bytes + row["bytes"] > settings.part_bytes:
            parts.append([[]])
            part_bytes, group_bytes = 0, 0
        elif group_bytes + row["bytes"] > settings.row_group_bytes:
            parts[-1].append([])
            group_bytes = 0
        parts[-1][-1].append(place)
        part_bytes += row["bytes"]
        group_bytes += row["bytes"]
    dataset = version.recipe.dataset
    return [
        NewPagesPart(dataset, version.staging, tuple(tuple(group) for group in part))
        for part in parts
    ]


def _new_documents(version: Version, doc_ids: Sequence[str]) -> list[NewDocumentsPart]:
    rows = min(LARGEST_DOCUMENT_GROUP, max(1, len(doc_ids) // FEWEST_DOCUMENT_GROUPS))
    plans = [version.plans[doc_id] for doc_id in doc_ids]
    return [
        NewDocumentsPart(
            version.recipe.dataset, tuple(plans[start : start + DOCUMENTS_PER_PART]), rows
        )
        for start in range(0, len(plans), DOCUMENTS_PER_PART)
    ]
