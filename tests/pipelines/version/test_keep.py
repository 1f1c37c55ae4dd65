"""`keep` through the whole run: bounds, and the best rows of each language, exactly."""

from __future__ import annotations

import io
import math
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from cluster.session import IN_PROCESS, open_session
from pipelines.cli.show.dataset import overview as show_overview
from pipelines.dataset.overview import inspect_dataset
from pipelines.planning.plan import Options, plan_run
from pipelines.run import Report
from pipelines.takedown import Options as TakedownOptions
from pipelines.takedown import forget, wanted_of
from schemas.recipe import Recipe, parse_recipe
from tests.pipelines.corpora import pdf, prose
from tests.pipelines.datasets import all_rows, part_names, problems, rows, run_here, run_verified
from tests.pipelines.first_runs import FirstRuns
from tests.pipelines.version.test_policies import BAD
from tests.pipelines.version.test_provenance import as_an_earlier_release_left_it

_WORDS = {
    "de": """
Wasser stieg letzten Herbst und Müller trug Säcke Mehl auf den Dachboden unter dem alten Dach
während Kinder hinter seinem Haus am Fluss spielten obwohl niemand wusste wann der Regen aufhören
würde denn die Brücke war schon lange zerstört worden
""",
    "fr": """
quand la pluie est tombée pendant un automne gris le meunier a porté tous les sacs au grenier sous
le vieux toit alors que les enfants jouaient derrière sa maison près du fleuve parce que personne ne
savait encore combien de temps durerait cette eau
""",
}


def text(language: str, seed: int, words: int) -> str:
    """So many words in a language; no two texts are alike."""
    if language == "en":
        return prose(seed, words)
    dice = np.random.default_rng(seed)
    return " ".join(dice.choice(_WORDS[language].split(), words))


def write(folder: Path, name: str, language: str, words: int, seed: int) -> None:
    folder.mkdir(exist_ok=True, parents=True)
    (folder / f"{name}.pdf").write_bytes(pdf([text(language, seed, words)]))


def write_corpus(folder: Path) -> Path:
    """Write 21 English, 11 German and 3 French documents of a page, each of another length.

    The second and the third best of the German ones have equally many words.
    """
    for number in range(21):
        write(folder, f"en-{number}", "en", 60 + 2 * number, number)
    for number in range(11):
        write(folder, f"de-{number}", "de", 101 - 3 * max(number - 1, min(number, 1)), 100 + number)
    for number in range(3):
        write(folder, f"fr-{number}", "fr", 60 + number, 200 + number)
    return folder


@pytest.fixture(scope="module")
def first_runs(tmp_path_factory: pytest.TempPathFactory) -> FirstRuns:
    return FirstRuns(tmp_path_factory.mktemp("keep"), write_corpus, run)


def write_more(folder: Path) -> Path:
    """Write 10 bad English documents, so that one more of the others is among the best, and a good
    German one, so that two of the best are not any more.
    """
    for number in range(10):
        write(folder, f"more-{number}", "en", 50 + number, 300 + number)
    write(folder, "more-de", "de", 120, 400)
    return folder


def recipe_of(dataset: Path, source: Path, keep: str, policies: str = "", more: str = "") -> Recipe:
    steps = [*([policies] if policies else []), *([f"{{keep: {keep}}}"] if keep else [])]
    return parse_recipe(
        f"dataset: {dataset}\nsources: {source}\nrouting: only\non_missing: remove\n"
        f"max_removed: 1\nraster: {{longest_edge_px: 256}}\npolicies: [{', '.join(steps)}]\n{more}"
    )


def run(dataset: Path, source: Path, keep: str, policies: str = "", more: str = "") -> Report:
    return run_verified(recipe_of(dataset, source, keep, policies, more))


def best(plain: list[dict[str, Any]], share: float, key: str) -> set[str]:
    """The ids of the best rows of each language, counted without the code under test."""
    kept = set()
    for language in {row["language"] for row in plain}:
        mine = [
            (row["heuristics"]["words"], row[key]) for row in plain if row["language"] == language
        ]
        values = sorted((value for value, _ in mine), reverse=True)
        last = values[math.ceil(round(share * len(mine), 9)) - 1]
        kept |= {name for value, name in mine if value >= last}
    return kept


def ids(dataset: Path, table: str = "pages") -> set[str]:
    return {row["page_id" if table == "pages" else "doc_id"] for row in rows(dataset, table)}


TENTH = "{words: {top: 10 %, by: language}}"
THIRD = "{words: {top: 30 %, by: language}}"


