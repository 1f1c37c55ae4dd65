"""What is known before a run: the published version, and which pages have been read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import pyarrow as pa

from cluster.planner import uncovered_ranges
from schemas.errors import DatasetError, IntegrityError, SourceError
from schemas.inventory import Document
from schemas.recipe import Recipe, differences
from schemas.removal import removal
from schemas.scores import score_column
from schemas.shards import PageRange, Receipt
from schemas.sources import is_made
from schemas.tables import TABLES
from schemas.versions import VersionRecord, splits_of
from workers import store
from workers.dataset import TableVersion, open_table, read_part
from workers.dataset.forgotten import require_whole
from workers.embeddings.kept import embeddings_name

_ROWS_AT_ONCE = 4096
TOKENIZER_SETTING = "tokenizer"
"""The key of the publish settings that names the tokenizer of a version."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One published version: a version of `pages`, and of each other table the one it names."""

    tables: Mapping[str, TableVersion]

    @property
    def version(self) -> int:
        """The version of `pages`, which is the dataset's."""
        return self.tables["pages"].version

    @property
    def metadata(self) -> VersionRecord:
        """What the `pages` commit says of the version."""
        return self.tables["pages"].metadata

    def documents(self) -> list[Document]:
        """The published inventory, part by part."""
        return [
            Document.from_row(row)
            for uri in self.part_uris("inventory")
            for batch in read_part(uri).to_batches(_ROWS_AT_ONCE)
            for row in batch.to_pylist()
        ]

    def part_uris(self, name: str) -> list[str]:
        """Where the parts of a table lie."""
        table = self.tables[name]
        return [table.part_uri(part) for part in table.parts]

    def splits(self, name: str) -> list[str | None]:
        """The split of each part of a table; None where the table has no splits."""
        return splits_of(self.metadata, name, [part.path for part in self.tables[name].parts])

    def columns(self, name: str, columns: Sequence[str]) -> pa.Table | None:
        """Some columns of a whole table, or None where it has no part."""
        parts = [read_part(uri, columns) for uri in self.part_uris(name)]
        return pa.concat_tables(parts) if parts else None


def scores_of(snapshot: Snapshot | None) -> list[tuple[str, str]]:
    """The columns of a version's scores, each with its `schemas.scores.PinnedScore.digest`."""
    if snapshot is None:
        return []
    said = cast(
        Sequence[Mapping[str, str]], snapshot.metadata["publish_settings"].get("scores", ())
    )
    return [(score_column(entry["name"]), entry["digest"]) for entry in said]


def embeddings_of(snapshot: Snapshot) -> str | None:
    """The folder of staging with the embeddings that a version rests on; None without any."""
    dedup = cast(Mapping[str, Any], snapshot.metadata["publish_settings"]["dedup"])
    if "semantic" not in dedup:
        return None
    return embeddings_name(dedup["semantic"]["digest"], snapshot.metadata["recipe_digest"])


def tokenizer_of(snapshot: Snapshot | None) -> str | None:
    """The tokenizer by which the `trainer_tokens` of a version were counted; None without one."""
    if snapshot is None:
        return None
    name = snapshot.metadata["publish_settings"].get(TOKENIZER_SETTING)
    return None if name is None else str(name)


def load_snapshot(
    dataset: str, version: int | None = None, may_lack_parts: bool = False
) -> Snapshot | None:
    """A published version, the latest by default; None where nothing is published yet.

    A version of which parts were erased on request is refused, unless it `may_lack_parts`.

    Raises:
        DatasetError: there is no such version, it is not whole, or an older PageFoundry made it.
        IntegrityError: the commit names tables that are not there.
    """
    pages = open_table(store.join(dataset, "pages"), version)
    if pages is None or "versions" not in pages.metadata:
        return None
    tables = {"pages": pages}
    lacking = [name for name in TABLES[:-1] if name not in pages.metadata["versions"]]
    if lacking:
        raise DatasetError(
            f"{dataset}: version {pages.version} was made by an older PageFoundry, which had no "
            f"`{lacking[0]}` table; make a new dataset in another folder"
        )
    for name in TABLES[:-1]:
        table = open_table(store.join(dataset, name), pages.metadata["versions"][name])
        if table is None:
            raise IntegrityError(f"{dataset}: version {pages.version} has lost its {name} table")
        tables[name] = table
    if version is not None and not may_lack_parts:
        require_whole(dataset, tables)
    return Snapshot(tables)


