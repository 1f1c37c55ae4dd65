"""Shard outputs and receipts in `staging/<digest>/`: rows, images, and the receipt written last.

`<shard_id>.parquet` holds the rows of `schemas.tables.STAGED`, `<shard_id>.images` the samples'
image files end to end, `<shard_id>.json` the receipt. Writing a shard twice gives the same bytes.
"""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.errors import IntegrityError
from schemas.shards import Receipt, Shard
from schemas.tables import STAGED
from workers import store
from workers.score import Row


@dataclass(frozen=True, slots=True)
class Staging:
    """The folder of one recipe digest."""

    folder: str

    def rows_uri(self, shard_id: str) -> str:
        """Where a shard's rows are."""
        return store.join(self.folder, f"{shard_id}.parquet")

    @staticmethod
    def shard_of(rows_uri: str) -> str:
        """The shard whose rows lie at `rows_uri`."""
        return rows_uri.rsplit("/", 1)[-1].removesuffix(".parquet")

    def images_uri(self, shard_id: str) -> str:
        """Where a shard's images are."""
        return store.join(self.folder, f"{shard_id}.images")

    def write(self, shard: Shard, rows: Sequence[Row], images: Iterable[bytes | None]) -> Receipt:
        """Write a shard's outputs, then its receipt. `images` runs along `rows`.

        Raises IntegrityError unless the rows are the shard's pages, each once and in order.
        """
        if [row["page_id"] for row in rows] != list(shard.page_ids()):
            raise IntegrityError(f"shard {shard.shard_id}: its rows are not its pages")
        blob = bytearray()
        placed: list[Row] = []
        for row, image in zip(rows, images, strict=True):
            place: Row = {"recipe_digest": shard.recipe_digest}
            if image is not None and row["reason"] is None:
                place |= {"image_offset": len(blob), "image_bytes": len(image)}
                blob += image
            placed.append(row | place)
        table = pa.Table.from_pylist(placed, schema=STAGED)
        out = io.BytesIO()
        pq.write_table(table, out, compression="zstd", use_dictionary=False)
        data = out.getvalue()

        name = shard.shard_id
        store.write_bytes(self.images_uri(name), bytes(blob))
        store.write_bytes(self.rows_uri(name), data)
        receipt = Receipt(
            shard_id=name,
            recipe_digest=shard.recipe_digest,
            ranges=tuple((r.doc_id, r.start, r.stop) for r in shard.ranges),
            rows_sha256=hashlib.sha256(data).hexdigest(),
            images_sha256=hashlib.sha256(blob).hexdigest(),
            rows_bytes=len(data),
            images_bytes=len(blob),
            outcomes=dict(sorted(Counter(row["reason"] or "sample" for row in rows).items())),
        )
        store.write_bytes(store.join(self.folder, f"{name}.json"), receipt.to_json().encode())
        return receipt

    def receipts(self) -> list[Receipt]:
        """All receipts, by shard id. Raises IntegrityError for a file that is not one."""
        uris = store.list_names(self.folder, ".json")
        receipts = []
        for uri, data in zip(uris, store.read_many(uris), strict=True):
            try:
                receipts.append(Receipt.from_json(data.decode()))
            except ValueError as exc:
                raise IntegrityError(f"{uri}: {exc}; delete it and run again") from exc
        return receipts

    def read_rows(self, shard_id: str, columns: Sequence[str] | None = None) -> pa.Table:
        """A shard's rows, or some of their columns."""
        with store.open_input(self.rows_uri(shard_id)) as handle:
            return pq.read_table(handle, columns=columns and list(columns), schema=STAGED)

    def read_image(self, shard_id: str, offset: int, length: int) -> bytes:
        """One image, by one range read."""
        return store.read_range(self.images_uri(shard_id), offset, length)
