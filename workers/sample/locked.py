"""Writes one small PDF that needs a password.

PDF 1.7 §7.6, standard security handler, revision 2 (40-bit RC4). It protects nothing today, but old
crawled files have it. MuPDF can encrypt too, but only with a random file id, and the sample corpus
must have the same bytes on each run. Does not: write any other kind of PDF.
"""

from __future__ import annotations

import hashlib

# PDF 1.7, algorithm 2, step (a): the padding of a password to 32 bytes.
PASSWORD_PADDING = bytes.fromhex("28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a")
PERMISSIONS = -4
KEY_BYTES = 5
FILE_ID = hashlib.md5(b"PageFoundry sample corpus", usedforsecurity=False).digest()
CONTENT_OBJECT = 4


def locked_pdf(text: str, password: str) -> bytes:
    """One page that shows the lines of `text`, readable only with `password`."""
    padded = (password.encode("latin-1") + PASSWORD_PADDING)[:32]
    owner = rc4(_md5(padded)[:KEY_BYTES], padded)
    permissions = PERMISSIONS.to_bytes(4, "little", signed=True)
    file_key = _md5(padded + owner + permissions + FILE_ID)[:KEY_BYTES]
    # Algorithm 1: each object has its own key, from its number (3 bytes) and generation (2).
    object_key = _md5(file_key + CONTENT_OBJECT.to_bytes(3, "little") + bytes(2))[: KEY_BYTES + 5]
    content = rc4(object_key, _content(text))
    user = rc4(file_key, PASSWORD_PADDING)
    bodies = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R"
        b"/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        b"<</Filter/Standard/V 1/R 2/O<%s>/U<%s>/P %d>>" % (_hex(owner), _hex(user), PERMISSIONS),
    ]
    return _assemble(bodies)


def rc4(key: bytes, data: bytes) -> bytes:
    """RC4, which is its own inverse."""
    state = list(range(256))
    j = 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) % 256
        state[i], state[j] = state[j], state[i]
    out = bytearray()
    i = j = 0
    for byte in data:
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        out.append(byte ^ state[(state[i] + state[j]) % 256])
    return bytes(out)


def _content(text: str) -> bytes:
    lines = [line.encode("latin-1") for line in text.strip().splitlines()]
    escaped = (line.replace(b"\\", b"\\\\").replace(b"(", b"\\(") for line in lines)
    shown = b"".join(b"(%s) '\n" % line.replace(b")", b"\\)") for line in escaped)
    return b"BT /F1 12 Tf 17 TL 72 760 Td\n" + shown + b"ET"


def _assemble(bodies: list[bytes]) -> bytes:
    """A PDF whose objects 1, 2, … have `bodies`; the first is the catalogue, the last the lock."""
    data = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, body in enumerate(bodies, start=1):
        offsets.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(data)
    data += b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1)
    data += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    data += b"trailer\n<</Size %d/Root 1 0 R/Encrypt %d 0 R/ID[<%s><%s>]>>\n" % (
        len(bodies) + 1,
        len(bodies),
        _hex(FILE_ID),
        _hex(FILE_ID),
    )
    return bytes(data + b"startxref\n%d\n%%%%EOF\n" % start)


def _md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()


def _hex(data: bytes) -> bytes:
    return data.hex().encode()
