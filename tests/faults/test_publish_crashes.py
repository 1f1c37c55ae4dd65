"""Kill a publish at each of its writes: readers see a whole version, the next run finishes it.

`FIRST` and `REFRESH` name every write of a publish, in order. A write that is added to publish but
not to these lists fails a test here, so that it gets its crash tests. What a kill before a write
leaves is a copy of the dataset that one run made there; that a kill leaves the same is tested for
one write, another one each time. Writes that are torn are of few kinds, as they are made by the
same function or library: of each kind one is torn, another one each time, and all in a soak.
"""

from __future__ import annotations

import io
import json
import random
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.console import Console

from cluster.progress import meter
from cluster.session import IN_PROCESS, open_session
from pipelines.dataset.state import load_snapshot
from pipelines.dataset.vacuum import Retention, vacuum_dataset
from pipelines.inventory import take_inventory
from pipelines.steps.places import staging_root
from schemas.conversations import ConversationSource, Fade
from schemas.recipe import Recipe
from schemas.tables import TABLES
from tests.faults.consumer import Contents, read_card, read_croissant, read_version
from tests.faults.crash_points import KILLED, CrashPoint, names_left, run_until, write_names
from tests.many import few
from tests.pipelines.corpora import prose, write_pdf, write_pdfs
from tests.pipelines.datasets import part_names, problems, recipe_for, run_here
from tests.pipelines.deep import stage_deep

SETTINGS = "routing: only\nraster: {longest_edge_px: 256}\non_missing: remove\nmax_removed: 1\n"

FIRST = [
    *(f"{table}-part-1" for table in TABLES),
    "pages-table",
    *(f"{table}-{what}" for table in TABLES[:-1] for what in ("table", "commit")),
    "pages-commit",
    "card",
    "croissant",
]
REFRESH = [
    *(f"inventory-part-{number}" for number in (1, 2)),
    "rejects-part-1",
    *(f"{table}-part-{number}" for table in TABLES[2:] for number in (1, 2)),
    *(f"{table}-commit" for table in TABLES),
    "card",
    "croissant",
]


@dataclass(frozen=True)
class View:
    """What consumers see: the newest version, and the parts that card and Croissant list."""

    version: tuple[int, Contents] | None
    card: Contents | None
    croissant: Contents | None


def view(dataset: Path) -> View:
    return View(read_version(dataset), read_card(dataset), read_croissant(dataset))


@dataclass(frozen=True)
class Scene:
    """A dataset whose next run only has to publish, and its state after an undisturbed run.

    `killed` has what is left by a kill before each of the `writes`, in a folder of its name.
    """

    corpus: Path
    staged: Path
    killed: Path
    before: View
    after: View
    parts: dict[str, list[str]]
    files: set[str]
    writes: list[str]

    def killed_before(self, write: str, folder: Path) -> Recipe:
        """Put what a kill before a write leaves into a folder, and return a recipe for it."""
        shutil.copytree(self.killed / write, folder)
        return recipe_of(folder, self.corpus)

    def kill(self, point: CrashPoint, folder: Path) -> Recipe:
        """Run in a folder until the process is killed, and return a recipe for it."""
        shutil.copytree(self.staged, folder)
        recipe = recipe_of(folder, self.corpus)
        assert run_until(recipe, point) == KILLED[point.phase]
        return recipe


def recipe_of(dataset: Path, corpus: Path) -> Recipe:
    """Return a recipe of the documents and the chats of a corpus."""
    recipe = recipe_for(dataset, corpus, SETTINGS)
    chats = ConversationSource(conversations=(str(corpus / "chats.jsonl"),), fade=Fade(text=1))
    return recipe.model_copy(update={"sources": (*recipe.sources, chats)})


def write_chats(corpus: Path, *seeds: int) -> None:
    """Write a chat of three turns for each seed."""
    turns = [[{"role": "user", "content": prose(10 * s + n)} for n in range(3)] for s in seeds]
    lines = [json.dumps({"messages": chat}) for chat in turns]
    (corpus / "chats.jsonl").write_text("\n".join(lines))


def scene(folder: Path) -> Scene:
    """Return the scene of the dataset in `folder / "data"`."""
    recipe = recipe_of(folder / "data", folder / "corpus")
    _stage_inventory(recipe)
    undisturbed = recipe_of(folder / "undisturbed", folder / "corpus")
    before = view(folder / "data")
    shutil.copytree(folder / "data", undisturbed.dataset)
    writes = write_names(undisturbed, folder / "killed")
    assert problems(folder / "undisturbed") == ()
    return Scene(
        folder / "corpus",
        folder / "data",
        folder / "killed",
        before,
        view(folder / "undisturbed"),
        part_names(folder / "undisturbed"),
        files(folder / "undisturbed"),
        writes,
    )


