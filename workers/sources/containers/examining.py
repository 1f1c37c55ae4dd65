"""Examine containers: list their members, unpack them one at a time, and examine each as a file.

A tar, a zip and a WARC are listed first; their members are then read by ranges, a few a task. All
others pass by once: each member is examined while it is at hand, and what a range cannot give again
is kept in `staging/inventory/members` under its `doc_id` until a version holds it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from schemas.document_source import CrawlIndex
from schemas.ids import digest
from schemas.lines import one_line
from schemas.provenance import Provenance
from schemas.shards import Member, SeenFile
from workers import store
from workers.rasterising import PDF, Rasterizer, sniff_file
from workers.sources.containers.asides import Asides
from workers.sources.containers.crawl_index import walk_index
from workers.sources.containers.entries import Entry, LostError
from workers.sources.containers.kinds import Kind, recognise
from workers.sources.containers.limits import MAX_DEPTH, MAX_NESTED_BYTES
from workers.sources.containers.opened import Opened, opened
from workers.sources.containers.selection import Selection
from workers.sources.containers.walking import chunks_of, nested, unpack, walk
from workers.sources.documents import Examined, examine_copy
from workers.sources.kept_links import place_of

_HEAD_BYTES = 1024


@dataclass(frozen=True, slots=True)
class Contents:
    """The members of a container that are still to be examined, each by a range of its own.

    There are none where they were examined while the container passed by.
    """

    file: SeenFile
    members: tuple[SeenFile, ...]

    def to_json(self) -> str:
        """One line of JSON."""
        members = [file.to_row() for file in self.members]
        return json.dumps({"file": self.file.to_row(), "members": members}, sort_keys=True)

    @staticmethod
    def from_json(line: str) -> Contents:
        """The inverse of `to_json`. Raises ValueError for any other line."""
        data = json.loads(line)
        try:
            members = tuple(map(SeenFile.from_dict, data["members"]))
            return Contents(SeenFile.from_dict(data["file"]), members)
        except (KeyError, TypeError) as exc:
            raise ValueError(f"not the contents of a container: {exc}") from exc


@dataclass(frozen=True, slots=True)
class Findings:
    """What examining files found: documents, containers' members, and how many bytes it read."""

    documents: tuple[Examined, ...]
    contents: tuple[Contents, ...] = ()
    bytes_read: int = 0

    @staticmethod
    def joined(parts: Iterable[Findings]) -> Findings:
        """The findings of several files together."""
        parts = tuple(parts)
        return Findings(
            tuple(document for part in parts for document in part.documents),
            tuple(contents for part in parts for contents in part.contents),
            sum(part.bytes_read for part in parts),
        )


@dataclass(frozen=True, slots=True)
class Examiner:
    """How members are examined: their selection, the rasterizer, and the folder that keeps them.

    `links` is the folder with what links gave. Requests to a crawl wait for a `turn`. Documents in
    `forgotten` are not kept.
    """

    selection: Selection
    rasterizer: Rasterizer
    kept: str | None
    forgotten: frozenset[str] = frozenset()
    links: str | None = None
    turn: store.Turn | None = None

    def place(self, file: SeenFile) -> str:
        """Where the bytes of a file or of a member's container lie. Raises FileNotFoundError."""
        return place_of(file, [self.links] if self.links else [])

    def container(self, file: SeenFile, kind: Kind) -> Findings:
        """Examine or list a container. Raises StorageError where its store fails."""
        place = self.place(file)
        with opened(place) as handle:
            entries = walk(place, handle, file.size, kind, self.selection, file.uri)
            if kind.is_listed:
                return _listed(file, ((file.uri, entry) for entry in entries), handle)
            # Every member is examined while it passes by.
            found: list[_Found] = []
            asides = Asides(passing=True)
            for entry in entries:
                if entry.is_aside:
                    asides.meet(entry)
                    continue
                seen = _seen(file, entry)
                examined = self._unpacked(seen, entry, keep=not kind.is_reread)
                found += [(entry.member.name, seen, document) for document in examined]
            documents = tuple(_beside(found, asides)) or (_nothing_in(file),)
            return Findings(documents, (Contents(file, ()),), handle.bytes_read)

    def index(self, file: SeenFile, index: CrawlIndex) -> Findings:
        """The members of a crawl's WARCs that its index names."""
        with opened(file.stored.uri, self.turn) as handle:
            entries = walk_index(file.stored.uri, handle, index)
            return _listed(file, entries, handle)

    def member(self, file: SeenFile) -> Findings:
        """Examine a member that a listing has named. Raises StorageError where its store fails."""
        assert file.member is not None
        member = file.member
        place = self.place(file)
        noted: list[Provenance] = []
        chunks = partial(
            chunks_of, place, file.container_size, member, self.turn, note=noted.append
        )
        return Findings(
            tuple(self._unpacked(file, Entry(member, chunks), noted)), (), member.length
        )

    def _unpacked(
        self, file: SeenFile, entry: Entry, noted: Sequence[Provenance] = (), keep: bool = False
    ) -> Iterator[Examined]:
        """A member as a document, or the documents in it where it is a container itself.

        `noted` is filled with what its server states, while it is unpacked.
        """
        with store.temporary_folder() as folder:
            path = folder / "document"
            try:
                unpack(entry, path)
            except LostError as exc:
                yield _lost(file, exc)
                return
            for stated in noted:
                file = replace(file, stated=stated.over(file.stated))
            yield from self._at_hand(path, file, 1, keep, [MAX_NESTED_BYTES])

    def _at_hand(
        self, path: Path, file: SeenFile, depth: int, keep: bool, left: list[int]
    ) -> Iterator[Examined]:
        """What lies at a path: a document, or a container of documents. `left` counts down."""
        assert file.member is not None
        kind = container_at(path, file.uri)
        if kind is None or depth == MAX_DEPTH:
            document = examine_copy(file, path, self.rasterizer)
            is_wanted = document.page_count and document.doc_id not in self.forgotten
            if keep and self.kept is not None and is_wanted:
                keep_member(self.kept, document, path)
            yield document
            return
        with opened(str(path)) as handle, store.temporary_folder() as folder:
            size = path.stat().st_size
            asides = Asides(passing=not kind.is_listed)
            found: list[_Found] = []
            for inner in walk(str(path), handle, size, kind, self.selection, file.uri):
                if inner.is_aside:
                    asides.meet(inner)
                    continue
                place = _seen(file, replace(inner, member=nested(inner.member, file.member)))
                target = folder / "document"
                if inner.lost is None and left[0] <= 0:
                    most = f"what is within unpacks to more than {MAX_NESTED_BYTES:,} bytes"
                    found.append((inner.member.name, place, _lost(place, LostError(most, "bomb"))))
                    break
                try:
                    unpack(inner, target)
                except LostError as exc:
                    found.append((inner.member.name, place, _lost(place, exc)))
                    continue
                left[0] -= target.stat().st_size
                examined = self._at_hand(target, place, depth + 1, True, left)
                found += [(inner.member.name, place, document) for document in examined]
            yield from _beside(found, asides)
        if not found:
            yield _nothing_in(file)


