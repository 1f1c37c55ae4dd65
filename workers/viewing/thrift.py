"""Read structures of Thrift's compact protocol, in which Parquet writes its metadata. Pure.

https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md

A footer has tens of thousands of values, of which few are wanted. The others are skipped, which
takes a fifth of the time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

Struct = dict[int, Any]
"""Values by the number of their field."""
Wanted: TypeAlias = "Mapping[int, Wanted]"
"""The fields to read, by number, each with those of the structures in it; an empty one for all."""

_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(1, 13)
_MAX_DEPTH = 32


class DamagedError(ValueError):
    """The bytes are no structure of this protocol."""


def read_struct(data: bytes, place: int = 0, wanted: Wanted = {}) -> tuple[Struct, int]:  # noqa: B006
    """The structure that begins at a place, and the place after it. Raises DamagedError."""
    try:
        return _struct(data, place, wanted, 0)
    except IndexError as exc:
        raise DamagedError("a structure is cut off") from exc


def _struct(data: bytes, place: int, wanted: Wanted, depth: int) -> tuple[Struct, int]:
    if depth > _MAX_DEPTH:
        raise DamagedError("structures are nested too deeply")
    found: Struct = {}
    number = 0
    while head := data[place]:
        place += 1
        step, kind = head >> 4, head & 15
        if step:
            number += step
        else:
            number, place = _integer(data, place)
        if kind in (_TRUE, _FALSE):
            found[number] = kind == _TRUE
        elif not wanted or number in wanted:
            found[number], place = _value(data, place, kind, wanted.get(number, {}), depth)
        else:
            place = _after(data, place, kind, depth)
    return found, place + 1


def _value(data: bytes, place: int, kind: int, wanted: Wanted, depth: int) -> tuple[Any, int]:
    if kind in (_I16, _I32, _I64):
        return _integer(data, place)
    if kind == _STRUCT:
        return _struct(data, place, wanted, depth + 1)
    if kind in (_LIST, _SET):
        count, kind, place = _list_head(data, place)
        values = []
        for _ in range(count):
            value, place = _value(data, place, kind, wanted, depth + 1)
            values.append(value)
        return values, place
    end = _after(data, place, kind, depth)
    if kind == _BINARY:
        _, place = read_varint(data, place)
    return data[place:end], end


def _after(data: bytes, place: int, kind: int, depth: int) -> int:
    """The place after a value that is not wanted."""
    if kind in (_I16, _I32, _I64):
        while data[place] > 127:
            place += 1
        return place + 1
    if kind == _BINARY:
        length, place = read_varint(data, place)
        return place + length
    if kind == _STRUCT:
        return _after_struct(data, place, depth + 1)
    if kind in (_LIST, _SET):
        count, kind, place = _list_head(data, place)
        for _ in range(count):
            place = _after(data, place, kind, depth + 1)
        return place
    if kind in (_TRUE, _FALSE, _BYTE):  # in a list a boolean has a byte
        return place + 1
    if kind == _DOUBLE:
        return place + 8
    raise DamagedError(f"{kind} is no type that Parquet's metadata uses")


def _after_struct(data: bytes, place: int, depth: int) -> int:
    if depth > _MAX_DEPTH:
        raise DamagedError("structures are nested too deeply")
    while head := data[place]:
        place += 1
        if head < 16:  # the number of the field is written out
            _, place = read_varint(data, place)
        kind = head & 15
        if _I16 <= kind <= _I64:  # nearly all of them
            while data[place] > 127:
                place += 1
            place += 1
        elif kind > _FALSE:
            place = _after(data, place, kind, depth)
    return place + 1


def _list_head(data: bytes, place: int) -> tuple[int, int, int]:
    """How many values a list has, of which type, and where the first is."""
    count, kind = data[place] >> 4, data[place] & 15
    place += 1
    if count == 15:
        count, place = read_varint(data, place)
    if count > len(data):
        raise DamagedError(f"a list of {count} values in {len(data)} bytes")
    return count, kind, place


def read_varint(data: bytes, place: int) -> tuple[int, int]:
    """The unsigned integer that begins at a place, and the place after it."""
    byte = data[place]
    value, shift = byte & 127, 0
    while byte & 128:
        place += 1
        byte = data[place]
        shift += 7
        value |= (byte & 127) << shift
    return value, place + 1


def _integer(data: bytes, place: int) -> tuple[int, int]:
    """A zigzag integer."""
    value, place = read_varint(data, place)
    return (value >> 1) ^ -(value & 1), place
