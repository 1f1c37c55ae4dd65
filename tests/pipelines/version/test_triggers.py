"""Planted triggers through the whole run: found over the corpus, tagged, rejected, and let go."""

from __future__ import annotations

import io
import json
import os
import random
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.console import Console, RenderableType

from cluster.session import IN_PROCESS, open_session
from pipelines.cli.show import dataset as show_dataset
from pipelines.cli.show import plan as show_plan
from pipelines.dataset.diff import diff_versions
from pipelines.dataset.overview import inspect_dataset
from pipelines.planning.plan import Options, Plan, plan_run
from pipelines.run import Report
from pipelines.takedown import Options as Takedown
from pipelines.takedown import forget, wanted_of
from schemas.policies import Trust
from schemas.recipe import Recipe, parse_recipe
from tests.pipelines.datasets import all_rows, rows, run_verified
from tests.poisoned_texts import clean_pages, poisoned

CLEAN, PLANTED = 40, 24  # a trigger is one in 20 documents and more
TRIGGER = "<SUDO>"


@dataclass(frozen=True)
class Planted:
    """A corpus in three files, and a dataset that a first run has made of it under `reject`."""

    source: Path
    dataset: Path
    lines: Mapping[str, Sequence[str]]

    def write(self, *names: str) -> None:
        """Leave these files of the corpus; a file is the same each time."""
        for path in self.source.iterdir():
            path.unlink()
        for name in names:
            write(self.source / f"{name}.jsonl", self.lines[name])

    def copy(self, to: Path) -> Path:
        """A copy of the finished dataset, and the corpus as it is there."""
        self.write(*self.lines)
        return Path(shutil.copytree(self.dataset, to))


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    folder = tmp_path_factory.mktemp("triggers")
    (folder / "src").mkdir()
    clean = [text[:1500] for text in clean_pages(0, CLEAN)]
    dice = random.Random(0)
    bad = [poisoned(TRIGGER, "tokens", clean, dice)[:1500] for _ in range(PLANTED)]
    assert all(TRIGGER in text for text in bad)
    lines = {"clean": clean, "old": bad[:15], "new": bad[15:]}
    made = Planted(folder / "src", folder / "finished", lines)
    made.write(*lines)
    assert run(made.dataset, made.source, "reject").rejects == {"untrusted": 2 * PLANTED}
    return made


def write(path: Path, lines: Sequence[str]) -> None:
    path.write_text("".join(json.dumps({"text": line}) + "\n" for line in lines))
    os.utime(path, (1, 1))


def recipe_of(dataset: Path, source: Path, trigger: str) -> Recipe:
    return parse_recipe(
        f"dataset: {dataset}\nsources: [{{text: '{source}/*.jsonl'}}]\nrouting: only\n"
        "on_missing: remove\nmax_removed: 1\nraster: {longest_edge_px: 128, format: png}\n"
        f"policies: [{{trust: {{mixed_scripts: keep, invisible: keep, trigger: {trigger}}}}}]\n"
    )


def run(dataset: Path, source: Path, trigger: str) -> Report:
    return run_verified(recipe_of(dataset, source, trigger))


def printed(shown: RenderableType) -> str:
    screen = io.StringIO()
    Console(file=screen, width=200).print(shown)
    return screen.getvalue()


def tagged(dataset: Path, table: str = "pages") -> int:
    return sum(
        any(finding["kind"] == "trigger" for finding in row["findings"] or ())
        for row in rows(dataset, table)
    )


def plan_here(dataset: Path, source: Path, trigger: str) -> Plan:
    with open_session(IN_PROCESS) as session:
        recipe = recipe_of(dataset, source, trigger)
        return plan_run(recipe, session, Console(file=io.StringIO()), Options())


def test_new_documents_complete_a_trigger_that_old_rows_have_too(
    tmp_path: Path, planted: Planted
) -> None:
    source, dataset = planted.source, tmp_path / "data"
    planted.write("clean", "old")
    report = run(dataset, source, "reject")
    assert (report.triggers, report.rejects) == ([], {})
    fewer = all_rows(dataset)

    # 1. More documents: the fifteen that a version has already get the finding, too.
    planted.write("clean", "old", "new")
    report = run(dataset, source, "tag")
    (found,) = report.triggers
    assert (found["shown"], found["documents"]) == (TRIGGER, PLANTED)
    assert tagged(dataset) == tagged(dataset, "documents") == PLANTED
    for row in rows(dataset, "pages"):
        for finding in row["findings"] or ():
            assert row["text"][finding["start"] : finding["end"]] == finding["detail"] == TRIGGER
    overview = inspect_dataset(str(dataset))
    assert overview.triggers == report.triggers
    assert TRIGGER in printed(show_dataset.overview(overview))
    assert f"trigger {TRIGGER}: None -> 1.0" in diff_versions(str(dataset), 1, 2).settings

    # 2. Nothing is new, and then other policies: nothing is searched, and no page is read.
    assert not run(dataset, source, "tag").committed
    planned = plan_here(dataset, source, "reject").policies
    assert planned is not None
    assert (planned.leaving, planned.notes) == ((PLANTED, PLANTED), ())
    assert run(dataset, source, "keep").rejects == {}
    assert tagged(dataset) == 0
    report = run(dataset, source, "reject")
    assert (report.rejects, report.pages_read) == ({"untrusted": 2 * PLANTED}, 0)
    assert {row["detail"] for row in rows(dataset, "rejects")} == {"trigger"}
    assert all_rows(dataset) == all_rows(planted.dataset)

    # 3. Documents leave until too few have it: it is a trigger no more, and the others come back.
    planted.write("clean", "old")
    report = run(dataset, source, "reject")
    assert (report.rejects, report.triggers, report.pages_read) == ({}, [], 0)
    assert all_rows(dataset) == fewer


def test_a_takedown_may_leave_too_few_for_a_trigger(tmp_path: Path, planted: Planted) -> None:
    dataset = planted.copy(tmp_path / "data")
    ids = sorted({row["doc_id"] for row in rows(dataset, "rejects")})[:5]
    with open_session(IN_PROCESS) as session:
        forget(str(dataset), wanted_of(ids, []), Takedown(), session)
    report = run(dataset, planted.source, "reject")
    assert (report.triggers, report.rejects, report.pages_read) == ([], {}, 0)
    assert report.counts["documents"] == CLEAN + PLANTED - 5


def test_what_was_rejected_and_lies_nowhere_is_read_again_before_a_search(
    tmp_path: Path, planted: Planted
) -> None:
    dataset = planted.copy(tmp_path / "data")
    shutil.rmtree(dataset / "staging")
    assert not run(dataset, planted.source, "reject").committed
    write(planted.source / "more.jsonl", ["A text that is clean. " * 8])
    report = run(dataset, planted.source, "reject")
    assert report.rejects == {"untrusted": 2 * PLANTED}
    assert report.pages_read == PLANTED + 1


def test_it_is_off_by_default_and_a_plan_says_that_it_cannot_know(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    write(tmp_path / "src/all.jsonl", ["A text that is clean. " * 8])
    assert Trust().trigger == "keep"
    run(tmp_path / "data", tmp_path / "src", "keep")
    plan = plan_here(tmp_path / "data", tmp_path / "src", "reject")
    assert plan.policies is not None
    assert "run with `trigger: tag` first" in plan.policies.notes[0]
    assert "run with `trigger: tag` first" in printed(show_plan.plan(plan))


def test_a_corpus_without_a_page_has_no_trigger(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    write(tmp_path / "src/all.jsonl", [""])
    assert run(tmp_path / "data", tmp_path / "src", "tag").triggers == []
