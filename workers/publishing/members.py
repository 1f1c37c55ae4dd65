"""Bring the members of components together for the tasks that decide on them.

Each file is read once, and its members are written to a scratch file with one row group for each
group of components. The task that decides on a group reads the row groups of that group. So every
byte moves twice, however many groups there are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from schemas.dedup import Dedup
from workers import store
from workers.publishing.decisions import Duplicates, decide, similar_pairs
from workers.publishing.duplicates import Indices, Items, signature_matrix
from workers.publishing.records import ITEMS, ItemsTask, load_items
from workers.text.signatures import IMAGE_HASH_BYTES, TEXT_HASH_BYTES


@dataclass(frozen=True, slots=True)
class Gathering:
    """The members that lie in one file, group by group, `sizes` of each; written to `uri`."""

    items: ItemsTask
    sizes: Indices
    uri: str


@dataclass(frozen=True, slots=True)
class MembersPart:
    """A row group with members of one group; its n-th row is the group's member `places[n]`."""

    uri: str
    row_group: int
    places: Indices


@dataclass(frozen=True, slots=True)
class Group:
    """Components to decide on, one after the other: their members, and how many each has.

    `members` are numbers of records, which ascend as the ids of the records do. `links` asks for
    the similar pairs, too.
    """

    members: Indices
    sizes: Indices
    parts: tuple[MembersPart, ...]
    has_pictures: bool
    dedup: Dedup
    links: bool = False


@dataclass(frozen=True, slots=True)
class Decided:
    """What is decided on a group: the duplicates, and pairs of similar members if asked for.

    `links` is int64 (pairs, 2); items are numbers of records.
    """

    duplicates: Duplicates
    links: Indices


def write_members(task: Gathering) -> None:
    """Write the members of one file, one row group for each group that has members there."""
    _, table = load_items(task.items)
    stops = np.cumsum(task.sizes)
    with store.temporary_folder() as folder:
        path = folder / "members.parquet"
        with pq.ParquetWriter(
            path, ITEMS, compression="none", use_dictionary=False, write_statistics=False
        ) as writer:
            for stop, size in zip(stops.tolist(), task.sizes.tolist(), strict=True):
                writer.write_table(table.slice(stop - size, size), row_group_size=size)
        store.upload(path, task.uri)


def decide_members(task: Group) -> Decided:
    """The duplicates within a group, and which of its members are similar."""
    items, places = _load(task), np.arange(len(task.members))
    found = decide(items, places, task.sizes, task.dedup)
    pairs = np.zeros((0, 2), np.int64)
    if task.links:
        pairs = similar_pairs(items, places, task.sizes, task.dedup)
    return Decided(
        Duplicates(
            task.members[found.index], task.members[found.keeper], found.kind, found.similarity
        ),
        task.members[pairs],
    )


def _load(task: Group) -> Items:
    """What is compared of a group's members, in their order."""
    count = len(task.members)
    scores = np.zeros(count)
    text_tokens = np.zeros(count, np.int64)
    text_hashes = np.zeros(count, f"S{TEXT_HASH_BYTES}")
    image_hashes = np.zeros((count if task.has_pictures else 0, IMAGE_HASH_BYTES), np.uint8)
    signatures = np.zeros((0, 0), np.uint64)
    for part in task.parts:
        with store.open_input(part.uri) as handle:
            rows = pq.ParquetFile(handle).read_row_group(part.row_group).combine_chunks()
        minhash = signature_matrix(_column(rows, "minhash"))
        if not signatures.size:
            signatures = np.zeros((count, minhash.shape[1]), np.uint64)
        signatures[part.places] = minhash
        scores[part.places] = rows["score"].to_numpy()
        text_tokens[part.places] = rows["text_tokens"].to_numpy()
        hashes = b"".join(rows["text_hash"].to_pylist())
        text_hashes[part.places] = np.frombuffer(hashes, text_hashes.dtype)
        if task.has_pictures:
            images = b"".join(rows["image_hash"].to_pylist())
            image_hashes[part.places] = np.frombuffer(images, np.uint8).reshape(
                -1, IMAGE_HASH_BYTES
            )
    return Items(
        task.members,
        scores,
        text_tokens,
        text_hashes,
        image_hashes if task.has_pictures else None,
        signatures,
    )


def _column(rows: pa.Table, name: str) -> pa.Array:
    chunks = rows[name].chunks
    return chunks[0] if len(chunks) == 1 else pa.concat_arrays(chunks)
