"""Publish: make a new version of the rows that were kept, and commit it.

    contents ─► parts that stay, change, are new ─► [ write ] ─► commits, `pages` last

Parts that hold only rows of the new version stay as they are; parts that lose or change rows are
written again; new rows go to new parts in a seeded order. The parts depend on the rows alone, so a
publish that was killed is repeated without doubling anything. Which rows a version has is decided
in `pipelines.version.rows`, how they are cut into parts in `pipelines.version.write`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cluster.progress import Meter
from cluster.session import Session
from pipelines.dataset.state import Snapshot
from pipelines.steps.outcome import PassReport
from pipelines.steps.timed import Stopwatch
from pipelines.version.contents import table_contents
from pipelines.version.metadata import rates_after, record_of, settings_of, uncommitted
from pipelines.version.rows import Version
from pipelines.version.settled import languages_after
from pipelines.version.write import Writer
from schemas.errors import LeaseError
from schemas.inventory import Document
from schemas.tables import TABLES
from schemas.versions import VersionRecord
from workers.dataset import TableVersion, commit_parts, ensure_table


def publish(
    version: Version,
    known: Sequence[Document],
    passes: PassReport,
    session: Session,
    meter: Meter,
    check: Callable[[], None],
) -> tuple[Snapshot, VersionRecord]:
    """Write and commit a version. Returns its tables and what its commit says.

    `known` is the last version's inventory, and `passes` what reading took, for the rates that
    plans rest on. `check` is called before each commit, and raises where this run must not commit
    any more.

    Raises LeaseError where another version was published since this one was planned.
    """
    began = Stopwatch()
    inputs = version.inputs
    dataset = inputs.recipe.dataset

    # 1. Write what is new or changed of each table. Readers do not see parts without a commit.
    scratch, recipe = inputs.scratch, inputs.recipe
    writer = Writer(dataset, recipe.publish, inputs.catalogue, scratch, session, meter)
    parts = {table.table: writer.write(table) for table in table_contents(version, known)}

    # 2. Gather what the commit says. `notes` may differ when the same version is published again.
    settings = settings_of(recipe, inputs.listed, inputs.tokenizer, inputs.scores, inputs.encoder)
    new = uncommitted(recipe, parts, settings)
    record = record_of(version, new, session)
    notes: VersionRecord = {
        "rates": rates_after(version, passes, began.seconds(), new),
        "languages": languages_after(inputs.snapshot.tables if inputs.snapshot else None, new),
    }

    # 3. Make sure that the version which this one was planned from is still the newest.
    check()
    last = _planned_from(version)

    # 4. Commit the tables, `pages` last: its commit names the versions of the others, and readers
    #    see the new version from then on.
    tables, scores = {}, [score.column for score in inputs.scores]
    seen = inputs.snapshot.tables if inputs.snapshot else {}
    for name in TABLES[:-1]:
        check()
        tables[name] = commit_parts(dataset, name, parts[name], scores=scores, known=seen.get(name))
    versions = {name: table.version for name, table in tables.items()}
    metadata: VersionRecord = {**record, **settings, "versions": versions}
    check()
    tables["pages"] = commit_parts(
        dataset, "pages", parts["pages"], metadata, follows=last, notes=notes, scores=scores
    )
    return Snapshot(tables), metadata


def _planned_from(version: Version) -> TableVersion:
    """The newest version of `pages`, which must be the one that this version was planned from."""
    dataset, snapshot = version.inputs.recipe.dataset, version.inputs.snapshot
    latest = ensure_table(dataset, "pages", snapshot.tables["pages"] if snapshot else None)
    planned = snapshot.version if snapshot else None
    if planned != (latest.version if "versions" in latest.metadata else None):
        raise LeaseError(
            f"{dataset}: another run published version {latest.version} meanwhile, so this run "
            "publishes nothing; run it again"
        )
    return latest
