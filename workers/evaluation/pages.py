"""Pages whose text is known, in batches: a `Batch` is a few pages of a source that one task loads.

A new kind of source is a new class of batches. `DatasetBatch`, for datasets that PageFoundry
published, is here. Batches of documents are in `pipelines.evaluation.sources`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from schemas.pages import PageImage
from workers import store

BATCH_PAGES = 8
"""With four modes a call has 32 images, which keep any engine busy; a last call wastes no more."""


@dataclass(frozen=True, slots=True)
class TruePage:
    """A page and its text. `image` has the page's size in its source.

    `text` is None on a page whose text belongs to that of a page before it: if a document's truth
    is not cut into pages, its first page has all of it.
    """

    page_id: str
    source_uri: str
    image: PageImage
    text: str | None


@dataclass(frozen=True, slots=True)
class Loaded:
    """The pages of a batch, and how many could not be used, by reason."""

    pages: list[TruePage]
    skipped: Counter[str] = field(default_factory=Counter)


class Batch(Protocol):
    """A few pages of a source. It holds no pictures until the process that reads them loads it."""

    def __len__(self) -> int:
        """How many pages it has."""
        ...

    def halves(self) -> Sequence[Batch]:
        """Two smaller batches, or only itself if it cannot be cut."""
        ...

    def load(self) -> Loaded:
        """The pages with their pictures and texts."""
        ...


@dataclass(frozen=True, slots=True)
class DatasetBatch:
    """Rows of one row group of a part of `pages`."""

    part_uri: str
    row_group: int
    rows: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.rows)

    def halves(self) -> Sequence[DatasetBatch]:
        """Two batches of half the rows; one batch if there is only one row."""
        half = len(self.rows) // 2
        parts = (self.rows[:half], self.rows[half:]) if half else (self.rows,)
        return [DatasetBatch(self.part_uri, self.row_group, part) for part in parts]

    def load(self) -> Loaded:
        """The pages."""
        columns = ["page_id", "source_uri", "width", "height", "text", "image"]
        with store.open_input(self.part_uri) as handle:
            group = pq.ParquetFile(handle).read_row_group(self.row_group, columns=columns)
        rows = group.take(pa.array(self.rows)).to_pylist()
        return Loaded(
            [
                TruePage(
                    row["page_id"],
                    row["source_uri"],
                    PageImage(row["page_id"], row["image"]["bytes"], row["width"], row["height"]),
                    row["text"],
                )
                for row in rows
            ]
        )


def dataset_batches(part_uris: Sequence[str]) -> Iterator[DatasetBatch]:
    """The pages of a dataset whose text no engine read, in the order of its parts.

    This order is a seeded shuffle, so the first pages are a fair sample.
    """
    for uri in part_uris:
        with store.open_input(uri) as handle:
            file = pq.ParquetFile(handle)
            known = [
                pc.not_equal(
                    file.read_row_group(number, columns=["text_source"])["text_source"], "ocr"
                ).to_pylist()
                for number in range(file.num_row_groups)
            ]
        for number, flags in enumerate(known):
            rows = [row for row, is_known in enumerate(flags) if is_known]
            for start in range(0, len(rows), BATCH_PAGES):
                yield DatasetBatch(uri, number, tuple(rows[start : start + BATCH_PAGES]))
