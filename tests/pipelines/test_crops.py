"""Crops go with their pages: published, moved, removed and brought back with them."""

from __future__ import annotations

import io
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from PIL import Image

from pipelines.dataset.overview import inspect_dataset
from pipelines.dataset.state import load_snapshot
from schemas.errors import DatasetError
from schemas.ids import row_order
from schemas.pages import CROP_LINK
from tests.pipelines.corpora import pdf, prose, write_pdf, write_pdfs
from tests.pipelines.datasets import all_rows, part_names, problems, recipe_for, rows, run_here
from tests.pipelines.deep import FAILED, stage_deep
from tests.pipelines.first_runs import FirstRuns
from workers.dataset import commit_parts, open_table

SETTINGS = "routing: only\non_missing: remove\nmax_removed: 1\nraster: {longest_edge_px: 320}\n"


@pytest.fixture(scope="module")
def first_runs(tmp_path_factory: pytest.TempPathFactory) -> FirstRuns:
    """Four documents of three pages: 12 pages, 12 crops, of which 4 cannot be read."""
    folder = tmp_path_factory.mktemp("crops")
    return FirstRuns(folder, lambda source: write_pdfs(source, 4, pages=3), made)


@pytest.fixture
def corpus(first: FirstRuns) -> Path:
    return first.source


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return tmp_path / "data"


def made(dataset: Path, corpus: Path, extra: str = "", shard_pages: int = 4) -> Path:
    """Make a dataset from staged pages only."""
    recipe = recipe_for(dataset, corpus, SETTINGS + extra)
    stage_deep(recipe, shard_pages=shard_pages)
    assert run_here(recipe).pages_read == 0
    return dataset


def crops_by_name(dataset: Path) -> Counter[str]:
    return Counter(Path(row["source_uri"]).name for row in rows(dataset, "crops"))


def test_every_crop_is_a_row_that_its_page_links(first: FirstRuns) -> None:
    dataset = first.of()
    tables = all_rows(dataset)
    pages = {row["page_id"]: row for row in tables["pages"]}
    assert len(tables["crops"]) == 12
    for crop in tables["crops"]:
        page = pages[crop["page_id"]]
        for name in ("doc_id", "page_index", "source_uri", "recipe_digest"):
            assert crop[name] == page[name]
        paths = [link[2] for link in CROP_LINK.finditer(page["text"])]
        assert crop["image"]["path"] in paths
        with Image.open(io.BytesIO(crop["image"]["bytes"])) as picture:
            assert picture.size == (crop["width"], crop["height"])
    whole = "\n\n".join(row["text"] for row in tables["documents"])
    assert len(CROP_LINK.findall(whole)) == 12
    assert problems(dataset) == ()


def test_a_crop_that_was_not_read_keeps_its_picture_and_reason(first: FirstRuns) -> None:
    failed = []
    for crop in rows(first.of(), "crops"):
        if crop["crop_id"].endswith(f"-{FAILED:02d}"):
            failed.append(crop)
            values = (crop["text"], crop["text_tokens"], crop["reason"], crop["detail"])
            assert values == ("", 0, "loop", "cut after 200 tokens")
        else:
            assert crop["text"] == f"what the {crop['label']} shows"
            assert (crop["reason"], crop["vision_tokens"], crop["output_tokens"]) == (None, 64, 7)
            assert crop["compression"] == pytest.approx(crop["text_tokens"] / 64, abs=1e-4)
    assert len(failed) == 4


def test_a_dataset_without_crops_has_the_table(corpus: Path, dataset: Path) -> None:
    run_here(recipe_for(dataset, corpus, SETTINGS))
    assert all_rows(dataset)["crops"] == []
    assert inspect_dataset(str(dataset)).counts["crops"] == 0
    assert not list(dataset.glob("staging/*/*.crops.parquet"))


