"""The best rows by the score of a model stay, of each language, from the recipe to the rows."""

from __future__ import annotations

import math
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from pipelines.dataset.overview import inspect_dataset
from pipelines.run import Report
from schemas.errors import RecipeError
from schemas.recipe import parse_recipe
from tests.classifiers import MAX_TOKENS, make_classifier
from tests.language_models import bare_perplexities, make_language_model
from tests.pipelines.datasets import all_rows, rows, run_verified
from tests.pipelines.first_runs import FirstRuns
from tests.pipelines.version.test_keep import write


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("models")
    return [make_classifier(folder / str(seed), seed=seed) for seed in range(2)]


def write_corpus(folder: Path, first: int = 0) -> Path:
    """Write eight English and five German documents of a page each."""
    for number in range(8):
        write(folder, f"en-{first}-{number}", "en", 60, first + number)
    for number in range(5):
        write(folder, f"de-{first}-{number}", "de", 60, 100 + first + number)
    return folder


def run(dataset: Path, source: Path, model: Path, keep: str = "", more: str = "") -> Report:
    policies = f"policies: [{{keep: {keep}}}]\n" if keep else ""
    return run_verified(
        parse_recipe(
            f"dataset: {dataset}\nsources: {source}\nrouting: only\n"
            "raster: {longest_edge_px: 256}\n"
            f"scores: [{{name: edu, model: {model}, max_tokens: {MAX_TOKENS}}}{more}]\n{policies}"
        )
    )


@pytest.fixture(scope="module")
def first_runs(tmp_path_factory: pytest.TempPathFactory) -> FirstRuns:
    return FirstRuns(tmp_path_factory.mktemp("keep-scores"), write_corpus, run)


def best(everything: list[dict[str, Any]], share: float) -> set[str]:
    """The ids of the rows with the best values of each language, counted apart."""
    by_language = defaultdict(list)
    for row in everything:
        by_language[row["language"]].append((-row["score_edu"], row["doc_id"]))
    return {
        doc_id
        for ranked in by_language.values()
        for _, doc_id in sorted(ranked)[: math.ceil(share * len(ranked))]
    }


def test_the_best_rows_by_a_score_stay(
    first: FirstRuns, tmp_path: Path, models: list[Path]
) -> None:
    source, dataset = first.source, tmp_path / "data"
    keep = "{score_edu: {top: 25 %, by: language}}"
    seen = []
    for number, (model, more) in enumerate([(0, False), (0, True), (1, False)]):
        if more:
            write_corpus(source, first=50)
        plain, fresh = tmp_path / f"plain-{number}", tmp_path / f"fresh-{number}"
        if number == 0:
            plain = first.of(models[model])
        else:
            run(plain, source, models[model])
        report = run(dataset, source, models[model], keep)
        assert report.pages_read == (13 if number < 2 else 0)
        for table in ("pages", "documents"):
            kept = {row["doc_id"] for row in rows(dataset, table)}
            assert kept == best(rows(plain, table), 0.25)
        seen.append(frozenset(kept))
        if number > 0:
            run(fresh, source, models[model], keep)
            assert all_rows(dataset) == all_rows(fresh)
    assert len(set(seen)) == 3  # another corpus, and another model, keep others
    (reject, *_) = [row for row in rows(dataset, "rejects") if row["level"] == "page"]
    assert "is not in the top 25 % of" in reject["findings"][0]["detail"]
    assert isinstance(reject["score_edu"], float)
    assert inspect_dataset(str(dataset)).columns["score_edu"] == "float"


def test_a_bound_on_a_score_follows_its_model(
    first: FirstRuns, tmp_path: Path, models: list[Path]
) -> None:
    source, dataset = first.source, first.copy(tmp_path / "data", models[0])
    middle = sorted(row["score_edu"] for row in rows(dataset, "pages"))[6]
    keep = f"{{score_edu: {{min: {middle}}}}}"
    assert run(dataset, source, models[0], keep).pages_read == 0
    assert len(rows(dataset, "pages")) == 7
    assert run(dataset, source, models[1], keep).pages_read == 0
    assert all(row["score_edu"] >= middle for row in rows(dataset, "pages"))
    run(tmp_path / "fresh", source, models[1], keep)
    assert all_rows(dataset) == all_rows(tmp_path / "fresh")


def test_what_a_language_model_foresees_best_stays(
    first: FirstRuns, tmp_path: Path, models: list[Path]
) -> None:
    source, dataset = first.source, first.copy(tmp_path / "data", models[0])
    folder = make_language_model(tmp_path / "lm")
    plain = rows(dataset, "documents")
    scores = f", {{name: ppl, model: {folder}, max_tokens: {MAX_TOKENS}, perplexity: true}}"
    keep = "{score_ppl: {bottom: 80 %, by: language}}"
    assert run(dataset, source, models[0], keep, scores).pages_read == 0
    values = bare_perplexities(folder, [row["text"] for row in plain])
    by_language = defaultdict(list)
    for row, value in zip(plain, values.tolist(), strict=True):
        by_language[row["language"]].append((value, row["doc_id"]))
    left = {doc_id for ranked in by_language.values() for _, doc_id in sorted(ranked)[-1:]}
    kept = {row["doc_id"]: row["score_ppl"] for row in rows(dataset, "documents")}
    assert len(by_language) == 2
    assert set(kept) == {row["doc_id"] for row in plain} - left
    expected = dict(zip([row["doc_id"] for row in plain], values.tolist(), strict=True))
    assert kept == pytest.approx({name: expected[name] for name in kept}, rel=1e-3)


def test_a_score_that_the_recipe_does_not_have_is_refused() -> None:
    recipe = "dataset: d\nsources: s\npolicies: [{keep: {score_edu: {min: 1}}}]\n"
    with pytest.raises(RecipeError, match="no score `edu` in `scores` gives the value 'score_edu'"):
        parse_recipe(recipe)
