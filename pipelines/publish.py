"""Publish: make a new version of the rows that were kept, and commit it.

    contents ─► parts that stay, change, are new ─► [ write ] ─► commits, `pages` last

Parts that hold only rows of the new version stay as they are; parts that lose or change rows are
written again without them; new rows go to new parts in a seeded order. All of it is a function of
the rows, so a publish that was killed is repeated without doubling anything. Which rows a version
has is decided in `pipelines.version.rows`, how they are cut into parts in
`pipelines.version.write`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from cluster.estimate import Rates
from cluster.progress import Meter
from cluster.session import Session
from pipelines.dataset.diff import changes
from pipelines.read import PassReport
from pipelines.steps.tasks import run_tasks
from pipelines.steps.timed import Stopwatch
from pipelines.version.contents import (
    Contents,
    OldRows,
    conversation_contents,
    crop_contents,
    document_contents,
    new_plain_rejects,
    page_contents,
    reject_contents,
)
from pipelines.version.records import NOBODY
from pipelines.version.rows import Version
from pipelines.version.settled import languages_after
from pipelines.version.write import Writer
from schemas.errors import LeaseError
from schemas.ids import digest
from schemas.inventory import Document
from schemas.recipe import Recipe
from schemas.sources import source_settings
from schemas.tables import INVENTORY, REJECTS, TABLES
from workers import store
from workers.dataset import PartFile, TableVersion, commit_parts, ensure_table, read_part
from workers.publishing.assemble import write_rows

Tables = Mapping[str, TableVersion]


def publish(
    version: Version,
    known: Sequence[Document],
    passes: PassReport,
    session: Session,
    meter: Meter,
    check: Callable[[], None],
) -> tuple[int, dict[str, Any]]:
    """Write and commit a version; its number and what its commit says.

    `known` is the last version's inventory, and `passes` what reading took, for the rates that
    plans rest on. `check` is called before each commit, and raises where this run may not commit
    any more. The version follows the one that it was planned from, or is not published: LeaseError.
    """
    began = Stopwatch()
    recipe, snapshot = version.inputs.recipe, version.inputs.snapshot
    dataset = recipe.dataset
    writer = Writer(
        dataset, recipe.publish, version.inputs.catalogue, version.inputs.scratch, session, meter
    )
    parts = {
        "inventory": _inventory(version, known, writer),
        "rejects": [
            *write_rows(dataset, "rejects", new_plain_rejects(version), REJECTS),
            *writer.write(reject_contents(version)),
        ],
        "documents": writer.write(document_contents(version)),
        "crops": writer.write(crop_contents(version)),
        "conversations": writer.write(conversation_contents(version)),
        "pages": writer.write(page_contents(version)),
    }
    run_id = digest(path for name in TABLES for path in sorted(part.path for part in parts[name]))
    run_id = run_id[:32]
    old = snapshot.tables if snapshot else None
    new = {name: _uncommitted(recipe, name, parts[name]) for name in TABLES}
    counts = {name: sum(part.rows for part in parts[name]) for name in TABLES}
    said = {
        "counts": counts,
        "rejects": _reasons(new["rejects"]),
        "mix": version.selection.groups,
        "changes": run_tasks(_what_changed, [(old, new)], session)[0],
    }
    notes = {
        "rates": _rates(version, passes, began.seconds(), counts["pages"], new),
        "languages": languages_after(old, new),
    }
    check()
    last = _planned_from(version)
    versions = {}
    for name in TABLES[:-1]:
        check()
        versions[name] = commit_parts(dataset, name, parts[name]).version
    metadata = {
        "versions": versions,
        "run_id": run_id,
        **said,
        **settings_of(recipe),
    }
    check()
    committed = commit_parts(dataset, "pages", parts["pages"], metadata, follows=last, notes=notes)
    return committed.version, metadata


def _what_changed(versions: tuple[Tables | None, Tables]) -> dict[str, Any]:
    """The summary of what changed; a task, as it holds the ids of all rows of changed parts."""
    return dict(changes(*versions).summary())


def _inventory(version: Version, known: Sequence[Document], writer: Writer) -> list[PartFile]:
    """The parts of the inventory: a document whose files changed has a new row."""
    catalogue, snapshot = version.inputs.catalogue, version.inputs.snapshot
    parts = []
    files: list[int] = []
    rows: list[int] = []
    seen = set()
    if snapshot is not None:
        table = snapshot.tables["inventory"]
        parts = [(part, table.part_uri(part)) for part in table.parts]
        places = ((n, row) for n, (part, _) in enumerate(parts) for row in range(part.rows))
        for (file, row), document in zip(places, known, strict=True):
            number = catalogue.numbers.get(document.doc_id)
            if number is not None and catalogue.documents[number] == document:
                seen.add(document.doc_id)
                files.append(file)
                rows.append(row)
    unchanged = OldRows(
        [uri for _, uri in parts],
        np.array(files, np.int32),
        np.array(rows, np.int32),
        np.full(len(rows), NOBODY, np.int32),
    )
    new = (d.to_row() for d in catalogue.documents if d.doc_id not in seen)
    written = write_rows(version.inputs.recipe.dataset, "inventory", new, INVENTORY)
    return writer.write(Contents("inventory", parts, [unchanged], [])) + written


def _uncommitted(recipe: Recipe, name: str, parts: Sequence[PartFile]) -> TableVersion:
    """A version of a table that is not committed yet; its parts are there."""
    by_path = sorted(parts, key=lambda part: part.path)
    return TableVersion(store.join(recipe.dataset, name), -1, tuple(by_path), settings_of(recipe))


def _rates(
    version: Version,
    passes: PassReport,
    publish_s: float,
    samples: int,
    tables: Mapping[str, TableVersion],
) -> dict[str, Any] | None:
    """What a page costs, joined with what earlier versions say; None where nothing was read yet."""
    snapshot, documents = version.inputs.snapshot, version.inputs.catalogue.documents
    stored = snapshot.metadata.get("rates") if snapshot else None
    if not passes.times.pages:
        return stored
    measured = Rates.measured(
        passes.times,
        recipe_digest=version.inputs.recipe.digest(),
        device=passes.times.device or "cpu",
        publish_s=publish_s,
        staged_bytes=passes.staged_bytes,
        ramp_s=passes.ramp_s,
        inventory_pages=sum(document.page_count or 0 for document in documents),
        samples=samples,
        published_bytes=sum(part.size for table in tables.values() for part in table.parts),
    )
    return measured.joined(Rates.from_dict(stored) if stored else None).to_dict()


def _reasons(rejects: TableVersion) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for part in rejects.parts:
        for found in read_part(rejects.part_uri(part), ["reason"])["reason"].value_counts():
            counts[found["values"].as_py()] += found["counts"].as_py()
    return dict(sorted(counts.items()))


def _planned_from(version: Version) -> TableVersion:
    """The latest version of `pages`, which must be the one that this version was planned from."""
    dataset, snapshot = version.inputs.recipe.dataset, version.inputs.snapshot
    latest = ensure_table(dataset, "pages")
    planned = snapshot.version if snapshot else None
    if planned != (latest.version if "versions" in latest.metadata else None):
        raise LeaseError(
            f"{dataset}: another run published version {latest.version} meanwhile; "
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
            **_mix_settings(recipe),
        },
    }


def _mix_settings(recipe: Recipe) -> dict[str, Any]:
    """What a mix takes from which source: another group of a source makes another dataset."""
    if recipe.mix is None:
        return {}
    sources = [source_settings(source) for source in recipe.sources]
    return {"mix": recipe.mix.model_dump(mode="json"), "sources": sources}
