"""What a version is decided from, and the records of its pages and documents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from cluster.session import Session
from pipelines.dataset.state import Snapshot
from pipelines.inventory import Inventory
from pipelines.version.records import Catalogue, Flags, Records, load_all
from schemas.inventory import Document
from schemas.recipe import Recipe
from schemas.scores import PinnedScore
from schemas.semantic import PinnedEncoder
from schemas.shards import Receipt
from workers.publishing.records import RowsFile
from workers.shards import Staging


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a version is decided from: the present documents, the last version, staged shards.

    `covered` has a flag for each document number: whether the last version has its pages. Of such a
    document only those staged rows count whose keys are in `recalled`. `groups` are the
    inventory's, `forgotten` the documents on the list of what was taken down. `listed` says which
    files the lists of the policies are in, `tokenizer` names the recipe's own, and `scores` says
    which models its scores are of, `encoder` that of semantic deduplication.
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
    tokenizer: str | None = None
    scores: tuple[PinnedScore, ...] = ()
    encoder: PinnedEncoder | None = None

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
        tokenizer: str | None = None,
        scores: tuple[PinnedScore, ...] = (),
        encoder: PinnedEncoder | None = None,
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
            tokenizer=tokenizer,
            scores=scores,
            encoder=encoder,
        )

    def is_news(self, receipt: Receipt) -> bool:
        """Whether a shard has pages of a document that the last version does not cover."""
        numbers = (self.catalogue.numbers.get(doc_id) for doc_id in receipt.doc_ids)
        return any(number is not None and not self.covered[number] for number in numbers)


def published_files(snapshot: Snapshot | None, names: Sequence[str]) -> Iterator[RowsFile]:
    """The parts of some tables of a version."""
    for name in names if snapshot else ():
        assert snapshot is not None
        table = snapshot.tables[name]
        for part in table.parts:
            yield RowsFile(table.part_uri(part), name, part.rows)  # type: ignore[arg-type] # a table's name


def staged_file(staging: Staging, receipt: Receipt) -> RowsFile:
    """The rows of a shard; its file says how many crops lie beside it."""
    pages, crops = sum(receipt.outcomes.values()), receipt.crops.rows if receipt.crops else 0
    return RowsFile(staging.rows_uri(receipt.shard_id), "staged", pages, crops)


def staged_rows(inputs: Inputs) -> list[RowsFile]:
    """The rows of the staged shards."""
    return [staged_file(inputs.staging, receipt) for receipt in inputs.receipts]


def load_pages(inputs: Inputs, session: Session) -> Records:
    """The records of all pages: those of the last version, and the staged ones that are new."""
    files = [
        *published_files(inputs.snapshot, ("pages", "conversations", "rejects")),
        *staged_rows(inputs),
    ]

    def wanted(records: Records) -> Flags:
        is_recalled = np.isin(records.keys, np.array(sorted(inputs.recalled), np.int64))
        flags: Flags = ~records.origin("staged") | ~inputs.covered[records.doc] | is_recalled
        return flags

    return load_all(inputs.recipe, files, "page", inputs.catalogue, inputs.scratch, session, wanted)


def load_documents(inputs: Inputs, session: Session) -> Records:
    """The records of the last version's documents."""
    files = list(published_files(inputs.snapshot, ("documents", "rejects")))
    return load_all(inputs.recipe, files, "document", inputs.catalogue, inputs.scratch, session)
