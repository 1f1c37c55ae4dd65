"""Ids made from content, and the seeded order of rows. Pure: no I/O, no clock."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable

DOC_ID = re.compile(r"[0-9a-f]{64}")
PAGE_ID = re.compile(r"([0-9a-f]{64})/([0-9]{5}|[1-9][0-9]{5,})")
SHARD_ID_HEX_CHARS = 32


def page_id(doc_id: str, page_index: int) -> str:
    """`doc_id/00042`: the document's SHA-256 and the page index from 0.

    Five digits sort as text up to page 99,999; later pages take more digits.
    """
    return f"{doc_id}/{page_index:05d}"


def split_page_id(value: str) -> tuple[str, int]:
    """The inverse of `page_id`. Raises ValueError if the value is not a page id."""
    match = PAGE_ID.fullmatch(value)
    if match is None:
        raise ValueError(f"not a page id: {value!r}")
    return match[1], int(match[2])


def crop_id(page: str, number: int) -> str:
    """`page_id-07`: the page's id and the number of a region on it, from 0."""
    return f"{page}-{number:02d}"


def digest(parts: Iterable[str | bytes]) -> str:
    """SHA-256 (hex) of a list of strings, each preceded by its length.

    With the lengths, `["ab", "c"]` and `["a", "bc"]` have different digests.
    """
    state = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        state.update(len(data).to_bytes(8, "little"))
        state.update(data)
    return state.hexdigest()


def canonical_json(value: object) -> str:
    """JSON with sorted keys and no spaces: equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def order_key(seed: int, row_id: str) -> bytes:
    """The 16-byte sort key of a row: a seeded hash of its id.

    It separates the pages of a document, and is the same on every machine.
    """
    salt = (seed & (2**64 - 1)).to_bytes(8, "little")
    return hashlib.blake2b(row_id.encode(), digest_size=16, salt=salt).digest()


def row_order(seed: int, row_id: str) -> tuple[bytes, int]:
    """The sort key of a row in its table: the page's `order_key`, then the number of the crop."""
    page, _, number = row_id.partition("-")
    return order_key(seed, page), int(number or 0)
