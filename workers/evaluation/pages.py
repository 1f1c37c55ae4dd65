"""Pages whose text is known, and where they come from.

A `Batch` is a few pages of a source that one task loads; a new kind of source is a new class of
batches. `DatasetBatch`, of a dataset that PageFoundry published, is here; batches of documents are
in `pipelines.evaluation.sources`, with what opens documents.
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
"""With four modes 32 images a call, of which no engine is idle; and what a last call may waste."""


@dataclass(frozen=True, slots=True)
class TruePage:
    """A page and its text. `image` is the page as large as its source has it.

    A `text` of None says that the text of the page before goes on on this one: where a document's
    truth is not cut into pages, its first page has all of it.
    """

    page_id: str
    source_uri: str
    image: PageImage
    text: str | None


@dataclass(frozen=True, slots=True)
class Loaded:
    """The pages of a batch, and how many could not be used, by the reason."""

    pages: list[TruePage]
    skipped: Counter[str] = field(default_factory=Counter)


class Batch(Protocol):
    """A few pages of a source; small, and loaded where the work is done."""

    def __len__(self) -> int:
        """Its pages."""
        ...

    def halves(self) -> Sequence[Batch]:
        """Two smaller batches, or itself alone where it cannot be cut."""
        ...

    def load(self) -> Loaded:
        """The pages."""
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
        """Half the rows each, or all of one."""
        half = len(self.rows) // 2
        parts = (self.rows[:half], self.rows[half:]) if half else (self.rows,)
        return [DatasetBatch(self.part_uri, self.row_group, part) for part in parts]

    def load(self) -> Loaded:
        """The pages."""
        columns = ["page_id", "source_uri", "width", "height", "text", "image"]
        with store.open_input(self.part_uri) as handle:
            group = pq.ParquetFile(handle).read_row_group(self.row_group, columns=columns)
        found = group.take(pa.array(self.rows)).to_pylist()
        return Loaded(
            [
                TruePage(
                    row["page_id"],
                    row["source_uri"],
                    PageImage(row["page_id"], row["image"]["bytes"], row["width"], row["height"]),
                    row["text"],
                )
                for row in found
            ]
        )


def dataset_batches(part_uris: Sequence[str]) -> Iterator[DatasetBatch]:
    """The pages of a dataset whose text is not a reading itself, in the order of its parts.

    That order is a seeded shuffle, so the first pages are a fair sample.
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
