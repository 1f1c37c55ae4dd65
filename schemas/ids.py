"""Identity: ids made from content, and the seeded order of rows. Pure; no I/O, no clock."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable

PAGE_ID = re.compile(r"([0-9a-f]{64})/([0-9]{5}|[1-9][0-9]{5,})")
SHARD_ID_HEX_CHARS = 32


def page_id(doc_id: str, page_index: int) -> str:
    """`doc_id/00042`: a document's SHA-256 and the page index from 0.

    Five digits sort as text up to page 99,999; later pages take more digits.
    """
    return f"{doc_id}/{page_index:05d}"


def split_page_id(value: str) -> tuple[str, int]:
    """The inverse of `page_id`. Raises ValueError for anything else."""
    match = PAGE_ID.fullmatch(value)
    if match is None:
        raise ValueError(f"not a page id: {value!r}")
    return match[1], int(match[2])


def crop_id(page: str, number: int) -> str:
    """`page_id-07`: a page's id and the number from 0 of a region of it."""
    return f"{page}-{number:02d}"


def digest(parts: Iterable[str | bytes]) -> str:
    """SHA-256 (hex) of a list of strings, each preceded by its length.

    The lengths keep `["ab", "c"]` and `["a", "bc"]` apart.
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
    """The 16-byte key that rows of a part are sorted by: a seeded hash of the row's id.

    It shuffles pages of one document apart, and is the same on every machine.
    """
    salt = (seed & (2**64 - 1)).to_bytes(8, "little")
    return hashlib.blake2b(row_id.encode(), digest_size=16, salt=salt).digest()


def row_order(seed: int, row_id: str) -> tuple[bytes, int]:
    """What the rows of a table are sorted by: `order_key`; crops follow their page's, by number."""
    page, _, number = row_id.partition("-")
    return order_key(seed, page), int(number or 0)
