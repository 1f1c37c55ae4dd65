"""Verify: prove the ledger of a published version from its tables alone.

For every page of the inventory there is exactly one row in `pages` or `conversations`, or one page
reject; for every
document exactly one row in `documents` or one document reject; every part is there and its bytes
hash to its name; every duplicate names a row that is kept; every crop is linked by the text of its
page, and every such link is to a crop. Every receipt in the dataset's staging has its files, or
the next run would count on pages that are not there.

Part files that no version names are told as a note, not as a problem. No reader of a version sees
them; a publish that was killed leaves them by design (its parts come before their commit, and its
repeat finds or replaces them); and one that is at work now has some for a moment, which nobody
can tell from the others. They cost only space, and show in a bare glob over a table's parts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from cluster.session import Session
from pipelines.state import Snapshot, load_snapshot
from pipelines.tasks import run_tasks
from schemas.errors import DatasetError
from schemas.ids import page_id
from schemas.pages import CROP_LINK
from schemas.shards import Receipt
from schemas.tables import TABLES
from workers import store
from workers.listing import Stored, list_stored
from workers.parts import matching_texts
from workers.staging import Staging
from workers.vacuum import named_parts

_MOST_NAMED = 5
_RESTORE = "put it back from a copy of the dataset, or make the dataset anew in another folder"
_ANEW = "read an older version that verifies (`--version`), or make the dataset anew"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verify found: problems are one line each, and there are none in a sound version.

    Orphans are part files that no version names; `notes` has a line on them if there are any.
    """

    version: int
    documents: int
    pages: int
    samples: int
    page_rejects: int
    crops: int
    parts: int
    bytes_hashed: int
    orphans: int
    orphan_bytes: int
    problems: tuple[str, ...]
    notes: tuple[str, ...]


def verify(dataset: str, session: Session, version: int | None = None) -> Verdict:
    """Check one version, the latest by default. Raises DatasetError where there is none."""
    uri = store.absolute(dataset)
    snapshot = load_snapshot(uri, version)
    if snapshot is None:
        raise DatasetError(f"{dataset} holds no published version; `pagefoundry run` makes one")
    parts = [
        (table.part_uri(part), part.size, part.sha256)
        for table in snapshot.tables.values()
        for part in table.parts
    ]
    damaged = [line for line in run_tasks(check_part, parts, session) if line]
    pages, page_rejects, problems = 0, 0, sorted(damaged)
    if not damaged:
        pages, page_rejects, problems = _ledger(snapshot)
        problems += _crop_problems(snapshot, session)
    problems += _staging_problems(store.join(uri, "staging"))
    orphans = [item for name in TABLES for item in orphan_parts(store.join(uri, name))]
    return Verdict(
        version=snapshot.version,
        documents=sum(part.rows for part in snapshot.tables["inventory"].parts),
        pages=pages,
        samples=sum(
            part.rows for name in ("pages", "conversations") for part in snapshot.tables[name].parts
        ),
        page_rejects=page_rejects,
        crops=sum(part.rows for part in snapshot.tables["crops"].parts),
        parts=len(parts),
        bytes_hashed=sum(size for _, size, _ in parts),
        orphans=len(orphans),
        orphan_bytes=sum(item.size for item in orphans),
        problems=tuple(problems),
        notes=tuple(_orphan_notes(orphans)),
    )


def check_part(part: tuple[str, int, str]) -> str | None:
    """One line for a part that is missing or damaged."""
    uri, size, sha256 = part
    try:
        found = store.sha256_of(uri)
    except FileNotFoundError:
        return f"{uri}: the part is missing; {_RESTORE}"
    if found != sha256:
        return (
            f"{uri}: the part is damaged: its {size:,} bytes hash to {found[:12]}…, its name says "
            f"{sha256[:12]}…; {_RESTORE}"
        )
    return None


def _ledger(snapshot: Snapshot) -> tuple[int, int, list[str]]:
    documents = snapshot.documents()
    counted = {document.doc_id: document.page_count for document in documents}
    expected = [
        page_id(doc_id, index) for doc_id, count in counted.items() for index in range(count or 0)
    ]
    samples = _ids(snapshot, "pages", "page_id") + _ids(snapshot, "conversations", "page_id")
    rejects = snapshot.columns("rejects", ["level", "reason", "doc_id", "page_id", "kept_id"])
    rows = rejects.to_pylist() if rejects is not None else []
    page_rows = [row for row in rows if row["level"] == "page"]
    document_rows = [row for row in rows if row["level"] == "document"]
    texts = _ids(snapshot, "documents", "doc_id")
    problems = [
        *_unequal("page", expected, samples + [row["page_id"] for row in page_rows]),
        *_unequal("document", counted, texts + [row["doc_id"] for row in document_rows]),
        *_orphans("page", page_rows, "page_id", frozenset(samples)),
        *_orphans("document", document_rows, "doc_id", frozenset(texts)),
    ]
    return len(expected), len(page_rows), problems


