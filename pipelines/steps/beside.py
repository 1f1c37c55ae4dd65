"""Read what is stated beside documents that are new, and take over those of which only that is.

new files ─► [ read what lies beside ] per chunk ─► files with what is stated
          ─► known documents at once, all others are examined
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

from cluster.session import Session
from pipelines.steps.listing import Listing
from pipelines.steps.tasks import run_tasks
from schemas.errors import StorageError
from schemas.inventory import Document
from schemas.provenance import NOTHING, Provenance
from schemas.shards import SeenFile
from schemas.sources import Source
from workers import store
from workers.rasterising import NEEDS
from workers.sources import Examined, Naming
from workers.sources.beside import stated_by
from workers.sources.documents import unreadable

_FILES_PER_TASK = 512


@dataclass(frozen=True, slots=True)
class Stated:
    """New files with what is stated of them.

    `files` are still to be examined. `documents` are known already: only what is stated of them has
    changed. `failed` are those beside which something cannot be read now.
    """

    files: Mapping[SeenFile, Source] = field(default_factory=dict)
    documents: Sequence[tuple[SeenFile, Document]] = ()
    failed: Sequence[Examined] = ()
    bytes_read: int = 0

    @staticmethod
    def of(
        new: Mapping[SeenFile, Source],
        listing: Listing,
        known: Iterable[Document],
        naming: Naming,
        session: Session,
    ) -> Stated:
        """Read what lies beside the `new` files; the `known` documents' files have their names."""
        beside = {file: listing.beside.get(file.uri, ()) for file in new}
        wanted = sorted({other.uri for others in beside.values() for other in others})
        said = dict(pair for part in run_tasks(_read, _cut(wanted), session) for pair in part)
        before = _known_as(known, {naming.named(file).content for file in new})
        files: dict[SeenFile, Source] = {}
        documents, failed = [], []
        for file, source in new.items():
            facts = [said[other.uri] for other in beside[file]]
            errors = [fact for fact in facts if isinstance(fact, StorageError | OSError)]
            if errors:
                failed.append(unreadable(file, errors[0]))
                continue
            stated = file.stated
            for fact in facts:
                assert isinstance(fact, Provenance)
                stated = stated.over(fact)
            stating = file if stated == NOTHING else replace(file, stated=stated)
            named = naming.named(stating)
            if (document := before.get(named.content)) is not None:
                documents.append((named, document))
            else:
                files[stating] = source
        sizes = {other.uri: other.size for others in beside.values() for other in others}
        return Stated(files, documents, failed, sum(sizes.values()))


_Content = tuple[str, int, str]


def _known_as(known: Iterable[Document], wanted: Set[_Content]) -> dict[_Content, Document]:
    """Known documents that are files of their own, by what stays the same while the bytes do."""
    if not wanted:
        return {}
    return {
        file.content: document
        for document in known
        if document.reason not in NEEDS
        for file in document.files
        if file.member is None and file.content in wanted
    }


def _cut(uris: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for start in range(0, len(uris), _FILES_PER_TASK):
        yield tuple(uris[start : start + _FILES_PER_TASK])


def _read(uris: tuple[str, ...]) -> list[tuple[str, Provenance | StorageError | OSError]]:
    """What each file states, or why it cannot be read."""
    try:
        data = store.read_many(list(uris))
        return [(uri, stated_by(uri, part)) for uri, part in zip(uris, data, strict=True)]
    except (StorageError, OSError):
        return [(uri, _read_alone(uri)) for uri in uris]


def _read_alone(uri: str) -> Provenance | StorageError | OSError:
    try:
        return stated_by(uri, store.read_bytes(uri))
    except (StorageError, OSError) as exc:
        return exc
