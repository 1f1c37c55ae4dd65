"""Scores and names on two replicas: one of them is killed, then the driver; the next run reads the
rest of the texts."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.checkpoint_people import make_people_checkpoint
from tests.classifiers import make_classifier
from tests.marked_processes import MARK, command_of, kill, marked
from tests.pipelines.corpora import pdf, prose, write_pdfs
from tests.pipelines.datasets import all_rows, problems, run_here
from tests.pipelines.version.test_names import kept as names_kept
from tests.pipelines.version.test_scores import kept, recipe_of, score

TIMEOUT_S = 300
TEXTS = 8 * 24 + 8
PLACEMENT = "placement: {replicas: 2, shard_pages: 24, threads_per_replica: 1}\n"


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.usefixtures("local_ray")
def test_what_was_scored_before_a_kill_is_not_scored_again(tmp_path: Path) -> None:
    """Each replica takes half a second for 32 texts, so that the kills come in between."""
    model = make_classifier(
        tmp_path / "model", hidden_size=256, intermediate_size=1024, num_hidden_layers=6
    )
    source, dataset = write_pdfs(tmp_path / "src", count=8, pages=24), tmp_path / "data"
    line = f"scores: [{score('edu', model)}]\n"
    scored = interrupted(tmp_path, source, dataset, line, lambda: kept(dataset))
    recipe = recipe_of(dataset, source, score("edu", model), extra=PLACEMENT)
    assert run_here(recipe).committed
    assert problems(dataset) == ()
    assert len(kept(dataset)) == len(set(kept(dataset))) == TEXTS
    assert set(scored) <= set(kept(dataset))
    undisturbed = tmp_path / "undisturbed"
    run_here(recipe_of(undisturbed, source, score("edu", model)))
    assert values(dataset) == pytest.approx(values(undisturbed), abs=1.1e-4)
    assert without_scores(dataset) == without_scores(undisturbed)
    assert None not in values(dataset)


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.usefixtures("local_ray")
def test_names_that_were_found_before_a_kill_are_not_sought_again(tmp_path: Path) -> None:
    """The layers do nothing but take time."""
    slow = {"num_hidden_layers": 12, "intermediate_size": 1024}
    model = make_people_checkpoint(tmp_path / "model", slow)
    source, dataset = write_named(tmp_path / "src"), tmp_path / "data"
    line = f"policies: [{{pii: {{default: keep, name: tag, people: {{model: {model}}}}}}}]\n"
    found = interrupted(tmp_path, source, dataset, line, lambda: names_kept(dataset))
    assert run_here(recipe_of(dataset, source, extra=line + PLACEMENT)).committed
    assert problems(dataset) == ()
    assert len(names_kept(dataset)) == len(set(names_kept(dataset))) == TEXTS
    assert set(found) <= set(names_kept(dataset))
    undisturbed = tmp_path / "undisturbed"
    run_here(recipe_of(undisturbed, source, extra=line))
    assert all_rows(dataset) == all_rows(undisturbed)
    assert all(row["findings"] for row in all_rows(dataset)["pages"])


def write_named(folder: Path) -> Path:
    """Write eight documents of 24 pages, each with a name."""
    folder.mkdir()
    for number in range(8):
        texts = [f"By Hiro Sato. {prose(24 * number + page)}" for page in range(24)]
        (folder / f"{number}.pdf").write_bytes(pdf(texts))
    return folder


def interrupted(
    folder: Path, source: Path, dataset: Path, line: str, kept: Callable[[], list[bytes]]
) -> list[bytes]:
    """Run a recipe with one more line on two replicas; end one of them, then all. Returns the keys
    of the texts that the models had read."""
    path = folder / "recipe.yaml"
    path.write_text(
        f"dataset: {dataset}\nsources: {source}\nrouting: only\non_missing: remove\n"
        f"max_removed: 1\nraster: {{longest_edge_px: 256}}\n{line}{PLACEMENT}"
    )
    mark = uuid.uuid4().hex
    command = str(Path(sys.executable).with_name("pagefoundry"))
    driver = subprocess.Popen(
        [command, "run", str(path), "--ray", address()],
        env=os.environ | {MARK: mark},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: len(kept()) > 0 and len(actors()) == 2, driver)
        actors()[0].kill()
        before = len(kept())
        wait_until(lambda: len(kept()) > before, driver)
    finally:
        driver.kill()
        driver.wait()
        kill(marked(mark))
    read = kept()
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


def wait_until(moment: Callable[[], bool], driver: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while not moment():
        assert driver.poll() is None, "the run ended before its moment came"
        assert time.monotonic() < deadline, "the moment never came"
        time.sleep(0.005)


def values(dataset: Path) -> list[float | None]:
    return [
        row["score_edu"] for table in ("pages", "documents") for row in all_rows(dataset)[table]
    ]


def without_scores(dataset: Path) -> dict[str, list[dict[str, Any]]]:
    return {
        table: [{name: row[name] for name in row if name != "score_edu"} for row in found]
        for table, found in all_rows(dataset).items()
    }
