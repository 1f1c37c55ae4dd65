"""The one verb: bring a dataset up to date with its sources.

    inventory ─► read what nothing covers ─► dedup ─► publish

A first run, the resume after a crash and the nightly refresh are the same reconciliation. When a
keeper leaves the dataset, a page that was its duplicate may take its place. If that page's row is
no longer staged, the page is read again before publishing.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from rich.console import Console

from cluster.progress import print_line
from cluster.session import Session
from pipelines.dataset.naming import count_rejects
from pipelines.dataset.staged import (
    remember_staging,
    scratch_of,
    sweep,
    sweep_embeddings,
    sweep_originals,
)
from pipelines.dataset.state import (
    Snapshot,
    check_removal,
    check_settings,
    covered_documents,
    embeddings_of,
    load_snapshot,
    pages_left_over,
    tokenizer_of,
    uncovered,
    unstaged,
)
from pipelines.inventory import take_inventory
from pipelines.publish import publish
from pipelines.read import read_pages
from pipelines.steps.examine import forget_examined
from pipelines.steps.leased import Hold, LeasedSession
from pipelines.steps.listing import list_sources
from pipelines.steps.outcome import PassReport, outcome_line
from pipelines.steps.places import staging_root
from pipelines.version.inputs import Inputs
from pipelines.version.lists import listed_files
from pipelines.version.metadata import settings_of
from pipelines.version.report import Report, report_of
from pipelines.version.rows import Version, decide
from pipelines.version.scores import pinned_scores
from pipelines.version.settled import Settled, leave_settled, read_settled, settled_as
from pipelines.version.shared_lines import listed_lines
from pipelines.version.story import Story
from pipelines.version.trainer_tokens import tokenizer_name
from schemas.changes_in_words import change_line
from schemas.errors import IntegrityError
from schemas.inventory import Document
from schemas.recipe import Recipe
from schemas.shards import PageRange
from schemas.sources import is_made, names_links, record_place
from schemas.versions import VersionRecord
from workers import store
from workers.dataset.card import write_card
from workers.dataset.croissant import write_croissant
from workers.dataset.forgotten import read_forgotten
from workers.dataset.lease import TTL_S, hold
from workers.dataset.names import require_name
from workers.embeddings.checkpoint import pin_encoder
from workers.shards import Staging
from workers.sources import Examined, Naming
from workers.text.trainer_tokens import require_counter

__all__ = ["Report", "run", "update"]


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

        with open_session(IN_PROCESS) as session:
            report = run(parse_recipe(text), session, Console())

    Raises:
        LeaseError: another run holds the dataset and `wait` is false, or took it over meanwhile.
        DatasetError: the dataset was made under other reading settings and `re_read` is false.
        SourceError: a source matches nothing; or more of the dataset would leave than the recipe's
            `max_removed`, and `allow_removal` is false.
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
    """Do the work of `run` under a lease that the caller holds. Raises LeaseError if it is lost."""
    session, story, root = LeasedSession(session, lease), Story(console), staging_root(recipe)

    # 1. See what is there: the last version, whether it was published under these settings, the
    #    lists of policies, the tokenizer and the models of scores included, and which documents
    #    were taken down.
    snapshot = load_snapshot(recipe.dataset)
    check_settings(recipe, snapshot, re_read)
    lists, scores = listed_files(recipe), pinned_scores(recipe)
    semantic = recipe.dedup.semantic
    encoder = None if semantic is None else pin_encoder(semantic)
    tokenizer = tokenizer_name(recipe)
    if tokenizer is not None and tokenizer != tokenizer_of(snapshot):
        assert recipe.tokenizer is not None
        require_counter(recipe.tokenizer)  # before anything is read
    then = {**lists, **listed_lines(recipe, snapshot)}
    settings = settings_of(recipe, then, tokenizer, scores, encoder)
    same = snapshot if snapshot and _has_settings(snapshot, settings) else None
    forgotten = read_forgotten(recipe.dataset)
    remember_staging(recipe)

    # 2. List the sources. If they name the same files as for the last version, nothing is opened.
    with story.stage("list", "files") as progress:
        listing = list_sources(recipe)
        progress.add(len(listing.files))
    named = list(map(Naming.of(recipe.sources).named, listing.seen))
    takedowns = forgotten.digest()
    # What links give, no list says: they are asked every time. What could not be seen may be there.
    is_listed = not names_links(recipe.sources) and not listing.unreadable
    if (
        same
        and is_listed
        and (settled := read_settled(root, same.tables["pages"], named, takedowns))
    ):
        return _unchanged(recipe, same, settled, [], story, lease)

    # 3. Examine new files. Nothing is to do if the inventory is the published version's.
    known = snapshot.documents() if snapshot else []
    with story.stage("inventory", "files") as progress:
        inventory = take_inventory(recipe, known, root, session, progress, listing, forgotten)
        progress.outcome = str(inventory)
    stays = [document for document in known if document.doc_id not in forgotten.ids]
    check_removal(recipe, stays, inventory.documents, allow_removal)
    if same and inventory.documents == sorted(known, key=lambda document: document.doc_id):
        settled = settled_as(same.tables, named, inventory.documents, takedowns)
        return _unchanged(recipe, same, settled, inventory.unreadable, story, lease)

    # 4. Read the pages that neither the last version nor a receipt covers.
    staging = Staging(store.join(root, recipe.digest()))
    covered = covered_documents(recipe, snapshot, known)
    passes = _read_uncovered(recipe, inventory.documents, covered, staging, session, story)

    with scratch_of(recipe) as scratch:
        # 5. Decide which rows the next version has; read what it needs and nothing has any more.
        inputs = Inputs.of(
            *(recipe, inventory, snapshot, staging, covered, scratch, known, lists),
            tokenizer=tokenizer,
            scores=scores,
            encoder=encoder,
        )
        version, read_again = _decide(inputs, session, story)
        passes += read_again

        # 6. Write the version and commit it.
        with story.stage("publish", "parts") as progress:
            current, record = publish(version, known, passes, session, progress, lease.check)

    # 7. Write the card and Croissant, and leave what the next run can rest on.
    staging.remember_receipts()
    forget_examined(root)
    sweep_originals(recipe, version.originals)
    sweep_embeddings(recipe, embeddings_of(current), version.embeddings)
    settled = settled_as(current.tables, named, inventory.documents, takedowns)
    _finish(recipe, current, settled, inventory.unreadable, lease)
    story.say(
        f"published version {current.version}: {change_line(record['changes'], with_reasons=True)}"
    )
    is_new = snapshot is None or current.version != snapshot.version
    return _report(recipe, settled, inventory.unreadable, record, story, is_new, passes)


def _has_settings(snapshot: Snapshot, settings: VersionRecord) -> bool:
    """Whether a version was published under these settings, with nothing left to decide."""
    is_decided = not snapshot.metadata.get("undecided", False)
    return is_decided and settings.items() <= snapshot.metadata.items()


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
    record = current.metadata
    if "rejects_by_level" not in record:  # an earlier release published it
        levels = count_rejects(current.tables["rejects"])
        record = {**record, "rejects_by_level": levels}
    return _report(recipe, settled, unreadable, record, story, False, PassReport())


def _finish(
    recipe: Recipe,
    current: Snapshot,
    settled: Settled,
    unreadable: Sequence[Examined],
    lease: Hold,
) -> None:
    """Write the card, Croissant and what the next run can rest on; remove what is long staged."""
    lease.check()
    write_card(recipe, current.tables, settled.languages)
    write_croissant(recipe, current.tables, settled.languages)
    if not unreadable:
        leave_settled(staging_root(recipe), settled)
    sweep(recipe, time.time(), embeddings_of(current))


def _read_uncovered(
    recipe: Recipe,
    documents: Sequence[Document],
    covered: frozenset[str],
    staging: Staging,
    session: Session,
    story: Story,
) -> PassReport:
    """Read the pages that neither the last version (`covered`) nor a receipt covers."""
    staging.remember_receipts()  # so that each is opened once, however often they are looked at
    receipts = staging.whole_receipts(delete_others=True)
    todo = list(uncovered(documents, covered, receipts))
    done = pages_left_over(documents, covered, todo)
    passes = _read(recipe, todo, staging, session, story, done)
    staging.remember_receipts()
    return passes


def _read(
    recipe: Recipe,
    todo: Sequence[PageRange],
    staging: Staging,
    session: Session,
    story: Story,
    done: Mapping[bool, int] | None = None,
) -> PassReport:
    """Make the pages of records, which need no replica, then read those of files.

    `done` says how many pages were read before, by whether they are made: progress counts them.
    """
    made = sorted(
        (part for part in todo if is_made(part.media_type)),
        key=lambda part: (*record_place(part.files[0].uri), part.start),
    )
    read = sorted((part for part in todo if not is_made(part.media_type)), key=_by_place)
    done = Counter() if done is None else done
    report = PassReport()
    for verb, are_made, parts in (("make", True, made), ("read", False, read)):
        if parts:
            total = done[are_made] + sum(len(part) for part in parts)
            with story.stage(verb, "pages", total, done[are_made]) as progress:
                report += read_pages(recipe, parts, staging, session, progress, are_made)
                progress.outcome = outcome_line(report)
    return report


def _by_place(part: PageRange) -> tuple[str, int, str, int]:
    """Documents by their ids; those of a container by their places, so that it is read forward."""
    file = part.files[0]
    place = (file.container, file.member.offset) if file.member else ("", 0)
    return *place, part.doc_id, part.start


def _decide(inputs: Inputs, session: Session, story: Story) -> tuple[Version, PassReport]:
    """Decide which rows the next version has.

    It may need pages whose rows the last version left out. They are taken from staging, or read
    again if they are not staged; then the version is decided once more.
    """
    passes = PassReport()
    receipts = inputs.staging.receipts()
    used = {r.shard_id: r for r in receipts if inputs.is_news(r)}
    while True:
        inputs = replace(inputs, receipts=tuple(used.values()))
        with story.stage("deduplicate", "pages") as progress:
            version = decide(inputs, session, story)
            if isinstance(version, Version):
                progress.add(len(version.pages))
                progress.outcome = f"{int(version.kept.sum()):,} kept"
        if isinstance(version, Version):
            return version, passes
        wanted = inputs.catalogue.keys_of(version)
        if wanted <= inputs.recalled:
            raise IntegrityError(
                f"{inputs.recipe.dataset}: {len(wanted)} pages were read again and are still "
                "missing; nothing was published"
            )
        todo = list(unstaged(version, receipts))
        if todo:
            story.say(_reading_again(todo))
        passes += _read(inputs.recipe, todo, inputs.staging, session, story)
        receipts = inputs.staging.receipts()
        documents = {part.doc_id for part in version}
        used |= {r.shard_id: r for r in receipts if not documents.isdisjoint(r.doc_ids)}
        inputs = replace(inputs, recalled=inputs.recalled | wanted)


def _reading_again(todo: Sequence[PageRange]) -> str:
    pages = sum(len(part) for part in todo)
    return (
        f"{pages:,} pages are read again: this version needs their rows, which the last one left "
        "out as duplicates or by a policy, and which are no longer staged; see "
        "`placement.staging_days`"
    )


def _report(
    recipe: Recipe,
    settled: Settled,
    unreadable: Sequence[Examined],
    record: VersionRecord,
    story: Story,
    committed: bool,
    passes: PassReport,
) -> Report:
    pages_read, seconds = passes.outcomes.total(), story.all_seconds()
    return report_of(recipe.dataset, settled, unreadable, record, seconds, committed, pages_read)
