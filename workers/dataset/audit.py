"""Check a part: whether its bytes are whole, and which ids its rows have.

Ids are returned as arrays (`workers.dataset.keys`), one part at a time, so that the caller, who
adds them up, holds a few bytes a page and no text. `pipelines.dataset.verify` decides from them
whether a version is sound.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from schemas.pages import CROP_LINK
from schemas.reject_reasons import DUPLICATE_REASONS, POLICY_REASONS
from workers import store
from workers.dataset.keys import Keys, doc_keys, page_keys
from workers.dataset.parts import open_part, read_part

_ROWS_AT_ONCE = 16_384
# With their texts: some thousand bytes each, 16 MiB in all.
_TEXTS_AT_ONCE = 4096
_DIGEST_BYTES = 16
_RESTORE = "restore it from a copy of the dataset, or make a new dataset in another folder"

Digests = npt.NDArray[np.bytes_]
"""Digests, `S16`, by which crops and links are compared."""


@dataclass(frozen=True, slots=True)
class PartToCheck:
    """A part of a table; `with_rows` asks for the ids of its rows.

    `split` is the one that the version says its rows are in, None where it says none.
    """

    table: str
    uri: str
    size: int
    sha256: str
    with_rows: bool
    split: str | None = None


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Rejects that name a keeper: the n-th of `own` names the n-th of `kept`.

    `odd` are the pairs of texts of which one is not an id.
    """

    own: Keys
    kept: Keys
    odd: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class PartRows:
    """The ids of a part's rows. A field is None where the table does not have it.

    - `keys`: ids of pages or, with index 0, of documents. In `inventory` the index is the number of
      the document's pages.
    - `documents`, `document_duplicates`: rejects of whole documents.
    - `left_out`, `left_out_documents`: rejects of policies and of a mix.
    - `links`: digests of a page's id and a crop's path, one for each link in the texts of `pages`.
    - `crop_ids`, `pairs`, `owners`: for each row of `crops` the digest of its id, the digest of its
      page's id and its path, and its page's key, with index -1 where the page's id is not one.
    """

    keys: Keys
    documents: Keys = field(default_factory=lambda: Keys.joined([]))
    left_out: Keys = field(default_factory=lambda: Keys.joined([]))
    left_out_documents: Keys = field(default_factory=lambda: Keys.joined([]))
    duplicates: Duplicates | None = None
    document_duplicates: Duplicates | None = None
    links: Digests | None = None
    crop_ids: Digests | None = None
    pairs: Digests | None = None
    owners: Keys | None = None


@dataclass(frozen=True, slots=True)
class CheckedPart:
    """A checked part: one line on what is wrong with its bytes, or the ids of its rows."""

    part: PartToCheck
    damage: str | None = None
    rows: PartRows | None = None


def check_part(part: PartToCheck) -> CheckedPart:
    """Hash a part. If its bytes are whole and its rows are wanted, read their ids."""
    try:
        sha256 = store.sha256_of(part.uri)
    except FileNotFoundError:
        return CheckedPart(part, f"{part.uri}: the part is missing; {_RESTORE}")
    if sha256 != part.sha256:
        return CheckedPart(
            part,
            f"{part.uri}: the part is damaged: its {part.size:,} bytes hash to {sha256[:12]}…, "
            f"its name says {part.sha256[:12]}…; {_RESTORE}",
        )
    if part.split is not None:
        splits = read_part(part.uri, ["split"])["split"].unique().to_pylist()
        if splits != [part.split]:
            return CheckedPart(
                part,
                f"{part.uri}: its rows are in the splits {splits}, and the version says "
                f"{part.split!r}; {_RESTORE}",
            )
    return CheckedPart(part, rows=_READERS[part.table](part.uri) if part.with_rows else None)


def _batches(uri: str, columns: Sequence[str], rows: int) -> Iterator[pa.RecordBatch]:
    with open_part(uri) as handle:
        yield from pq.ParquetFile(handle).iter_batches(batch_size=rows, columns=list(columns))


def inventory_keys(uri: str) -> Keys:
    """The documents of a part of the inventory; the index is the number of a document's pages."""
    keys_of_batches = []
    for batch in _batches(uri, ["doc_id", "page_count"], _ROWS_AT_ONCE):
        keys, rows = doc_keys(batch["doc_id"])
        counts = batch["page_count"].fill_null(0).to_numpy().astype(np.int64)
        keys_of_batches.append(Keys(keys.doc, counts[rows], keys.odd))
    return Keys.joined(keys_of_batches)


def _inventory(uri: str) -> PartRows:
    return PartRows(inventory_keys(uri))


def _documents(uri: str) -> PartRows:
    batches = _batches(uri, ["doc_id"], _ROWS_AT_ONCE)
    return PartRows(Keys.joined([doc_keys(batch["doc_id"])[0] for batch in batches]))


def _conversations(uri: str) -> PartRows:
    batches = _batches(uri, ["page_id"], _ROWS_AT_ONCE)
    return PartRows(Keys.joined([page_keys(batch["page_id"])[0] for batch in batches]))


def _pages(uri: str) -> PartRows:
    keys, links = [], []
    for batch in _batches(uri, ["page_id", "text"], _TEXTS_AT_ONCE):
        keys.append(page_keys(batch["page_id"])[0])
        links += [crop_digest(page, path) for page, path in _links(batch)]
    return PartRows(Keys.joined(keys), links=_digests(links))


