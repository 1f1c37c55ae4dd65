"""Shard outputs and receipts in `staging/<digest>/`: rows, images, and the receipt written last.

`<shard_id>.parquet` holds the rows of `schemas.tables.STAGED`, `<shard_id>.crops.parquet` those of
`STAGED_CROPS` where there are any, `<shard_id>.images` the image files of samples and then of
crops end to end, `<shard_id>.json` the receipt. Writing a shard twice gives the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.errors import IntegrityError
from schemas.rows import StagedCrop, StagedRow
from schemas.shards import CropsFile, Receipt, Shard
from schemas.tables import STAGED, STAGED_CROPS
from workers import store
from workers.store.listing import Stored, list_stored

log = logging.getLogger(__name__)

Row = TypeVar("Row", StagedRow, StagedCrop)


@dataclass(frozen=True, slots=True)
class Staging:
    """The folder of one recipe digest."""

    folder: str

    def rows_uri(self, shard_id: str) -> str:
        """Where a shard's rows are."""
        return store.join(self.folder, f"{shard_id}.parquet")

    def crops_uri(self, shard_id: str) -> str:
        """Where the rows of a shard's crops are; a shard without crops has no such file."""
        return store.join(self.folder, f"{shard_id}.crops.parquet")

    def images_uri(self, shard_id: str) -> str:
        """Where a shard's images are."""
        return store.join(self.folder, f"{shard_id}.images")

    @staticmethod
    def images_beside(rows_uri: str) -> str:
        """Where a shard's images are, by the URI of its rows or of the rows of its crops."""
        return rows_uri.removesuffix(".parquet").removesuffix(".crops") + ".images"

    @staticmethod
    def crops_beside(rows_uri: str) -> str:
        """Where the rows of a shard's crops are, by the URI of its rows."""
        return rows_uri.removesuffix(".parquet") + ".crops.parquet"

    def receipt_uri(self, shard_id: str) -> str:
        """Where a shard's receipt is."""
        return store.join(self.folder, f"{shard_id}.json")

    def write(
        self,
        shard: Shard,
        rows: Sequence[StagedRow],
        images: Iterable[bytes | None],
        crops: Iterable[tuple[StagedCrop, bytes]] = (),
    ) -> Receipt:
        """Write a shard's outputs, then its receipt. `images` has one entry for each row.

        Raises IntegrityError unless the rows are those of the shard's pages, each once and in
        order, and each crop is there once and belongs to a sample.
        """
        crops = list(crops)
        _check(shard, rows, crops)
        blob = bytearray()
        pairs = zip(rows, images, strict=True)
        kept = (data if row["reason"] is None else None for row, data in pairs)
        data = _encode(_placed(shard, rows, kept, blob), STAGED)
        crop_rows, crop_images = [row for row, _ in crops], [image for _, image in crops]
        crops_data = _encode(_placed(shard, crop_rows, crop_images, blob), STAGED_CROPS)

        name = shard.shard_id
        store.write_bytes(self.images_uri(name), bytes(blob))
        if crops:
            store.write_bytes(self.crops_uri(name), crops_data)
        store.write_bytes(self.rows_uri(name), data)
        receipt = Receipt(
            shard_id=name,
            recipe_digest=shard.recipe_digest,
            ranges=tuple((r.doc_id, r.start, r.stop) for r in shard.ranges),
            rows_sha256=_sha256(data),
            images_sha256=_sha256(blob),
            rows_bytes=len(data),
            images_bytes=len(blob),
            outcomes=dict(sorted(Counter(row["reason"] or "sample" for row in rows).items())),
            crops=CropsFile(_sha256(crops_data), len(crops_data), len(crops)) if crops else None,
        )
        store.write_bytes(self.receipt_uri(name), receipt.to_json().encode())
        return receipt

    def receipts(self, listed: Iterable[Stored] | None = None) -> list[Receipt]:
        """All receipts, sorted by shard id; `listed` is the folder's listing, if it is known.

        Raises IntegrityError for a damaged receipt.
        """
        return list(self._receipts(listed).values())

    def _receipts(self, listed: Iterable[Stored] | None = None) -> dict[Stored, Receipt]:
        listed = list_stored(self.folder) if listed is None else listed
        stored = [item for item in listed if item.name.endswith(".json")]
        remembered = self._remembered() if stored else {}
        receipts = {item: remembered.get(_line_key(item)) for item in stored}
        others = [item for item, receipt in receipts.items() if receipt is None]
        for item, data in zip(others, store.read_many([i.uri for i in others]), strict=True):
            try:
                receipts[item] = Receipt.from_json(data.decode())
            except ValueError as exc:
                raise IntegrityError(f"{item.uri}: {exc}; delete it and run again") from exc
        return {item: receipt for item, receipt in receipts.items() if receipt is not None}

    def remember_receipts(self) -> None:
        """Copy all receipts into one file, so that the next run need not open each of them.

        The receipts themselves stay and decide: a copy is not used when its receipt was deleted or
        written again. The file is safe to delete.
        """
        lines = [f"{_line_key(item)}\t{r.to_json()}" for item, r in self._receipts().items()]
        if lines:
            store.write_bytes(self._memory_uri, "\n".join(lines).encode())

    @property
    def _memory_uri(self) -> str:
        return store.join(self.folder, "receipts.tsv")

    def _remembered(self) -> dict[str, Receipt]:
        try:
            lines = store.read_bytes(self._memory_uri).decode().splitlines()
        except FileNotFoundError:
            return {}
        try:
            pairs = (line.split("\t", 1) for line in lines)
            return {key: Receipt.from_json(text) for key, text in pairs}
        except ValueError as exc:
            log.warning("%s is damaged (%s): the receipts are read instead", self._memory_uri, exc)
            return {}

    def whole_receipts(self, delete_others: bool = False) -> list[Receipt]:
        """The receipts whose files are complete. Pages of the other receipts are read again.

        `delete_others` deletes those. Raises what `receipts` raises.
        """
        receipts = self.receipts()
        # Listed after the receipts, which are written last, so their files are there by now.
        sizes = {item.uri: item.size for item in list_stored(self.folder)} if receipts else {}
        whole = []
        for receipt in receipts:
            lost = [uri for uri, size in self.files(receipt) if sizes.get(uri) != size]
            if lost:
                log.warning("%s is missing or cut short: its pages are read again", lost[0])
                if delete_others:
                    store.delete(self.receipt_uri(receipt.shard_id))
            else:
                whole.append(receipt)
        return whole

    def files(self, receipt: Receipt) -> Iterator[tuple[str, int]]:
        """The files of a receipt's shard, and how many bytes each has."""
        yield self.rows_uri(receipt.shard_id), receipt.rows_bytes
        yield self.images_uri(receipt.shard_id), receipt.images_bytes
        if receipt.crops is not None:
            yield self.crops_uri(receipt.shard_id), receipt.crops.bytes