def test_the_best_of_each_language_stay_exactly_whatever_the_series(
    first: FirstRuns, tmp_path: Path
) -> None:
    source, dataset = first.source, first.copy(tmp_path / "data", TENTH)
    plain = first.copy(tmp_path / "plain", "")
    before = rows(plain, "pages")
    assert {row["language"] for row in before} == {"en", "de", "fr"}
    for table, key in (("pages", "page_id"), ("documents", "doc_id")):
        assert ids(dataset, table) == best(rows(plain, table), 0.1, key)
    # 3 of 21, 2 of 11 and one as long as the second, 1 of 3.
    assert len(ids(dataset)) == 3 + 3 + 1
    parts, kept_first = part_names(dataset), ids(dataset)
    overview = inspect_dataset(str(dataset))
    assert overview.shares["pages"]["words"] == {"de": 98, "en": 96, "fr": 62}
    shown = io.StringIO()
    Console(file=shown, width=200).print(show_overview(overview))
    assert "where the shares of `keep` end" in shown.getvalue()

    # A refresh moves where the shares begin: rows come in and go.
    write_more(source)
    assert run(dataset, source, TENTH).pages_read == 11
    run(plain, source, "")
    for table, key in (("pages", "page_id"), ("documents", "doc_id")):
        assert ids(dataset, table) == best(rows(plain, table), 0.1, key)
    assert ids(dataset) - kept_first
    assert kept_first - ids(dataset)
    assert set(parts["pages"]) - set(part_names(dataset)["pages"])
    run(tmp_path / "fresh", source, TENTH)
    assert all_rows(dataset) == all_rows(tmp_path / "fresh")

    # A changed share, and none.
    assert run(dataset, source, THIRD).pages_read == 0
    assert ids(dataset) == best(rows(plain, "pages"), 0.3, "page_id")
    assert run(dataset, source, "").pages_read == 0
    assert all_rows(dataset) == all_rows(plain)


def test_bounds_see_the_text_as_the_policies_before_left_it(tmp_path: Path) -> None:
    source = tmp_path / "src"
    source.mkdir()
    (source / "0.pdf").write_bytes(pdf([f"{prose(1, 30)}. {BAD}"]))  # 39 words, 30 after the cut
    (source / "1.pdf").write_bytes(pdf([prose(2, 34)]))
    cut, keep = "{trust: {instructions: cut}}", "{words: {min: 32}}"
    run(tmp_path / "after", source, keep, cut)
    (left,) = rows(tmp_path / "after", "pages")
    assert left["heuristics"]["words"] == 34
    rejects = rows(tmp_path / "after", "rejects")
    assert {(r["stage"], r["reason"], r["detail"]) for r in rejects} == {
        ("keep", "out_of_range", "words")
    }
    assert [r["findings"][-1]["detail"] for r in rejects] == ["30 is under 32"] * 2
    assert [r["heuristics"]["words"] for r in rejects] == [39] * 2  # as it was read

    run_here(parse_recipe(
        f"dataset: {tmp_path}/before\nsources: {source}\nrouting: only\n"
        f"raster: {{longest_edge_px: 256}}\npolicies: [{{keep: {keep}}}, {cut}]\n"
    ))  # fmt: skip
    assert sorted(r["heuristics"]["words"] for r in rows(tmp_path / "before", "pages")) == [30, 34]


def test_a_row_without_the_value_stays(tmp_path: Path) -> None:
    source, dataset = tmp_path / "src", tmp_path / "data"
    write(source, "a", "en", 60, 1)
    write(source, "b", "en", 70, 2)
    rule = "{quality.confidence: {min: 0.9}, quality.coverage: {top: 10 %}}"
    assert run(dataset, source, rule).counts["pages"] == 2  # text layers have none
    bounds = "{words: {min: {en: 65, other: 1000}, of: documents}, quality.score: {min: 0.1}}"
    assert run(dataset, source, bounds).counts["pages"] == 2
    assert [row["heuristics"]["words"] for row in rows(dataset, "documents")] == [70]


def test_without_originals_only_pages_that_come_in_are_read_again(
    first: FirstRuns, tmp_path: Path
) -> None:
    source, dataset = first.source, first.copy(tmp_path / "data", TENTH)
    shutil.rmtree(dataset / "staging")
    write_more(source)
    assert run(dataset, source, TENTH).pages_read == 11 + 1
    run(tmp_path / "fresh", source, TENTH)
    assert all_rows(dataset) == all_rows(tmp_path / "fresh")


