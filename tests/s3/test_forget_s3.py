"""A takedown on an S3 store: the list by conditional put, no byte left in any object."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.session import IN_PROCESS, open_session
from pipelines.takedown import Options, forget, search_forgotten, wanted_of
from schemas.errors import DatasetError
from schemas.tables import TABLES
from tests.pipelines.corpora import write_pdf
from tests.pipelines.dataset.test_vacuum import SETTINGS
from tests.pipelines.datasets import all_rows, problems, recipe_for, rows, run_here
from tests.pipelines.takedown.bytes_left import files_with, needles
from workers import store
from workers.dataset.forgotten import LIST_NAME, read_forgotten
from workers.store.listing import list_stored

pytestmark = pytest.mark.s3


def downloaded(dataset: str, folder: Path) -> Path:
    """Every object of a dataset as a local file."""
    for item in list_stored(dataset):
        path = folder / item.uri.removeprefix(f"{dataset}/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(store.read_bytes(item.uri))
    return folder


def test_no_byte_is_left_in_any_object(s3: str, tmp_path: Path) -> None:
    corpus, dataset = tmp_path / "corpus", store.join(s3, "data")
    recipe = recipe_for(dataset, corpus, SETTINGS)  # type: ignore[arg-type]
    for number in range(2):
        write_pdf(corpus, f"{number}.pdf", first_seed=10 * number, pages=2)
        run_here(recipe)
    (doc_id,) = {
        row["doc_id"] for row in rows(dataset, "pages") if row["source_uri"].endswith("/0.pdf")
    }
    own = [row for name in TABLES for row in rows(dataset, name) if row["doc_id"] == doc_id]
    wanted = {needle for needle in needles(own) if len(needle) > 100} | {doc_id.encode()}
    found = files_with(wanted, downloaded(dataset, tmp_path / "before"))
    assert {name.split("/")[0] for name in found} >= {"pages", "documents", "staging"}

    options = Options("by letter", erases=True, today=lambda: "2026-11-30")
    with open_session(IN_PROCESS) as session:
        done = forget(dataset, wanted_of([], ["**/0.pdf"]), options, session)
        again = forget(dataset, wanted_of([doc_id], []), options, session)
        proof = search_forgotten(dataset, session)
    assert (done.documents, done.version, again.version) == (1, 3, None)
    assert files_with(wanted, downloaded(dataset, tmp_path / "after")).keys() == {LIST_NAME}
    assert proof.problems == ()
    assert proof.files > 20
    assert read_forgotten(dataset).ids == {doc_id}
    assert problems(dataset) == ()
    with pytest.raises(DatasetError, match="version 2 is not whole any more"):
        all_rows(dataset, 2)
    assert not run_here(recipe).committed
