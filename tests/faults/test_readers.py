"""Readers poll a dataset while publishes run and are killed: every read is a whole version.

`PAGEFOUNDRY_SOAK_PUBLISHES=50` sets the number of publishes; two kills come before each.
"""

from __future__ import annotations

import os
import random
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipelines.dataset.state import load_snapshot
from schemas.tables import INVENTORY
from tests.faults.consumer import Contents, read_card, read_version
from tests.faults.crash_points import KILLED, CrashPoint, run_until
from tests.pipelines.corpora import write_pdf
from tests.pipelines.datasets import part_names, problems, recipe_for, run_here
from workers.dataset import commit_parts, open_table, write_part

PUBLISHES = int(os.environ.get("PAGEFOUNDRY_SOAK_PUBLISHES", "3"))
KILLS_EACH = 2
POLL_S = 0.05
SEED = 84  # three publishes are killed at six different writes, the last two among them
SETTINGS = "routing: only\nraster: {longest_edge_px: 256}\non_missing: remove\nmax_removed: 1\n"
WRITES = [
    *("inventory-part-1", "documents-part-1", "pages-part-1"),
    *("inventory-commit", "documents-commit", "pages-commit", "card"),
]
"""Writes that every publish of this corpus makes, the first one too."""


class Poller:
    """Calls `read` repeatedly in a thread, and keeps each different result once."""

    def __init__(self, read: Callable[[], Any]) -> None:
        self._read = read
        self._ended = False
        self._turn = threading.Condition()
        self.results: list[Any] = []
        self.reads = 0
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            while not self._ended:
                result = self._read()
                with self._turn:
                    if result not in self.results:
                        self.results.append(result)
                    self.reads += 1
                    self._turn.notify_all()
                time.sleep(POLL_S)
        except BaseException as exc:  # noqa: BLE001 - raised again in the test's own thread
            with self._turn:
                self.error = exc
                self._turn.notify_all()

    def wait_for_a_read(self) -> None:
        """Wait until a read that begins after this call has ended."""
        with self._turn:
            wanted = self.reads + 2
            self._turn.wait_for(lambda: self.reads >= wanted or self.error is not None)
        if self.error is not None:
            raise self.error

    def end(self) -> None:
        self._ended = True


@contextmanager
def polling(*reads: Callable[[], Any]) -> Iterator[list[Poller]]:
    pollers = [Poller(read) for read in reads]
    threads = [threading.Thread(target=poller.run) for poller in pollers]
    for thread in threads:
        thread.start()
    try:
        yield pollers
    finally:
        for poller in pollers:
            poller.end()
        for thread in threads:
            thread.join()


def read_ours(dataset: Path) -> tuple[int, dict[str, list[str]]] | None:
    """Return the newest version as our own commands see it."""
    snapshot = load_snapshot(str(dataset))
    if snapshot is None:
        return None
    tables = snapshot.tables.items()
    return snapshot.version, {name: [part.path for part in table.parts] for name, table in tables}


def shift(corpus: Path, version: int) -> None:
    """Keep three documents: with each version the oldest leaves and a new one comes."""
    for number in range(version, version + 3):
        if not (corpus / f"{number}.pdf").exists():
            write_pdf(corpus, f"{number}.pdf", first_seed=10 * number, pages=2)
    (corpus / f"{version - 1}.pdf").unlink(missing_ok=True)


@pytest.mark.slow
def test_every_read_is_a_whole_version(tmp_path: Path) -> None:
    dataset, undisturbed, corpus = (tmp_path / name for name in ("data", "undisturbed", "corpus"))
    chance = random.Random(SEED)
    contents: dict[int, Contents] = {}
    parts: dict[int, dict[str, list[str]]] = {}
    kills = 0
    with polling(
        lambda: read_version(dataset), lambda: read_card(dataset), lambda: read_ours(dataset)
    ) as pollers:
        for version in range(1, PUBLISHES + 1):
            shift(corpus, version)
            run_here(recipe_for(undisturbed, corpus, SETTINGS))
            read = read_version(undisturbed)
            assert read is not None
            assert read[0] == version
            contents[version], parts[version] = read[1], part_names(undisturbed)
            # The undisturbed run has read all pages: the children only have to publish them.
            shutil.copytree(undisturbed / "staging", dataset / "staging", dirs_exist_ok=True)
            recipe = recipe_for(dataset, corpus, SETTINGS)
            # In the order of the writes: a child does not repeat writes that an earlier one made.
            for place in sorted(chance.sample(range(len(WRITES)), KILLS_EACH)):
                point = CrashPoint(WRITES[place], chance.choice(sorted(KILLED)))
                assert run_until(recipe, point) == KILLED[point.phase], point
                kills += 1
                for poller in pollers:
                    poller.wait_for_a_read()
            run_here(recipe)
            for poller in pollers:
                poller.wait_for_a_read()

    assert kills == PUBLISHES * KILLS_EACH
    versions, cards, ours = pollers
    assert sorted(result[0] for result in versions.results if result) == sorted(contents)
    assert all(result[1] == contents[result[0]] for result in versions.results if result)
    listed = [card for card in cards.results if card]
    assert all({"pages", "documents", "inventory"} <= card.keys() for card in listed)
    assert listed == [
        {name: whole[name] for name in card}
        for card, whole in zip(listed, contents.values(), strict=True)
    ]
    assert sorted(result[0] for result in ours.results if result) == sorted(parts)
    assert all(result[1] == parts[result[0]] for result in ours.results if result)
    assert problems(dataset) == ()
    for version, whole in contents.items():
        assert read_version(dataset, version) == (version, whole)


def test_a_version_opened_between_commits_says_what_its_own_commit_said(tmp_path: Path) -> None:
    """deltalake's history of a table counts commits that came after it was opened."""
    parts = []
    for number in range(40):
        group = pa.Table.from_pylist([{"doc_id": str(number)}], schema=INVENTORY)
        parts.append(write_part(str(tmp_path), "inventory", [group]))

    def read() -> tuple[list[str], Any] | None:
        table = open_table(str(tmp_path / "inventory"))
        return table and ([part.path for part in table.parts], dict(table.metadata))

    with polling(read) as (poller,):
        for part in parts:
            commit_parts(str(tmp_path), "inventory", [part], {"holds": part.path})
        poller.wait_for_a_read()
    whole = [result for result in poller.results if result and result[1]]
    assert whole
    assert all(held == [metadata["holds"]] for held, metadata in whole)