def test_a_refresh_that_changes_no_verdict_writes_no_old_part_again(
    first: FirstRuns, tmp_path: Path
) -> None:
    source, dataset = first.source, first.copy(tmp_path / "data", TENTH)
    before = part_names(dataset)
    write(source, "more", "en", 50, 300)  # 3 of 22 are still the same 3
    assert run(dataset, source, TENTH).pages_read == 1
    after = part_names(dataset)
    assert before["pages"] == after["pages"]
    assert set(before["rejects"]) < set(after["rejects"])


def test_rows_of_an_earlier_release_are_counted_when_they_are_ranked(
    first: FirstRuns, tmp_path: Path
) -> None:
    source, dataset = first.source, first.copy(tmp_path / "data", "")
    expected = best(rows(dataset, "pages"), 0.1, "page_id")
    as_an_earlier_release_left_it(dataset)
    shutil.rmtree(dataset / "staging")
    assert {row.get("heuristics") for row in rows(dataset, "pages")} == {None}
    assert run_here(recipe_of(dataset, source, TENTH)).pages_read == 0
    assert ids(dataset) == expected
    assert run_here(recipe_of(dataset, source, THIRD)).pages_read == 0
    assert len(ids(dataset)) > len(expected)


def test_what_a_mix_left_out_is_ranked_too(tmp_path: Path) -> None:
    source, dataset = tmp_path / "src", tmp_path / "data"
    for number in range(20):
        write(source / "a", f"{number}", "en", 60 + number, number)
        write(source / "b", f"{number}", "en", 90 + number, 100 + number)

    def mixed(dataset: Path) -> Report:
        report = run_here(parse_recipe(
            f"dataset: {dataset}\nsources: [{{documents: {source}/a, group: a}}, "
            f"{{documents: {source}/b, group: b}}]\nrouting: only\non_missing: remove\n"
            "raster: {longest_edge_px: 256}\npolicies: [{keep: {words: {top: 60 %}}}]\n"
            "mix: {weights: {a: 1, b: 10}}\nplacement: {staging_days: 0}\n"
        ))  # fmt: skip
        assert problems(dataset) == ()
        return report

    mixed(dataset)
    # Of the 24 best of 40, 20 are of b and 4 of a; of these the mix takes 2.
    left_out = [r for r in rows(dataset, "rejects") if r["reason"] == "left_out"]
    words = {r["heuristics"]["words"] for r in left_out}
    assert words < {76, 77, 78, 79}
    assert words & {76, 77}  # not among the 28 best of 46
    for number in range(6):
        write(source / "b", f"more-{number}", "en", 120 + number, 200 + number)
    # One is not among the best any more, one is taken by the mix: both are read again.
    assert mixed(dataset).pages_read == 6 + 2
    mixed(tmp_path / "fresh")
    assert all_rows(dataset) == all_rows(tmp_path / "fresh")


def test_when_one_of_the_best_is_taken_down_the_next_best_comes_in(
    first: FirstRuns, tmp_path: Path
) -> None:
    source, dataset = first.source, first.copy(tmp_path / "data", TENTH)
    (french,) = [row for row in rows(dataset, "pages") if row["language"] == "fr"]
    with open_session(IN_PROCESS) as session:
        forget(str(dataset), wanted_of([french["doc_id"]], []), TakedownOptions(), session)
    run(dataset, source, TENTH)
    (other,) = [row for row in rows(dataset, "pages") if row["language"] == "fr"]
    assert other["heuristics"]["words"] == french["heuristics"]["words"] - 1


@pytest.mark.parametrize("before", ["", THIRD, "{words: {min: 80}}"])
def test_what_is_foretold_comes_true(first: FirstRuns, before: str) -> None:
    """As a run under other rules ends as a first run, that shows what comes true."""
    source, dataset = first.source, first.of(before)
    had: Mapping[str, set[str]] = {name: ids(dataset, name) for name in ("pages", "documents")}
    files = sorted(path for path in dataset.rglob("*"))
    with open_session(IN_PROCESS) as session:
        recipe = recipe_of(dataset, source, TENTH)
        plan = plan_run(recipe, session, Console(file=io.StringIO()), Options())
    assert sorted(path for path in dataset.rglob("*")) == files
    assert plan.policies is not None
    now = {name: ids(first.of(TENTH), name) for name in had}
    assert plan.policies.leaving == tuple(len(had[name] - now[name]) for name in had)
    assert plan.policies.returning == tuple(len(now[name] - had[name]) for name in had)
    assert [kind.kind for kind in plan.policies.kinds] == ["words"]
