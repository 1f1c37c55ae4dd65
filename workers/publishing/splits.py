"""Which documents are for validation. Pure.

Each document is drawn by a seeded hash of its id. A family, the documents that are linked by
something similar, is for validation only if each of its documents is drawn; else all of it is to
train on. So

- no family is in both splits, and a large one is never for validation;
- a document that comes, or a new link, can move others from validation to training, never back;
- a larger share moves documents to validation only, a smaller one only away from it.

With a share s, a family of n documents is for validation with probability s^n: those without near
duplicates make up nearly all of the validation rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from workers.publishing.duplicates import Indices, components

Flags = npt.NDArray[np.bool_]


def drawn(doc_ids: Sequence[str], seed: int, share: float) -> Flags:
    """Which documents are drawn for validation, each by itself.

    >>> drawn(["a", "b", "c", "d"], 0, 0.5).tolist()
    [False, True, True, True]
    """
    salt = (seed & (2**64 - 1)).to_bytes(8, "little")
    hashes = (
        hashlib.blake2b(name.encode(), digest_size=8, salt=salt, person=b"validation").digest()
        for name in doc_ids
    )
    numbers = np.frombuffer(b"".join(hashes), ">u8")
    flags: Flags = numbers < np.uint64(share * 2**64)
    return flags


def whole_families(chosen: Flags, links: Iterable[Indices]) -> Flags:
    """The documents whose whole family is chosen.

    Args:
        chosen: a flag a document.
        links: pairs of documents that must not be parted, part by part: int64 (pairs, 2).
    """
    members, sizes = components(links, len(chosen))
    flags = chosen.copy()
    if len(sizes):
        are_all = np.logical_and.reduceat(chosen[members], np.cumsum(sizes) - sizes)
        flags[members] = np.repeat(are_all, sizes)
    return flags
