"""Originals: rows as they were before a policy changed or rejected them, kept in staging.

They lie in a folder of staging like shards, each with a receipt, so takedown, `verify` and the next
run treat them as such. They are what makes a policy reversible: without them its pages would have
to be read again. An original is written again under the same name with the same rows.
"""

from __future__ import annotations

import hashlib
import io
import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.ids import SHARD_ID_HEX_CHARS, digest
from schemas.rows import StagedCrop, StagedRow
from schemas.shards import PageRange, Receipt, Shard
from schemas.tables import DOCUMENTS
from workers import store
from workers.shards.staging import Staging

ORIGINALS = "originals-"
"""Begins the names of the folders of originals in staging."""


def originals_folder(staging_root: str, level: str, recipe_digest: str) -> str:
    """The folder of the originals of pages or documents."""
    return store.join(staging_root, f"{ORIGINALS}{level}-{recipe_digest}")


def write_original_pages(
    staging: Staging,
    rows: Sequence[StagedRow],
    images: Sequence[bytes],
    recipe_digest: str,
    crops: Sequence[tuple[StagedCrop, bytes]] = (),
) -> Receipt:
    """Write pages, sorted by their ids, with their images and crops."""
    keys = [(row["doc_id"], row["page_index"]) for row in rows]
    shard = Shard(tuple(_ranges(keys)), recipe_digest)
    return staging.write(shard, rows, images, crops)


def _ranges(keys: Sequence[tuple[str, int]]) -> Iterator[PageRange]:
    """Runs of neighbouring pages. Nothing is read from files, so none are named."""
    numbered = ((doc_id, index, index - place) for place, (doc_id, index) in enumerate(keys))
    for (doc_id, _), run in itertools.groupby(numbered, key=lambda item: (item[0], item[2])):
        indices = [index for _, index, _ in run]
        yield PageRange(doc_id, indices[0], indices[-1] + 1, "", ())


def write_original_documents(
    staging: Staging, rows: Sequence[dict[str, Any]], recipe_digest: str
) -> Receipt:
    """Write rows of `DOCUMENTS`."""
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows), schema=DOCUMENTS), out, compression="zstd")
    data = out.getvalue()
    name = digest([recipe_digest, *(row["doc_id"] for row in rows)])[:SHARD_ID_HEX_CHARS]
    store.write_bytes(staging.images_uri(name), b"")
    store.write_bytes(staging.rows_uri(name), data)
    receipt = Receipt(
        shard_id=name,
        recipe_digest=recipe_digest,
        ranges=tuple((row["doc_id"], 0, row["page_count"]) for row in rows),
        rows_sha256=hashlib.sha256(data).hexdigest(),
        images_sha256=hashlib.sha256(b"").hexdigest(),
        rows_bytes=len(data),
        images_bytes=0,
        outcomes={"document": len(rows)},
    )
    store.write_bytes(staging.receipt_uri(name), receipt.to_json().encode())
    return receipt
