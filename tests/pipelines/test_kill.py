"""Kill the driver with SIGKILL in inventory, pass and publish; the next run finishes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

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


def is_published(dataset: Path) -> bool:
    return (dataset / "pages/_delta_log/00000000000000000001.json").exists()


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.usefixtures("local_ray")
@pytest.mark.parametrize(
    ("moment", "starts_ray"), [(in_inventory, False), (in_pass, True), (in_publish, False)]
)
def test_the_run_after_a_kill_finishes_what_was_left(
    moment: Callable[[Path], bool],
    starts_ray: bool,
    corpus: Path,
    undisturbed: Path,
    tmp_path: Path,
) -> None:
    """One of the drivers starts a Ray, in a home that takes no files, such as some containers have.

    The others join that of this process.
    """
    dataset = tmp_path / "data"
    path = tmp_path / "recipe.yaml"
    path.write_text(f"dataset: {dataset}\nsources: [{{documents: {corpus}}}]\n{SETTINGS}")

    home = tmp_path / "recipe.yaml/home" if starts_ray else None
    with _driver(path, () if starts_ray else ("--ray", gcs_address()), home) as driver:
        deadline = time.monotonic() + TIMEOUT_S
        while not moment(dataset):
            assert driver.poll() is None, "the run ended before its moment came"
            assert time.monotonic() < deadline, "the moment never came"
            # A publish is hardly longer than one look at the dataset, so this looks more often.
            time.sleep(0.001 if moment is in_publish else 0.005)
        driver.kill()
    assert not is_published(dataset)
    covered = sum(
        sum(json.loads(receipt.read_text())["outcomes"].values()) for receipt in receipts(dataset)
    )

    report = run_here(recipe_for(dataset, corpus, SETTINGS))
    assert report.pages_read == PAGES - covered
    assert covered == {in_inventory: 0, in_publish: PAGES}.get(moment, covered)
    assert all_rows(dataset) == all_rows(undisturbed)
    assert problems(dataset) == ()


def gcs_address() -> str:
    """The address of this process's Ray."""
    import ray

    return str(ray.get_runtime_context().gcs_address)


@contextmanager
def _driver(
    recipe: Path, options: Sequence[str], home: Path | None
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a run on Ray; at the end, kill it with all processes that it started.

    A killed driver leaves a Ray that it started running. With a `home`, it knows no token yet.
    """
    mark = uuid.uuid4().hex
    environment = {**os.environ, MARK: mark}
    if home:
        environment = {k: v for k, v in environment.items() if not k.startswith("RAY_AUTH")}
        environment["HOME"] = str(home)
    driver = subprocess.Popen(
        [str(Path(sys.executable).with_name("pagefoundry")), "run", str(recipe), *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
    )
    try:
        yield driver
    finally:
        driver.kill()
        driver.wait()
        kill(marked(mark))
