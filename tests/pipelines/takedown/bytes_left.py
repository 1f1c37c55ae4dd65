"""Search a dataset's files for the content of documents, without any of our code.

Parquet files are decompressed whole, with all their columns; other files are searched as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

_FEWEST_CHARS = 24


def needles(rows: Iterable[Any]) -> set[bytes]:
    """All binary values and all longer texts of some rows, at any depth, and each line of these."""
    found: set[bytes] = set()
    for value in _values(list(rows)):
        if isinstance(value, bytes):
            found.add(value)
        else:
            found |= {line.encode() for line in (value, *value.splitlines())}
    return {needle for needle in found if len(needle) >= _FEWEST_CHARS}


def files_with(needles: Iterable[bytes], folder: Path) -> dict[str, int]:
    """The files below a folder that have any of the needles, and how many of them."""
    wanted = sorted(needles)
    found = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        data = _plain(path)
        if count := sum(needle in data for needle in wanted):
            found[str(path.relative_to(folder))] = count
    return found


def _plain(path: Path) -> bytes:
    data = path.read_bytes()
    if path.suffix != ".parquet":
        return data
    values = _values(pq.read_table(path).to_pylist())
    decompressed = (v if isinstance(v, bytes) else v.encode() for v in values)
    return b"\n".join([data, *decompressed])


def _values(value: Any) -> Iterator[str | bytes]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for each in value:
            yield from _values(each)
    elif isinstance(value, str | bytes):
        yield value
