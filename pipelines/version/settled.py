"""What a run leaves so that the next one opens no part if nothing is new.

`inventory/settled.json` in staging says which listing of the sources led to which version, and
what the card needs of its rows. A run that lists the same files under the same settings, and has
the same list of documents to forget, has nothing to do, as its inventory would be the same. The
file is safe to delete: where it is missing or belongs to another version, the next run reads the
inventory and compares.

Nothing is left after a listing with unreadable files, so that every run tries these again.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from pipelines.steps.places import examined_folder
from schemas.ids import digest
from schemas.inventory import Document
from schemas.shards import SeenFile
from workers import store
from workers.dataset import TableVersion
from workers.dataset.card import count_languages, count_licenses

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Settled:
    """A version, the digest of the listing that led to it, and its counts.

    `forgotten` is the digest of the list of documents that were taken down, None without a list.
    """

    version: int
    run_id: str
    listing: str
    documents: int
    pages: int
    languages: Mapping[str, int]
    forgotten: str | None = None


def listing_digest(listed: Iterable[SeenFile]) -> str:
    """A digest of all files that the sources name. It does not depend on their order."""
    return digest(sorted(f"{file.uri}\0{file.size}\0{file.version}" for file in listed))


def settled_as(
    tables: Mapping[str, TableVersion],
    listed: Iterable[SeenFile],
    documents: Sequence[Document],
    forgotten: str | None = None,
) -> Settled:
    """What a run leaves that ends with this version, listing, inventory and takedowns."""
    pages = tables["pages"]
    return Settled(
        version=pages.version,
        run_id=pages.metadata["run_id"],
        listing=listing_digest(listed),
        documents=len(documents),
        pages=sum(document.page_count or 0 for document in documents),
        languages=languages_of(tables),
        forgotten=forgotten,
    )


def read_settled(
    staging: str,
    pages: TableVersion,
    listed: Iterable[SeenFile],
    forgotten: str | None = None,
) -> Settled | None:
    """What a run left for this version, this listing and these takedowns, or None."""
    uri = _uri(staging)
    try:
        settled = Settled(**json.loads(store.read_bytes(uri)))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as exc:
        log.warning("%s is damaged (%s): the inventory is read instead", uri, exc)
        return None
    is_of = (settled.version, settled.run_id, settled.forgotten) == (
        *(pages.version, pages.metadata["run_id"]),
        forgotten,
    )
    return settled if is_of and settled.listing == listing_digest(listed) else None


def leave_settled(staging: str, settled: Settled) -> None:
    """Write it for the next run, unless it is there already."""
    data = json.dumps(asdict(settled), sort_keys=True).encode()
    uri = _uri(staging)
    if not store.exists(uri) or store.read_bytes(uri) != data:
        store.write_bytes(uri, data)


def _uri(staging: str) -> str:
    return store.join(examined_folder(staging), "settled.json")


# ---- languages and licences -------------------------------------------------------------------

_WITH_SAMPLES = ("pages", "conversations")
Count = Callable[[TableVersion], Counter[str]]


def languages_of(tables: Mapping[str, TableVersion]) -> dict[str, int]:
    """Samples of a version by language: as its commit says, or counted where that is too old."""
    return _of(tables, tables["pages"].metadata.get("languages"), count_languages)


def languages_after(
    before: Mapping[str, TableVersion] | None, after: Mapping[str, TableVersion]
) -> dict[str, int]:
    """Samples of a new version by language: only parts that came or went are counted."""
    stored = before["pages"].metadata.get("languages") if before else None
    return _after(before, after, stored, count_languages)


def licenses_after(
    before: Mapping[str, TableVersion] | None, after: Mapping[str, TableVersion]
) -> dict[str, int]:
    """The same by licence, with an empty word for samples without one."""
    stored = before["pages"].metadata.get("licenses") if before else None
    return _after(before, after, stored, count_licenses)


def _of(
    tables: Mapping[str, TableVersion], stored: Mapping[str, int] | None, count: Count
) -> dict[str, int]:
    if stored is not None:
        return dict(stored)
    return _counted((tables[name] for name in _WITH_SAMPLES), count)


def _after(
    before: Mapping[str, TableVersion] | None,
    after: Mapping[str, TableVersion],
    stored: Mapping[str, int] | None,
    count: Count,
) -> dict[str, int]:
    if before is None:
        return _of(after, None, count)
    rows = Counter(_of(before, stored, count))
    rows.update(_counted((_without(after[name], before[name]) for name in _WITH_SAMPLES), count))
    rows.subtract(_counted((_without(before[name], after[name]) for name in _WITH_SAMPLES), count))
    return {code: number for code, number in sorted(rows.items()) if number}


def _without(table: TableVersion, other: TableVersion) -> TableVersion:
    """The parts of a table that another version of it does not have."""
    paths = {part.path for part in other.parts}
    return replace(table, parts=tuple(part for part in table.parts if part.path not in paths))


def _counted(tables: Iterable[TableVersion], count: Count) -> dict[str, int]:
    counts = sum((count(table) for table in tables), start=Counter[str]())
    return dict(sorted(counts.items()))
