"""Two versions side by side: each row that came or went, and why, at the cost of what changed."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.dataset.diff import changes, diff_versions
from pipelines.dataset.state import load_snapshot
from schemas.changes import COLUMNS
from schemas.errors import DatasetError, IntegrityError
from schemas.recipe import Recipe
from tests.pipelines.corpora import pdf, prose, write_pdf, write_pdfs
from tests.pipelines.datasets import recipe_for, rows, run_here
from tests.pipelines.first_runs import FirstRuns
from workers.dataset import TableVersion

ONLY = "routing: only\non_missing: remove\nmax_removed: 1\nplacement: {shard_pages: 4}\n"


FIRST = 1
"""The first version that is published."""


@pytest.fixture(scope="module")
def first_runs(tmp_path_factory: pytest.TempPathFactory) -> FirstRuns:
    return FirstRuns(
        tmp_path_factory.mktemp("diff"),
        lambda source: write_pdfs(source, 5, pages=3),
        lambda dataset, source: run_here(recipe_for(dataset, source, ONLY)),
    )


@pytest.fixture
def corpus(first: FirstRuns) -> Path:
    return first.source


@pytest.fixture
def recipe(corpus: Path, tmp_path: Path) -> Recipe:
    """Its dataset is not there yet."""
    return recipe_for(tmp_path / "data", corpus, ONLY)


@pytest.fixture
def begun(first: FirstRuns, recipe: Recipe) -> Recipe:
    """The recipe whose dataset has its first version."""
    first.copy(Path(recipe.dataset))
    return recipe


def tables(dataset: str, version: int) -> dict[str, TableVersion]:
    snapshot = load_snapshot(dataset, version)
    assert snapshot is not None
    return dict(snapshot.tables)


def whys(dataset: str, old: int, new: int, table: str) -> dict[str, dict[str, int]]:
    return {
        kind: dict(found) for kind, found in diff_versions(dataset, old, new).summary[table].items()
    }


def test_a_refresh_tells_why_each_page_came_or_went(corpus: Path, begun: Recipe) -> None:
    (corpus / "2.pdf").unlink()
    write_pdf(corpus, "3.pdf", first_seed=700, pages=2)
    write_pdf(corpus, "new.pdf", first_seed=900, pages=2)
    shutil.move(corpus / "4.pdf", corpus / "renamed.pdf")
    (corpus / "bad.pdf").write_text("not a document")
    second = run_here(begun).version

    assert whys(begun.dataset, FIRST, second, "pages") == {
        "added": {"file_changed": 2, "new_document": 2},
        "removed": {"document_left": 3, "file_changed": 3},
        "changed": {"moved": 3},
    }
    assert whys(begun.dataset, FIRST, second, "documents") == {
        "added": {"file_changed": 1, "new_document": 1},
        "removed": {"document_left": 1, "file_changed": 1},
        "changed": {"moved": 1},
    }
    assert whys(begun.dataset, FIRST, second, "inventory") == {
        "added": {"file_changed": 1, "new_document": 2},
        "removed": {"document_left": 1, "file_changed": 1},
        "changed": {"files": 1},
    }
    assert whys(begun.dataset, FIRST, second, "rejects")["added"] == {"not_a_document": 1}
    # The other way round, what came has left.
    assert whys(begun.dataset, second, FIRST, "pages") == {
        "added": {"file_changed": 3, "new_document": 3},
        "removed": {"document_left": 2, "file_changed": 2},
        "changed": {"moved": 3},
    }


def test_a_keeper_that_leaves_is_told_beside_the_page_that_comes_back(
    corpus: Path, recipe: Recipe
) -> None:
    (corpus / "copy.pdf").write_bytes(pdf([prose(0) + " coda"]))
    first = run_here(recipe).version
    (reject,) = [
        row for row in rows(Path(recipe.dataset), "rejects") if row["reason"] == "duplicate"
    ]
    keeper = next(
        row for row in rows(Path(recipe.dataset), "pages") if row["page_id"] == reject["kept_id"]
    )
    Path(keeper["source_uri"]).unlink()
    second = run_here(recipe).version
    found = diff_versions(recipe.dataset, first, second)
    (back,) = [row for row in found.rows["pages"] if row["why"] == "keeper_left"]
    assert back["id"] == reject["page_id"]
    assert back["detail"] == f"was a duplicate of {keeper['page_id']}"
    assert found.summary["rejects"]["removed"] == {"duplicate": 1}
    # Back again, the page gives way to its keeper, which is new.
    assert "duplicate" in whys(recipe.dataset, second, first, "pages")["removed"]


def test_settings_that_differ_are_told(corpus: Path, tmp_path: Path, recipe: Recipe) -> None:
    (corpus / "copy.pdf").write_bytes(pdf([prose(0) + " coda"]))
    first = run_here(recipe).version
    second = run_here(
        recipe_for(tmp_path / "data", corpus, f"{ONLY}dedup: {{near: null}}\n")
    ).version
    found = diff_versions(recipe.dataset, first, second)
    assert found.summary["pages"]["added"] == {"settings_changed": 1}
    assert found.summary["pages"]["removed"] == {}
    assert [line.partition(":")[0] for line in found.settings] == ["dedup.near"]
    other = recipe_for(tmp_path / "data", corpus, f"{ONLY}raster: {{quality: 80}}\n")
    third = run_here(other, re_read=True).version
    found = diff_versions(recipe.dataset, second, third)
    assert found.summary["pages"]["changed"] == {"re_read": 15}
    assert {row["detail"] for row in found.rows["pages"] if row["change"] == "changed"} == {
        "the same text"
    }


def test_only_parts_that_one_version_lacks_are_read(corpus: Path, begun: Recipe) -> None:
    write_pdf(corpus, "new.pdf", first_seed=900, pages=2)
    second = run_here(begun).version
    old, new = tables(begun.dataset, FIRST), tables(begun.dataset, second)
    shared = [
        old[name].part_uri(part)
        for name in COLUMNS
        for part in set(old[name].parts) & set(new[name].parts)
    ]
    assert shared
    for uri in shared:
        Path(uri).unlink()
    assert changes(old, new).summary()["pages"] == {
        "added": {"new_document": 2}, "removed": {}, "changed": {},
    }  # fmt: skip
    (own,) = set(new["pages"].parts) - set(old["pages"].parts)
    Path(new["pages"].part_uri(own)).unlink()
    with pytest.raises(IntegrityError, match="the part is missing"):
        changes(old, new)


def test_a_version_that_is_not_committed_yet(corpus: Path, begun: Recipe) -> None:
    write_pdf(corpus, "new.pdf", first_seed=900, pages=2)
    second = run_here(begun).version
    new = tables(begun.dataset, second)
    settings = {"recipe_digest": begun.digest(), "publish_settings": {}}
    planned = {name: replace(table, version=-1, metadata={}) for name, table in new.items()}
    planned["pages"] = replace(planned["pages"], metadata=settings)
    old = tables(begun.dataset, FIRST)
    assert changes(old, planned).summary() == changes(old, new).summary()


def test_the_first_version_is_all_new(corpus: Path, recipe: Recipe) -> None:
    (corpus / "bad.pdf").write_text("not a document")
    (corpus / "empty.pdf").write_bytes(b"")
    first = run_here(recipe).version
    assert changes(None, tables(recipe.dataset, first)).summary() == {
        "pages": {"added": {"new_document": 15}, "removed": {}, "changed": {}},
        "conversations": {"added": {}, "removed": {}, "changed": {}},
        "documents": {"added": {"new_document": 5}, "removed": {}, "changed": {}},
        "rejects": {
            "added": {"empty_file": 1, "not_a_document": 1}, "removed": {}, "changed": {},
        },
        "inventory": {"added": {"new_document": 7}, "removed": {}, "changed": {}},
    }  # fmt: skip


def test_a_version_has_nothing_that_it_has_not(begun: Recipe) -> None:
    found = diff_versions(begun.dataset, FIRST, FIRST)
    assert all(not whys for kinds in found.summary.values() for whys in kinds.values())
    assert all(not listed for listed in found.rows.values())


def test_the_rows_that_are_listed_are_bounded(corpus: Path, begun: Recipe) -> None:
    write_pdf(corpus, "new.pdf", first_seed=900, pages=4)
    second = run_here(begun).version
    found = diff_versions(begun.dataset, FIRST, second, limit=3)
    assert (len(found.rows["pages"]), found.summary["pages"]["added"]) == (3, {"new_document": 4})
    assert diff_versions(begun.dataset, FIRST, second, limit=0).rows["pages"] == []


@pytest.mark.parametrize(("old", "new"), [(0, 1), (1, 9)])
def test_versions_that_are_not_there_are_named(begun: Recipe, old: int, new: int) -> None:
    with pytest.raises(DatasetError, match=r"has versions . to 1, not [09]"):
        diff_versions(begun.dataset, old, new)


def test_a_folder_without_a_dataset_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="holds no published version"):
        diff_versions(str(tmp_path / "nowhere"), 1, 2)
