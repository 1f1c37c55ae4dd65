"""Publish: make a new version of the rows that were kept, and commit it.

    records, drops ─► which rows each table has ─► parts ─► commits, `pages` last

Parts that hold only rows of the new version stay as they are; parts that lose or change rows are
written again without them; new rows go to new parts in a seeded order. All of it is a function of
the rows, so a publish that was killed is repeated without doubling anything. Which rows a version
has is decided in `pipelines.rows`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cluster.progress import Meter
from cluster.session import Session
from pipelines.rows import KeptRow, Version, kept_crops, kept_pages, reject_rows
from pipelines.state import run_tasks
from schemas.errors import LeaseError
from schemas.ids import digest, row_order
from schemas.recipe import Recipe
from schemas.tables import INVENTORY, KEYS, REJECTS, TABLES
from workers.assemble import (
    NewDocumentsPart,
    NewImagesPart,
    RewrittenPart,
    RowPlace,
    rewrite_part,
    write_documents_part,
    write_images_part,
    write_rows,
)
from workers.delta import PartFile, TableVersion, commit_parts, ensure_table
from workers.parts import read_part

LARGEST_DOCUMENT_GROUP = 1024
FEWEST_DOCUMENT_GROUPS = 64  # so that many ranks striding over row groups each get some
DOCUMENTS_PER_PART = 65_536


def publish(
    version: Version, session: Session, meter: Meter, check: Callable[[], None]
) -> tuple[int, dict[str, Any]]:
    """Write and commit a version; its number and what its commit says.

    `check` is called before each commit, and raises where this run may not commit any more. The
    version follows the one that it was planned from, or is not published: LeaseError.
    """
    dataset = version.recipe.dataset
    rejects = sorted(reject_rows(version, session), key=_reject_order)
    pages = kept_pages(version)
    crops = kept_crops(version, pages, session)
    inventory = [document.to_row() for _, document in sorted(version.documents.items())]
    parts = {
        "inventory": write_rows(dataset, "inventory", inventory, INVENTORY),
        "rejects": write_rows(dataset, "rejects", rejects, REJECTS),
        "documents": _write_table(version, _documents(version), session, meter),
        "crops": _write_table(version, _images(version, "crops", crops), session, meter),
        "pages": _write_table(version, _images(version, "pages", pages), session, meter),
    }
    run_id = digest(part.path for name in TABLES for part in parts[name])[:32]
    check()
    last = _planned_from(version)
    versions = {}
    for name in TABLES[:-1]:
        check()
        versions[name] = commit_parts(dataset, name, parts[name], run_id).version
    metadata = {
        "versions": versions,
        "run_id": run_id,
        "counts": {name: sum(part.rows for part in parts[name]) for name in TABLES},
        "rejects": dict(sorted(Counter(row["reason"] for row in rejects).items())),
        **settings_of(version.recipe),
    }
    check()
    committed = commit_parts(dataset, "pages", parts["pages"], run_id, metadata, follows=last)
    return committed.version, metadata


def _planned_from(version: Version) -> TableVersion:
    """The latest version of `pages`, which must be the one that this version was planned from."""
    latest = ensure_table(version.recipe.dataset, "pages")
    planned = version.snapshot.version if version.snapshot else None
    if planned != (latest.version if "versions" in latest.metadata else None):
        raise LeaseError(
            f"{version.recipe.dataset}: another run published version {latest.version} meanwhile; "
            "nothing of this one is published; run it again"
        )
    return latest


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


def _reject_order(row: Mapping[str, Any]) -> tuple[str, str, int]:
    return row["level"], row["doc_id"], row["page_index"] or 0


# ---- which parts ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PublishedPart:
    """A part of the last version: which ids it holds, and the source URI that each names."""

    part: PartFile
    uri: str
    source_uris: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Contents:
    """What a table of a version holds: the source URI of each row, by id; what the last version's
    parts hold of it; and how other rows, in their order, are cut into parts and written."""

    table: str
    source_uris: Mapping[str, str]
    published: Sequence[PublishedPart]
    cut: Callable[[Sequence[str]], Sequence[Any]]
    write: Callable[[Any], PartFile]


def _write_table(
    version: Version, contents: Contents, session: Session, meter: Meter
) -> list[PartFile]:
    """Write what is new or changed of a table; all its parts, the unchanged ones too."""
    table, wanted, published = contents.table, contents.source_uris, contents.published
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
            rewritten.append(
                RewrittenPart(dataset, table, old.uri, KEYS[table], tuple(keep), moved)
            )
    present = {row_id for old in published for row_id in old.source_uris}
    seed = version.recipe.publish.seed
    new = [row_id for row_id in wanted if row_id not in present]
    new_parts = contents.cut(sorted(new, key=lambda row_id: row_order(seed, row_id)))
    meter.total = (meter.total or 0) + len(rewritten) + len(new_parts)
    written = run_tasks(rewrite_part, rewritten, session, meter)
    written += run_tasks(contents.write, new_parts, session, meter)
    return staying + sorted((part for part in written if part), key=lambda part: part.path)


def _images(version: Version, table: str, rows: Sequence[KeptRow]) -> Contents:
    """The contents of `pages` or `crops`."""
    old: dict[str, dict[str, str]] = {}
    for row in rows:
        if row.published_uri is not None:
            old.setdefault(row.file.uri, {})[row.row_id] = row.published_uri
    by_id = {row.row_id: row for row in rows}
    return Contents(
        table,
        {row.row_id: row.source_uri for row in rows},
        [PublishedPart(part, uri, old.get(uri, {})) for part, uri in _parts(version, table)],
        lambda row_ids: _cut_images(version, table, [by_id[row_id] for row_id in row_ids]),
        write_images_part,
    )


def _cut_images(version: Version, table: str, rows: Iterable[KeptRow]) -> list[NewImagesPart]:
    """Cut staged rows, in their order, into row groups and parts of about the recipe's sizes."""
    settings = version.recipe.publish
    parts: list[list[list[RowPlace]]] = []
    part_bytes, group_bytes = settings.part_bytes, settings.row_group_bytes
    for row in rows:
        assert row.bytes is not None  # staged
        shard_id = version.staging.shard_of(row.file.uri)
        place = RowPlace(row.row_id, shard_id, row.source_uri)
        if not parts or part_bytes + row.bytes > settings.part_bytes:
            parts.append([[]])
            part_bytes, group_bytes = 0, 0
        elif group_bytes + row.bytes > settings.row_group_bytes:
            parts[-1].append([])
            group_bytes = 0
        parts[-1][-1].append(place)
        part_bytes += row.bytes
        group_bytes += row.bytes
    dataset = version.recipe.dataset
    return [
        NewImagesPart(dataset, table, version.staging, tuple(tuple(group) for group in part))
        for part in parts
    ]


