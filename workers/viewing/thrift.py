"""Read structures of Thrift's compact protocol, in which Parquet writes its metadata. Pure.

https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from __future__ import annotations

from typing import Any

Struct = dict[int, Any]
"""Values by the number of their field."""

_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(1, 13)
_INTEGERS = (_I16, _I32, _I64)
_MAX_DEPTH = 32


class DamagedError(ValueError):
    """The bytes are no structure of this protocol."""


def read_struct(data: bytes, place: int = 0) -> tuple[Struct, int]:
    """The structure that begins at a place, and the place after it. Raises DamagedError."""
    try:
        return _struct(data, place, 0)
    except IndexError as exc:
        raise DamagedError("a structure is cut off") from exc


def _struct(data: bytes, place: int, depth: int) -> tuple[Struct, int]:
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
        else:
            found[number], place = _value(data, place, kind, depth)
    return found, place + 1


def _value(data: bytes, place: int, kind: int, depth: int) -> tuple[Any, int]:
    if kind in _INTEGERS:
        return _integer(data, place)
    if kind == _BINARY:
        length, place = read_varint(data, place)
        return data[place : place + length], place + length
    if kind == _STRUCT:
        return _struct(data, place, depth + 1)
    if kind in (_LIST, _SET):
        return _list(data, place, depth)
    if kind in (_TRUE, _FALSE, _BYTE):  # in a list a boolean has a byte
        return data[place], place + 1
    if kind == _DOUBLE:
        return data[place : place + 8], place + 8
    raise DamagedError(f"{kind} is no type that Parquet's metadata uses")


def _list(data: bytes, place: int, depth: int) -> tuple[list[Any], int]:
    count, kind = data[place] >> 4, data[place] & 15
    place += 1
    if count == 15:
        count, place = read_varint(data, place)
    values = []
    for _ in range(count):
        value, place = _value(data, place, kind, depth)
        values.append(value)
    return values, place


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
