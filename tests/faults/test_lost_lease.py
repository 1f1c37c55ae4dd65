"""A run that lost its lease without knowing it stops and damages nothing."""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cluster.session import IN_PROCESS, open_session
from pipelines.run import Report, update
from pipelines.steps.leased import Hold
from schemas.errors import LeaseError
from schemas.recipe import Recipe
from schemas.tables import TABLES
from tests.pipelines.corpora import write_pdf, write_pdfs
from tests.pipelines.datasets import all_rows, problems, recipe_for, run_here
from workers.dataset.lease import hold

SETTINGS = "routing: only\nplacement: {shard_pages: 2}\non_missing: remove\nmax_removed: 1\n"
CHECKS = 1 + len(TABLES)  # one before planning, one before each commit
TIMEOUT_S = 120

Rows = dict[str, list[dict[str, Any]]]


@dataclass
class Believer:
    """A lease that always counts as held; at its n-th check it calls `meanwhile`."""

    check_number: int
    meanwhile: Callable[[], object]
    checks: int = 0

    def ensure_held(self) -> None:
        pass

    def check(self) -> None:
        self.checks += 1
        if self.checks == self.check_number:
            self.meanwhile()


def update_here(recipe: Recipe, lease: Hold) -> Report:
    with open_session(IN_PROCESS) as session:
        return update(recipe, session, Console(file=io.StringIO()), False, lease)


@dataclass(frozen=True)
class Shelf:
    """A corpus that each test finds in its first state, and the documents that come later.

    A copy keeps the time of its file, so the corpus of one test is that of all others.
    """

    corpus: Path
    first: Path
    later: Path

    def reset(self) -> Path:
        shutil.rmtree(self.corpus, ignore_errors=True)
        return Path(shutil.copytree(self.first, self.corpus))

    def put(self, *names: str) -> None:
        for name in names:
            shutil.copy2(self.later / name, self.corpus / name)

    def put_others(self) -> None:
        """What the run puts there that comes in between."""
        self.put("1.pdf", "3.pdf")
        (self.corpus / "2.pdf").unlink()


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    folder = tmp_path_factory.mktemp("shelf")
    first = write_pdfs(folder / "first", 3, pages=2)
    for name, seed, pages in (("0", 300, 3), ("1", 400, 1), ("3", 500, 2), ("4", 600, 1)):
        write_pdf(folder / "later", f"{name}.pdf", first_seed=seed, pages=pages)
    return Shelf(folder / "corpus", first, folder / "later")


