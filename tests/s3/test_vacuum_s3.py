"""Vacuum on an S3 store deletes old objects in bulk; the kept versions read as before."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.session import IN_PROCESS, open_session
from pipelines.dataset.state import load_snapshot
from pipelines.dataset.vacuum import Retention, vacuum_dataset
from pipelines.dataset.verify import verify_dataset
from schemas.errors import DatasetError
from schemas.tables import TABLES
from tests.pipelines.corpora import write_pdf
from tests.pipelines.datasets import run_here
from tests.s3.test_run_s3 import contents, recipe_of
from workers import store
from workers.store.listing import list_stored

pytestmark = pytest.mark.s3


def test_a_vacuumed_dataset_holds_its_newest_version_and_no_more(s3: str, tmp_path: Path) -> None:
    corpus, dataset = tmp_path / "corpus", store.join(s3, "data")
    for number in range(2):
        write_pdf(corpus, f"{number}.pdf", first_seed=10 * number, pages=2)
        recipe = recipe_of(dataset, str(corpus))
        run_here(recipe.model_copy(update={"on_missing": "remove", "max_removed": 1.0}))
        (corpus / f"{number}.pdf").unlink()
    before = contents(dataset)

    planned = vacuum_dataset(dataset, Retention(versions=1, grace_hours=0), dry_run=True)
    assert contents(dataset) == before
    done = vacuum_dataset(dataset, Retention(versions=1, grace_hours=0))
    assert done.removed == planned.removed
    assert all(item.files for item in done.removed if not item.what.startswith("leftovers"))

    assert contents(dataset) == before
    snapshot = load_snapshot(dataset)
    assert snapshot is not None
    for table in TABLES:
        held = snapshot.tables[table]
        stored = list_stored(store.join(held.uri, "data"))
        assert [item.uri for item in stored] == [held.part_uri(part) for part in held.parts]
    with open_session(IN_PROCESS) as session:
        verdict = verify_dataset(dataset, session)
    assert (verdict.problems, verdict.notes) == ((), ())
    with pytest.raises(DatasetError, match="has versions 2 to 2, not 1"):
        load_snapshot(dataset, 1)
