"""Ids of many rows as arrays: 32 bytes for the document, a number for its page. Pure.

A row takes 40 bytes and no Python object. A text that is not an id stays a text.
"""

from __future__ import annotations

from binascii import unhexlify
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from schemas.ids import page_id

DocIds = npt.NDArray[np.bytes_]
"""Raw document ids, `S32`. Only whole arrays are used: a single element loses trailing NULs."""
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_DOC_BYTES, _HEX_CHARS = 32, 64
_FEWEST_DIGITS, _MOST_DIGITS = 5, 9
_NOT_HEX = 255
_NIBBLES = np.full(256, _NOT_HEX, np.uint8)
_NIBBLES[np.frombuffer(b"0123456789abcdef", np.uint8)] = np.arange(16)


@dataclass(frozen=True, slots=True)
class Keys:
    """Ids of pages, or of documents with index 0; `odd` are the texts that are not ids."""

    doc: DocIds
    index: Ints
    odd: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.doc)

    def take(self, chosen: Ints | Flags) -> Keys:
        """Some of the keys, without the odd texts."""
        return Keys(self.doc[chosen], self.index[chosen])

    def page_ids(self) -> list[str]:
        """The ids as texts, in the same order, without the odd texts."""
        pairs = zip(doc_texts(self.doc), self.index.tolist(), strict=True)
        return [page_id(doc_id, index) for doc_id, index in pairs]

    @staticmethod
    def joined(parts: Sequence[Keys]) -> Keys:
        """The keys of all parts, one part after the other."""
        if not parts:
            return Keys(no_docs(), np.zeros(0, np.int64))
        return Keys(
            np.concatenate([part.doc for part in parts]),
            np.concatenate([part.index for part in parts]),
            tuple(text for part in parts for text in part.odd),
        )


def no_docs() -> DocIds:
    """An array of no document ids."""
    return np.zeros(0, f"S{_DOC_BYTES}")


def doc_texts(docs: DocIds) -> list[str]:
    """Document ids as texts."""
    data = np.ascontiguousarray(docs).tobytes().hex()
    return [data[start : start + _HEX_CHARS] for start in range(0, len(data), _HEX_CHARS)]


def page_keys(ids: pa.Array) -> tuple[Keys, Ints]:
    """The keys of page ids, and the row of each; the rows of odd texts are left out."""
    return _keys(ids, with_index=True)


def doc_keys(ids: pa.Array) -> tuple[Keys, Ints]:
    """The keys of document ids, and the row of each; the rows of odd texts are left out."""
    return _keys(ids, with_index=False)


def _keys(ids: pa.Array, with_index: bool) -> tuple[Keys, Ints]:
    ids = ids.cast(pa.string()).fill_null("")
    lengths = _lengths(ids)
    docs, indices, rows = [no_docs()], [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for length in np.unique(lengths).tolist():
        places = np.flatnonzero(lengths == length)
        digits = length - _HEX_CHARS - 1
        fits = _FEWEST_DIGITS <= digits <= _MOST_DIGITS if with_index else length == _HEX_CHARS
        if not fits:
            continue
        # chars: uint8 (rows of this length, its characters)
        chars = _chars(ids if len(places) == len(ids) else ids.take(pa.array(places)), length)
        doc, is_key = _unhexed(chars[:, :_HEX_CHARS])
        index = np.zeros(len(places), np.int64)
        if with_index:
            index, is_number = _numbers(chars[:, _HEX_CHARS:])
            is_key &= is_number
        docs.append(doc[is_key])
        indices.append(index[is_key])
        rows.append(places[is_key])
    row = np.concatenate(rows)
    is_odd = np.ones(len(ids), bool)
    is_odd[row] = False
    odd = tuple(ids.take(pa.array(np.flatnonzero(is_odd))).to_pylist()) if is_odd.any() else ()
    return Keys(np.concatenate(docs), np.concatenate(indices), odd), row


def _lengths(texts: pa.Array) -> Ints:
    """The length of each text in bytes."""
    offsets = np.frombuffer(texts.buffers()[1], np.int32)
    lengths: Ints = np.diff(offsets[texts.offset : texts.offset + len(texts) + 1]).astype(np.int64)
    return lengths


def _chars(texts: pa.Array, length: int) -> npt.NDArray[np.uint8]:
    """The bytes of texts of this length: uint8 (texts, length)."""
    _, offsets, data = texts.buffers()
    start = int(np.frombuffer(offsets, np.int32)[texts.offset])
    chars = np.frombuffer(data, np.uint8)[start : start + len(texts) * length]
    return chars.reshape(len(texts), length)


def _unhexed(chars: npt.NDArray[np.uint8]) -> tuple[DocIds, Flags]:
    """The ids, and whether each is written in hex digits of lower case."""
    with suppress(ValueError):  # the fast way, if all characters are hex digits
        raw = np.frombuffer(unhexlify(chars.tobytes()), f"S{_DOC_BYTES}")
        if not ((chars >= ord("A")) & (chars <= ord("F"))).any():
            return raw, np.ones(len(chars), bool)
    nibbles = _NIBBLES[chars]
    is_hex: Flags = (nibbles != _NOT_HEX).all(axis=1)
    pairs = (nibbles[:, 0::2] << 4) | (nibbles[:, 1::2] & 15)
    return np.ascontiguousarray(pairs).view(f"S{_DOC_BYTES}").ravel(), is_hex


def _numbers(chars: npt.NDArray[np.uint8]) -> tuple[Ints, Flags]:
    """The numbers after the slash, and whether each is written as `page_id` writes it."""
    digits = chars[:, 1:].astype(np.int64) - ord("0")
    is_number = (chars[:, 0] == ord("/")) & ((digits >= 0) & (digits <= 9)).all(axis=1)
    if digits.shape[1] > _FEWEST_DIGITS:
        is_number &= digits[:, 0] > 0
    powers = 10 ** np.arange(digits.shape[1] - 1, -1, -1, dtype=np.int64)
    return digits @ powers, is_number


@dataclass(frozen=True, slots=True)
class DocIndex:
    """Numbers documents by their place among their sorted ids."""

    docs: DocIds
    _heads: npt.NDArray[np.uint64]

    @staticmethod
    def of(docs: DocIds) -> DocIndex:
        """An index of distinct ids, in any order."""
        ordered = np.sort(docs)
        return DocIndex(ordered, _heads(ordered))

    def __len__(self) -> int:
        return len(self.docs)

    def numbers(self, docs: DocIds) -> Ints:
        """The numbers of documents, -1 for those that are not in the index."""
        if len(self) == 0:
            return np.full(len(docs), -1, np.int64)
        # Look up by the first eight bytes, which compare five times as fast as whole ids and
        # nearly always differ; look up whole ids only where they do not.
        place = np.minimum(np.searchsorted(self._heads, _heads(docs)), len(self) - 1)
        other = np.flatnonzero(self.docs[place] != docs)
        place[other] = np.minimum(np.searchsorted(self.docs, docs[other]), len(self) - 1)
        place[other[self.docs[place[other]] != docs[other]]] = -1
        return place


def _heads(docs: DocIds) -> npt.NDArray[np.uint64]:
    """The first eight bytes of each id as a number; they sort as the ids do."""
    words = np.ascontiguousarray(docs).view(">u8").reshape(-1, _DOC_BYTES // 8)
    return words[:, 0].astype(np.uint64)
