"""What a walk through a container yields: its members in order, and what of it cannot be read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from schemas.provenance import NOTHING, Provenance
from schemas.shards import Member

Chunks = Iterator[bytes]
_TIME = re.compile(
    r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})[T ]?([0-9]{2}):?([0-9]{2}):?([0-9]{2})(?:\.[0-9]*)?Z?"
)


class LostError(Exception):
    """A member that cannot be unpacked.

    `reason` is a word of `schemas.reject_reasons.REJECT_REASONS`.
    """

    def __init__(self, detail: str, reason: str = "lost_member") -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Entry:
    """A member and a way to its bytes, or a part of the container that is lost, and why.

    `chunks` may raise LostError. A walk through a stream goes on from where they were left, so the
    bytes of an entry are taken before the next entry is asked for, or never. `is_part`: it is no
    member, but a stretch of the container in which members may have been. `is_aside`: it is no
    document, but may state something of one beside it. `stated` is what the container states of
    the document in it.
    """

    member: Member
    chunks: Callable[[], Chunks] | None
    lost: LostError | None = None
    is_part: bool = False
    is_aside: bool = False
    stated: Provenance = NOTHING


def lost(form: str, offset: int, detail: str, name: str = "", reason: str = "lost_member") -> Entry:
    """A lost member, or without a name all that is lost from `offset` on."""
    member = Member(name or f"(from byte {offset})", form, offset, 0)
    return Entry(member, None, LostError(f"at byte {offset}: {detail}", reason), not name)


def printable(name: str | bytes) -> str:
    r"""A member's name as a table can hold it; bytes that are not UTF-8 are written as `\xff`."""
    data = name if isinstance(name, bytes) else name.encode("utf-8", "surrogateescape")
    return data.decode("utf-8", "backslashreplace").replace("\0", "\\x00")


def fetched_at(time: str) -> str | None:
    """The time of a fetch, in UTC to the second; None for what is no time.

    >>> fetched_at("20260102030405"), fetched_at("2026-01-02T03:04:05.25Z"), fetched_at("today")
    ('2026-01-02T03:04:05Z', '2026-01-02T03:04:05Z', None)
    """
    found = _TIME.fullmatch(time.strip())
    return found and "{}-{}-{}T{}:{}:{}Z".format(*found.groups())
