"""Decontamination through the whole run: lists that grow, pictures, cuts, and clear refusals."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from cluster.session import IN_PROCESS, open_session
from pipelines.cli.show import dataset as show_dataset
from pipelines.cli.show import run as show_run
from pipelines.dataset.overview import inspect_dataset
from pipelines.planning.plan import Options, plan_run
from pipelines.run import Report
from schemas.errors import RecipeError, SourceError
from schemas.recipe import Publish, Recipe, parse_recipe
from tests.pipelines.corpora import pdf, prose
from tests.pipelines.datasets import all_rows, rows, run_verified

QUESTION = (
    "Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in "
    "May. How many clips did Natalia sell altogether in April and May?"
)
ANSWER = "Natalia sold 48/2 = 24 clips in May. Altogether she sold 48+24 = 72 clips."
OTHER = (
    "Weng earns twelve dollars an hour for babysitting. Yesterday, she just did fifty minutes of "
    "babysitting. How much did she earn for her work that day?"
)

ANSWERS = {
    QUESTION: ANSWER,
    OTHER: "Weng earned ten dollars for her work, as fifty minutes are less",
}


def write_corpus(folder: Path) -> Path:
    folder.mkdir()
    planted = f"{prose(1, 60)}. {QUESTION} {ANSWER} {prose(2, 60)}"
    (folder / "0.pdf").write_bytes(pdf([prose(0), planted, prose(3)]))
    (folder / "1.pdf").write_bytes(pdf([prose(10), f"{prose(11, 60)}. {OTHER} {prose(12, 60)}"]))
    return folder


def write_benchmark(path: Path, *questions: str) -> Path:
    lines = [{"question": question, "answer": ANSWERS[question]} for question in questions]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def recipe_of(dataset: Path, source: Path, benchmark: Path, action: str) -> Recipe:
    return parse_recipe(
        f"dataset: {dataset}\nsources: {source}\nrouting: only\n"
        "raster: {longest_edge_px: 768, format: png}\n"
        "policies:\n- decontaminate:\n"
        f"  - {{name: gsm8k, file: {benchmark}, columns: [question, answer], action: {action}}}\n"
    )


def run(recipe: Recipe) -> Report:
    return run_verified(recipe)


def test_an_item_is_rejected_with_its_suite_item_and_span(tmp_path: Path) -> None:
    source, dataset = write_corpus(tmp_path / "src"), tmp_path / "data"
    benchmark = write_benchmark(tmp_path / "gsm8k.jsonl", QUESTION)
    with benchmark.open("a") as file:
        file.write('{"question": "Who was it?", "answer": "Natalia"}\n')
    report = run(recipe_of(dataset, source, benchmark, "reject"))
    assert report.rejects == {"contaminated": 2}
    page = next(row for row in rows(dataset, "rejects") if row["level"] == "page")
    assert (page["stage"], page["reason"], page["detail"]) == (
        "decontaminate", "contaminated", "gsm8k",
    )  # fmt: skip
    (finding,) = page["findings"]
    assert finding["detail"] == "gsm8k.jsonl:1"
    assert finding["end"] > finding["start"] > 0

    # Of the two items one has too few letters to be looked for, which all say.
    assert report.benchmarks == {"gsm8k": {"items": 2, "too_short": 1}}
    overview = inspect_dataset(str(dataset))
    assert overview.benchmarks == report.benchmarks
    other = recipe_of(dataset, source, benchmark, "tag")
    with open_session(IN_PROCESS) as session:
        planned = plan_run(other, session, Console(file=io.StringIO()), Options())
    assert planned.policies is not None
    assert planned.policies.benchmarks == report.benchmarks
    for shown, words in (
        (show_run.report(report), "--policies"),
        (show_dataset.overview(overview), "too short to be found"),
    ):
        screen = io.StringIO()
        Console(file=screen, width=200).print(shown)
        assert words in screen.getvalue()
    # A run that judges nothing says what the version before it says.
    same = recipe_of(dataset, source, benchmark, "reject")
    seeded = same.model_copy(update={"publish": Publish(seed=1)})
    assert run(seeded).benchmarks == report.benchmarks


def test_a_list_that_grows_works_on_the_next_run(tmp_path: Path) -> None:
    source, dataset = write_corpus(tmp_path / "src"), tmp_path / "data"
    benchmark = write_benchmark(tmp_path / "gsm8k.jsonl", QUESTION)
    recipe = recipe_of(dataset, source, benchmark, "reject")
    run(recipe)
    assert not run(recipe).committed
    write_benchmark(benchmark, QUESTION, OTHER)
    report = run(recipe)
    assert (report.rejects, report.pages_read) == ({"contaminated": 4}, 0)
    write_benchmark(benchmark, OTHER)
    assert run(recipe).rejects == {"contaminated": 2}
    run(recipe_of(tmp_path / "fresh", source, benchmark, "reject"))
    assert all_rows(dataset) == all_rows(tmp_path / "fresh")


def test_a_cut_leaves_no_item_to_find(tmp_path: Path) -> None:
    source, dataset = write_corpus(tmp_path / "src"), tmp_path / "data"
    benchmark = write_benchmark(tmp_path / "gsm8k.jsonl", QUESTION, OTHER)
    run(recipe_of(dataset, source, benchmark, "cut"))
    texts = json.dumps(all_rows(dataset), default=repr)
    assert "Natalia sold clips" not in texts
    assert "babysitting" not in texts
    assert {len(row["findings"] or ()) for row in rows(dataset, "documents")} == {1}


def test_a_page_that_is_the_picture_of_an_item_is_rejected(tmp_path: Path) -> None:
    source, dataset = write_corpus(tmp_path / "src"), tmp_path / "data"
    folder = tmp_path / "bench"
    folder.mkdir()
    (folder / "a.pdf").write_bytes(pdf([prose(3)]))
    report = run(recipe_of(dataset, source, folder, "tag"))
    assert report.counts["pages"] == 5
    tagged = [row for row in rows(dataset, "pages") if row["findings"]]
    assert [row["page_index"] for row in tagged] == [2]
    kinds = {(f["start"], f["end"]) == (0, 0) for f in tagged[0]["findings"]}
    assert True in kinds  # by its picture
    run(recipe_of(dataset, source, folder, "cut"))
    assert [r["page_index"] for r in rows(dataset, "rejects") if r["level"] == "page"] == [2]


def test_what_cannot_be_looked_for_is_refused_in_one_line(tmp_path: Path) -> None:
    source, dataset = write_corpus(tmp_path / "src"), tmp_path / "data"
    with pytest.raises(SourceError, match=r"decontaminate gsm8k: source .* matches no file"):
        run(recipe_of(dataset, source, tmp_path / "none.jsonl", "cut"))
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"question": "a", "answer": "b"}\n{"question": \n')
    with pytest.raises(SourceError, match=r"broken\.jsonl: line 2: not JSON"):
        run(recipe_of(dataset, source, broken, "cut"))
    text = f"dataset: {dataset}\nsources: {source}\npolicies:\n- decontaminate: "
    for steps, expected in (
        ("[]", "one value or more"),
        (
            "[{name: a, file: b}, {name: a, file: c}]",
            "policies\\.0\\.decontaminate\\.1: 'a' is named twice",
        ),
        ("[{name: a, file: b}]\n  trust: {}", "give each an entry of its own"),
        ("[{name: a, file: b}]\n- decontaminate: [{name: c, file: d}]", "give each policy once"),
    ):
        with pytest.raises(RecipeError, match=expected):
            parse_recipe(text + steps)
