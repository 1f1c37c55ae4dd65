"""`run` on text layers, in this process: first run, refresh, resume, and their ledger."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest

from schemas.errors import DatasetError, SourceError
from tests.pipelines.corpora import pdf, prose, write_pdf, write_pdfs
from tests.pipelines.datasets import all_rows, part_names, problems, recipe_for, rows, run_here
from tests.pipelines.first_runs import FirstRuns

ONLY = "routing: only\nplacement: {shard_pages: 4}\n"


@pytest.fixture(scope="module")
def first_runs(tmp_path_factory: pytest.TempPathFactory) -> FirstRuns:
    return FirstRuns(
        tmp_path_factory.mktemp("run"),
        lambda source: write_pdfs(source, 5, pages=3),
        lambda dataset, source: run_here(recipe_for(dataset, source, ONLY)),
    )


@pytest.fixture
def corpus(first: FirstRuns) -> Path:
    return first.source


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return tmp_path / "data"


def test_every_page_ends_in_pages_or_rejects(corpus: Path, dataset: Path) -> None:
    (corpus / "empty.pdf").write_bytes(b"")
    report = run_here(recipe_for(dataset, corpus, ONLY))
    assert (report.pages, report.pages_read, report.counts["pages"]) == (15, 15, 15)
    assert report.rejects == {"empty_file": 1}
    assert problems(dataset) == ()


def test_a_second_run_reads_and_commits_nothing(first: FirstRuns, dataset: Path) -> None:
    recipe = recipe_for(first.copy(dataset), first.source, ONLY)
    before = {path: path.stat().st_mtime_ns for path in dataset.rglob("*") if path.is_file()}
    second = run_here(recipe)
    after = {path: path.stat().st_mtime_ns for path in dataset.rglob("*") if path.is_file()}
    assert (second.pages_read, second.committed, second.version) == (0, False, 1)
    assert after == before


def test_equal_bytes_are_read_once_and_keep_their_uris(corpus: Path, dataset: Path) -> None:
    shutil.copy(corpus / "0.pdf", corpus / "again.pdf")
    report = run_here(recipe_for(dataset, corpus, ONLY))
    assert (report.documents, report.pages_read) == (5, 15)
    shared = [row["uris"] for row in rows(dataset, "inventory") if len(row["uris"]) > 1]
    assert [Path(file["uri"]).name for file in shared[0]] == ["0.pdf", "again.pdf"]


def test_added_files_go_to_new_parts_and_old_parts_stay(
    first: FirstRuns, corpus: Path, dataset: Path
) -> None:
    recipe = recipe_for(first.copy(dataset), corpus, ONLY)
    before = part_names(dataset)
    write_pdf(corpus, "new.pdf", first_seed=900, pages=2)
    report = run_here(recipe)
    assert (report.pages_read, report.counts["pages"]) == (2, 17)
    assert set(before["pages"]) < set(part_names(dataset)["pages"])
    assert problems(dataset) == ()


def test_a_changed_file_replaces_its_rows(first: FirstRuns, corpus: Path, dataset: Path) -> None:
    recipe = recipe_for(first.copy(dataset), corpus, ONLY)
    old = {row["doc_id"] for row in rows(dataset, "pages") if row["source_uri"].endswith("/0.pdf")}
    write_pdf(corpus, "0.pdf", first_seed=700, pages=2)
    report = run_here(recipe)
    assert (report.documents, report.pages, report.pages_read) == (5, 14, 2)
    assert old.isdisjoint(row["doc_id"] for row in rows(dataset, "pages"))
    assert problems(dataset) == ()


@pytest.mark.parametrize(("on_missing", "pages"), [("keep", 15), ("remove", 12)])
def test_a_missing_file_is_kept_or_removed(
    first: FirstRuns, corpus: Path, dataset: Path, on_missing: str, pages: int
) -> None:
    recipe = recipe_for(first.copy(dataset), corpus, f"{ONLY}on_missing: {on_missing}\n")
    (corpus / "3.pdf").unlink()
    assert run_here(recipe).counts["pages"] == pages
    assert problems(dataset) == ()
    assert len(rows(dataset, "pages", version=1)) == 15


def test_a_refresh_ends_in_the_rows_of_a_first_run(
    first: FirstRuns, corpus: Path, tmp_path: Path
) -> None:
    grown, fresh = first.copy(tmp_path / "grown"), tmp_path / "fresh"
    recipe = recipe_for(grown, corpus, f"{ONLY}on_missing: remove\n")
    near_copy = [prose(0).replace(" ", "  ", 3) + " coda", prose(1)]
    (corpus / "near.pdf").write_bytes(pdf(near_copy))
    shutil.copy(corpus / "4.pdf", corpus / "a-copy.pdf")
    (corpus / "2.pdf").unlink()
    run_here(recipe)
    run_here(recipe_for(fresh, corpus, f"{ONLY}on_missing: remove\n"))
    assert all_rows(grown) == all_rows(fresh)


@pytest.mark.parametrize("staging_kept", [True, False])
def test_duplicates_come_back_when_their_keeper_leaves(
    corpus: Path, dataset: Path, staging_kept: bool
) -> None:
    (corpus / "copy.pdf").write_bytes(pdf([prose(0) + " coda"]))
    recipe = recipe_for(dataset, corpus, f"{ONLY}on_missing: remove\n")
    assert run_here(recipe).rejects["duplicate"] >= 1
    (dropped,) = [row for row in rows(dataset, "rejects") if row["level"] == "page"]
    kept = [row for row in rows(dataset, "pages") if row["page_id"] == dropped["kept_id"]]
    assert len(kept) == 1
    if not staging_kept:
        shutil.rmtree(dataset / "staging")
    Path(kept[0]["source_uri"]).unlink()
    report = run_here(recipe)
    assert dropped["page_id"] in {row["page_id"] for row in rows(dataset, "pages")}
    assert report.pages_read == (0 if staging_kept else 1)
    assert problems(dataset) == ()


def test_other_settings_stop_the_run_and_say_what_differs(
    first: FirstRuns, corpus: Path, dataset: Path
) -> None:
    changed = recipe_for(first.copy(dataset), corpus, f"{ONLY}raster: {{quality: 80}}\n")
    with pytest.raises(DatasetError, match=r"raster\.quality: 92 -> 80"):
        run_here(changed)
    report = run_here(changed, re_read=True)
    assert (report.pages_read, report.counts["pages"]) == (15, 15)
    assert {row["recipe_digest"] for row in rows(dataset, "pages")} == {changed.digest()}
    assert problems(dataset) == ()


def test_other_dedup_settings_publish_anew_without_reading(corpus: Path, dataset: Path) -> None:
    (corpus / "copy.pdf").write_bytes(pdf([prose(0) + " coda"]))
    run_here(recipe_for(dataset, corpus, ONLY))
    report = run_here(recipe_for(dataset, corpus, f"{ONLY}dedup: {{near: null}}\n"))
    assert (report.pages_read, report.counts["pages"], report.committed) == (0, 16, True)
    assert problems(dataset) == ()


def test_the_same_rows_publish_to_the_same_bytes(
    first: FirstRuns, corpus: Path, dataset: Path
) -> None:
    run_here(recipe_for(dataset, corpus, ONLY))
    assert part_names(dataset) == part_names(first.of())


def test_staging_may_be_deleted_between_runs(first: FirstRuns, corpus: Path, dataset: Path) -> None:
    recipe = recipe_for(first.copy(dataset), corpus, ONLY)
    shutil.rmtree(dataset / "staging")
    assert run_here(recipe).pages_read == 0


def test_sources_without_files_are_refused(tmp_path: Path, dataset: Path) -> None:
    with pytest.raises(SourceError, match="nothing-here"):
        run_here(recipe_for(dataset, tmp_path / "nothing-here"))
    assert not dataset.exists()


def test_counts_of_the_commit_are_the_rows(corpus: Path, dataset: Path) -> None:
    report = run_here(recipe_for(dataset, corpus, ONLY))
    counts = {table: len(records) for table, records in all_rows(dataset).items()}
    assert counts == dict(report.counts)
    assert Counter(row["reason"] for row in rows(dataset, "rejects")) == Counter(report.rejects)