def _listed(file: SeenFile, entries: Iterable[tuple[str, Entry]], handle: Opened) -> Findings:
    """The members that a walk names, each with its container, and what is lost."""
    members: list[SeenFile] = []
    losses: list[Examined] = []
    asides = Asides(passing=False)
    for container, entry in entries:
        place = _seen(replace(file, uri=container), entry)
        if entry.is_aside:
            asides.meet(entry)
        elif entry.lost is not None:
            losses.append(_lost(place, entry.lost))
        else:
            members.append(place)
    members = [
        _stated_of(file, file, asides.of(file.member.name)) for file in members if file.member
    ]
    if not members and not losses:
        losses.append(_nothing_in(file))
    bytes_read = handle.bytes_read + asides.bytes_read
    return Findings(tuple(losses), (Contents(file, tuple(members)),), bytes_read)


def container_at(path: Path, name: str) -> Kind | None:
    """The kind of container that a local file is; None for a document and for anything else."""
    if sniff_file(path, name) not in (None, PDF):
        return None  # a document that is a zip inside, such as an office file
    return recognise(str(path), store.read_head(path, _HEAD_BYTES), name)


def keep_member(folder: str, document: Examined, path: Path) -> None:
    """Keep a member's bytes for the tasks that draw its pages."""
    assert document.doc_id is not None
    uri = kept_uri(folder, document.doc_id)
    if not store.exists(uri):
        store.upload(path, uri)


def kept_uri(folder: str, doc_id: str) -> str:
    """Where the bytes of a member are kept."""
    return store.join(folder, doc_id)


def _seen(file: SeenFile, entry: Entry) -> SeenFile:
    container = file.uri if file.member is None else file.container
    return replace(
        file,
        uri=f"{container}!{entry.member.name}",
        member=entry.member,
        stated=entry.stated.over(file.stated.inherited),
    )


_Found = tuple[str, SeenFile, Examined]
"""The name of a member, the member, and a document that it is or holds."""


def _beside(found: Iterable[_Found], asides: Asides) -> Iterator[Examined]:
    """Documents with what is stated beside the members of an archive that they are or are in."""
    for name, place, document in found:
        yield replace(document, file=_stated_of(document.file, place, asides.of(name)))


def _stated_of(file: SeenFile, place: SeenFile, stated: Provenance) -> SeenFile:
    """A document's file with what is `stated` beside `place`, which it is or is in."""
    stated = stated.over(file.stated) if file == place else file.stated.over(stated.inherited)
    return file if stated == file.stated else replace(file, stated=stated)


def _lost(file: SeenFile, why: LostError) -> Examined:
    """A document reject: what is lost is known by its place in this version of the container."""
    assert file.member is not None
    member = file.member
    place = (member.name, str(member.offset), str(file.size), file.version)
    doc_id = digest(["lost", *place, why.reason, why.detail])
    return Examined(file, doc_id, reason=why.reason, detail=one_line(why.detail))


def _nothing_in(file: SeenFile) -> Examined:
    """A container without a member that is taken, which the inventory must not forget."""
    outer = file.member or Member("", "empty", 0, 0)
    inner = replace(outer, name=f"{outer.name}!(nothing)".lstrip("!"), form="empty")
    return _lost(_seen(file, Entry(inner, None)), LostError("no member is a document", "no_member"))
