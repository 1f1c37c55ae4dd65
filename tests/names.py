"""Names that file systems and stores allow, and that programs stumble over."""

from __future__ import annotations

NAMES = [
    b"hash#tag",
    b"question?mark",
    b"100% sure",
    b"[x]",
    b"[!x]",
    b"st*r",
    b"**",
    b"{a,b}",
    b" lead and trail ",
    b"quote'\" $(x) `x` &=+;,@!|<>^~",
    b"s3:x",
    b"?versionId=x",
    b"-rf",
    b"...",
    b"~",
    "😀 emoji".encode(),
    "é composed".encode(),
    "e\u0301 combined".encode(),
    "\u202efdp\u2066".encode(),
    b"n" * 255,
    "é".encode() * 127,
]
"""Names for datasets and for sources, on disk and in S3."""

REFUSED_NAMES = [
    b"per%20cent",
    b"up%2F%2e%2e",
    b"%ff",
    b"back\\slash",
    b"..\\..\\up",
    b"line\nbreak",
    b"carriage\rreturn",
    b"tab\t",
    b"\x01\x1b[31m\x7f",
]
"""Names for sources only: deltalake cannot keep tables under them."""

NO_UTF8 = [b"\xff\xfe", b"\xed\xa0\x80 surrogate"]
"""Names for sources on disk only: a key of S3 is UTF-8."""

ALL_AT_ONCE = b" #?&=%[x]*{a,b}'\"$(x)`;:@!|<>^~\xf0\x9f\x98\x80\xc3\xa9e\xcc\x81 "
"""The characters of `NAMES` in one name, for tests that take long."""


def cut(name: bytes, suffix: bytes) -> bytes:
    """The name with a suffix, shortened so that both fit in 255 bytes."""
    return name[: 255 - len(suffix)] + suffix
