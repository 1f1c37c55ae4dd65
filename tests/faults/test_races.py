"""Two drivers on one dataset: one works, the other stops or waits; no row is lost or doubled.

`PAGEFOUNDRY_RACES` sets the number of races.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.fork_server import CONTEXT, Command, call
from tests.pipelines.corpora import write_pdf
from tests.pipelines.datasets import all_rows, problems, recipe_for, rows, run_here
from workers.dataset.lease import LEASE_NAME, hold

RACES = int(os.environ.get("PAGEFOUNDRY_RACES", "3"))
PAGES_A_FILE = 3
SETTINGS = "routing: only\nplacement: {shard_pages: 1}\n"
TIMEOUT_S = 120
PAGEFOUNDRY = str(Path(sys.executable).with_name("pagefoundry"))


def run_arguments(folder: Path, *options: str) -> list[str]:
    """Return the arguments of a run that makes `folder/data` from `folder/corpus`."""
    recipe = folder / "recipe.yaml"
    sources = f"sources: [{{documents: {folder / 'corpus'}}}]"
    recipe.write_text(f"dataset: {folder / 'data'}\n{sources}\n{SETTINGS}")
    return ["run", str(recipe), "--ray", "in-process", *options]


def race(folder: Path, *options: str) -> list[tuple[int, str]]:
    """Start two drivers at once; return the exit code and the stderr of each."""
    line = CONTEXT.Barrier(2)
    drivers = [Command(*run_arguments(folder, *options), gate=line) for _ in range(2)]
    try:
        outputs = [driver.communicate(TIMEOUT_S)[1] for driver in drivers]
    finally:
        for driver in drivers:
            driver.kill()
    return sorted((driver.poll() or 0, text) for driver, text in zip(drivers, outputs, strict=True))


@pytest.mark.slow
def test_drivers_that_race_lose_and_double_nothing(tmp_path: Path) -> None:
    dataset = tmp_path / "data"
    for number in range(RACES):
        write_pdf(tmp_path / "corpus", f"{number}.pdf", 1000 * number, PAGES_A_FILE)
        waits = number % 2 == 1
        (first, _), (second, stderr) = race(tmp_path, *(["--wait"] if waits else []))
        assert first == 0
        if waits:
            assert second == 0, stderr
        elif second:  # 0 if the first had finished before the second asked for the lease
            assert second == 3
            assert "is held by another run: process" in stderr
            assert len(stderr.splitlines()) == 1
        assert not (dataset / LEASE_NAME).exists()
        assert problems(dataset) == ()
        ids = [row["page_id"] for row in rows(dataset, "pages")]
        assert len(ids) == len(set(ids)) == PAGES_A_FILE * (number + 1)
    undisturbed = tmp_path / "undisturbed"
    run_here(recipe_for(undisturbed, tmp_path / "corpus", SETTINGS))
    assert all_rows(dataset) == all_rows(undisturbed)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    write_pdf(tmp_path / "corpus", "a.pdf", first_seed=1, pages=PAGES_A_FILE)
    return tmp_path


def test_a_held_dataset_is_one_line_and_exit_three(small: Path) -> None:
    with hold(str(small / "data")):
        done = call(*run_arguments(small))
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith(f"pagefoundry: {small / 'data'} is held by another run: process")
    assert f"process {os.getpid()} on " in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_driver_that_waits_runs_when_the_dataset_is_free(small: Path) -> None:
    with hold(str(small / "data")):
        driver = subprocess.Popen(
            [PAGEFOUNDRY, *run_arguments(small, "--wait")], text=True, stderr=subprocess.PIPE
        )
        assert driver.stderr is not None
        assert driver.stderr.readline().endswith("; waiting for it\n")
        assert driver.poll() is None
        assert not (small / "data/pages").exists()
    driver.communicate(timeout=TIMEOUT_S)
    assert driver.returncode == 0
    assert problems(small / "data") == ()


def test_readers_need_no_lease(small: Path) -> None:
    _, recipe, *options = run_arguments(small)
    run_here(recipe_for(small / "data", small / "corpus", SETTINGS))
    with hold(str(small / "data")):
        for arguments in (
            ["plan", recipe, *options],
            ["verify", str(small / "data")],
            ["inspect", str(small / "data")],
        ):
            reader = call(*arguments)
            assert reader.returncode == 0
            assert "pagefoundry: " not in reader.stderr


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 128 + signal.SIGTERM), (signal.SIGINT, 130)]
)
def test_a_signal_ends_the_run_and_releases_the_dataset(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    write_pdf(tmp_path / "corpus", "long.pdf", first_seed=1, pages=150)
    driver = Command(*run_arguments(tmp_path))
    deadline = time.monotonic() + TIMEOUT_S
    while not (tmp_path / "data" / LEASE_NAME).exists():
        assert driver.poll() is None, driver.communicate()
        assert time.monotonic() < deadline, "the run took no lease"
        time.sleep(0.001)
    driver.send_signal(number)
    _, stderr = driver.communicate(timeout=TIMEOUT_S)
    assert driver.returncode == code
    assert "Traceback" not in stderr
    assert stderr.endswith(f"pagefoundry: ended by {number.name}; run the command again to go on\n")
    assert not (tmp_path / "data" / LEASE_NAME).exists()
    assert not (tmp_path / "data/pages").exists()


def test_a_folder_that_takes_no_files_is_one_line_and_exit_two(small: Path) -> None:
    arguments = run_arguments(small)
    recipe = Path(arguments[1])
    # This folder is read-only for the superuser too.
    recipe.write_text(recipe.read_text().replace(str(small / "data"), "/sys/kernel"))
    done = call(*arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("pagefoundry: cannot create /sys/kernel/_lease.json: ")
    assert len(done.stderr.splitlines()) == 1