def check_settings(recipe: Recipe, snapshot: Snapshot | None, re_read: bool) -> None:
    """Raises DatasetError, with the differences, if the dataset was read under other settings."""
    if snapshot is None or re_read or snapshot.metadata["recipe_digest"] == recipe.digest():
        return
    lines = differences(snapshot.metadata["reading_settings"], recipe.reading_settings())
    raise DatasetError(
        f"{recipe.dataset} was made with other settings ({'; '.join(lines)}); "
        "restore them, name another dataset, or give --re-read to read every page again"
    )


def check_removal(
    recipe: Recipe, known: Sequence[Document], now: Sequence[Document], allow: bool
) -> None:
    """Raises SourceError where more of the dataset would leave than `max_removed`, unless `allow`.

    To be called before anything is read.
    """
    leaving = removal(known, now)
    if allow or leaving.share <= recipe.max_removed:
        return
    raise SourceError(
        f"{leaving} of {recipe.dataset} are gone from the sources, which is more than max_removed "
        f"({recipe.max_removed:.0%}); nothing was changed. Check that the sources are all there; "
        "to publish without them give --allow-removal, or raise `max_removed` in the recipe"
    )


def covered_documents(
    recipe: Recipe, snapshot: Snapshot | None, known: Iterable[Document]
) -> frozenset[str]:
    """The documents that the last version covers: all that it knows, read under these settings."""
    if snapshot is None or snapshot.metadata["recipe_digest"] != recipe.digest():
        return frozenset()
    return frozenset(document.doc_id for document in known)


def uncovered(
    inventory: Iterable[Document], known: frozenset[str], receipts: Iterable[Receipt]
) -> Iterator[PageRange]:
    """The page ranges of the inventory that neither a receipt nor the last version covers.

    `known` are the documents that the last version covers: it has each of their pages, as a row or
    as a reject.
    """
    pages = (
        document.pages
        for document in inventory
        if document.page_count is not None and document.doc_id not in known
    )
    return unstaged(pages, receipts)


def unstaged(ranges: Iterable[PageRange], receipts: Iterable[Receipt]) -> Iterator[PageRange]:
    """The parts of page ranges that no receipt covers."""
    staged = runs_of(receipts)
    for part in ranges:
        yield from uncovered_ranges(part, pages_in(staged.get(part.doc_id, ())))


def pages_left_over(
    documents: Iterable[Document], covered: frozenset[str], todo: Iterable[PageRange]
) -> Counter[bool]:
    """How many pages an earlier run has read and not published, by whether they are made.

    They are the pages of documents that the last version does not cover, without those to read.
    """
    pages: Counter[bool] = Counter()
    for document in documents:
        if document.doc_id not in covered:
            pages[is_made(document.media_type)] += document.page_count or 0
    for part in todo:
        pages[is_made(part.media_type)] -= len(part)
    return pages


def runs_of(receipts: Iterable[Receipt]) -> dict[str, list[tuple[int, int]]]:
    """The runs of pages that receipts cover, by document: `start` and `stop` of each."""
    runs: dict[str, list[tuple[int, int]]] = {}
    for receipt in receipts:
        for doc_id, start, stop in receipt.ranges:
            runs.setdefault(doc_id, []).append((start, stop))
    return runs


def pages_in(runs: Iterable[tuple[int, int]]) -> set[int]:
    """The pages of some runs of one document."""
    return {index for start, stop in runs for index in range(start, stop)}
