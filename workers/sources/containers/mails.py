"""Walk through an e-mail: its attachments. What the mail itself says is not a document."""

from __future__ import annotations

import email
import email.errors
import email.header
import email.policy
from collections.abc import Iterator
from email.message import EmailMessage
from typing import BinaryIO, cast

from schemas.shards import Member
from workers.sources.containers.entries import Entry, LostError, printable

_MAX_MAIL_BYTES = 256 * 2**20
_DAMAGE = (email.errors.MessageError, ValueError, LookupError, TypeError, RecursionError)


def walk_mail(handle: BinaryIO, size: int) -> Iterator[Entry]:
    """The parts of a mail that have a file's name, in their order."""
    if size > _MAX_MAIL_BYTES:
        raise LostError(
            f"the mail has {size:,} bytes; at most {_MAX_MAIL_BYTES:,} are read", "bomb"
        )
    try:
        # What a mail claims to be is not trusted: `EmailMessage` parses any bytes.
        message = cast(
            EmailMessage,
            email.message_from_bytes(handle.read(size), policy=email.policy.compat32),
        )
        parts = list(message.walk())
    except _DAMAGE as exc:
        raise LostError(f"the mail cannot be read ({exc})") from exc
    for number, part in enumerate(parts):
        try:
            name = part.get_filename()
            if name is None or part.is_multipart():
                continue
            data = part.get_payload(decode=True)
        except _DAMAGE as exc:
            member = Member(f"(part {number})", "mail", number, 0)
            yield Entry(member, None, LostError(f"an attachment cannot be read ({exc})"))
            continue
        if isinstance(data, bytes):
            member = Member(printable(_decoded(name)), "mail", number, len(data))
            yield Entry(member, lambda data=data: iter((data,)))  # type: ignore[misc] # mypy cannot type a default


def _decoded(name: str) -> str:
    """A file's name, written as RFC 2047 has it where it is not ASCII."""
    try:
        return str(email.header.make_header(email.header.decode_header(name)))
    except _DAMAGE:
        return name