@pytest.mark.parametrize("shard_pages", [1, 5, 64])
def test_the_shards_do_not_show_in_the_bytes(
    first: FirstRuns, dataset: Path, shard_pages: int
) -> None:
    made(dataset, first.source, shard_pages=shard_pages)
    assert part_names(dataset) == part_names(first.of())


def test_crops_are_cut_by_their_images_and_follow_their_pages_order(
    corpus: Path, dataset: Path
) -> None:
    made(dataset, corpus, "publish: {seed: 3, part_bytes: 40000, row_group_bytes: 10000}\n")
    snapshot = load_snapshot(str(dataset))
    assert snapshot is not None
    files = [pq.ParquetFile(dataset / "crops" / p.path) for p in snapshot.tables["crops"].parts]
    assert len(files) > 1
    assert any(file.num_row_groups > 1 for file in files)
    runs = [file.read(["crop_id"])["crop_id"].to_pylist() for file in files]
    runs.sort(key=lambda ids: row_order(3, ids[0]))
    ids = [crop for run in runs for crop in run]
    assert len(ids) == 12
    assert ids == sorted(ids, key=lambda crop: row_order(3, crop))


def test_what_is_new_goes_to_new_parts(first: FirstRuns, corpus: Path, dataset: Path) -> None:
    before = part_names(first.copy(dataset))
    write_pdf(corpus, "new.pdf", first_seed=900, pages=2)
    recipe = recipe_for(dataset, corpus, SETTINGS)
    stage_deep(recipe, ["new.pdf"])
    assert run_here(recipe).pages_read == 0
    after = part_names(dataset)
    assert set(before["crops"]) < set(after["crops"])
    assert crops_by_name(dataset)["new.pdf"] == 3
    assert problems(dataset) == ()
    assert run_here(recipe).committed is False


def test_pages_without_crops_leave_the_parts_of_crops_as_they_are(
    first: FirstRuns, corpus: Path, dataset: Path
) -> None:
    before = part_names(first.copy(dataset))
    write_pdf(corpus, "new.pdf", first_seed=900, pages=2)
    assert run_here(recipe_for(dataset, corpus, SETTINGS)).pages_read == 2
    after = part_names(dataset)
    assert after["crops"] == before["crops"]
    assert after["pages"] != before["pages"]
    assert problems(dataset) == ()


def test_staging_is_not_needed_for_what_is_published(
    first: FirstRuns, corpus: Path, dataset: Path
) -> None:
    before = part_names(first.copy(dataset))
    shutil.rmtree(dataset / "staging")
    write_pdf(corpus, "new.pdf", first_seed=900, pages=1)
    run_here(recipe_for(dataset, corpus, SETTINGS))
    assert part_names(dataset)["crops"] == before["crops"]


def test_a_removed_document_takes_its_crops_along(
    first: FirstRuns, corpus: Path, dataset: Path
) -> None:
    first.copy(dataset)
    (corpus / "2.pdf").unlink()
    run_here(recipe_for(dataset, corpus, SETTINGS))
    assert crops_by_name(dataset) == {"0.pdf": 3, "1.pdf": 3, "3.pdf": 3}
    assert len(rows(dataset, "crops", version=1)) == 12
    assert problems(dataset) == ()


def test_a_moved_document_is_named_anew_by_its_crops(
    first: FirstRuns, corpus: Path, dataset: Path
) -> None:
    first.copy(dataset)
    (corpus / "2.pdf").rename(corpus / "two.pdf")
    assert run_here(recipe_for(dataset, corpus, SETTINGS)).pages_read == 0
    assert crops_by_name(dataset) == {"0.pdf": 3, "1.pdf": 3, "two.pdf": 3, "3.pdf": 3}
    assert problems(dataset) == ()


def test_when_all_documents_have_left_no_crop_stays(
    first: FirstRuns, corpus: Path, dataset: Path
) -> None:
    first.copy(dataset)
    for path in corpus.iterdir():
        path.unlink()
    (corpus / "note.pdf").write_text("not a document")
    run_here(recipe_for(dataset, corpus, SETTINGS))
    assert part_names(dataset)["crops"] == []


