"""Deduplicate: group page or document records, verify candidates, choose keepers.

    records ─► candidate pairs by bucket ─► components ─► signatures of these ─► decisions

Only the records of components load their full signatures; what decides is `workers.duplicates`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from cluster.session import Session
from pipelines.state import PageRecords, run_tasks
from schemas.recipe import Dedup, Recipe
from workers.candidates import RowsFile, load_signatures, signature_matrix
from workers.duplicates import Items, band_keys, candidate_edges, components, decide
from workers.signatures import IMAGE_HASH_BYTES, TEXT_HASH_BYTES


@dataclass(frozen=True, slots=True)
class Drop:
    """Why an id is dropped, and for which."""

    kept_id: str
    kind: str
    similarity: float


Drops = Mapping[str, Drop]
LoadSignatures = Callable[[npt.NDArray[np.int64]], npt.NDArray[np.uint64]]


def dedup_pages(recipe: Recipe, records: PageRecords, session: Session) -> Drops:
    """The dropped pages among all readable ones, by page id."""
    readable = readable_records(records)
    near = recipe.dedup.near
    bands = near.bands if near else 1
    keys = np.frombuffer(b"".join(readable["band_keys"].to_pylist()), np.uint64)
    items = _items(readable, keys.reshape(-1, bands), with_images=True)

    def signatures(indices: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
        wanted = readable.take(pa.array(indices))
        return _load_signatures(wanted, records.files, session)

    return _drops(items, signatures, recipe.dedup)


def readable_records(records: PageRecords) -> pa.Table:
    """Records of pages that have a text: samples, and duplicates of an earlier version."""
    reason = records.table["reason"]
    return records.table.filter(pc.equal(pc.fill_null(reason, "duplicate"), "duplicate"))


def dedup_documents(recipe: Recipe, summaries: pa.Table) -> Drops:
    """The dropped documents, by doc id. `summaries` holds the columns of `DOCUMENTS` but texts."""
    signatures = signature_matrix(summaries["minhash"].combine_chunks())
    near = recipe.dedup.near
    bands = near.bands if near else 1
    keys = band_keys(signatures, bands) if len(signatures) else np.zeros((0, bands), np.uint64)
    renamed = summaries.rename_columns({"doc_id": "id", "quality_score": "score"})
    items = _items(renamed, keys, with_images=False)
    return _drops(items, lambda indices: signatures[indices], recipe.dedup)


def _items(table: pa.Table, keys: npt.NDArray[np.uint64], with_images: bool) -> Items:
    name = "page_id" if with_images else "id"
    hashes = b"".join(table["text_hash"].to_pylist())
    images = b"".join(table["image_hash"].to_pylist()) if with_images else b""
    return Items(
        ids=table[name].to_pylist(),
        scores=table["score"].to_numpy().astype(np.float64),
        text_tokens=table["text_tokens"].to_numpy().astype(np.int64),
        text_hashes=np.frombuffer(hashes, f"S{TEXT_HASH_BYTES}"),
        image_hashes=np.frombuffer(images, np.uint8).reshape(-1, IMAGE_HASH_BYTES)
        if with_images
        else None,
        band_keys=keys,
    )


def _drops(items: Items, signatures: LoadSignatures, settings: Dedup) -> Drops:
    found = components(len(items.ids), candidate_edges(items, settings))
    if not found:
        return {}
    members = np.concatenate(found)
    loaded = signatures(members)
    drops: dict[str, Drop] = {}
    start = 0
    for component in found:
        stop = start + len(component)
        for duplicate in decide(items, component, loaded[start:stop], settings):
            keeper = items.ids[duplicate.keeper]
            drops[items.ids[duplicate.index]] = Drop(keeper, duplicate.kind, duplicate.similarity)
        start = stop
    return drops


def _load_signatures(
    wanted: pa.Table, files: Sequence[RowsFile], session: Session
) -> npt.NDArray[np.uint64]:
    """Signatures of `wanted` records in their order, read file by file."""
    ids = wanted["page_id"].to_pylist()
    by_file: dict[int, list[str]] = {}
    for page_id, file in zip(ids, wanted["file"].to_pylist(), strict=True):
        by_file.setdefault(file, []).append(page_id)
    tasks = [(files[file], pages) for file, pages in by_file.items()]
    found: dict[str, npt.NDArray[np.uint64]] = {}
    for names, rows in run_tasks(_signatures_task, tasks, session):
        found.update(zip(names, rows, strict=True))
    return np.stack([found[page_id] for page_id in ids])


def _signatures_task(
    task: tuple[RowsFile, Sequence[str]],
) -> tuple[list[str], npt.NDArray[np.uint64]]:
    return load_signatures(*task)
