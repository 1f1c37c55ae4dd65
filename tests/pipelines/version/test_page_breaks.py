"""What a page break parts is found in the document, and leaves both of its pages."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from cluster.session import IN_PROCESS, open_session
from pipelines.planning.plan import Options, plan_run
from pipelines.run import Report
from schemas.recipe import Recipe, parse_recipe
from tests.pipelines.corpora import pdf, prose
from tests.pipelines.datasets import all_rows, rows, run_verified
from tests.pipelines.first_runs import FirstRuns

HEAD, TAIL = "Natalia sold clips to 48 of her friends in", "April, and then half as many in May"
QUESTION = f"{HEAD} {TAIL}. How many clips did Natalia sell altogether?"
ANSWER = "Natalia sold 48/2 = 24 clips in May, and 72 clips altogether."
LONG_HEAD = "Weng earns twelve dollars an hour for babysitting and did fifty minutes of it"
LONG_TAIL = "yesterday, so how many dollars did that"
OTHER = f"{LONG_HEAD} {LONG_TAIL} earn her?"
SHORT_TAIL = "earn her?"
THIRD_HEAD, THIRD_TAIL = "Betty saves pennies for a leather", "wallet of one hundred dollars"
THIRD = f"{THIRD_HEAD} {THIRD_TAIL}. How many more does she need?"


def page(seed: int, begins: str = "", ends: str = "") -> str:
    """A page of prose that begins or ends in the middle of a sentence."""
    return f"{begins} {prose(seed, 60)}. {prose(seed + 1000, 20)}. {ends}".strip()


BROKEN = (
    page(1),
    page(2, ends=HEAD),
    page(3, begins=f"{TAIL}. How many clips did Natalia sell altogether?"),
    page(4, ends=f"{LONG_HEAD} {LONG_TAIL}"),
    page(5, begins=SHORT_TAIL),
)


def write(folder: Path, name: str, *texts: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(pdf(list(texts)))
    return folder


def benchmark_in(folder: Path) -> Path:
    path = folder / "gsm8k.jsonl"
    items = {QUESTION: ANSWER, OTHER: "Ten dollars", THIRD: "Fifty"}
    lines = [{"question": question, "answer": answer} for question, answer in items.items()]
    if not path.exists():  # a list that was written again is another list
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def recipe_of(dataset: Path, source: Path, action: str, extra: str = "") -> Recipe:
    benchmark = benchmark_in(source.parent)
    policies = "" if action == "none" else (
        "policies:\n- trust: {instructions: reject}\n- decontaminate:\n"
        f"  - {{name: gsm8k, file: {benchmark}, columns: [question, answer], action: {action}}}\n"
    )  # fmt: skip
    return parse_recipe(
        f"dataset: {dataset}\nsources: {source}\nrouting: only\non_missing: remove\n"
        f"max_removed: 1\nraster: {{longest_edge_px: 512, format: png}}\n{policies}{extra}"
    )


def run(dataset: Path, source: Path, action: str, extra: str = "") -> Report:
    return run_verified(recipe_of(dataset, source, action, extra))


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> FirstRuns:
    """First runs under each action. No test changes the corpus."""
    folder = tmp_path_factory.mktemp("breaks")
    return FirstRuns(folder, lambda source: write(source, "0.pdf", *BROKEN), run)


def spans(dataset: Path) -> dict[int, str]:
    """The words that pages say were found, by page."""
    return {
        row["page_index"]: row["text"][found["start"] : found["end"]]
        for row in rows(dataset, "pages")
        for found in row["findings"] or ()
    }


def test_a_tag_names_both_halves_with_the_item_and_its_certainty(first: FirstRuns) -> None:
    dataset = first.of("tag")
    found = spans(dataset)
    # Two words of an item tell nothing of it: page 4 is left as it is.
    assert sorted(found) == [1, 2, 3]
    assert found[1].split() == HEAD.split()
    assert found[2].split() == f"{TAIL}. How many clips did Natalia sell altogether".split()
    (page_row,) = [row for row in rows(dataset, "pages") if row["page_index"] == 1]
    (finding,) = page_row["findings"]
    assert (finding["kind"], finding["detail"]) == ("gsm8k", "gsm8k.jsonl:1")
    assert finding["certainty"] == 1.0


def test_a_series_of_recipes_ends_as_a_first_run_would(first: FirstRuns, tmp_path: Path) -> None:
    source, dataset = first.source, first.copy(tmp_path / "data", "none")
    for action in ("cut", "tag", "reject", "none", "reject", "cut"):
        planned = foreseen(recipe_of(dataset, source, action))
        report = run(dataset, source, action)
        assert report.pages_read == 0
        if action == "reject":
            assert report.rejects == {"contaminated": 4}  # three pages and the document
            assert planned == (3, 1)
            rejects = [row for row in rows(dataset, "rejects") if row["page_id"]]
            assert [row["page_index"] for row in rejects] == [1, 2, 3]
            (half,) = rejects[0]["findings"]
            assert half["end"] - half["start"] == len(HEAD)
        assert all_rows(dataset) == all_rows(first.of(action)), action
    texts = json.dumps(all_rows(dataset), default=repr)
    assert "Natalia" not in texts
    assert "babysitting" not in texts
    assert SHORT_TAIL in texts


def foreseen(recipe: Recipe) -> tuple[int, int]:
    with open_session(IN_PROCESS) as session:
        plan = plan_run(recipe, session, Console(file=io.StringIO()), Options())
    return plan.policies.leaving if plan.policies else (0, 0)


COMMON = tuple(prose(number, 120) for number in range(10, 16))
KEPT = (*COMMON, page(20), page(21))
PARTED = (
    page(30, ends=THIRD_HEAD),
    f"{THIRD_TAIL}. How many more does she need? {COMMON[0]}",
    *COMMON[1:],
    *BROKEN[1:3],
)
NEAR = "dedup: {near: {jaccard: 0.45, bands: 64}}\n"


def test_pages_of_a_duplicate_follow_its_own_breaks(tmp_path: Path) -> None:
    """Documents that come and go: of a duplicate the pages that are kept are looked at."""
    source, dataset = write(tmp_path / "src", "kept.pdf", *KEPT), tmp_path / "data"
    run(dataset, source, "cut", NEAR)
    # 1. A duplicate comes, of which three pages are kept. An item goes over two of them, another
    #    from the third to a page that is left out.
    write(source, "parted.pdf", *PARTED)
    run(dataset, source, "cut", NEAR)
    (dropped,) = [row for row in rows(dataset, "rejects") if row["level"] == "document"]
    assert (dropped["reason"], dropped["source_uri"][-10:]) == ("duplicate", "parted.pdf")
    assert names_in(dataset, "pages") == {"Betty"}
    run(tmp_path / "both", source, "cut", NEAR)
    assert all_rows(dataset) == all_rows(tmp_path / "both")
    # 2. Its keeper leaves: all of its pages are looked at, and it is judged itself.
    (source / "kept.pdf").rename(tmp_path / "kept.pdf")
    run(dataset, source, "cut", NEAR)
    assert names_in(dataset, "pages") == set()
    run(tmp_path / "one", source, "cut", NEAR)
    assert all_rows(dataset) == all_rows(tmp_path / "one")
    # 3. The keeper comes back.
    (tmp_path / "kept.pdf").rename(source / "kept.pdf")
    run(dataset, source, "cut", NEAR)
    assert all_rows(dataset) == all_rows(tmp_path / "both")
    # 4. Other policies: no half is forgotten.
    run(dataset, source, "none", NEAR)
    assert names_in(dataset, "pages") == {"Natalia", "Betty"}
    report = run(dataset, source, "reject", NEAR)
    assert (report.rejects["contaminated"], report.pages_read) == (2, 0)


def names_in(dataset: Path, table: str) -> set[str]:
    """The people of the benchmark that a table speaks of, in its texts, blocks and elsewhere."""
    said = json.dumps(rows(dataset, table), default=repr)
    return {name for name in ("Natalia", "Weng", "Betty") if name in said}
