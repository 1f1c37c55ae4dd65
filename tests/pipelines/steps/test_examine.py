"""What a task of the inventory carries, and what it leaves out."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from pipelines.steps.examine import Staged, cut_chunks, examine_chunk
from pipelines.steps.fetch import FetchChunk
from schemas.forgotten import Forgotten
from schemas.links import Links
from schemas.recipe import parse_recipe
from tests.builders import make_doc_id
from tests.pipelines.corpora import write_pdfs
from workers import store
from workers.dataset.forgotten import TakenDown, write_forgotten
from workers.sources.kept_links import Kept


def taken_down(dataset: Path, doc_ids: list[str]) -> TakenDown:
    forgotten = Forgotten().adding(doc_ids, "2026-11-30", None)
    write_forgotten(str(dataset), Forgotten(), forgotten)
    return TakenDown.of(str(dataset), forgotten)


@pytest.mark.parametrize("count", [0, 1, 5000])
def test_tasks_do_not_grow_with_the_list_of_what_was_taken_down(count: int, tmp_path: Path) -> None:
    write_pdfs(tmp_path / "corpus", 2, pages=1)
    recipe = parse_recipe(f"dataset: {tmp_path}/data\nsources: [{tmp_path}/corpus]")
    files = dict.fromkeys(store.list_documents([f"{tmp_path}/corpus"]), recipe.sources[0])
    listed = taken_down(tmp_path / "data", [make_doc_id(n) for n in range(count)])
    (chunk,) = cut_chunks(files, None, recipe, listed)
    assert len(pickle.dumps(chunk)) < 5000
    assert len(pickle.dumps(FetchChunk((), Links(), Kept("kept", listed)))) < 1000
    assert len(chunk.forgotten.ids()) == count


def test_nothing_is_staged_of_what_was_taken_down(tmp_path: Path) -> None:
    write_pdfs(tmp_path / "corpus", 3, pages=1)
    recipe = parse_recipe(f"dataset: {tmp_path}/data\nrouting: only\nsources: [{tmp_path}/corpus]")
    files = dict.fromkeys(store.list_documents([f"{tmp_path}/corpus"]), recipe.sources[0])
    gone = store.sha256_of(next(iter(files)).uri)
    listed = taken_down(tmp_path / "data", [gone])
    (chunk,) = cut_chunks(files, str(tmp_path / "staging"), recipe, listed)
    found = examine_chunk(chunk)
    assert gone in {document.doc_id for document in found.documents}  # so that it is counted
    staged = {document.doc_id for document in Staged.read(str(tmp_path / "staging")).documents}
    assert staged == {document.doc_id for document in found.documents} - {gone}
