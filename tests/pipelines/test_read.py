"""The pass: results of a chain for files that change during it and pages that kill it."""

from __future__ import annotations

import io
import json
from collections import Counter
from pathlib import Path

import pytest
from rich.console import Console

from cluster.progress import meter
from cluster.session import IN_PROCESS, Session, open_session
from pipelines.inventory import take_inventory
from pipelines.read import read_pages
from pipelines.steps.settings import replica_count
from schemas.inventory import Document
from schemas.recipe import Placement, Recipe
from tests.pipelines.corpora import write_pdf
from tests.pipelines.datasets import recipe_for
from workers.shards import Staging

ONLY = "routing: only\nplacement: {shard_pages: 4}\n"


def _take(recipe: Recipe, session: Session) -> list[Document]:
    with meter(Console(file=io.StringIO()), "inventory", "files") as progress:
        return take_inventory(recipe, [], None, session, progress).documents


def _read(recipe: Recipe, documents: list[Document], session: Session) -> Counter[str]:
    staging = Staging(f"{recipe.dataset}/staging/x")
    with meter(Console(file=io.StringIO()), "read", "pages") as progress:
        ranges = [document.pages for document in documents]
        return read_pages(recipe, ranges, staging, session, progress).outcomes


def test_a_file_that_vanishes_after_the_inventory_is_a_reject(tmp_path: Path) -> None:
    vanishing = write_pdf(tmp_path / "corpus", "gone.pdf", first_seed=1, pages=3)
    write_pdf(tmp_path / "corpus", "here.pdf", first_seed=9, pages=2)
    recipe = recipe_for(tmp_path / "data", tmp_path / "corpus", ONLY)
    with open_session(IN_PROCESS) as session:
        documents = _take(recipe, session)
        vanishing.unlink()
        assert _read(recipe, documents, session) == {"source_missing": 3, "sample": 2}


def test_a_file_that_changes_after_the_inventory_is_a_reject(tmp_path: Path) -> None:
    write_pdf(tmp_path / "corpus", "a.pdf", first_seed=1, pages=3)
    recipe = recipe_for(tmp_path / "data", tmp_path / "corpus", ONLY)
    with open_session(IN_PROCESS) as session:
        documents = _take(recipe, session)
        write_pdf(tmp_path / "corpus", "a.pdf", first_seed=50, pages=4)
        assert _read(recipe, documents, session) == {"source_changed": 3}


def test_receipts_add_up_to_the_pages(tmp_path: Path) -> None:
    write_pdf(tmp_path / "corpus", "a.pdf", first_seed=1, pages=9)
    recipe = recipe_for(tmp_path / "data", tmp_path / "corpus", ONLY)
    with open_session(IN_PROCESS) as session:
        _read(recipe, _take(recipe, session), session)
    receipts = [json.loads(path.read_text()) for path in tmp_path.rglob("staging/x/*.json")]
    assert sorted(sum(receipt["outcomes"].values()) for receipt in receipts) == [1, 4, 4]


@pytest.mark.parametrize(
    ("pages", "count"), [(1, 1), (256, 1), (257, 2), (10**6, 160), (None, 160)]
)
def test_a_pass_asks_for_no_more_replicas_than_it_has_shards(pages: int | None, count: int) -> None:
    assert replica_count(Placement(replicas=(1, 160), shard_pages=256), pages) == count


@pytest.mark.ray
@pytest.mark.usefixtures("local_ray")
@pytest.mark.parametrize("end", ["raise", "exit"])
def test_a_page_that_ends_its_worker_costs_only_itself(tmp_path: Path, end: str) -> None:
    """A step of a chain on Ray dies on one page: the shard is split down to that page."""
    from cluster.pool import Policy, run_pool
    from cluster.session import ReplicaSpec
    from tests.pipelines.killers import KillerReplica, chain_with_killer, jobs_with_pages

    killer = 5
    with open_session() as session:
        spec = ReplicaSpec(lambda: KillerReplica(killer, end), count=2)
        with session.runtime(spec) as runtime:
            ended = list(
                run_pool(jobs_with_pages(16), chain_with_killer(), runtime, Policy(_halves))
            )
    failed = [done.item for done in ended if done.error is not None]
    read = sorted(page for done in ended if done.error is None for page in done.value)
    assert failed == [range(killer, killer + 1)]
    assert read == [page for page in range(16) if page != killer]


def _halves(pages: range) -> list[range]:
    half = len(pages) // 2
    return [pages] if half == 0 else [pages[:half], pages[half:]]
