"""The bytes of a document again, when its pages are drawn: a file, or a member of a container.

A member's bytes are checked against its id, so a container that changed gives no wrong page.
"""

from __future__ import annotations

import functools
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from schemas.errors import DocumentError
from schemas.shards import SeenFile
from workers import store
from workers.sources.containers.entries import Entry, LostError
from workers.sources.containers.examining import container_at, kept_uri
from workers.sources.containers.kinds import Kind, recognise
from workers.sources.containers.opened import GoneError, opened
from workers.sources.containers.selection import Selection
from workers.sources.containers.streams import write_bounded
from workers.sources.containers.tables import RowReader
from workers.sources.containers.walking import chunks_of, unpack, walk
from workers.sources.kept_links import place_of

_HEAD_BYTES = 1024
_BY_RANGES = ("tar", "zip", "warc")
_EVERYTHING = Selection(("**",))


@contextmanager
def open_document(
    file: SeenFile,
    doc_id: str,
    kept: str | None,
    links: Sequence[str] = (),
    turn: store.Turn | None = None,
) -> Iterator[Path]:
    """A local path to a document's bytes; a temporary copy, unless it is a local file.

    `kept` is the folder in which the inventory keeps members that no range gives again, `links` are
    those that keep what links gave. Requests to a crawl wait for a `turn`.

    Raises:
        FileNotFoundError: the file, or the container, is missing.
        DocumentError: the container does not hold the document any more.
        StorageError: the store fails.
    """
    place = place_of(file, links)
    if file.member is None:
        with store.local_copy(place) as path:
            yield path
        return
    with store.temporary_folder() as folder:
        path = folder / "document"
        try:
            _unpack(file, place, doc_id, kept, path, turn)
            if store.sha256_of(str(path)) != doc_id:
                raise LostError("its bytes are others than the inventory saw")
        except GoneError as exc:
            raise FileNotFoundError(file.container) from exc
        except LostError as exc:
            raise DocumentError("source_changed", f"{file.uri}: {exc.detail}") from exc
        yield path


def is_unchanged(file: SeenFile) -> bool:
    """Whether the file, or the container, is as it was listed. Raises FileNotFoundError.

    The containers that an index names were never listed: their members are checked by their bytes.
    What a link gave is kept under its digest, and never changes.
    """
    indexed = file.member is not None and file.member.listed is not None
    return indexed or file.is_link or store.stat(file.container) == file.stored


def _unpack(
    file: SeenFile,
    place: str,
    doc_id: str,
    kept: str | None,
    target: Path,
    turn: store.Turn | None,
) -> None:
    member = file.member
    assert member is not None
    if member.form in _BY_RANGES:
        chunks = chunks_of(place, file.container_size, member, turn)
        write_bounded(chunks, target, member.length)
    elif member.form == "row":
        chunks = _rows(place, file.version, member.within).chunks(member.offset)
        write_bounded(chunks, target, member.length)
    elif kept is not None and store.exists(kept_uri(kept, doc_id)):
        with store.local_copy(kept_uri(kept, doc_id)) as copy:
            shutil.copyfile(copy, target)
    else:
        _find(file, place, doc_id, target)


@functools.lru_cache(maxsize=1)
def _rows(uri: str, version: str, column: str | None) -> RowReader:
    """The reader of the last table: rows of a shard come in ascending order."""
    kind = _kind_of(uri, uri)
    if kind is None:
        raise LostError("it is no table any more")
    return RowReader(uri, kind.form, column)


def _kind_of(uri: str, name: str) -> Kind | None:
    size = store.stat(uri).size
    head = store.read_range(uri, 0, min(size, _HEAD_BYTES))
    return recognise(uri, head, name)


def _find(file: SeenFile, place: str, doc_id: str, target: Path) -> None:
    """Walk through the container again, up to the member: it is no longer kept."""
    assert file.member is not None
    kind = _kind_of(place, file.container)
    wanted = file.member.within or file.member.name
    if kind is None:
        raise LostError("it is no container any more")
    with opened(place) as handle:
        for entry in walk(place, handle, file.size, kind, _EVERYTHING, file.container):
            if entry.member.name == wanted and _holds(entry, file, doc_id, target):
                return
    raise LostError("it is not in the container any more")


def _holds(entry: Entry, file: SeenFile, doc_id: str, target: Path) -> bool:
    """Whether an entry is the document, or is a container that holds it; `target` then has it."""
    try:
        unpack(entry, target)
    except LostError:
        return False  # another member of this name may be whole
    if store.sha256_of(str(target)) == doc_id:
        return True
    kind = container_at(target, entry.member.name)
    if kind is None:
        return False
    outer = target.with_name(f"outer-{len(list(target.parent.iterdir()))}")
    target.rename(outer)
    with opened(str(outer)) as handle:
        size = outer.stat().st_size
        for inner in walk(str(outer), handle, size, kind, _EVERYTHING, entry.member.name):
            if _holds(inner, file, doc_id, target):
                return True
    return False
