"""The rows of one table of one version: choose some, and read them in the parts' order or shuffled.

pages = open_rows("s3://lake/manuals").filter(pc.field("language") == "en")
for row in pages.select("image", "text"):
    ...
"""

from __future__ import annotations

import functools
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from schemas.errors import DatasetError
from schemas.page_text import full_text_of
from workers.loading.groups import Group, chosen_groups
from workers.loading.opening import (
    Address,
    OpenTable,
    find_table,
    open_table,
    published_versions,
)
from workers.loading.order import Epoch

if TYPE_CHECKING:
    from workers.loading.torch_rows import Loader, TorchRows

Row = dict[str, Any]
Pictures = Literal["bytes", "decoded"]
Text = Literal["own", "full"]
Condition: TypeAlias = pc.Expression | Sequence[tuple[str, str, object]]

_ROWS_AT_ONCE = 256
_PICTURE_COLUMNS = ("image", "images")


def open_rows(
    dataset: str,
    table: str = "pages",
    version: int | None = None,
    *,
    split: str | None = None,
    pictures: Pictures = "bytes",
    text: Text = "own",
    storage_options: Mapping[str, str] | None = None,
) -> Rows:
    """Open a table of a dataset, or one split of it, in a version of the dataset or the newest.

    `dataset` is a folder or a URL. `split` is `train` or `validation`, where the dataset has them.
    `pictures` are given as `{"bytes", "path"}`, as they are stored,
    or `decoded`, as `PIL.Image.Image`. The `text` of a page is its `own`, or the `full` one, with
    the furniture that its blocks have. `storage_options` are those of deltalake, beside the
    environment.

    Raises DatasetError where there is no such dataset, table, version or split.
    """
    if text == "full" and table != "pages":
        raise DatasetError(f"`text='full'` is for rows of `pages`, not of {table!r}")
    address = find_table(str(dataset), table, version, storage_options, split)
    return Rows(address, pictures=pictures, text=text)


@dataclass(frozen=True, eq=False)
class Rows:
    """Some rows and columns of a table. Nothing but the table's log is read before they are."""

    address: Address
    columns: tuple[str, ...] | None = None
    condition: pc.Expression | None = None
    pictures: Pictures = "bytes"
    text: Text = "own"

    # ---- choosing ----------------------------------------------------------------------------

    def filter(self, condition: Condition) -> Rows:
        """The rows for which a condition is true, among these.

        It is an expression of pyarrow, `pc.field("language") == "en"`, or a list of those that must
        all hold, `[("language", "=", "en"), ("text_tokens", ">", 100)]`.
        """
        if not isinstance(condition, pc.Expression):
            condition = pq.filters_to_expression(list(condition))
        both = condition if self.condition is None else self.condition & condition
        return replace(self, condition=both)

    def select(self, *columns: str) -> Rows:
        """These columns alone. Raises DatasetError where the table has no such column."""
        for name in columns:
            if name not in self.schema.names:
                raise DatasetError(
                    f"{self.address.table} has no column {name!r}; it has "
                    f"{', '.join(self.schema.names)}"
                )
        return replace(self, columns=columns)

    # ---- what is there -----------------------------------------------------------------------

    @property
    def version(self) -> int:
        """The version of the dataset."""
        return self.address.version

    @property
    def schema(self) -> pa.Schema:
        """The table's columns, all of them."""
        return self.opened.schema

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of each row."""
        return tuple(self.schema.names) if self.columns is None else self.columns

    def versions(self) -> list[int]:
        """The versions of the dataset that can still be opened, oldest first."""
        options = dict(self.address.storage_options)
        return published_versions(self.address.dataset, options)

    def __len__(self) -> int:
        return self.opened.rows if self.condition is None else sum(g.count for g in self.groups)

    @functools.cached_property
    def opened(self) -> OpenTable:
        """The table."""
        return open_table(self.address)

    @functools.cached_property
    def groups(self) -> list[Group]:
        """The row groups with chosen rows. Reads the columns that the condition names."""
        return chosen_groups(self.opened, self.condition)

    def __getstate__(self) -> dict[str, object]:
        # Another process opens the table itself.
        return {name: value for name, value in vars(self).items() if name in _FIELDS}

    # ---- reading -----------------------------------------------------------------------------

    def __iter__(self) -> Iterator[Row]:
        """The rows in the order of the parts, which a publish has shuffled."""
        for group in range(len(self.groups)):
            rows = self.stored(group)
            for start in range(0, rows.num_rows, _ROWS_AT_ONCE):
                yield from self.given(rows.slice(start, _ROWS_AT_ONCE))

    def batches(self, rows_at_once: int = _ROWS_AT_ONCE) -> Iterator[pa.Table]:
        """The rows as Arrow tables, as they are stored; one row group is in memory at a time."""
        for group in self.groups:
            rows = group.read(self.names, self.schema)
            for start in range(0, rows.num_rows, rows_at_once):
                yield rows.slice(start, rows_at_once)

    def to_table(self) -> pa.Table:
        """All rows in memory, as they are stored."""
        read = [group.read(self.names, self.schema) for group in self.groups]
        if not read:
            return pa.table(
                {name: pa.nulls(0, self.schema.field(name).type) for name in self.names}
            )
        return pa.concat_tables(read)

    def stored(self, group: int) -> pa.Table:
        """The chosen rows of one of `groups`, as they are stored, with all that makes them rows."""
        needs_blocks = self.text == "full" and "text" in self.names
        extra = ["blocks"] if needs_blocks and "blocks" not in self.names else []
        return self.groups[group].read([*self.names, *extra], self.schema)

    def given(self, stored: pa.Table) -> Iterator[Row]:
        """Rows as they are given: pictures decoded and texts full, where that was asked for."""
        for row in stored.to_pylist():
            yield self._given(row)

    def _given(self, row: Row) -> Row:
        if self.text == "full" and "text" in row:
            row["text"] = full_text_of(row)
            if "blocks" not in self.names:
                del row["blocks"]
        if self.pictures == "decoded":
            for name in _PICTURE_COLUMNS:
                if name in row:
                    row[name] = _decoded(row[name])
        return row

    # ---- training ----------------------------------------------------------------------------

    def epoch(self, batch_size: int, lanes: int, seed: int | None, number: int) -> Epoch:
        """The order of an epoch of these rows."""
        counts = np.array([group.count for group in self.groups], np.int64)
        return Epoch(counts, batch_size, lanes, seed, number)

    def torch(self, batch_size: int = 1, **settings: Any) -> TorchRows:
        """The rows as an iterable dataset of torch: see `workers.loading.torch_rows.TorchRows`."""
        from workers.loading.torch_rows import TorchRows

        return TorchRows(self, batch_size, **settings)

    def loader(
        self,
        batch_size: int,
        workers: int = 0,
        collate: Callable[..., Any] | None = None,
        **settings: Any,
    ) -> Loader:
        """Batches for training: see `workers.loading.torch_rows.Loader`."""
        from workers.loading.torch_rows import Loader

        return Loader(self.torch(batch_size, **settings), workers, collate)


_FIELDS = tuple(Rows.__dataclass_fields__)


def _decoded(stored: Any) -> Any:
    """A stored picture, or a list of them, as PIL images; None stays None."""
    from PIL import Image

    if stored is None:
        return None
    if isinstance(stored, list):
        return [_decoded(one) for one in stored]
    picture = Image.open(io.BytesIO(stored["bytes"]))
    picture.load()
    return picture