def _line_key(item: Stored) -> str:
    """A key that changes when the receipt is written again."""
    return f"{item.name} {item.size} {item.modified_s!r}"


def _check(
    shard: Shard, rows: Sequence[StagedRow], crops: Sequence[tuple[StagedCrop, bytes]]
) -> None:
    if [row["page_id"] for row in rows] != list(shard.page_ids()):
        raise IntegrityError(f"shard {shard.shard_id}: the rows are not those of its pages")
    samples = {row["page_id"] for row in rows if row["reason"] is None}
    if not samples.issuperset(row["page_id"] for row, _ in crops):
        raise IntegrityError(f"shard {shard.shard_id}: a crop is of a page that is not a sample")
    if len({row["crop_id"] for row, _ in crops}) != len(crops):
        raise IntegrityError(f"shard {shard.shard_id}: two crops have the same id")


def _placed(
    shard: Shard, rows: Iterable[Row], images: Iterable[bytes | None], blob: bytearray
) -> Iterator[Row]:
    """The rows with the places of their images, which are appended to `blob`."""
    for row, image in zip(rows, images, strict=True):
        placed = row.copy()
        placed["recipe_digest"] = shard.recipe_digest
        if image is not None:
            placed["image_offset"], placed["image_bytes"] = len(blob), len(image)
            blob += image
        yield placed


def _encode(rows: Iterable[Row], schema: pa.Schema) -> bytes:
    out = io.BytesIO()
    table = pa.Table.from_pylist(list(rows), schema=schema)
    pq.write_table(table, out, compression="zstd", use_dictionary=False)
    return out.getvalue()


def _sha256(data: bytes | bytearray) -> str:
    return hashlib.sha256(data).hexdigest()