def _ids(snapshot: Snapshot, table: str, column: str) -> list[str]:
    found = snapshot.columns(table, [column])
    return found[column].to_pylist() if found is not None else []


def _unequal(what: str, expected: Iterable[str], found: Iterable[str]) -> Iterator[str]:
    wanted, have = frozenset(expected), Counter(found)
    yield from _named(f"{what} of the inventory has no row and no reject", wanted - have.keys())
    yield from _named(f"{what} is not in the inventory", have.keys() - wanted)
    doubled = (name for name, rows in have.items() if rows > 1)
    yield from _named(f"{what} has more than one row", doubled)


def _named(label: str, ids: Iterable[str], remedy: str = _ANEW) -> Iterator[str]:
    """A line for each of the first ids, and one for how many more there are."""
    named = sorted(ids)
    yield from (f"{name}: this {label}; {remedy}" for name in named[:_MOST_NAMED])
    if len(named) > _MOST_NAMED:
        yield f"… and {len(named) - _MOST_NAMED:,} more: {label}"


def _orphans(
    what: str, rows: Iterable[dict[str, str]], key: str, kept: frozenset[str]
) -> Iterator[str]:
    for row in rows:
        if row["reason"] == "duplicate" and row["kept_id"] not in kept:
            yield (
                f"{row[key]}: this duplicate {what} names {row['kept_id']}, which is not kept; "
                f"{_ANEW}"
            )


def _crop_problems(snapshot: Snapshot, session: Session) -> Iterator[str]:
    """Crops and the links to them, which are pairs of a page and a path, must be the same set."""
    table = snapshot.columns("crops", ["crop_id", "page_id", "image.path"])
    rows = table.to_pylist() if table is not None else []
    pages = frozenset(_ids(snapshot, "pages", "page_id"))
    seen = Counter(row["crop_id"] for row in rows)
    stray = {row["crop_id"] for row in rows if row["page_id"] not in pages}
    crops = {(row["page_id"], row["image"]["path"]): row["crop_id"] for row in rows}
    links: set[tuple[str, str]] = set()
    uris = [snapshot.tables["pages"].part_uri(part) for part in snapshot.tables["pages"].parts]
    for found in run_tasks(crop_links, uris, session):
        links.update(found)
    yield from _named("crop has more than one row", (name for name, n in seen.items() if n > 1))
    yield from _named("crop is of a page that is not in `pages`", stray)
    unlinked = {crops[pair] for pair in crops.keys() - links} - stray
    yield from _named("crop is not linked by the text of its page", unlinked)
    dangling = (f"{page}: crops/{path}" for page, path in links - crops.keys())
    yield from _named("link is to a crop that the page does not have", dangling)


def crop_links(uri: str) -> set[tuple[str, str]]:
    """The links to crops in a part of `pages`: page ids and the paths that their texts link."""
    texts = matching_texts(uri, "](crops/")
    return {(page, link[2]) for page, text in texts for link in CROP_LINK.finditer(text)}


# ---- beside the tables ------------------------------------------------------------------------


def orphan_parts(table_uri: str) -> list[Stored]:
    """Files among a table's parts that no version names, torn writes included."""
    # Listed first: a part that is committed meanwhile is then named.
    stored = list_stored(store.join(table_uri, "data"))
    named = named_parts(table_uri)
    return [item for item in stored if item.uri.removeprefix(f"{table_uri}/") not in named]


def _orphan_notes(orphans: list[Stored]) -> Iterator[str]:
    if orphans:
        size = sum(item.size for item in orphans)
        count = "1 orphan part" if len(orphans) == 1 else f"{len(orphans):,} orphan parts"
        yield (
            f"{count}, {size:,} bytes, that no version names, such as {orphans[0].uri}: "
            "a killed publish leaves them; `pagefoundry vacuum` removes them"
        )


def _staging_problems(root: str) -> Iterator[str]:
    """Receipts whose files are not there in full. Their bytes are not hashed here."""
    folders = {item.uri.removeprefix(f"{root}/").partition("/")[0] for item in list_stored(root)}
    for folder in sorted(folders - {"inventory"}):
        staging = Staging(store.join(root, folder))
        receipts = staging.receipts()
        # Listed after the receipts, which are written last: what they speak for is there by now.
        sizes = {item.uri: item.size for item in list_stored(staging.folder)}
        yield from _named_files(receipts, staging, sizes)


def _named_files(
    receipts: Iterable[Receipt], staging: Staging, sizes: Mapping[str, int]
) -> Iterator[str]:
    for receipt in receipts:
        name = receipt.shard_id
        for uri, size in staging.files(receipt):
            if sizes.get(uri) != size:
                there = f"has {sizes[uri]:,} bytes of {size:,}" if uri in sizes else "is missing"
                yield (
                    f"{store.join(staging.folder, name)}.json: this receipt's file {uri} {there}; "
                    "delete the receipt, and the next run reads its pages again"
                )
