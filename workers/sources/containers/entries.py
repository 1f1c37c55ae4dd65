"""What a walk through a container yields: its members in order, and what of it cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from schemas.shards import Member

Chunks = Iterator[bytes]


class LostError(Exception):
    """A member that cannot be unpacked. `reason` is a word of `schemas.tables.REJECT_REASONS`."""

    def __init__(self, detail: str, reason: str = "lost_member") -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Entry:
    """A member and a way to its bytes, or a part of the container that is lost, and why.

    `chunks` may raise LostError. A walk through a stream goes on from where they were left, so the
    bytes of an entry are taken before the next entry is asked for, or never. `is_part`: it is no
    member, but a stretch of the container in which members may have been.
    """

    member: Member
    chunks: Callable[[], Chunks] | None
    lost: LostError | None = None
    is_part: bool = False


def lost(form: str, offset: int, detail: str, name: str = "", reason: str = "lost_member") -> Entry:
    """A lost member, or without a name all that is lost from `offset` on."""
    member = Member(name or f"(from byte {offset})", form, offset, 0)
    return Entry(member, None, LostError(f"at byte {offset}: {detail}", reason), not name)


def printable(name: str | bytes) -> str:
    r"""A member's name as a table can hold it; bytes that are not UTF-8 are written as `\xff`."""
    data = name if isinstance(name, bytes) else name.encode("utf-8", "surrogateescape")
    return data.decode("utf-8", "backslashreplace").replace("\0", "\\x00")