def _stage_inventory(recipe: Recipe) -> None:
    """Stage the inventory as a run that is killed later leaves it.

    Later runs then open no document.
    """
    snapshot = load_snapshot(recipe.dataset)
    known = snapshot.documents() if snapshot else []
    with (
        open_session(IN_PROCESS) as session,
        meter(Console(file=io.StringIO()), "inventory", "files") as progress,
    ):
        take_inventory(recipe, known, staging_root(recipe), session, progress)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """Nothing is published yet; all pages are read."""
    folder = tmp_path_factory.mktemp("first")
    write_pdf(folder / "corpus", "a.pdf", first_seed=1, pages=2)
    (folder / "corpus/note.pdf").write_text("not a document")
    write_chats(folder / "corpus", 1)
    stage_deep(recipe_of(folder / "data", folder / "corpus"))
    return scene(folder)


@pytest.fixture(scope="module")
def refresh(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """Version 1 is published; then a document went and one came, so that every table changes."""
    folder = tmp_path_factory.mktemp("refresh")
    recipe = recipe_of(folder / "data", folder / "corpus")
    write_pdfs(folder / "corpus", 2, pages=2)
    (folder / "corpus/note.pdf").write_text("not a document")
    write_chats(folder / "corpus", 1, 2)
    stage_deep(recipe)
    run_here(recipe)
    write_chats(folder / "corpus", 2, 3)
    (folder / "corpus/0.pdf").unlink()
    write_pdf(folder / "corpus", "2.pdf", first_seed=200, pages=2)
    (folder / "corpus/other.pdf").write_text("not a document either")
    stage_deep(recipe, ["2.pdf", "1"])
    return scene(folder)


def test_every_write_of_a_publish_is_named_here(first: Scene, refresh: Scene) -> None:
    assert first.writes == FIRST
    assert refresh.writes == REFRESH


@pytest.mark.parametrize("write", FIRST)
def test_a_first_publish_killed(write: str, first: Scene, tmp_path: Path) -> None:
    check(write, first, first.killed_before(write, tmp_path / "data"))


@pytest.mark.parametrize("write", [write for write in REFRESH if "-part-" not in write])
def test_a_refresh_killed(write: str, refresh: Scene, tmp_path: Path) -> None:
    check(write, refresh, refresh.killed_before(write, tmp_path / "data"))


@pytest.mark.parametrize("kind", ["table", "commit", "card", "croissant"])
def test_a_first_publish_with_a_torn_write(kind: str, first: Scene, tmp_path: Path) -> None:
    tear(first, FIRST, kind, tmp_path)


@pytest.mark.parametrize("kind", ["part", "commit", "card", "croissant"])
def test_a_refresh_with_a_torn_write(kind: str, refresh: Scene, tmp_path: Path) -> None:
    tear(refresh, REFRESH, kind, tmp_path)


def tear(scene: Scene, writes: list[str], kind: str, folder: Path) -> None:
    of_kind = [write for write in writes if kind in write.split("-")]
    for write in random.sample(of_kind, few(1, of=len(of_kind))):
        check(write, scene, scene.kill(CrashPoint(write, "torn"), folder / write))


def test_a_kill_leaves_the_files_that_were_copied(refresh: Scene, tmp_path: Path) -> None:
    for write in random.sample(REFRESH, few(1, of=len(REFRESH))):
        killed = Path(refresh.kill(CrashPoint(write, "before"), tmp_path / write).dataset)
        assert names_left(killed) == names_left(refresh.killed / write), write
        assert view(killed) == view(refresh.killed / write), write


def check(write: str, scene: Scene, recipe: Recipe) -> None:
    """A publish ended at a write: readers see a whole version, and the next run finishes it."""
    dataset = Path(recipe.dataset)
    is_published = write in ("card", "croissant")
    version = scene.after.version if is_published else scene.before.version
    card = scene.after.card if write == "croissant" else scene.before.card
    assert view(dataset) == View(version, card, scene.before.croissant)

    report = run_here(recipe)
    assert (report.pages_read, report.committed) == (0, not is_published)
    assert view(dataset) == scene.after
    assert part_names(dataset) == scene.parts
    assert problems(dataset) == ()
    if scene.before.version is not None:
        assert read_version(dataset, scene.before.version[0]) == scene.before.version

    vacuum_dataset(str(dataset), Retention(versions=100, grace_hours=0))
    assert files(dataset) == scene.files


def files(dataset: Path) -> set[str]:
    """Everything but staging, the log entries included."""
    return {
        str(path.relative_to(dataset))
        for path in dataset.rglob("*")
        if path.is_file() and "staging" not in path.parts
    }