@pytest.fixture(scope="module")
def published(shelf: Shelf, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first version of the first corpus."""
    dataset = tmp_path_factory.mktemp("published") / "data"
    run_here(recipe_for(dataset, shelf.reset(), SETTINGS))
    return dataset


@pytest.fixture(scope="module")
def undisturbed(shelf: Shelf, tmp_path_factory: pytest.TempPathFactory) -> dict[bool, list[Rows]]:
    """The rows after the others' documents, and then after one more, of a run that is alone; by
    whether the first document was changed before.
    """
    rows: dict[bool, list[Rows]] = {}
    for is_changed in (False, True):
        dataset = tmp_path_factory.mktemp("undisturbed") / "data"
        shelf.reset()
        shelf.put_others()
        if is_changed:
            shelf.put("0.pdf")
        rows[is_changed] = [rows_after(dataset, shelf)]
        shelf.put("4.pdf")
        rows[is_changed].append(rows_after(dataset, shelf))
    return rows


def rows_after(dataset: Path, shelf: Shelf) -> Rows:
    """Run on the corpus as it is; the dataset must be whole then."""
    run_here(recipe_for(dataset, shelf.corpus, SETTINGS))
    assert problems(dataset) == ()
    return all_rows(dataset)


@pytest.fixture
def corpus(shelf: Shelf) -> Path:
    return shelf.reset()


@pytest.mark.parametrize(
    ("check_number", "published_before"),
    [
        *((number, True) for number in range(1, CHECKS + 1)),
        *((number, False) for number in (1, 2, CHECKS)),
    ],
)
def test_of_two_that_publish_at_once_one_is_refused(
    shelf: Shelf,
    published: Path,
    undisturbed: dict[bool, list[Rows]],
    tmp_path: Path,
    check_number: int,
    published_before: bool,
) -> None:
    """At each check of a publish, another run publishes other documents."""
    dataset = tmp_path / "data"
    recipe = recipe_for(dataset, shelf.reset(), SETTINGS)
    if published_before:
        shutil.copytree(published, dataset)
        shelf.put("0.pdf")

    def other() -> None:
        shelf.put_others()
        assert run_here(recipe).committed

    believer = Believer(check_number, other)
    with pytest.raises(LeaseError, match=r"another run (published|committed) .*; run it again"):
        update_here(recipe, believer)
    assert believer.checks >= check_number

    alone, with_one_more = undisturbed[published_before]
    assert problems(dataset) == ()
    assert all_rows(dataset) == alone
    # Commits that the loser left in the other tables do not stop the next version.
    shelf.put("4.pdf")
    assert rows_after(dataset, shelf) == with_one_more


@pytest.mark.parametrize("check_number", range(1, CHECKS + 1))
def test_two_that_publish_the_same_make_one_version(
    corpus: Path, tmp_path: Path, check_number: int
) -> None:
    recipe = recipe_for(tmp_path / "data", corpus, SETTINGS)
    believer = Believer(check_number, lambda: run_here(recipe))
    if check_number == 1:
        with pytest.raises(LeaseError, match="another run published version 1 meanwhile"):
            update_here(recipe, believer)
    else:
        assert update_here(recipe, believer).version == 1
    second = run_here(recipe)
    assert (second.committed, second.version) == (False, 1)
    assert problems(tmp_path / "data") == ()


def test_a_pass_stops_when_the_lease_is_found_lost(corpus: Path, tmp_path: Path) -> None:
    recipe = recipe_for(tmp_path / "data", corpus, SETTINGS)

    class LostInThePass:
        def ensure_held(self) -> None:
            if any((tmp_path / "data").glob("staging/*/*.json")):
                raise LeaseError("lost in the pass")

        def check(self) -> None:
            raise AssertionError("the run went on to publish")

    with pytest.raises(LeaseError, match="lost in the pass"):
        update_here(recipe, LostInThePass())
    assert len(list((tmp_path / "data").glob("staging/*/*.json"))) == 1
    assert not (tmp_path / "data/pages").exists()


STOPPED_AT_ITS_FIRST_CHECK = """
import fcntl, os, signal, sys
from pathlib import Path
from rich.console import Console
from cluster.session import IN_PROCESS, open_session
from pipelines.run import update
from schemas.recipe import parse_recipe
from workers.dataset.lease import hold

class Stopping:
    def __init__(self, lease):
        self.lease, self.ensure_held = lease, lease.ensure_held
    def check(self):
        if not self.was_stopped:
            self.was_stopped = True
            # Not while the lease is renewed, whose lock would then be held by a stopped process.
            with open(sys.argv[2], "w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
            os.kill(os.getpid(), signal.SIGSTOP)
        self.lease.check()
    was_stopped = False

recipe = parse_recipe(Path(sys.argv[1]).read_text())
with open_session(IN_PROCESS) as session, hold(recipe.dataset, ttl_s=1) as lease:
    update(recipe, session, Console(stderr=True), False, Stopping(lease))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("other_is_done", "why"), [(False, "taken over by process"), (True, "deleted")]
)
def test_a_run_that_was_stopped_beyond_its_ttl_publishes_nothing(
    corpus: Path, published: Path, tmp_path: Path, other_is_done: bool, why: str
) -> None:
    recipe = recipe_for(tmp_path / "data", corpus, SETTINGS)
    path = tmp_path / "recipe.yaml"
    path.write_text(f"dataset: {recipe.dataset}\nsources: [{{documents: {corpus}}}]\n{SETTINGS}")
    lock = tmp_path / "data" / "._lease.json.lock"
    command = [sys.executable, "-c", STOPPED_AT_ITS_FIRST_CHECK, path, lock]
    loser = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    stderr = ""
    try:
        _, status = os.waitpid(loser.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        with hold(recipe.dataset, wait=True) as lease:
            if not other_is_done:
                stderr = end_of(loser)
            update_here(recipe, lease)
        if other_is_done:
            stderr = end_of(loser)
    finally:
        loser.kill()
        loser.communicate()
    assert loser.returncode == 1
    assert f"LeaseError: {recipe.dataset}: its lease was {why}" in stderr.splitlines()[-1]
    assert problems(tmp_path / "data") == ()
    assert all_rows(tmp_path / "data") == all_rows(published)


def end_of(loser: subprocess.Popen[str]) -> str:
    loser.send_signal(signal.SIGCONT)
    return loser.communicate(timeout=TIMEOUT_S)[1]
