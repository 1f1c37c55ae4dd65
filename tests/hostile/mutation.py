"""Mutants of the sample corpus, the same for the same seed.

Half the damage ignores the format (flipped bytes, cuts, splices). The other half uses it: it
changes numbers, names and references of PDF objects, and the fields of image headers.
"""

from __future__ import annotations

import functools
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from workers.sample.corpus import sample_files

_NUMBER = re.compile(rb"(?<=[\s/\[<(])-?\d+(?:\.\d+)?(?=[\s/\]>)])")
_NAME = re.compile(rb"/[A-Za-z][A-Za-z0-9]*")
_REFERENCE = re.compile(rb"\d+ \d+ R")
_OBJECT = re.compile(rb"\d+ \d+ obj.{0,4000}?endobj", re.S)
_EXTREMES = (
    b"0", b"-1", b"1", b"255", b"65536", b"2147483647", b"-2147483648", b"4294967296",
    b"99999999999999999999", b"1e38", b"0.0000001", b"nan", b"/Null", b"[]", b"<<>>", b"null",
)  # fmt: skip
_NAMES = (
    b"/Length", b"/Filter", b"/FlateDecode", b"/DCTDecode", b"/JPXDecode", b"/JBIG2Decode",
    b"/CCITTFaxDecode", b"/LZWDecode", b"/RunLengthDecode", b"/ASCII85Decode", b"/Crypt",
    b"/Kids", b"/Parent", b"/Count", b"/Type", b"/Page", b"/Pages", b"/XObject", b"/Form",
    b"/Image", b"/SMask", b"/ColorSpace", b"/Indexed", b"/Separation", b"/Pattern", b"/Font",
    b"/Type3", b"/ToUnicode", b"/MediaBox", b"/Rotate", b"/UserUnit", b"/Contents", b"/Encrypt",
)  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """A damaged file: its name has its number, its original's name, and its type's suffix."""

    name: str
    data: bytes


Damage = Callable[[bytes, random.Random, Sequence[bytes]], bytes]


@functools.cache
def seeds() -> tuple[tuple[str, bytes], ...]:
    """Return the names and bytes of the non-empty files of the sample corpus."""
    return tuple((file.name, data) for file, data in sample_files() if data)


def mutants(count: int, seed: int) -> Iterator[Mutant]:
    """Yield `count` mutants; the n-th depends only on `seed` and n."""
    originals = seeds()
    others = [data for _, data in originals]
    for number in range(count):
        chance = random.Random(f"{seed}/{number}")
        name, data = chance.choice(originals)
        for _ in range(chance.choice((1, 1, 2, 4, 8))):
            data = damage(data, chance, others)
        yield Mutant(f"{number:06d}-{name}", data)


def damage(data: bytes, chance: random.Random, others: Sequence[bytes]) -> bytes:
    """Return `data` with one damage."""
    kinds = _PDF_KINDS if data[:5] == b"%PDF-" else _IMAGE_KINDS
    return chance.choice(kinds)(data, chance, others)


def _flip(data: bytes, chance: random.Random, others: Sequence[bytes]) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 4, 32, 256)) if changed else 0):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _fill(data: bytes, chance: random.Random, others: Sequence[bytes]) -> bytes:
    start = chance.randrange(len(data) + 1)
    length = min(chance.choice((1, 16, 512, 8192)), len(data) - start)
    filler = chance.choice((b"\0", b"\xff", chance.randbytes(1)))
    return data[:start] + filler * length + data[start + length :]


def _cut(data: bytes, chance: random.Random, others: Sequence[bytes]) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def _remove(data: bytes, chance: random.Random, others: Sequence[bytes]) -> bytes:
    start = chance.randrange(len(data) + 1)
    return data[:start] + data[start + chance.choice((1, 2, 100, 5000)) :]


def _repeat(data: bytes, chance: random.Random, others: Sequence[bytes]) -> bytes:
    start = chance.randrange(len(data) + 1)
    stop = start + chance.choice((1, 50, 2000))
    return data[:stop] + data[start:stop] * chance.choice((1, 2, 20)) + data[stop:]


def _splice(data: bytes, chance: random.Random, others: Sequence[bytes]) -> bytes:
    other = chance.choice(others)
    return data[: chance.randrange(len(data) + 1)] + other[chance.randrange(len(other) + 1) :]


def _replaced(
    pattern: re.Pattern[bytes], choices: Sequence[bytes], data: bytes, chance: random.Random
) -> bytes:
    matches = list(pattern.finditer(data))
    if not matches:
        return data
    match = chance.choice(matches)
    return data[: match.start()] + chance.choice(choices) + data[match.end() :]


def _change_number(data: bytes, chance: random.Random, others: Sequence[bytes]) -> bytes:
    return _replaced(_NUMBER, _EXTREMES, data, chance)


def _change_name(data: bytes, chance: random.Random, others: Sequence[bytes]) -> bytes:
    return _replaced(_NAME, _NAMES, data, chance)


def _change_reference(data: bytes, chance: random.Random, others: Sequence[bytes]) -> bytes:
    targets = [b"%d 0 R" % number for number in (*range(1, 30), 0, 99999999)]
    return _replaced(_REFERENCE, targets, data, chance)


def _swap_objects(data: bytes, chance: random.Random, others: Sequence[bytes]) -> bytes:
    matches = list(_OBJECT.finditer(data))
    if len(matches) < 2:
        return data
    first, second = sorted(chance.sample(matches, 2), key=lambda match: match.start())
    middle = data[first.end() : second.start()]
    return data[: first.start()] + second[0] + middle + first[0] + data[second.end() :]


def _change_header(data: bytes, chance: random.Random, others: Sequence[bytes]) -> bytes:
    """Write an extreme number into the first 256 bytes, where images keep their sizes."""
    if len(data) < 16:
        return data
    size = chance.choice((1, 2, 4))
    start = chance.randrange(4, min(256, len(data) - 4))
    value = chance.choice((0, 1, 2 ** (8 * size) - 1, 2 ** (8 * size - 1), chance.getrandbits(8)))
    return (
        data[:start] + value.to_bytes(size, chance.choice(("big", "little"))) + data[start + size :]
    )


_BLIND: tuple[Damage, ...] = (_flip, _fill, _cut, _remove, _repeat, _splice)
_PDF_KINDS: tuple[Damage, ...] = (
    *_BLIND, _change_number, _change_number, _change_name, _change_name, _change_reference,
    _swap_objects,
)  # fmt: skip
_IMAGE_KINDS: tuple[Damage, ...] = (*_BLIND, *(_change_header,) * 6)
