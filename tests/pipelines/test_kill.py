"""Kill the driver with SIGKILL in inventory, pass and publish; each run goes on where one ended."""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.fork_server import Command
from tests.marked_processes import MARK, kill, marked
from tests.pipelines.corpora import write_pdf
from tests.pipelines.datasets import all_rows, problems, recipe_for, run_here

FILES = 36  # more than one inventory task takes
PAGES = FILES + 24
TIMEOUT_S = 300
SETTINGS = "routing: only\nraster: {longest_edge_px: 400}\nplacement: {shard_pages: 4}\n"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of one page, and two that more than a few shards hold."""
    folder = tmp_path_factory.mktemp("kill") / "corpus"
    for number in range(FILES):
        write_pdf(folder, f"{number:03}.pdf", first_seed=1000 + number)
    for number in range(2):
        write_pdf(folder, f"long-{number}.pdf", first_seed=2000 + 100 * number, pages=12)
    return folder


@pytest.fixture(scope="module")
def undisturbed(corpus: Path) -> Path:
    dataset = corpus.parent / "undisturbed"
    run_here(recipe_for(dataset, corpus, SETTINGS))
    return dataset


def in_inventory(dataset: Path) -> bool:
    return any(dataset.glob("staging/inventory/*.jsonl"))


def in_pass(dataset: Path) -> bool:
    return len(receipts(dataset)) >= 2


def in_publish(dataset: Path) -> bool:
    return (dataset / "inventory/_delta_log/00000000000000000001.json").exists()


def receipts(dataset: Path) -> list[Path]:
    """Return the receipts; each is whole, as a rename puts it in place."""
    return [path for path in dataset.glob("staging/*/*.json") if not path.name.startswith(".")]


def covered(dataset: Path) -> int:
    """How many pages the receipts cover together."""
    return sum(sum(json.loads(path.read_text())["outcomes"].values()) for path in receipts(dataset))


def is_published(dataset: Path) -> bool:
    return (dataset / "pages/_delta_log/00000000000000000001.json").exists()


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.usefixtures("local_ray")
def test_the_run_after_a_kill_finishes_what_was_left(
    corpus: Path, undisturbed: Path, tmp_path: Path
) -> None:
    """The second driver starts a Ray, in a home that takes no files, such as some containers have.

    The others join that of this process.
    """
    dataset = tmp_path / "data"
    path = tmp_path / "recipe.yaml"
    path.write_text(f"dataset: {dataset}\nsources: [{{documents: {corpus}}}]\n{SETTINGS}")
    shared = ("--ray", gcs_address())

    kill_when(in_inventory, dataset, path, *shared)
    assert covered(dataset) == 0

    no_token = dict.fromkeys(name for name in os.environ if name.startswith("RAY_AUTH"))
    kill_when(in_pass, dataset, path, environment={**no_token, "HOME": str(path / "home")})
    before = {receipt: receipt.stat().st_mtime_ns for receipt in receipts(dataset)}
    assert 0 < covered(dataset) < PAGES

    kill_when(in_publish, dataset, path, *shared)
    assert covered(dataset) == PAGES
    assert before.items() <= {r: r.stat().st_mtime_ns for r in receipts(dataset)}.items()

    report = run_here(recipe_for(dataset, corpus, SETTINGS))
    assert report.pages_read == 0
    assert all_rows(dataset) == all_rows(undisturbed)
    assert problems(dataset) == ()


def gcs_address() -> str:
    """The address of this process's Ray."""
    import ray

    return str(ray.get_runtime_context().gcs_address)


def kill_when(
    moment: Callable[[Path], bool],
    dataset: Path,
    recipe: Path,
    *options: str,
    environment: Mapping[str, str | None] = {},
) -> None:
    """Start a run on Ray, and kill it at its moment with all processes that it started.

    A killed driver leaves a Ray that it started running.
    """
    mark = uuid.uuid4().hex
    driver = Command("run", str(recipe), *options, environment={**environment, MARK: mark})
    try:
        deadline = time.monotonic() + TIMEOUT_S
        while not moment(dataset):
            assert driver.poll() is None, "the run ended before its moment came"
            assert time.monotonic() < deadline, "the moment never came"
            # A publish is hardly longer than one look at the dataset, so this looks more often.
            time.sleep(0.001 if moment is in_publish else 0.005)
    finally:
        driver.kill()
        driver.communicate()
        kill(marked(mark))
    assert not is_published(dataset)
