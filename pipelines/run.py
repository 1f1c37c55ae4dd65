"""The one verb: bring a dataset up to date with its sources.

    inventory ─► read what nothing covers ─► dedup ─► publish

A first run, the resume after a crash and the nightly refresh are the same reconciliation. When a
keeper has left the dataset, a page that was its duplicate may be wanted again; if its row is no
longer staged it is read once more before publishing.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from rich.console import Console

from cluster.planner import uncovered_ranges
from cluster.progress import print_line
from cluster.session import Session
from pipelines.dataset.diff import Counts
from pipelines.dataset.staged import remember_staging, scratch_of, staging_root, sweep
from pipelines.dataset.state import (
    Snapshot,
    check_settings,
    load_snapshot,
    pages_in,
    runs_of,
    uncovered,
)
from pipelines.inventory import Inventory, forget_examined, list_sources, take_inventory
from pipelines.publish import publish, settings_of
from pipelines.read import PassReport, outcome_line, read_pages
from pipelines.steps.leased import Hold, LeasedSession
from pipelines.version.records import Catalogue
from pipelines.version.rows import Inputs, Version, decide
from pipelines.version.settled import (
    Settled,
    languages_of,
    leave_settled,
    listing_digest,
    read_settled,
)
from pipelines.version.story import Story, change_line
from schemas.errors import IntegrityError, SourceError
from schemas.inventory import Document
from schemas.recipe import Recipe
from schemas.removal import removal
from schemas.shards import PageRange, Receipt, SeenFile
from schemas.sources import is_made, record_place
from workers import store
from workers.dataset.card import write_card
from workers.dataset.lease import TTL_S, hold
from workers.dataset.names import require_name
from workers.shards import Staging
from workers.sources import Examined, Naming


@dataclass(frozen=True, slots=True)
class Report:
    """What a run did, for people and for `--json`.

    `changes` are the rows that the version added, removed and changed, by table and reason, None
    where nothing was committed; `seconds` are those of each stage, and of `all`. A second of
    reading or making read `pages_per_second`.
    """

    dataset: str
    version: int
    committed: bool
    documents: int
    pages: int
    pages_read: int
    counts: Mapping[str, int]
    rejects: Mapping[str, int]
    unreadable: Mapping[str, str] = field(default_factory=dict)
    mix: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    changes: Counts | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    pages_per_second: float | None = None


def run(
    recipe: Recipe,
    session: Session,
    console: Console,
    re_read: bool = False,
    wait: bool = False,
    lease_ttl_s: float = TTL_S,
    allow_removal: bool = False,
) -> Report:
    """Bring the recipe's dataset up to date, under its lease.

    Raises:
        LeaseError: another run holds the dataset, and not `wait`; or it came to hold it meanwhile.
        DatasetError: the dataset was made under other reading settings, and not `re_read`.
        SourceError: a source matches nothing; or more of the dataset would leave than the recipe's
            `max_removed`, and not `allow_removal`.
    """
    recipe = recipe.model_copy(update={"dataset": store.absolute(recipe.dataset)})
    require_name(recipe.dataset)

    say = partial(print_line, console)
    with hold(recipe.dataset, wait, lease_ttl_s, say) as lease:
        return update(recipe, session, console, re_read, lease, allow_removal)


def update(
    recipe: Recipe,
    session: Session,
    console: Console,
    re_read: bool,
    lease: Hold,
    allow_removal: bool = False,
) -> Report:
    """The run itself. It stops with LeaseError where `lease` is found lost."""
    session, story = LeasedSession(session, lease), Story(console)
    snapshot = load_snapshot(recipe.dataset)
    check_settings(recipe, snapshot, re_read)
    root = staging_root(recipe)
    remember_staging(recipe)
    staging = Staging(store.join(root, recipe.digest()))
    same = snapshot if _has_settings(snapshot, recipe) else None
    with story.stage("list", "files") as progress:
        listed = list_sources(recipe)
        progress.add(len(listed))
    named = list(map(Naming.of(recipe.sources).named, listed))
    settled = read_settled(root, same.tables["pages"], named) if same else None
    if same and settled:  # the same files as when this version was published: no part is opened
        return _unchanged(recipe, same, settled, [], story, lease)
    known = snapshot.documents() if snapshot else []
    with story.stage("inventory", "files") as progress:
        inventory = take_inventory(recipe, known, root, session, progress, listed)
        progress.outcome = f"{len(inventory.documents):,} documents, {inventory.page_count:,} pages"
    check_removal(recipe, known, inventory.documents, allow_removal)

    if same and inventory.documents == sorted(known, key=lambda document: document.doc_id):
        # A published version covers its whole inventory, so there is nothing to look for.
        settled = _settled(same, named, inventory)
        return _unchanged(recipe, same, settled, inventory.unreadable, story, lease)

    covered = covered_documents(recipe, snapshot, known)
    staging.remember_receipts()  # each is opened once, however often they are looked at
    todo = list(uncovered(inventory.documents, covered, staging.whole_receipts(delete_others=True)))
    passes = _read(recipe, todo, staging, session, story, _kept(inventory, covered, todo))
    staging.remember_receipts()
    with scratch_of(recipe) as scratch:
        catalogue = Catalogue.of(inventory.documents)
        is_covered = np.array([d.doc_id in covered for d in inventory.documents], bool)
        inputs = Inputs(
            recipe, catalogue, snapshot, staging, is_covered, scratch, groups=inventory.groups
        )
        version, again = _decide(inputs, session, story)
        passes += again
        with story.stage("publish", "parts") as progress:
            number, metadata = publish(version, known, passes, session, progress, lease.check)
    staging.remember_receipts()
    forget_examined(root)
    current = load_snapshot(recipe.dataset)
    assert current is not None
    settled = _settled(current, named, inventory)
    _finish(recipe, current, settled, inventory.unreadable, lease)
    story.say(f"published version {number}: {change_line(metadata['changes'], with_reasons=True)}")
    committed = snapshot is None or number != snapshot.version
    pages_read = passes.outcomes.total()
    return _report(recipe, settled, inventory.unreadable, metadata, story, committed, pages_read)


def _unchanged(
    recipe: Recipe,
    current: Snapshot,
    settled: Settled,
    unreadable: Sequence[Examined],
    story: Story,
    lease: Hold,
) -> Report:
    """The end of a run that has nothing to do."""
    _finish(recipe, current, settled, unreadable, lease)
    story.say(f"nothing is new: version {current.version} is still the newest")
    return _report(recipe, settled, unreadable, current.metadata, story)


def check_removal(
    recipe: Recipe, known: Sequence[Document], now: Sequence[Document], allow: bool
) -> None:
    """Raises SourceError where more would leave than the recipe lets go; nothing is read yet."""
    leaving = removal(known, now)
    if allow or leaving.share <= recipe.max_removed:
        return
    raise SourceError(
        f"{leaving} of {recipe.dataset} are gone from the sources, which is more than max_removed "
        f"({recipe.max_removed:.0%}); nothing was changed. Look whether the sources are all there; "
        "to publish without them give --allow-removal, or raise `max_removed` in the recipe"
    )


def _has_settings(snapshot: Snapshot | None, recipe: Recipe) -> bool:
    """Whether a version was published with the recipe's settings."""
    return snapshot is not None and settings_of(recipe).items() <= snapshot.metadata.items()


