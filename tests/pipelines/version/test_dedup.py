"""Deduplication by tasks: the same drops however members are spread over files and groups."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from cluster.session import IN_PROCESS, open_session
from pipelines.version.dedup import Drops, find_duplicates
from pipelines.version.records import NOBODY, Catalogue, load_all
from schemas.inventory import Document
from schemas.shards import SeenFile
from tests.benchmarks.template_families import DOC_ID, RECIPE, make, quality
from tests.benchmarks.template_families import Families as Made
from workers.publishing.records import RowsFile

PAGES = 400


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("families")
    make(PAGES, "mixed", folder)
    (path,) = folder.glob("*.parquet")
    return path


def deduplicate(
    rows: Path, folder: Path, files: int, members_at_once: int, keys_at_once: int = 10**6
) -> Drops:
    table = pq.read_table(rows)
    step = -(-table.num_rows // files)
    found = []
    for start in range(0, table.num_rows, step):
        part = table.slice(start, step)
        pq.write_table(part, folder / f"{start:09d}.parquet")
        found.append(RowsFile(str(folder / f"{start:09d}.parquet"), "staged", part.num_rows))
    document = Document(DOC_ID, (SeenFile("a.pdf", 0, "0"),), "application/pdf", table.num_rows)
    catalogue = Catalogue.of([document])
    with open_session(IN_PROCESS) as session:
        # in an order that is not that of the pages, as files arrive
        records = load_all(RECIPE, found[::-1], "page", catalogue, str(folder), session)
        among = np.ones(len(records), bool)
        return find_duplicates(
            *(records, among, "page", RECIPE.dedup, str(folder), session),
            members_at_once,
            keys_at_once,
        )


def test_files_groups_and_shared_columns_change_nothing(rows: Path, tmp_path: Path) -> None:
    whole = deduplicate(rows, tmp_path, files=1, members_at_once=10**6)
    spread = deduplicate(rows, tmp_path, files=7, members_at_once=9, keys_at_once=3 * PAGES)
    assert (whole.keeper != NOBODY).any()
    assert spread.keeper.tolist() == whole.keeper.tolist()
    assert spread.kind.tolist() == whole.kind.tolist()
    assert spread.similarity.tolist() == whole.similarity.tolist()


def test_planted_duplicates_are_found(rows: Path, tmp_path: Path) -> None:
    drops = deduplicate(rows, tmp_path, files=3, members_at_once=50)
    found = quality(Made.of(PAGES, "mixed"), drops)
    assert found["recall_above_0.85"] >= 0.95
    assert found["dropped_below_0.6"] == 0
