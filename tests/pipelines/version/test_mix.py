"""Mixes of sources and finished datasets through the whole run: exact counts, refreshes, ledger."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.dataset.overview import inspect_dataset
from pipelines.run import Report
from schemas.errors import SourceError
from schemas.recipe import Recipe, parse_recipe
from tests.pipelines.corpora import prose, write_pdf
from tests.pipelines.datasets import all_rows, part_names, problems, rows, run_here
from tests.pipelines.first_runs import FirstRuns


def recipe_of(dataset: Path, sources: str, weights: str = "", extra: str = "") -> Recipe:
    mix = f"mix: {{weights: {{{weights}}}{extra}}}\n" if weights else ""
    return parse_recipe(
        f"dataset: {dataset}\non_missing: remove\nmax_removed: 1\nrouting: only\n"
        f"raster: {{longest_edge_px: 256, format: png}}\n{mix}sources:\n{sources}"
    )


def run(recipe: Recipe) -> Report:
    report = run_here(recipe)
    assert problems(Path(recipe.dataset)) == ()
    return report


def engines(dataset: Path) -> Counter[str]:
    return Counter(row["engine"] for row in rows(dataset, "pages"))


def write_chats(path: Path, count: int) -> Path:
    chats = [[{"role": "user", "content": prose(n)}] for n in range(count)]
    path.write_text("".join(json.dumps({"messages": chat}) + "\n" for chat in chats))
    return path


FIGURES = "- {geometry: 9, group: figures}\n- {tables: 2, group: tables}\n"


def test_groups_have_exactly_the_proportions_of_their_weights(tmp_path: Path) -> None:
    dataset = tmp_path / "data"
    chats = write_chats(tmp_path / "a.jsonl", 5)
    sources = f"{FIGURES}- {{conversations: {chats}, group: chats}}\n"
    report = run(recipe_of(dataset, sources, "figures: 30, tables: 10, chats: 20"))
    assert report.mix == {
        "figures": {"weight": 30, "available": 9, "samples": 6},
        "tables": {"weight": 10, "available": 2, "samples": 2},
        "chats": {"weight": 20, "available": 5, "samples": 4},
    }
    assert engines(dataset) == {"geometry": 6, "tables": 2}
    assert (report.counts["conversations"], report.rejects) == (4, {"left_out": 4})
    assert {row["stage"] for row in rows(dataset, "rejects")} == {"mix"}
    assert inspect_dataset(str(dataset)).mix == report.mix


def test_no_more_samples_than_asked_for(tmp_path: Path) -> None:
    report = run(recipe_of(tmp_path / "data", FIGURES, "figures: 3, tables: 1", ", samples: 7"))
    assert {name: group["samples"] for name, group in report.mix.items()} == {
        "figures": 3, "tables": 1,
    }  # fmt: skip


def test_duplicates_are_dropped_before_samples_are_counted(tmp_path: Path) -> None:
    texts = [prose(1), prose(1) + " ", prose(2), prose(3, words=60)]  # one page each
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    sources = f"- {{text: {path}, group: texts}}\n- {{tables: 4, group: tables}}\n"
    report = run(recipe_of(tmp_path / "data", sources, "texts: 1, tables: 1"))
    assert report.mix["texts"] == {"weight": 1, "available": 3, "samples": 3}
    rejects = Counter((row["level"], row["reason"]) for row in rows(tmp_path / "data", "rejects"))
    assert rejects == {
        ("document", "duplicate"): 1, ("page", "duplicate"): 1, ("page", "left_out"): 1,
    }  # fmt: skip


def test_a_refresh_gives_the_rows_of_a_first_run_and_makes_nothing_in_vain(tmp_path: Path) -> None:
    first, fresh = tmp_path / "first", tmp_path / "fresh"
    run(recipe_of(first, FIGURES, "figures: 2, tables: 1"))
    before = {row["page_id"] for row in rows(first, "pages")}
    more = FIGURES.replace("tables: 2", "tables: 4")
    run(recipe_of(fresh, more, "figures: 2, tables: 1"))
    for is_staged in (True, False):
        dataset = Path(shutil.copytree(first, tmp_path / f"staged-{is_staged}"))
        if not is_staged:
            shutil.rmtree(dataset / "staging")
        report = run(recipe_of(dataset, more, "figures: 2, tables: 1"))
        assert engines(dataset) == {"geometry": 8, "tables": 4}
        assert before < {row["page_id"] for row in rows(dataset, "pages")}
        # Two new tables, and four figures that were left out, are wanted now, and lie nowhere else.
        assert report.pages_read == (2 if is_staged else 2 + 4)
        assert all_rows(dataset) == all_rows(fresh)
        again = run(recipe_of(dataset, more, "figures: 2, tables: 1"))
        assert (again.committed, again.pages_read) == (False, 0)


def test_other_weights_are_another_version(tmp_path: Path) -> None:
    dataset, fresh = tmp_path / "data", tmp_path / "fresh"
    run(recipe_of(dataset, FIGURES, "figures: 4, tables: 1"))
    report = run(recipe_of(dataset, FIGURES, "figures: 1, tables: 2"))
    assert report.committed
    assert engines(dataset) == {"geometry": 1, "tables": 2}
    run(recipe_of(fresh, FIGURES, "figures: 1, tables: 2"))
    assert all_rows(dataset) == all_rows(fresh)


def test_a_group_without_a_sample_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("\n")
    sources = f"- {{text: {tmp_path / 'a.txt'}, group: texts}}\n- {{tables: 4, group: tables}}\n"
    with pytest.raises(SourceError, match=r"has no sample: its groups have .*'texts': 0"):
        run_here(recipe_of(tmp_path / "data", sources, "texts: 1, tables: 1"))


# ---- finished datasets ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> FirstRuns:
    """A dataset of five pages with a text layer, and two geometry figures."""
    return FirstRuns(
        tmp_path_factory.mktemp("mix"),
        lambda source: write_pdf(source, "a.pdf", first_seed=1, pages=5),
        lambda dataset, source: run(recipe_of(dataset, documents_of(source, "MIT"))),
    )


def documents_of(source: Path, license_: str) -> str:
    return f"- {{documents: {source}, license: {license_}}}\n- geometry: 2\n"


@pytest.fixture
def corpus(other: FirstRuns) -> Iterator[Path]:
    yield other.source
    other.restore()


@pytest.fixture
def finished(other: FirstRuns, corpus: Path, tmp_path: Path) -> Path:
    return other.copy(tmp_path / "finished")


# A page's ids are of the dataset that it is in; what it names is its first source.
OWN = {"page_id", "doc_id", "page_index", "recipe_digest"}


def test_pages_of_a_finished_dataset_are_taken_over_as_they_are(
    tmp_path: Path, finished: Path
) -> None:
    dataset = tmp_path / "data"
    # Other settings of reading do not touch what is read already.
    recipe = recipe_of(dataset, f"- dataset: {finished}\n")
    recipe = recipe.model_copy(update={"raster": recipe.raster.model_copy(update={"quality": 7})})
    report = run(recipe)
    assert report.rejects == {}
    there = {row["text"]: row for row in rows(finished, "pages")}
    here = {row["text"]: row for row in rows(dataset, "pages")}
    assert here.keys() == there.keys()
    for text, row in here.items():
        image = row.pop("image"), there[text].pop("image")
        assert image[0]["bytes"] == image[1]["bytes"]
        differing = {name for name in row.keys() - OWN if row[name] != there[text][name]}
        assert differing == set()
        assert (row["source"] is None) == (row["engine"] == "geometry")


def test_where_a_page_is_from_follows_the_other_dataset_without_reading(
    tmp_path: Path, finished: Path, corpus: Path
) -> None:
    dataset = tmp_path / "data"
    recipe = recipe_of(dataset, f"- dataset: {finished}\n")
    run(recipe)
    run(recipe_of(finished, documents_of(corpus, "CC0-1.0")))
    assert run(recipe).pages_read == 0
    found = [row["source"] for row in rows(dataset, "pages") if row["source"]]
    assert {(source["license"], source["license_from"]) for source in found} == {
        ("CC0-1.0", "recipe")
    }
    assert run(recipe).committed is False


def test_a_new_version_of_the_other_dataset_brings_its_new_pages_only(
    tmp_path: Path, finished: Path, corpus: Path
) -> None:
    dataset = tmp_path / "data"
    recipe = recipe_of(dataset, f"- dataset: {finished}\n")
    run(recipe)
    parts = part_names(dataset)["pages"]
    write_pdf(corpus, "b.pdf", first_seed=50, pages=2)
    run(recipe_of(finished, documents_of(corpus, "MIT")))
    report = run(recipe)
    assert (report.pages_read, report.counts["pages"]) == (2, 9)
    assert set(parts) < set(part_names(dataset)["pages"])
    first = recipe_of(tmp_path / "old", f"- {{dataset: {finished}, version: 1}}\n")
    assert run(first).counts["pages"] == 7


def test_datasets_and_sources_mix(tmp_path: Path, finished: Path) -> None:
    sources = f"- {{dataset: {finished}, group: ocr}}\n- {{tables: 4, group: vision}}\n"
    report = run(recipe_of(tmp_path / "data", sources, "ocr: 70, vision: 30"))
    assert report.mix["ocr"] == {"weight": 70, "available": 7, "samples": 7}
    assert report.mix["vision"] == {"weight": 30, "available": 4, "samples": 3}


def test_a_folder_that_is_no_dataset_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds no published version; name the folder of a fin"):
        run_here(recipe_of(tmp_path / "data", f"- dataset: {tmp_path}\n"))
