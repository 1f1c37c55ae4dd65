"""Scores and names on two replicas: one of them is killed, then the driver; the next run reads the
rest of the texts."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from schemas.recipe import parse_recipe
from tests.checkpoint_people import make_people_checkpoint
from tests.classifiers import make_classifier
from tests.fork_server import Command
from tests.marked_processes import command_of
from tests.pipelines.corpora import pdf, prose
from tests.pipelines.datasets import all_rows, problems, run_here
from tests.pipelines.version.test_names import kept as names_kept
from tests.pipelines.version.test_scores import kept, score

TIMEOUT_S = 300
DOCUMENTS, PAGES = 4, 48
TEXTS = DOCUMENTS * PAGES + DOCUMENTS
PLACEMENT = "placement: {replicas: 2, shard_pages: 24, threads_per_replica: 1}\n"


@dataclass(frozen=True)
class Staged:
    """A corpus, and a dataset of it whose pages are read; a recipe for others of its pages."""

    source: Path
    dataset: Path

    def text(self, dataset: Path, line: str) -> str:
        return (
            f"dataset: {dataset}\nsources: {self.source}\nrouting: only\non_missing: remove\n"
            f"max_removed: 1\nraster: {{longest_edge_px: 256}}\n{line}"
        )

    def copy(self, dataset: Path) -> Path:
        """A dataset that has no version yet, and whose pages need not be read again."""
        shutil.copytree(self.dataset / "staging", dataset / "staging")
        return dataset

    def run(self, dataset: Path, line: str) -> None:
        """Run a recipe with one more line in this process, to its end."""
        report = run_here(parse_recipe(self.text(dataset, line)))
        assert report.committed
        assert problems(dataset) == ()


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Staged:
    """Four documents of 48 pages, each with a name."""
    folder = tmp_path_factory.mktemp("staged")
    found = Staged(folder / "src", folder / "data")
    found.source.mkdir()
    for number in range(DOCUMENTS):
        texts = [f"By Hiro Sato. {prose(PAGES * number + page)}" for page in range(PAGES)]
        (found.source / f"{number}.pdf").write_bytes(pdf(texts))
    found.run(found.dataset, "")
    return found


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.usefixtures("local_ray")
def test_what_was_scored_before_a_kill_is_not_scored_again(staged: Staged, tmp_path: Path) -> None:
    """Each replica takes half a second for 32 texts, so that the kills come in between."""
    model = make_classifier(
        tmp_path / "model", hidden_size=256, intermediate_size=1024, num_hidden_layers=6
    )
    dataset, undisturbed = staged.copy(tmp_path / "data"), staged.copy(tmp_path / "undisturbed")
    line = f"scores: [{score('edu', model)}]\n"
    scored = interrupted(staged, dataset, line, kept)
    staged.run(dataset, line)
    assert len(kept(dataset)) == len(set(kept(dataset))) == TEXTS
    assert set(scored) <= set(kept(dataset))
    staged.run(undisturbed, line)
    assert values(dataset) == pytest.approx(values(undisturbed), abs=1.1e-4)
    assert without_scores(dataset) == without_scores(undisturbed)
    assert None not in values(dataset)


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.usefixtures("local_ray")
def test_names_that_were_found_before_a_kill_are_not_sought_again(
    staged: Staged, tmp_path: Path
) -> None:
    """The layers do nothing but take time."""
    slow = {"num_hidden_layers": 12, "intermediate_size": 1024}
    model = make_people_checkpoint(tmp_path / "model", slow)
    dataset, undisturbed = staged.copy(tmp_path / "data"), staged.copy(tmp_path / "undisturbed")
    line = f"policies: [{{pii: {{default: keep, name: tag, people: {{model: {model}}}}}}}]\n"
    found = interrupted(staged, dataset, line, names_kept)
    staged.run(dataset, line)
    assert len(names_kept(dataset)) == len(set(names_kept(dataset))) == TEXTS
    assert set(found) <= set(names_kept(dataset))
    staged.run(undisturbed, line)
    assert all_rows(dataset) == all_rows(undisturbed)
    assert all(row["findings"] for row in all_rows(dataset)["pages"])


def interrupted(
    staged: Staged, dataset: Path, line: str, kept: Callable[[Path], list[bytes]]
) -> list[bytes]:
    """Run a recipe with one more line on two replicas; end one of them, then all. Returns the keys
    of the texts that the models had read."""
    path = dataset.parent / "recipe.yaml"
    path.write_text(staged.text(dataset, line + PLACEMENT))
    driver = Command("run", str(path), "--ray", address())
    try:
        wait_until(lambda: len(kept(dataset)) > 0 and len(actors()) == 2, driver)
        actors()[0].kill()
        before = len(kept(dataset))
        wait_until(lambda: len(kept(dataset)) > before, driver)
    finally:
        driver.kill()
        driver.communicate()
    read = kept(dataset)
    assert 0 < len(read) < TEXTS
    assert not (dataset / "pages/_delta_log/00000000000000000001.json").exists()
    return read


def address() -> str:
    """The address of this process's Ray."""
    import ray

    return str(ray.get_runtime_context().gcs_address)


def actors() -> list[psutil.Process]:
    """The processes of the replicas in this process's Ray."""
    own = psutil.Process().children(recursive=True)
    return [process for process in own if command_of(process).startswith("ray::ReplicaActor")]


def wait_until(moment: Callable[[], bool], driver: Command) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while not moment():
        assert driver.poll() is None, "the run ended before its moment came"
        assert time.monotonic() < deadline, "the moment never came"
        time.sleep(0.02)


def values(dataset: Path) -> list[float | None]:
    return [
        row["score_edu"] for table in ("pages", "documents") for row in all_rows(dataset)[table]
    ]


def without_scores(dataset: Path) -> dict[str, list[dict[str, Any]]]:
    return {
        table: [{name: row[name] for name in row if name != "score_edu"} for row in found]
        for table, found in all_rows(dataset).items()
    }
