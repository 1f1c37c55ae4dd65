"""Read a dataset as its consumers do: by deltalake, the card and Croissant, without our code."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from deltalake import DeltaTable
from deltalake.exceptions import TableNotFoundError

Contents = dict[str, str]
"""A digest of the rows of each table, whatever their order."""


def read_version(dataset: Path, version: int | None = None) -> tuple[int, Contents] | None:
    """Return the number and the contents of a version, the latest by default.

    The contents are those of `pages` and of the other tables at the versions that the commit of
    `pages` names. None if nothing is published.
    """
    try:
        pages = DeltaTable(str(dataset / "pages"))
    except TableNotFoundError:
        return None
    commits = _commits(pages)
    if version is not None:
        pages.load_as_version(version)
    recorded = json.loads(commits[pages.version()].get("pagefoundry", "{}"))
    if "versions" not in recorded:
        return None
    contents = {
        name: contents_of(DeltaTable(str(dataset / name), version=number).to_pyarrow_table())
        for name, number in recorded["versions"].items()
    }
    contents["pages"] = contents_of(pages.to_pyarrow_table())
    return pages.version(), contents


def _commits(table: DeltaTable) -> dict[int, dict[str, Any]]:
    """Return the commits by version.

    deltalake's history also lists commits that came after the table was opened, but numbers them
    down from the version at opening. So this reads again until no commit came in between.
    """
    while True:
        version = table.version()
        commits = {entry["version"]: entry for entry in table.history()}
        table.update_incremental()
        if table.version() == version:
            return commits


def read_card(dataset: Path) -> Contents | None:
    """The contents of the tables whose parts the card lists, as `load_dataset` reads them."""
    try:
        text = (dataset / "README.md").read_text()
    except FileNotFoundError:
        return None
    header: dict[str, Any] = yaml.load(text.split("---\n")[1], yaml.CSafeLoader)
    return {
        config["config_name"]: contents_of(
            pa.concat_tables(pq.read_table(dataset / part) for part in config["data_files"])
        )
        for config in header["configs"]
    }


def read_croissant(dataset: Path) -> Contents | None:
    """The contents of the tables whose parts Croissant lists."""
    try:
        described = json.loads((dataset / "croissant.json").read_bytes())
    except FileNotFoundError:
        return None
    return {
        files["@id"].removesuffix("-parts"): contents_of(
            pa.concat_tables(pq.read_table(dataset / part) for part in files["includes"])
        )
        for files in described["distribution"]
    }


def contents_of(rows: pa.Table) -> str:
    """Return a digest of the rows that does not depend on their order."""
    if not rows.num_rows:
        return "empty"
    listed = sorted(repr(sorted(row.items())) for row in rows.to_pylist())
    return hashlib.sha256("\n".join(listed).encode()).hexdigest()