def _documents(version: Version) -> Contents:
    current = version.recipe.digest()
    published = []
    for part, uri in _parts(version, "documents"):
        rows = read_part(uri, ["doc_id", "source_uri", "recipe_digest"]).to_pylist()
        uris = {r["doc_id"]: r["source_uri"] for r in rows if r["recipe_digest"] == current}
        published.append(PublishedPart(part, uri, uris))
    wanted = {
        doc_id: version.documents[doc_id].source_uri
        for doc_id in version.plans
        if doc_id not in version.document_drops
    }
    return Contents(
        "documents",
        wanted,
        published,
        lambda doc_ids: _cut_documents(version, doc_ids),
        write_documents_part,
    )


def _cut_documents(version: Version, doc_ids: Sequence[str]) -> list[NewDocumentsPart]:
    rows = min(LARGEST_DOCUMENT_GROUP, max(1, len(doc_ids) // FEWEST_DOCUMENT_GROUPS))
    plans = [version.plans[doc_id] for doc_id in doc_ids]
    return [
        NewDocumentsPart(
            version.recipe.dataset, tuple(plans[start : start + DOCUMENTS_PER_PART]), rows
        )
        for start in range(0, len(plans), DOCUMENTS_PER_PART)
    ]


def _parts(version: Version, table: str) -> list[tuple[PartFile, str]]:
    """The parts that the last version's table has, and where they lie."""
    if version.snapshot is None:
        return []
    found = version.snapshot.tables[table]
    return [(part, found.part_uri(part)) for part in found.parts]
