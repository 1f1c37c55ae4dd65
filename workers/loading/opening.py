"""Open one table of one version of a dataset, with deltalake and pyarrow alone.

All stores that deltalake knows are read through it, with the same settings: a URL, and the
environment or `storage_options`.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pyarrow as pa
import pyarrow.dataset as ds
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError
from deltalake.fs import DeltaStorageHandler
from pyarrow import fs

from schemas.errors import DatasetError, StorageError
from schemas.lines import error_line
from schemas.splits import SPLITS, VALIDATION
from schemas.tables import TABLES

if TYPE_CHECKING:
    from schemas.versions import VersionRecord

_URL = re.compile(r"[a-z][a-z0-9]*://")
_RECORD = "pagefoundry"


@dataclass(frozen=True, slots=True)
class Address:
    """What names one table of one version: enough to open it again in another process.

    `version` is that of the dataset, to which `table_version` of the table belongs. With a `split`
    it names the parts of that split alone; `validation` are the parts of validation rows.
    """

    dataset: str
    table: str
    version: int
    table_version: int
    storage_options: tuple[tuple[str, str], ...] = ()
    split: str | None = None
    validation: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenTable:
    """One table of one version: its parts, in the order of their names.

    `rows` are counted in the table's log.
    """

    address: Address
    schema: pa.Schema
    parts: tuple[ds.ParquetFileFragment, ...]
    rows: int


def find_table(
    dataset: str,
    table: str,
    version: int | None,
    storage_options: Mapping[str, str] | None,
    split: str | None = None,
) -> Address:
    """The address of a table, or of one split of it, in a version, the newest by default.

    Raises DatasetError where there is no such dataset, version, table or split; StorageError where
    its store does not answer.
    """
    if split is not None and split not in SPLITS:
        raise DatasetError(f"{split!r} is no split; name {' or '.join(SPLITS)}")
    if table not in TABLES:
        raise DatasetError(f"{table!r} is no table of a dataset; name {', '.join(TABLES)}")
    options = dict(storage_options or {})
    pages = _delta_table(dataset, "pages", version, options)
    number = pages.version()
    record = _commit(_filesystem(dataset, "pages", pages), number)
    versions = record.get("versions", {})
    if not versions:
        raise DatasetError(f"{dataset} has no published version yet")
    of_table = number if table == "pages" else versions.get(table)
    if of_table is None:
        raise DatasetError(f"version {number} of {dataset} has no table {table!r}")
    address = Address(dataset, table, number, of_table, tuple(sorted(options.items())))
    if split is None:
        return address
    validation = record.get("validation", {})
    if table not in validation:
        why = "rows of that table have none" if validation else "its recipe asks for none"
        raise DatasetError(
            f"version {number} of {dataset} has no split of {table!r}: {why}; leave `split` out, "
            "or set `publish: {validation: 1 %}` in the recipe and run it"
        )
    return replace(address, split=split, validation=tuple(validation[table]))


def open_table(address: Address) -> OpenTable:
    """Open a table; no part is read yet."""
    delta = delta_table(address)
    opened = delta.to_pyarrow_dataset(filesystem=_filesystem(address.dataset, address.table, delta))
    validation = frozenset(address.validation)
    rows = {
        _name(path): count
        for path, count in zip(*_counted_parts(delta), strict=True)
        if address.split is None or (path in validation) == (address.split == VALIDATION)
    }
    parts = sorted(
        (part for part in opened.get_fragments() if _name(part.path) in rows),
        key=lambda part: str(part.path),
    )
    return OpenTable(address, opened.schema, tuple(parts), sum(rows.values()))


def _name(path: str) -> str:
    """The name of a part, which is unique, without its folder."""
    return path.rpartition("/")[2]


def _counted_parts(delta: DeltaTable) -> tuple[list[str], list[int]]:
    """The paths of a table's parts, and how many rows each has."""
    actions = pa.table(delta.get_add_actions(flatten=True))
    return actions["path"].to_pylist(), actions["num_records"].to_pylist()


def delta_table(address: Address) -> DeltaTable:
    """The table as deltalake has it."""
    options = dict(address.storage_options)
    return _delta_table(address.dataset, address.table, address.table_version, options)


def published_versions(dataset: str, storage_options: Mapping[str, str] | None) -> list[int]:
    """The versions of a dataset that its log still has, oldest first."""
    options = dict(storage_options or {})
    pages = _delta_table(dataset, "pages", None, options)
    files = _filesystem(dataset, "pages", pages)
    names = [
        info.base_name
        for info in files.get_file_info(fs.FileSelector("_delta_log"))
        if re.fullmatch(r"\d{20}\.json", info.base_name)
    ]
    numbers = sorted(int(name.removesuffix(".json")) for name in names)
    return [number for number in numbers if _commit(files, number).get("versions")]


def _delta_table(
    dataset: str, table: str, version: int | None, options: dict[str, str]
) -> DeltaTable:
    url = _url(dataset, table)
    if os.environ.get("AWS_ENDPOINT_URL", "").startswith("http://"):
        # Whoever names such an endpoint means it; deltalake wants to be told twice.
        options = {"AWS_ALLOW_HTTP": "true", **options}
    try:
        return DeltaTable(url, version=version, storage_options=options or None)
    except TableNotFoundError as exc:
        raise DatasetError(f"{dataset} is no dataset: there is no table {table!r}") from exc
    except OSError as exc:
        raise StorageError(f"{url} cannot be read: {error_line(exc)}") from exc
    except (DeltaError, OverflowError) as exc:
        which = "" if version is None else f"version {version} of "
        raise DatasetError(f"{which}{dataset} cannot be opened: {error_line(exc)}") from exc


def _url(dataset: str, table: str) -> str:
    # deltalake would cut a bare name at a `#` or `?`.
    if not _URL.match(dataset):
        return (Path(dataset).expanduser().resolve() / table).as_uri()
    scheme, _, path = dataset.partition("://")
    # An `@` parts the container from the account of Azure.
    return f"{scheme}://{quote(path.rstrip('/'), safe='@/')}/{table}"


def _filesystem(dataset: str, table: str, delta: DeltaTable) -> fs.FileSystem:
    """The files of a table, by their paths within it."""
    if not _URL.match(dataset):
        folder = Path(dataset).expanduser().resolve() / table
        return fs.SubTreeFileSystem(str(folder), fs.LocalFileSystem())
    handler = DeltaStorageHandler.from_table(
        delta._table, delta._storage_options, delta._table.get_add_file_sizes()
    )
    return fs.PyFileSystem(handler)


def _commit(files: fs.FileSystem, number: int) -> VersionRecord:
    """What PageFoundry wrote into a commit."""
    with files.open_input_stream(f"_delta_log/{number:020d}.json") as stream:
        lines = stream.read().splitlines()
    for line in lines:
        entry = json.loads(line).get("commitInfo")
        if entry:
            record: VersionRecord = json.loads(entry.get(_RECORD, "{}"))
            return record
    return {}