def _settled(current: Snapshot, listed: Iterable[SeenFile], inventory: Inventory) -> Settled:
    return Settled(
        version=current.version,
        run_id=current.metadata["run_id"],
        listing=listing_digest(listed),
        documents=len(inventory.documents),
        pages=inventory.page_count,
        languages=languages_of(current.tables),
    )


def _finish(
    recipe: Recipe,
    current: Snapshot,
    settled: Settled,
    unreadable: Sequence[Examined],
    lease: Hold,
) -> None:
    """Write the card, leave what the next run can rest on, and remove what is staged too long."""
    lease.check()
    write_card(recipe, current.tables, settled.languages)
    if not unreadable:
        leave_settled(staging_root(recipe), settled)
    sweep(recipe, time.time())


def covered_documents(
    recipe: Recipe, snapshot: Snapshot | None, known: Iterable[Document]
) -> frozenset[str]:
    """The documents that the last version covers: all that it knows, read under these settings."""
    if snapshot is None or snapshot.metadata["recipe_digest"] != recipe.digest():
        return frozenset()
    return frozenset(document.doc_id for document in known)


def _decide(inputs: Inputs, session: Session, story: Story) -> tuple[Version, PassReport]:
    """Decide what the next version holds. Pages that it needs again are looked for in staging,
    and read where they are not there."""
    passes = PassReport()
    receipts = inputs.staging.receipts()
    used = {r.shard_id: r for r in receipts if inputs.is_news(r)}
    while True:
        inputs = replace(inputs, receipts=tuple(used.values()))
        with story.stage("deduplicate", "pages") as progress:
            version = decide(inputs, session)
            if isinstance(version, Version):
                progress.add(len(version.pages))
                progress.outcome = f"{int(version.kept.sum()):,} kept"
        if isinstance(version, Version):
            return version, passes
        wanted = inputs.catalogue.keys_of(version)
        if wanted <= inputs.recalled:
            raise IntegrityError(
                f"{inputs.recipe.dataset}: {len(wanted)} pages are not found again"
            )
        todo = list(_not_staged(version, receipts))
        if todo:
            story.say(f"{_reading_again(todo)}; see `placement.staging_days`")
        passes += _read(inputs.recipe, todo, inputs.staging, session, story)
        receipts = inputs.staging.receipts()
        documents = {part.doc_id for part in version}
        used |= {r.shard_id: r for r in receipts if not documents.isdisjoint(r.doc_ids)}
        inputs = replace(inputs, recalled=inputs.recalled | wanted)


