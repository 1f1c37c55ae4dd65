"""A plan foretells what other policies make of the newest version: as the run does it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from cluster.session import IN_PROCESS, open_session
from pipelines.cli.show import plan as show_plan
from pipelines.planning.foresight import Foresight
from pipelines.planning.plan import Options, Plan, plan_run
from tests.pipelines.datasets import part_names, rows
from tests.pipelines.first_runs import FirstRuns
from tests.pipelines.version.test_policies import BAD, recipe_of, run, write_corpus


def plan_here(dataset: Path, source: Path, trust: str) -> Plan:
    with open_session(IN_PROCESS) as session:
        recipe = recipe_of(dataset, source, trust)
        return plan_run(recipe, session, Console(file=io.StringIO()), Options())


def foreseen(dataset: Path, source: Path, trust: str) -> Foresight:
    foresight = plan_here(dataset, source, trust).policies
    assert foresight is not None
    return foresight


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> FirstRuns:
    """First runs under each of the policies. Plans change nothing."""
    return FirstRuns(tmp_path_factory.mktemp("foresight"), write_corpus, run)


def test_nothing_is_foretold_where_policies_are_the_same(first: FirstRuns, tmp_path: Path) -> None:
    assert plan_here(tmp_path / "data", first.source, "{}").policies is None
    assert plan_here(first.of("{}"), first.source, "{}").policies is None


@pytest.mark.parametrize("before", ["", "{}", "{instructions: cut}", "{instructions: reject}"])
def test_what_is_foretold_comes_true(first: FirstRuns, before: str) -> None:
    """As a run under other policies ends as a first run, first runs show what comes true."""
    dataset = first.of(before)
    pages, tokens = ids_and_tokens(dataset, "pages", "page_id")
    documents, _ = ids_and_tokens(dataset, "documents", "doc_id")
    parts = part_names(dataset)
    for after in ("{instructions: reject}", "{instructions: cut}", "{}"):
        if after == before:
            continue
        foresight = foreseen(dataset, first.source, after)
        assert part_names(dataset) == parts
        new_pages, new_tokens = ids_and_tokens(first.of(after), "pages", "page_id")
        new_documents, _ = ids_and_tokens(first.of(after), "documents", "doc_id")
        assert foresight.leaving == (len(pages - new_pages), len(documents - new_documents))
        assert foresight.returning == (len(new_pages - pages), len(new_documents - documents))
        if after == "{instructions: reject}" and before == "":
            assert foresight.tokens_leaving == tokens - new_tokens


def ids_and_tokens(dataset: Path, table: str, key: str) -> tuple[set[str], int]:
    listed = rows(dataset, table)
    return {row[key] for row in listed}, sum(row["text_tokens"] for row in listed)


def test_examples_show_the_words(first: FirstRuns) -> None:
    planned = plan_here(first.of(""), first.source, "{instructions: cut}")
    foresight = planned.policies
    assert foresight is not None
    assert foresight.changing == (2, 3)
    assert {example.words.strip() for example in foresight.examples} == {BAD}
    screen = Console(file=io.StringIO(), width=200)
    screen.print(show_plan.plan(planned))
    assert isinstance(screen.file, io.StringIO)
    assert BAD in screen.file.getvalue()
