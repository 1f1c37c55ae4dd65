"""One walk for every kind of container, and the bytes of one member by its place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from schemas.shards import Member
from workers.sources.beside import is_beside
from workers.sources.containers.entries import Chunks, Entry, LostError, lost
from workers.sources.containers.kinds import Kind
from workers.sources.containers.limits import MAX_MEMBERS
from workers.sources.containers.mails import walk_mail
from workers.sources.containers.opened import Opened
from workers.sources.containers.selection import Selection
from workers.sources.containers.streams import DAMAGE, Forward, ranges, unpacked, write_bounded
from workers.sources.containers.tables import walk_table
from workers.sources.containers.tars import walk_packed_tar, walk_tar
from workers.sources.containers.warcs import Note, walk_warc, warc_chunks
from workers.sources.containers.zips import walk_zip, zip_chunks
from workers.store import Turn

_PIECE_BYTES = 2**20


def walk(
    uri: str, handle: Opened, size: int, kind: Kind, selection: Selection, name: str
) -> Iterator[Entry]:
    """The selected members of a container at `uri`, and what of it is lost; nothing raises.

    Of a tar or zip also the files that may state something of the documents beside them. `name` is
    the container's own, from which a packed file has its name.
    """
    is_selected = kind.form in ("warc", "parquet", "arrow")  # by other marks than a name
    taken, place = 0, 0
    try:
        for entry in _walk(uri, handle, size, kind, selection, name):
            place = entry.member.offset
            if taken == MAX_MEMBERS:
                yield lost(kind.form, place, f"more than {MAX_MEMBERS:,} members", reason="bomb")
                return
            if _is_aside(entry, kind):
                taken += 1
                yield replace(entry, is_aside=True)
            elif entry.is_part or is_selected or selection.takes(entry.member.name):
                taken += 1
                yield entry
    except LostError as exc:
        yield Entry(Member(f"(from {place})", kind.form, place, 0), None, exc, is_part=True)
    except DAMAGE as exc:
        yield lost(kind.form, place, f"the rest cannot be read ({exc})")


def _is_aside(entry: Entry, kind: Kind) -> bool:
    is_whole = entry.lost is None and not entry.is_part
    return is_whole and kind.form in ("tar", "zip") and is_beside(entry.member.name)


def _walk(
    uri: str, handle: Opened, size: int, kind: Kind, selection: Selection, name: str
) -> Iterator[Entry]:
    if kind.packing:
        with unpacked(handle.binary, kind.packing) as stream:
            if kind.form == "tar":
                yield from walk_packed_tar(stream)
            else:
                yield _packed_file(stream, name, size)
    elif kind.form == "tar":
        yield from walk_tar(uri, handle.binary, size)
    elif kind.form == "zip":
        yield from walk_zip(uri, handle.binary, size)
    elif kind.form == "warc":
        yield from walk_warc(uri, handle.binary, size, selection.takes_response)
    elif kind.form == "mail":
        yield from walk_mail(handle.binary, size)
    else:
        yield from walk_table(handle.binary, kind.form, selection.column, selection.facts)


def _packed_file(stream: Forward, name: str, size: int) -> Entry:
    inner = name.rpartition("/")[2].rpartition(".")[0] or name

    def chunks() -> Chunks:
        while chunk := stream.read(_PIECE_BYTES):
            yield chunk

    return Entry(Member(inner, "packed", 0, size), chunks)


def chunks_of(
    container: str,
    size: int,
    member: Member,
    turn: Turn | None = None,
    note: Note | None = None,
) -> Chunks:
    """The bytes of a member that ranges of its container hold: of a tar, zip or WARC.

    Requests to a crawl, whose members are in WARCs, wait for their turns. What the server of a
    WARC's record states is noted.
    """
    if member.form == "tar":
        return ranges(container, member.offset, member.length, size)
    if member.form == "zip":
        return zip_chunks(container, member, size)
    return warc_chunks(container, member, size, turn, note)


def unpack(entry: Entry, target: Path) -> None:
    """Write the bytes of an entry, within the limits. Raises LostError where it has none."""
    if entry.lost is not None:
        raise entry.lost
    assert entry.chunks is not None
    write_bounded(entry.chunks(), target, max(1, entry.member.length))


def nested(inner: Member, outer: Member) -> Member:
    """A member of a container within a container, as a member of the outer one."""
    within = outer.within or outer.name
    return replace(outer, name=f"{outer.name}!{inner.name}", form="nested", within=within)
