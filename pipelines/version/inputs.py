"""What a version is decided from, and the records of its pages, documents and crops."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from cluster.session import Session
from pipelines.dataset.state import Snapshot
from pipelines.inventory import Inventory
from pipelines.version.records import NOBODY, Catalogue, Flags, Records, load_all
from schemas.inventory import Document
from schemas.recipe import Recipe
from schemas.scores import PinnedScore
from schemas.shards import Receipt
from workers.publishing.records import RowsFile
from workers.shards import Staging


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a version is decided from: the present documents, the last version, staged shards.

    `covered` has a flag for each document number: whether the last version has its pages. Of such a
    document only those staged rows count whose keys are in `recalled`. `groups` are the
    inventory's, `forgotten` the documents on the list of what was taken down. `listed` says which
    files the lists of the policies are in, `scores` which models the recipe's scores are of.
    """

    recipe: Recipe
    catalogue: Catalogue
    snapshot: Snapshot | None
    staging: Staging
    covered: Flags
    scratch: str
    receipts: Sequence[Receipt] = ()
    recalled: frozenset[int] = frozenset()
    groups: Mapping[str, str] = field(default_factory=dict)
    forgotten: frozenset[str] = frozenset()
    listed: Mapping[str, str] = field(default_factory=dict)
    scores: tuple[PinnedScore, ...] = ()

    @staticmethod
    def of(
        recipe: Recipe,
        inventory: Inventory,
        snapshot: Snapshot | None,
        staging: Staging,
        covered: frozenset[str],
        scratch: str,
        known: Iterable[Document] = (),
        listed: Mapping[str, str] | None = None,
        scores: tuple[PinnedScore, ...] = (),
    ) -> Inputs:
        """The inputs of a run; `covered` are ids of documents, `scratch` a folder for tasks.

        `known` is the last version's inventory.
        """
        before = {document.doc_id: document.provenance for document in known}
        restated = frozenset(
            now.doc_id
            for now in inventory.documents
            if before.get(now.doc_id, now.provenance) != now.provenance
        )
        return Inputs(
            recipe,
            Catalogue.of(inventory.documents, restated),
            snapshot,
            staging,
            np.array([document.doc_id in covered for document in inventory.documents], bool),
            scratch,
            groups=inventory.groups,
            forgotten=inventory.forgotten,
            listed=listed or {},
            scores=scores,
        )

    def is_news(self, receipt: Receipt) -> bool:
        """Whether a shard has pages of a document that the last version does not cover."""
        numbers = (self.catalogue.numbers.get(doc_id) for doc_id in receipt.doc_ids)
        return any(number is not None and not self.covered[number] for number in numbers)


def _published(snapshot: Snapshot | None, names: Sequence[str]) -> Iterator[RowsFile]:
    for name in names if snapshot else ():
        assert snapshot is not None
        table = snapshot.tables[name]
        for part in table.parts:
            yield RowsFile(table.part_uri(part), name, part.rows)  # type: ignore[arg-type] # a table's name


def staged_rows(inputs: Inputs) -> list[RowsFile]:
    """The rows of the staged shards."""
    return [
        RowsFile(
            inputs.staging.rows_uri(receipt.shard_id), "staged", sum(receipt.outcomes.values())
        )
        for receipt in inputs.receipts
    ]


def load_pages(inputs: Inputs, session: Session) -> Records:
    """The records of all pages: those of the last version, and the staged ones that are new."""
    files = [
        *_published(inputs.snapshot, ("pages", "conversations", "rejects")),
        *staged_rows(inputs),
    ]

    def wanted(records: Records) -> Flags:
        is_recalled = np.isin(records.keys, np.array(sorted(inputs.recalled), np.int64))
        flags: Flags = ~records.origin("staged") | ~inputs.covered[records.doc] | is_recalled
        return flags

    return load_all(inputs.recipe, files, "page", inputs.catalogue, inputs.scratch, session, wanted)


def load_documents(inputs: Inputs, session: Session) -> Records:
    """The records of the last version's documents."""
    files = list(_published(inputs.snapshot, ("documents", "rejects")))
    return load_all(inputs.recipe, files, "document", inputs.catalogue, inputs.scratch, session)


def load_crops(inputs: Inputs, kept: Records, session: Session) -> Records:
    """The crops of the kept pages, each from where its page's row lies.

    The crops of a published page lie in old parts of `crops`, those of a staged page in its shard.
    So crops leave with their page, and come back with it.
    """
    shards = {
        receipt.shard_id: RowsFile(
            inputs.staging.crops_uri(receipt.shard_id), "staged", receipt.crops.rows
        )
        for receipt in inputs.receipts
        if receipt.crops is not None
    }
    files = [*_published(inputs.snapshot, ("crops",)), *shards.values()]
    # The shard in which a page's row lies, by the order of `shards`; NOBODY for a published row.
    numbers = {inputs.staging.rows_uri(name): place for place, name in enumerate(shards)}
    home_of_file = np.array([numbers.get(file.uri, NOBODY) for file in kept.files] or [NOBODY])
    homes = np.where(kept.origin("staged"), home_of_file[kept.file], NOBODY - 1)
    homes[kept.origin("pages", "conversations")] = NOBODY
    first_shard = len(files) - len(shards)

    def wanted(records: Records) -> Flags:
        place = np.searchsorted(kept.keys, records.keys)
        place[place == len(kept)] = 0
        if len(kept) == 0:
            return np.zeros(len(records), bool)
        home = np.where(records.file < first_shard, NOBODY, records.file - first_shard)
        flags: Flags = (kept.keys[place] == records.keys) & (homes[place] == home)
        return flags

    return load_all(inputs.recipe, files, "crop", inputs.catalogue, inputs.scratch, session, wanted)