def test_a_page_that_is_below_a_floor_has_no_crops(corpus: Path, dataset: Path) -> None:
    write_pdf(corpus, "brief.pdf", first_seed=900, pages=1)
    made(dataset, corpus, "quality: {min_text_tokens: 100000}\n")
    assert all_rows(dataset)["crops"] == []
    assert problems(dataset) == ()


@pytest.mark.parametrize("way", ["staged", "staged anew", "read again"])
def test_a_page_that_comes_back_brings_its_crops(corpus: Path, dataset: Path, way: str) -> None:
    """A duplicate returns when its keeper leaves.

    Its row is still staged, is staged again, or is read again; reading here makes no crops.
    """
    (corpus / "copy.pdf").write_bytes(pdf([prose(0) + " coda"]))
    made(dataset, corpus)
    (dropped,) = [row for row in rows(dataset, "rejects") if row["level"] == "page"]
    pages = {row["page_id"]: row for row in rows(dataset, "pages")}
    back, keeper = Path(dropped["source_uri"]), Path(pages[dropped["kept_id"]]["source_uri"])
    assert dropped["page_id"] not in {row["page_id"] for row in rows(dataset, "crops")}

    keeper.unlink()
    recipe = recipe_for(dataset, corpus, SETTINGS)
    if way != "staged":
        shutil.rmtree(dataset / "staging")
    if way == "staged anew":
        stage_deep(recipe, [back.name], shard_pages=64)
    report = run_here(recipe)
    assert report.pages_read == (1 if way == "read again" else 0)
    returned = [row for row in rows(dataset, "crops") if row["page_id"] == dropped["page_id"]]
    assert len(returned) == (0 if way == "read again" else 1)
    assert dropped["page_id"] in {row["page_id"] for row in rows(dataset, "pages")}
    assert problems(dataset) == ()


def test_crops_read_under_other_settings_are_replaced(
    first: FirstRuns, corpus: Path, dataset: Path
) -> None:
    before = part_names(first.copy(dataset))
    changed = recipe_for(dataset, corpus, SETTINGS.replace("320}", "320, quality: 80}"))
    stage_deep(changed)
    assert run_here(changed, re_read=True).pages_read == 0
    assert set(before["crops"]).isdisjoint(part_names(dataset)["crops"])
    crops = rows(dataset, "crops")
    assert (len(crops), {row["recipe_digest"] for row in crops}) == (12, {changed.digest()})
    assert problems(dataset) == ()


def test_a_page_in_two_shards_has_its_crops_once(corpus: Path, dataset: Path) -> None:
    recipe = recipe_for(dataset, corpus, SETTINGS)
    for shard_pages in (2, 3):
        stage_deep(recipe, shard_pages=shard_pages)
    run_here(recipe)
    assert len(rows(dataset, "crops")) == 12
    assert problems(dataset) == ()


def test_inspect_counts_crops_by_label(first: FirstRuns) -> None:
    summary = inspect_dataset(str(first.of()))
    assert summary.crop_labels == {"figure": 8, "chart": 4}
    assert summary.bytes["crops"] > 0


def test_a_dataset_of_an_older_pagefoundry_is_refused_in_one_line(
    corpus: Path, dataset: Path
) -> None:
    recipe = recipe_for(dataset, corpus, SETTINGS)
    run_here(recipe)
    pages = open_table(str(dataset / "pages"))
    assert pages is not None
    metadata: dict[str, Any] = dict(pages.metadata)
    metadata["versions"] = {k: v for k, v in metadata["versions"].items() if k != "crops"}
    commit_parts(str(dataset), "pages", pages.parts, metadata)
    for use in (
        lambda: run_here(recipe),
        lambda: problems(dataset),
        lambda: inspect_dataset(str(dataset)),
    ):
        with pytest.raises(DatasetError, match=r"an older PageFoundry.* another folder$"):
            use()
