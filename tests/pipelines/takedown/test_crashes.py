"""Kill a takedown at each of its writes: the newest version is whole, and a repeat finishes it.

`WRITES` names every write of a takedown, in order. A write that is added and not listed here fails
a test, so that it gets its crash test.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path

import pytest

from cluster.session import IN_PROCESS, open_session
from pipelines.takedown import Options, Wanted, forget, search_forgotten, wanted_of
from schemas.tables import TABLES
from tests.faults.consumer import Contents, read_version
from tests.faults.crash_points import KILLED, CrashPoint
from tests.pipelines.datasets import all_rows, part_names, problems, run_here
from tests.pipelines.takedown.bytes_left import files_with, needles
from tests.pipelines.takedown.crash_points import forget_until, write_names
from tests.pipelines.takedown.published import World
from workers.dataset.forgotten import LIST_NAME, read_forgotten

COMMITS = [f"{table}-commit" for table in TABLES]
WRITES = ["list-1", "parts", *COMMITS, "card", "croissant", "list-2", "removals"]
POINTS = [
    *("list-1", "inventory-part-1", "pages-part-1"),
    *("inventory-commit", "conversations-commit", "pages-commit"),
    *("card", "croissant", "list-2", "remove-1", "remove-3", "remove-9", "remove-last"),
]


@dataclass(frozen=True)
class Scene:
    """A takedown with rows in every table, and the dataset before and after it."""

    world: World
    wanted: Wanted
    content: set[bytes]
    before: tuple[int, Contents] | None
    after: tuple[int, Contents] | None
    parts: dict[str, list[str]]
    writes: list[str]


@pytest.fixture(scope="module")
def scene(published: World, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    addresses = [published.address(name) for name in ("alpha.pdf", "note.pdf")]
    wanted = wanted_of([published.chat_id(0)], addresses)
    ids = [published.doc_id("alpha.pdf"), published.chat_id(0)]
    content = {n for doc_id in ids for n in needles(published.rows_of(doc_id)) if len(n) > 100}
    undisturbed = published.copy(tmp_path_factory.mktemp("undisturbed") / "data")
    writes = write_names(undisturbed.dataset, wanted)
    return Scene(
        published,
        wanted,
        content,
        read_version(published.dataset),
        read_version(undisturbed.dataset),
        part_names(undisturbed.dataset),
        writes,
    )


def test_every_write_of_a_takedown_is_named_here(scene: Scene) -> None:
    kinds = [
        "parts" if "-part-" in name else "removals" if name.startswith("remove-") else name
        for name in scene.writes
    ]
    assert [kind for kind, _ in itertools.groupby(kinds)] == WRITES
    assert kinds.count("removals") > 12


@pytest.mark.parametrize("write", POINTS)
def test_a_takedown_killed_and_repeated(write: str, scene: Scene, tmp_path: Path) -> None:
    world = scene.world.copy(tmp_path / "data")
    kill(world, scene, write)
    take_down(world, scene.wanted)
    check(world, scene)


@pytest.mark.parametrize("write", ["inventory-part-1", "pages-commit", "remove-3"])
def test_a_run_in_between_brings_nothing_back(write: str, scene: Scene, tmp_path: Path) -> None:
    world = scene.world.copy(tmp_path / "data")
    kill(world, scene, write)
    run_here(world.recipe())
    ids = read_forgotten(str(world.dataset)).ids
    assert len(ids) == 3
    rows = [row for rows in all_rows(world.dataset).values() for row in rows]
    assert not any(row["doc_id"] in ids for row in rows)
    assert problems(world.dataset) == ()
    take_down(world, scene.wanted)
    check(world, scene)


def kill(world: World, scene: Scene, write: str) -> None:
    """Kill a takedown before a write; the newest version must be whole then."""
    if write == "remove-last":
        write = scene.writes[-1]
    point = CrashPoint(write, "before")
    assert forget_until(world.dataset, scene.wanted, point) == KILLED["before"]
    is_committed = scene.writes.index(write) > scene.writes.index("pages-commit")
    assert read_version(world.dataset) == (scene.after if is_committed else scene.before)


def take_down(world: World, wanted: Wanted) -> None:
    options = Options(erases=True, today=lambda: "2026-11-30")
    with open_session(IN_PROCESS) as session:
        forget(str(world.dataset), wanted, options, session)


def check(world: World, scene: Scene) -> None:
    after = read_version(world.dataset)
    assert after is not None
    assert scene.after is not None
    assert (after[1], part_names(world.dataset)) == (scene.after[1], scene.parts)
    assert problems(world.dataset) == ()
    with open_session(IN_PROCESS) as session:
        assert search_forgotten(str(world.dataset), session).problems == ()
    ids = read_forgotten(str(world.dataset)).ids
    found = files_with(scene.content | {name.encode() for name in ids}, world.dataset)
    assert found.keys() == {LIST_NAME}
