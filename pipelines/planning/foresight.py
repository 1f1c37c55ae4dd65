"""What the recipe's policies would make of the newest version, before a run does it."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import pyarrow as pa
import pyarrow.compute as pc

from cluster.session import Session
from pipelines.dataset.naming import names_in
from pipelines.dataset.state import Snapshot
from pipelines.steps.places import staging_root
from pipelines.steps.tasks import task_results
from pipelines.version.lists import listed_files, packed_lists
from pipelines.version.names import personal_of
from pipelines.version.policies import are_policies_of, in_place
from pipelines.version.ranking import rank
from pipelines.version.records import FIRST_BARRED, LEFT_OUT, Catalogue, load_all
from pipelines.version.shared_lines import listed_lines, settings_of_lines, shared_lines
from pipelines.version.triggers import sought_of, triggers_of
from schemas.decontaminate import ItemCounts
from schemas.ids import page_id
from schemas.keep import Table
from schemas.policies import searches_for_triggers
from schemas.recipe import Recipe
from schemas.reject_reasons import POLICY_REASONS
from workers.people.kept import find_names
from workers.policies import Sought
from workers.policies.decontamination import Piece
from workers.policies.keeping import Standard, rules_of
from workers.policies.lists import item_counts
from workers.policies.shared_lines import pack
from workers.publishing.foresee import Example, Foreseeing, Foreseen, foresee
from workers.publishing.line_counts import TextRows
from workers.publishing.pieces import PieceOfPage
from workers.publishing.records import Level, Origin, RowsFile
from workers.shards import Staging
from workers.shards.originals import originals_folder

_NO_SEARCH = (
    "triggers are not foreseen, since the newest version was not searched for them; run with "
    "`trigger: tag` first, which names them and removes nothing"
)
_LEVELS: Mapping[str, Level] = {"pages": "page", "conversations": "page", "documents": "document"}
_ORDER: tuple[Level, ...] = ("document", "page")
"""Documents say what goes over the edges of their pages."""
_TABLES: Mapping[Level, Table] = {"page": "pages", "document": "documents"}


@dataclass(frozen=True, slots=True)
class KindCount:
    """Rows in which a policy finds something of a kind, and what becomes of them."""

    policy: str
    kind: str
    action: str
    pages: int
    documents: int


@dataclass(frozen=True, slots=True)
class Foresight:
    """What other policies would make of a version.

    Rows that would leave, change or come back, each as pages and documents; conversations count as
    pages. `tokens_leaving` are those of pages. `names` are the files of the documents that
    `examples` are from, by id. `notes` say what cannot be foreseen.
    """

    pages: int
    documents: int
    leaving: tuple[int, int]
    changing: tuple[int, int]
    returning: tuple[int, int]
    tokens_leaving: int
    kinds: tuple[KindCount, ...]
    examples: tuple[Example, ...]
    benchmarks: Mapping[str, ItemCounts]
    names: Mapping[str, str]
    notes: tuple[str, ...] = ()


def foresight(recipe: Recipe, snapshot: Snapshot | None, session: Session) -> Foresight | None:
    """Judge the rows of the newest version by the recipe's policies.

    None where there is no version, or it was published under the same policies.
    """
    listed = {**listed_files(recipe), **listed_lines(recipe, snapshot)}
    if snapshot is None or are_policies_of(recipe, listed, snapshot):
        return None
    lists, is_searched = packed_lists(recipe, session), searches_for_triggers(recipe.policies)
    triggers = triggers_of(snapshot.metadata) if is_searched else None
    lines = _packed_lines(recipe, snapshot, session)
    sought = {
        level: Sought(
            lists, sought_of(triggers), lines, _standard(recipe, snapshot, level, session)
        )
        for level in _TABLES
    }
    total = Foreseen()
    for level in _ORDER:
        tasks = list(_tasks(recipe, snapshot, level, sought[level], _by_page(total.pieces)))
        total = sum(task_results(foresee, tasks, session), start=total)
    return Foresight(
        pages=total.judged["page"],
        documents=total.judged["document"],
        leaving=(total.leaving["page"], total.leaving["document"]),
        changing=(total.changing["page"], total.changing["document"]),
        returning=(total.returning["page"], total.returning["document"]),
        tokens_leaving=total.tokens,
        kinds=tuple(_kinds(total)),
        examples=tuple(total.examples),
        benchmarks=item_counts(lists) if lists is not None else {},
        names=names_in(
            (example.row_id for example in total.examples), [snapshot.tables["inventory"]]
        ),
        notes=(_NO_SEARCH,) if is_searched and triggers is None else (),
    )


def _packed_lines(recipe: Recipe, snapshot: Snapshot, session: Session) -> bytes | None:
    """The lines that the documents of the version share; None where no policy looks for any."""
    settings = settings_of_lines(recipe)
    if settings is None:
        return None
    files = [*_parts(snapshot, "documents"), *_originals(recipe, "document")]
    texts = [TextRows(file, None) for file in files]
    tokens = sum(step["document_tokens"] or 0 for step in snapshot.metadata.get("funnel", ())[1:2])
    return pack(shared_lines(texts, tokens, settings, session))


def _standard(recipe: Recipe, snapshot: Snapshot, level: Level, session: Session) -> Standard:
    """Where the shares of `keep` would end: the rows of the version as they were read.

    What the version left out by its policies or its mix is ranked, too.
    """
    table = _TABLES[level]
    if not any(rule.share is not None for rule in rules_of(recipe.policies, table).values()):
        return Standard(table)
    documents = sorted(snapshot.documents(), key=lambda document: document.doc_id)
    catalogue = Catalogue.of(documents)
    files = [
        *(file for name in _LEVELS if _LEVELS[name] == level for file in _parts(snapshot, name)),
        *_parts(snapshot, "rejects"),
    ]
    published = load_all(recipe, files, level, catalogue, None, session)
    originals = load_all(recipe, _originals(recipe, level), level, catalogue, None, session)
    outcome = published.outcome
    is_out = (outcome == LEFT_OUT) | (outcome >= FIRST_BARRED)
    among = is_out | published.origin(*_LEVELS)
    rows = in_place(published, originals)
    return Standard(table, rank(rows, among, table, recipe.policies, None, session).shares)


def _parts(snapshot: Snapshot, name: str) -> Iterator[RowsFile]:
    table = snapshot.tables[name]
    for part in table.parts:
        yield RowsFile(table.part_uri(part), cast(Origin, name), part.rows)


def _originals(recipe: Recipe, level: Level) -> list[RowsFile]:
    """The files in which rows are kept as they were read."""
    staging = Staging(originals_folder(staging_root(recipe), level, recipe.digest()))
    return [
        RowsFile(staging.rows_uri(receipt.shard_id), "staged", sum(receipt.outcomes.values()))
        for receipt in staging.receipts()
    ]


def _tasks(
    recipe: Recipe,
    snapshot: Snapshot,
    level: Level,
    sought: Sought,
    pieces: Mapping[str, tuple[Piece, ...]],
) -> Iterator[Foreseeing]:
    settings = personal_of(recipe)
    names = None if settings is None else functools.partial(find_names, settings)
    of_level = [name for name in _LEVELS if _LEVELS[name] == level]
    for file in (file for name in of_level for file in _parts(snapshot, name)):
        yield Foreseeing(file, level, recipe.policies, sought, pieces=pieces, names=names)
    barred = _barred(snapshot, level)
    for file in _originals(recipe, level):
        yield Foreseeing(file, level, recipe.policies, sought, barred, pieces, names)


def _by_page(found: Sequence[PieceOfPage]) -> dict[str, tuple[Piece, ...]]:
    """The pieces by the ids of their pages."""
    of_page: dict[str, list[Piece]] = defaultdict(list)
    for one in found:
        of_page[page_id(one.doc_id, one.page_index)].append(one.piece)
    return {name: tuple(pieces) for name, pieces in of_page.items()}


def _barred(snapshot: Snapshot, level: Level) -> frozenset[str]:
    """The ids of the rows that policies reject now."""
    rejects = snapshot.columns("rejects", ["level", "reason", "doc_id", "page_id"])
    if rejects is None:
        return frozenset()
    is_barred = pc.and_(
        pc.equal(rejects["level"], level), pc.is_in(rejects["reason"], pa.array(POLICY_REASONS))
    )
    key = "page_id" if level == "page" else "doc_id"
    return frozenset(rejects.filter(is_barred)[key].to_pylist())


def _kinds(total: Foreseen) -> Iterator[KindCount]:
    kinds = sorted({(policy, kind, action) for _, policy, kind, action in total.findings})
    for policy, kind, action in kinds:
        pages, documents = (
            total.findings[level, policy, kind, action] for level in ("page", "document")
        )
        yield KindCount(policy, kind, action, pages, documents)
