"""Examine a file of a source, whatever it is: a document, a container, or a container's member."""

from __future__ import annotations

from schemas.errors import StorageError
from schemas.shards import SeenFile
from workers import store
from workers.sources.containers import Examiner, Findings, Kind, container_at, recognise
from workers.sources.containers.limits import MAX_MEMBER_BYTES
from workers.sources.documents import examine_copy, unreadable

_HEAD_BYTES = 1024


def examine_file(file: SeenFile, examiner: Examiner) -> Findings:
    """What a file holds. Its contents never raise an error; they give a `reason`.

    A file that looks like a document by its name is fetched whole; any other is looked at first,
    because a container is not fetched.

    Raises AccessError where the store refuses every request, and not only that for this file.
    """
    try:
        if file.member is not None:
            return examiner.member(file)
        if examiner.selection.index is not None:
            return examiner.index(file, examiner.selection.index)
        looks_whole = file.uri.lower().endswith(store.DOCUMENT_SUFFIXES)
        place = examiner.place(file)
        if not looks_whole and (kind := _container(file, place)):
            return examiner.container(file, kind)
        with store.local_copy(place) as path:
            kind = container_at(path, file.uri)
            if kind is None:
                document = examine_copy(file, path, examiner.rasterizer)
                return Findings((document,), bytes_read=file.size)
        return examiner.container(file, kind)
    except (StorageError, OSError) as exc:  # also of a disk that fails while it is read
        return Findings((unreadable(file, exc),))


def _container(file: SeenFile, place: str) -> Kind | None:
    """The kind of a container at a place, by its first bytes, which are all that is fetched.

    A zip of another name may be an office file, which is told by all that is in it.
    """
    if file.size == 0:
        return None
    head = store.read_range(place, 0, min(file.size, _HEAD_BYTES))
    kind = recognise(place, head, file.uri)
    is_zip = kind is not None and kind.form == "zip"
    may_be_a_document = is_zip and not file.uri.lower().endswith(".zip")
    return None if may_be_a_document and file.size <= MAX_MEMBER_BYTES else kind
