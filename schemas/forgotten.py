"""The list of what a dataset is to forget: documents that were taken down. Pure.

The list holds ids, and for each the day and the reason of the request, as these are no content of
a document. It also holds the names of the parts that were erased, so that a missing part of an old
version is known to be missing on request.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace

from schemas.ids import DOC_ID, digest


@dataclass(frozen=True, slots=True)
class Entry:
    """When a document was taken down, as `2026-11-30`, and why, if a reason was given."""

    date: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The documents that never come back, by id, and the paths of erased parts in the dataset."""

    documents: Mapping[str, Entry] = field(default_factory=dict)
    erased: frozenset[str] = frozenset()

    @property
    def ids(self) -> frozenset[str]:
        """The ids of the documents."""
        return frozenset(self.documents)

    def digest(self) -> str | None:
        """A digest of the ids, None where there are none: another list makes another dataset."""
        return digest(sorted(self.documents))[:32] if self.documents else None

    def adding(self, doc_ids: Iterable[str], date: str, reason: str | None) -> Forgotten:
        """The list with more documents. A document that it has keeps its date and reason."""
        new = {doc_id: Entry(date, reason) for doc_id in doc_ids}
        return replace(self, documents={**new, **self.documents})

    def dropping(self, doc_ids: Collection[str]) -> Forgotten:
        """The list without some documents."""
        left = {name: entry for name, entry in self.documents.items() if name not in doc_ids}
        return replace(self, documents=left)

    def erasing(self, paths: Iterable[str]) -> Forgotten:
        """The list with more erased parts, by paths such as `pages/data/part-….parquet`."""
        return replace(self, erased=self.erased.union(paths))

    def to_json(self) -> bytes:
        """The object's bytes: equal lists give equal bytes."""
        documents = {name: asdict(entry) for name, entry in sorted(self.documents.items())}
        value = {"documents": documents, "erased": sorted(self.erased)}
        return json.dumps(value, indent=1).encode()

    @staticmethod
    def from_json(data: bytes) -> Forgotten:
        """The inverse of `to_json`. Raises ValueError where `data` is no such list."""
        try:
            value = json.loads(data)
            documents = {name: Entry(**entry) for name, entry in value["documents"].items()}
            erased = frozenset(map(str, value["erased"]))
        except (KeyError, TypeError, AttributeError, RecursionError) as exc:
            raise ValueError(f"not a list of documents: {exc}") from exc
        for name in documents:
            if not DOC_ID.fullmatch(name):
                raise ValueError(f"{name!r} is not the id of a document")
        return Forgotten(documents, erased)


NOTHING_FORGOTTEN = Forgotten()
