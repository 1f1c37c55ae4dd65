"""Scheduled runs: one that overlaps the previous run, and one after a crash."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests.faults.test_races import TIMEOUT_S, run_arguments
from tests.fork_server import Command, call
from tests.pipelines.corpora import write_pdf
from tests.pipelines.datasets import all_rows, problems, recipe_for, run_here
from workers.dataset.lease import LEASE_NAME

SETTINGS = "routing: only\nplacement: {shard_pages: 1}\n"
NEW_PAGES = 20


def receipts(dataset: Path) -> set[Path]:
    """Return the receipts; each is whole, as a rename puts it in place."""
    return {path for path in dataset.glob("staging/*/*.json") if not path.name.startswith(".")}


def fire_until_it_reads(folder: Path) -> Command:
    """Start a refresh; return when it has read some pages but not all."""
    before = receipts(folder / "data")
    refresh = Command(*run_arguments(folder))
    deadline_s = time.monotonic() + TIMEOUT_S
    while not receipts(folder / "data") - before:
        assert refresh.poll() is None, refresh.communicate()
        assert time.monotonic() < deadline_s, "it never read a page"
        time.sleep(0.005)
    refresh.send_signal(signal.SIGSTOP)
    assert len(receipts(folder / "data") - before) < NEW_PAGES
    return refresh


@pytest.mark.slow
def test_a_night_that_overlaps_stands_back_and_one_after_a_crash_goes_on(tmp_path: Path) -> None:
    corpus, dataset = tmp_path / "corpus", tmp_path / "data"
    write_pdf(corpus, "first.pdf", first_seed=0, pages=3)
    run_here(recipe_for(dataset, corpus, SETTINGS))

    write_pdf(corpus, "second.pdf", first_seed=100, pages=NEW_PAGES)
    refresh = fire_until_it_reads(tmp_path)
    try:
        overlapping = call(*run_arguments(tmp_path))
        assert overlapping.returncode == 3
        assert f"is held by another run: process {refresh.pid}" in overlapping.stderr
        refresh.send_signal(signal.SIGCONT)
        refresh.communicate(timeout=TIMEOUT_S)
        assert refresh.returncode == 0
    finally:
        refresh.kill()

    write_pdf(corpus, "third.pdf", first_seed=200, pages=NEW_PAGES)
    crashed = fire_until_it_reads(tmp_path)
    crashed.kill()
    crashed.communicate()
    report = run_here(recipe_for(dataset, corpus, SETTINGS))
    assert 0 < report.pages_read < NEW_PAGES
    assert not (dataset / LEASE_NAME).exists()
    assert problems(dataset) == ()
    run_here(recipe_for(tmp_path / "undisturbed", corpus, SETTINGS))
    assert all_rows(dataset) == all_rows(tmp_path / "undisturbed")
