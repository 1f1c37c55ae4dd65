"""Crops of the pages that are judged: their texts, and whole rows, wherever they lie.

A page of a shard has its crops in a file beside it, a published page in any part of `crops`. So the
driver says where they are (`CropPlaces`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from schemas.tables import CROPS, STAGED_CROPS
from workers.dataset import read_rows
from workers.publishing.full_rows import OF_VERSIONS, staged_rows
from workers.publishing.records import RowsFile

Places = npt.NDArray[np.int32]
Row = dict[str, Any]
_PAGES_AT_ONCE = 256  # of some three crops of 50 KB each: 38 MB


@dataclass(frozen=True, slots=True)
class CropPlaces:
    """The crops of some pages, in arrays of one entry a crop, page by page, each in its order.

    The crop is the `row`-th row of `files[file]`; its page is the `page`-th row of the pages' file.
    """

    files: tuple[RowsFile, ...]
    page: Places
    file: Places
    row: Places

    def of(self, pages: Sequence[int]) -> CropPlaces:
        """The crops of some of the pages."""
        chosen = np.isin(self.page, np.array(pages, np.int32))
        return replace(self, page=self.page[chosen], file=self.file[chosen], row=self.row[chosen])


def crop_texts(places: CropPlaces) -> dict[int, tuple[str, ...]]:
    """The texts of the crops of each page that has any, by the page's row."""
    texts: list[str] = [""] * len(places.page)
    for number, file in enumerate(places.files):
        mine = np.flatnonzero(places.file == number)
        if not len(mine):
            continue
        with file.open() as handle:
            column = pq.ParquetFile(handle).read(columns=["text"])["text"]
        taken = column.take(pa.array(places.row[mine])).to_pylist()
        for place, text in zip(mine.tolist(), taken, strict=True):
            texts[place] = text
    of_page: dict[int, list[str]] = defaultdict(list)
    for page, text in zip(places.page.tolist(), texts, strict=True):
        of_page[page].append(text)
    return {page: tuple(own) for page, own in of_page.items()}


def full_crops(places: CropPlaces, pages: Sequence[int]) -> Iterator[list[tuple[Row, bytes]]]:
    """For each of some pages its crops: rows of `STAGED_CROPS` without findings, and pictures."""
    for start in range(0, len(pages), _PAGES_AT_ONCE):
        some = pages[start : start + _PAGES_AT_ONCE]
        of_page: dict[int, list[tuple[Row, bytes]]] = {page: [] for page in some}
        chosen = places.of(some)
        crops: dict[int, tuple[Row, bytes]] = {}
        for number, file in enumerate(chosen.files):
            mine = np.flatnonzero(chosen.file == number)
            mine = mine[np.argsort(chosen.row[mine])]
            if len(mine):
                found = _rows(file, chosen.row[mine].tolist())
                crops |= zip(mine.tolist(), found, strict=True)
        for place, page in enumerate(chosen.page.tolist()):
            of_page[page].append(crops[place])
        yield from of_page.values()


def _rows(file: RowsFile, places: Sequence[int]) -> Iterator[tuple[Row, bytes]]:
    """Crops by their ascending places in a file."""
    if file.origin == "staged":
        yield from (({**row, "findings": None}, data) for row, data in staged_rows(file, places))
        return
    columns = [name for name in CROPS.names if name not in ("source_uri", "source", *OF_VERSIONS)]
    for row in read_rows(file.uri, places, columns):
        data = row.pop("image")["bytes"]
        yield {name: row.get(name) for name in STAGED_CROPS.names}, data