def _reading_again(todo: Sequence[PageRange]) -> str:
    pages = sum(len(part) for part in todo)
    return (
        f"{pages:,} pages are read again: this version needs their rows, which the last one left "
        "out as duplicates or by a policy, and which are staged no more"
    )


def _not_staged(ranges: Iterable[PageRange], receipts: Iterable[Receipt]) -> Iterator[PageRange]:
    staged = runs_of(receipts)
    for part in ranges:
        yield from uncovered_ranges(part, pages_in(staged.get(part.doc_id, ())))


def _kept(
    inventory: Inventory, covered: frozenset[str], todo: Iterable[PageRange]
) -> Counter[bool]:
    """How many pages that the last version lacks were read by an earlier run, and are not again:
    by whether they are made."""
    kept: Counter[bool] = Counter()
    for document in inventory.documents:
        if document.doc_id not in covered:
            kept[is_made(document.media_type)] += document.page_count or 0
    for part in todo:
        kept[is_made(part.media_type)] -= len(part)
    return kept


def _read(
    recipe: Recipe,
    todo: list[PageRange],
    staging: Staging,
    session: Session,
    story: Story,
    kept: Mapping[bool, int] | None = None,
) -> PassReport:
    """Make the pages of records, which need no replica, then read those of files.

    `kept` pages, by whether they are made, count as done when the pass begins.
    """
    made = sorted(
        (part for part in todo if is_made(part.media_type)),
        key=lambda part: (*record_place(part.files[0].uri), part.start),
    )
    read = [part for part in todo if not is_made(part.media_type)]
    report = PassReport()
    for verb, parts in (("make", made), ("read", read)):
        if parts:
            done = kept[parts is made] if kept else 0
            total = done + sum(len(part) for part in parts)
            with story.stage(verb, "pages", total, done) as progress:
                report += read_pages(recipe, parts, staging, session, progress, parts is made)
                progress.outcome = outcome_line(report)
    return report


def _report(
    recipe: Recipe,
    settled: Settled,
    unreadable: Sequence[Examined],
    metadata: Mapping[str, Any],
    story: Story,
    committed: bool = False,
    pages_read: int = 0,
) -> Report:
    seconds = story.all_seconds()
    pass_s = seconds.get("make", 0.0) + seconds.get("read", 0.0)
    return Report(
        dataset=recipe.dataset,
        version=settled.version,
        committed=committed,
        documents=settled.documents,
        pages=settled.pages,
        pages_read=pages_read,
        counts=metadata["counts"],
        rejects=metadata["rejects"],
        mix=metadata.get("mix", {}),
        unreadable={item.file.uri: item.detail or "" for item in unreadable},
        changes=metadata.get("changes") if committed else None,
        seconds=seconds,
        pages_per_second=round(pages_read / pass_s, 2) if pages_read and pass_s else None,
    )