def _links(batch: pa.RecordBatch) -> Iterator[tuple[str, str]]:
    """The pages whose texts link crops, and the paths that they link."""
    has_link = pc.match_substring(batch["text"], "](crops/")
    linking = batch.filter(has_link) if has_link.true_count else batch.slice(0, 0)
    texts = zip(linking["page_id"].to_pylist(), linking["text"].to_pylist(), strict=True)
    return ((page, link[2]) for page, text in texts for link in CROP_LINK.finditer(text))


def _rejects(uri: str) -> PartRows:
    pages, documents = [], []
    page_duplicates, document_duplicates = [], []
    left_out, left_out_documents = [], []
    for batch in _batches(uri, ["level", "reason", "doc_id", "page_id", "kept_id"], _ROWS_AT_ONCE):
        of_pages = batch.filter(pc.equal(batch["level"], "page"))
        pages.append(page_keys(of_pages["page_id"])[0])
        page_duplicates.append(_duplicates(of_pages, "page_id"))
        of_documents = batch.filter(pc.equal(batch["level"], "document"))
        documents.append(doc_keys(of_documents["doc_id"])[0])
        document_duplicates.append(_duplicates(of_documents, "doc_id"))
        left_out.append(page_keys(_left_out(of_pages)["page_id"])[0])
        left_out_documents.append(doc_keys(_left_out(of_documents)["doc_id"])[0])
    return PartRows(
        Keys.joined(pages),
        documents=Keys.joined(documents),
        left_out=Keys.joined(left_out),
        left_out_documents=Keys.joined(left_out_documents),
        duplicates=_joined(page_duplicates),
        document_duplicates=_joined(document_duplicates),
    )


def _left_out(rejects: pa.RecordBatch) -> pa.RecordBatch:
    return rejects.filter(pc.is_in(rejects["reason"], pa.array(["left_out", *POLICY_REASONS])))


def _duplicates(rejects: pa.RecordBatch, column: str) -> Duplicates:
    """The duplicates among some rejects; `column` has their own ids."""
    rows = rejects.filter(pc.is_in(rejects["reason"], pa.array(DUPLICATE_REASONS)))
    read = page_keys if column == "page_id" else doc_keys
    own, own_rows = read(rows[column])
    kept, kept_rows = read(rows["kept_id"])
    both, in_own, in_kept = np.intersect1d(
        own_rows, kept_rows, assume_unique=True, return_indices=True
    )
    others = pa.array(np.setdiff1d(np.arange(len(rows)), both))
    odd = zip(
        rows[column].take(others).to_pylist(), rows["kept_id"].take(others).to_pylist(), strict=True
    )
    return Duplicates(
        own.take(in_own),
        kept.take(in_kept),
        tuple((str(mine), str(keeper)) for mine, keeper in odd),
    )


def _joined(parts: Sequence[Duplicates]) -> Duplicates:
    return Duplicates(
        Keys.joined([part.own for part in parts]),
        Keys.joined([part.kept for part in parts]),
        tuple(pair for part in parts for pair in part.odd),
    )


# ---- crops ------------------------------------------------------------------------------------


def _crops(uri: str) -> PartRows:
    names: list[bytes] = []
    pairs: list[bytes] = []
    owners = []
    for batch in _batches(uri, ["crop_id", "page_id", "image.path"], _ROWS_AT_ONCE):
        pages = batch["page_id"].to_pylist()
        paths = batch["image"].field("path").to_pylist()
        names += [crop_digest(name) for name in batch["crop_id"].to_pylist()]
        pairs += [crop_digest(page, path) for page, path in zip(pages, paths, strict=True)]
        keys, rows = page_keys(batch["page_id"])
        doc = np.zeros(len(batch), keys.doc.dtype)
        index = np.full(len(batch), -1, np.int64)
        doc[rows], index[rows] = keys.doc, keys.index
        owners.append(Keys(doc, index))
    return PartRows(
        Keys.joined([]),
        crop_ids=_digests(names),
        pairs=_digests(pairs),
        owners=Keys.joined(owners),
    )


def crop_digest(*texts: str | None) -> bytes:
    """A digest of sixteen bytes over a crop's id, or over a page's id and a path."""
    text = "\n".join(str(text) for text in texts)
    return hashlib.blake2b(text.encode(), digest_size=_DIGEST_BYTES).digest()


def _digests(hashes: Sequence[bytes]) -> Digests:
    return np.frombuffer(b"".join(hashes), f"S{_DIGEST_BYTES}")


@dataclass(frozen=True, slots=True)
class LinksToName:
    """A part of `pages`, and digests of the links to name."""

    uri: str
    digests: frozenset[bytes]


def name_links(task: LinksToName) -> list[str]:
    """The page and the path of each of these links in the part's texts."""
    return [
        f"{page}: crops/{path}"
        for batch in _batches(task.uri, ["page_id", "text"], _TEXTS_AT_ONCE)
        for page, path in _links(batch)
        if crop_digest(page, path) in task.digests
    ]


_READERS = {
    "inventory": _inventory,
    "rejects": _rejects,
    "documents": _documents,
    "crops": _crops,
    "conversations": _conversations,
    "pages": _pages,
}
