"""Kill a takedown at each of its writes: the newest version is whole, and a repeat finishes it.

`WRITES` names every write of a takedown, in order. A write that is added and not listed here fails
a test, so that it gets its crash test. What a kill before a write leaves is a copy of the dataset
that one takedown made there; that a kill leaves the same is tested for one write, another one each
time.
"""

from __future__ import annotations

import itertools
import random
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from cluster.session import IN_PROCESS, open_session
from pipelines.takedown import Options, Wanted, forget, search_forgotten, wanted_of
from schemas.tables import TABLES
from tests.faults.consumer import Contents, read_version
from tests.faults.crash_points import KILLED, CrashPoint, names_left
from tests.many import few
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
    """A takedown with rows in every table, and the dataset before and after it.

    `killed` has what is left by a kill before each of the `writes`, in a folder of its name.
    """

    world: World
    killed: Path
    wanted: Wanted
    content: set[bytes]
    before: tuple[int, Contents] | None
    after: tuple[int, Contents] | None
    parts: dict[str, list[str]]
    writes: list[str]

    def named(self, point: str) -> str:
        """The write of a point in `POINTS`."""
        return self.writes[-1] if point == "remove-last" else point


@pytest.fixture(scope="module")
def scene(published: World, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    addresses = [published.address(name) for name in ("alpha.pdf", "note.pdf")]
    wanted = wanted_of([published.chat_id(0)], addresses)
    ids = [published.doc_id("alpha.pdf"), published.chat_id(0)]
    content = {n for doc_id in ids for n in needles(published.rows_of(doc_id)) if len(n) > 100}
    folder = tmp_path_factory.mktemp("undisturbed")
    undisturbed = published.copy(folder / "data")
    writes = write_names(undisturbed.dataset, wanted, folder / "killed")
    return Scene(
        published,
        folder / "killed",
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
    world = killed_before(write, scene, tmp_path / "data")
    take_down(world, scene.wanted)
    check(world, scene)


@pytest.mark.parametrize("write", ["inventory-part-1", "pages-commit", "remove-3"])
def test_a_run_in_between_brings_nothing_back(write: str, scene: Scene, tmp_path: Path) -> None:
    world = killed_before(write, scene, tmp_path / "data")
    run_here(world.recipe())
    ids = read_forgotten(str(world.dataset)).ids
    assert len(ids) == 3
    rows = [row for rows in all_rows(world.dataset).values() for row in rows]
    assert not any(row["doc_id"] in ids for row in rows)
    assert problems(world.dataset) == ()
    take_down(world, scene.wanted)
    check(world, scene)


def test_a_kill_leaves_the_files_that_were_copied(scene: Scene, tmp_path: Path) -> None:
    for drawn in random.sample(POINTS, few(1, of=len(POINTS))):
        write = scene.named(drawn)
        world = scene.world.copy(tmp_path / write)
        point = CrashPoint(write, "before")
        assert forget_until(world.dataset, scene.wanted, point) == KILLED["before"]
        assert names_left(world.dataset) == names_left(scene.killed / write), write
        assert read_version(world.dataset) == read_version(scene.killed / write), write


def killed_before(write: str, scene: Scene, folder: Path) -> World:
    """What a takedown leaves that is killed before a write; the newest version must be whole."""
    write = scene.named(write)
    world = World(scene.world.corpus, Path(shutil.copytree(scene.killed / write, folder)))
    is_committed = scene.writes.index(write) > scene.writes.index("pages-commit")
    assert read_version(world.dataset) == (scene.after if is_committed else scene.before)
    return world


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
