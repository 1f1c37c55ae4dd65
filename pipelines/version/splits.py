"""The split of each document: to train on, or for validation.

Linked are the documents of pages, or of whole texts, that deduplication found similar, whichever of
them it kept and whatever the policies make of them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from pipelines.version.dedup import Drops
from pipelines.version.records import NOBODY, Catalogue, Ints, Records
from schemas.recipe import Publish
from schemas.splits import SPLITS, TRAIN, VALIDATION
from workers.publishing.splits import drawn, whole_families

Splits = npt.NDArray[np.int8]
"""Places in `SPLITS`, NOBODY without one."""

_TRAIN, _VALIDATION = SPLITS.index(TRAIN), SPLITS.index(VALIDATION)


def split_documents(
    publish: Publish, catalogue: Catalogue, *compared: tuple[Records, Drops]
) -> Splits:
    """The split of each document of the catalogue; `compared` are records and their drops."""
    count = len(catalogue.documents)
    if publish.validation is None:
        return no_splits(count)
    names = [document.doc_id for document in catalogue.documents]
    chosen = drawn(names, publish.seed, publish.validation)
    links = (pairs for records, drops in compared for pairs in _links(records, drops))
    splits: Splits = np.where(whole_families(chosen, links), _VALIDATION, _TRAIN).astype(np.int8)
    return splits


def no_splits(count: int) -> Splits:
    """The splits of so many rows, or documents, that have none."""
    return np.full(count, NOBODY, np.int8)


def _links(records: Records, drops: Drops) -> Iterator[Ints]:
    """Pairs of documents: int64 (pairs, 2)."""
    dropped = np.flatnonzero(drops.dropped)
    for pairs in (drops.links, np.stack([dropped, drops.keeper[dropped]], axis=1)):
        yield records.doc[pairs].astype(np.int64)
