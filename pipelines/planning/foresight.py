"""What the recipe's policies would make of the newest version, before a run does it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import pyarrow as pa
import pyarrow.compute as pc

from cluster.session import Session
from pipelines.dataset.state import Snapshot
from pipelines.steps.places import staging_root
from pipelines.steps.tasks import task_results
from pipelines.version.lists import listed_files, packed_lists
from pipelines.version.policies import are_policies_of
from pipelines.version.triggers import sought_of, triggers_of
from schemas.decontaminate import ItemCounts
from schemas.policies import searches_for_triggers
from schemas.recipe import Recipe
from schemas.tables import POLICY_REASONS
from schemas.triggers import SoughtTrigger
from workers.policies.lists import item_counts
from workers.publishing.foresee import Example, Foreseeing, Foreseen, foresee
from workers.publishing.records import Level, Origin, RowsFile
from workers.shards import Staging
from workers.shards.originals import originals_folder

_NO_SEARCH = (
    "triggers are not foreseen, since the newest version was not searched for them; run with "
    "`trigger: tag` first, which names them and removes nothing"
)
_LEVELS: Mapping[str, Level] = {"pages": "page", "conversations": "page", "documents": "document"}


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
    pages. `tokens_leaving` are those of pages. `notes` say what cannot be foreseen.
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
    notes: tuple[str, ...] = ()


def foresight(recipe: Recipe, snapshot: Snapshot | None, session: Session) -> Foresight | None:
    """Judge the rows of the newest version by the recipe's policies.

    None where there is no version, or it was published under the same policies.
    """
    if snapshot is None or are_policies_of(recipe, listed_files(recipe), snapshot):
        return None
    lists, is_searched = packed_lists(recipe, session), searches_for_triggers(recipe.policies)
    triggers = triggers_of(snapshot.metadata) if is_searched else None
    tasks = list(_tasks(recipe, snapshot, lists, sought_of(triggers)))
    total = sum(task_results(foresee, tasks, session), start=Foreseen())
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
        notes=(_NO_SEARCH,) if is_searched and triggers is None else (),
    )


def _tasks(
    recipe: Recipe,
    snapshot: Snapshot,
    lists: bytes | None,
    triggers: tuple[SoughtTrigger, ...],
) -> Iterator[Foreseeing]:
    for name, level in _LEVELS.items():
        table = snapshot.tables[name]
        for part in table.parts:
            file = RowsFile(table.part_uri(part), cast(Origin, name), part.rows)
            yield Foreseeing(file, level, recipe.policies, lists, triggers)
    levels: Sequence[Level] = ("page", "document")
    for level in levels:
        barred = _barred(snapshot, level)
        folder = originals_folder(staging_root(recipe), level, recipe.digest())
        staging = Staging(folder)
        for receipt in staging.receipts():
            file = RowsFile(staging.rows_uri(receipt.shard_id), "staged", len(receipt.doc_ids))
            yield Foreseeing(file, level, recipe.policies, lists, triggers, barred)


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
