"""Lance: a shard is a data file, and the table's first version names them all.

The library itself names data files at random. Here they are written by its file writer, under
names of ours, so that their bytes are the same each time; what makes a table of them is written by
the library in a folder without data, since it reads none. Those few files hold a time and a random
name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from schemas.errors import RequestError
from workers import store
from workers.exporting.shards import OfTables, Shard, ShardRecord


@dataclass(frozen=True, slots=True)
class Lance:
    """Data files `data/shard-00000.lance`, in a table of one version."""

    schema: pa.Schema

    def open(self, folder: Path, number: int) -> Shard:
        """See `Format`."""
        (folder / "data").mkdir(exist_ok=True)
        return OfTables(_Writer(folder / "data" / f"shard-{number:05d}.lance", self.schema))

    def must_end_at(self, rows: int) -> int | None:
        """See `Format`."""
        return None

    def index(self, shards: Sequence[ShardRecord]) -> Mapping[str, bytes]:
        """See `Format`."""
        lance = require_lance()
        from lance.fragment import DataFile, FragmentMetadata

        with store.temporary_folder() as folder:
            # How the library numbers the columns of such a table.
            empty = lance.write_dataset(self.schema.empty_table(), str(folder / "empty"))
            fields, columns, version = _layout(lance, self.schema, folder / "layout")
            fragments = [
                FragmentMetadata(
                    number,
                    [
                        DataFile(
                            shard.files[0].name.removeprefix("data/"), fields, columns, *version,
                            file_size_bytes=shard.files[0].bytes,
                        )
                    ],
                    shard.rows,
                )
                for number, shard in enumerate(shards)
            ]  # fmt: skip
            table = folder / "table"
            table.mkdir()
            change = lance.LanceOperation.Overwrite(empty.schema, fragments)
            lance.LanceDataset.commit(str(table), change)
            files = sorted(path for path in table.rglob("*") if path.is_file())
            # What makes it a table comes last.
            files.sort(key=lambda path: path.suffix == ".manifest")
            return {str(path.relative_to(table)): path.read_bytes() for path in files}


def require_lance() -> Any:
    """The library. Raises RequestError where it is not installed."""
    try:
        import lance
    except ImportError as exc:
        raise RequestError(
            "--format lance needs the package pylance: pip install 'pagefoundry[lance]'"
        ) from exc
    return lance


def _layout(
    lance: Any, schema: pa.Schema, folder: Path
) -> tuple[list[int], list[int], tuple[int, int]]:
    """The numbers of the fields and columns of a data file, and the version of its format."""
    row = pa.table([pa.nulls(1, field.type) for field in schema], schema=schema)
    [fragment] = lance.write_dataset(row, str(folder)).get_fragments()
    [file] = fragment.metadata.files
    return file.fields, file.column_indices, (file.file_major_version, file.file_minor_version)


class _Writer:
    def __init__(self, path: Path, schema: pa.Schema) -> None:
        require_lance()
        from lance.file import LanceFileWriter

        self._file = LanceFileWriter(str(path), schema)

    def write(self, rows: pa.Table) -> None:
        self._file.write_batch(rows)

    def close(self) -> None:
        self._file.close()
