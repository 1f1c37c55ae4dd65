"""Staging: elsewhere it is found and shared with nobody, old it goes, and nothing stays empty."""

from __future__ import annotations

import io
import os
import shutil
import time
from pathlib import Path

import pytest
from rich.console import Console

from cluster.session import IN_PROCESS, open_session
from pipelines.dataset.staged import Leftovers, scratch_folder, staged_folders
from pipelines.dataset.vacuum import Retention, vacuum_dataset
from pipelines.dataset.verify import verify_dataset
from pipelines.run import run, update
from pipelines.steps.places import staging_root
from schemas.errors import IntegrityError, LeaseError, SourceError
from schemas.recipe import Recipe
from tests.pipelines.corpora import pdf, prose, write_pdf, write_pdfs
from tests.pipelines.datasets import problems, recipe_for, rows, run_here
from workers.dataset.lease import hold

ONLY = "routing: only\n"
NOW = Retention(versions=1, grace_hours=0)
DAY_S = 86_400


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return write_pdfs(tmp_path / "corpus", 2, pages=2)


def elsewhere(tmp_path: Path, corpus: Path, name: str = "data", extra: str = "") -> Recipe:
    """A recipe whose staging is on another disk, say."""
    placement = f"placement: {{staging: {tmp_path / 'fast'}{extra}}}\n"
    return recipe_for(tmp_path / name, corpus, ONLY + placement)


def staged(recipe: Recipe) -> set[str]:
    """What is staged of shards."""
    folder = Path(staging_root(recipe)) / recipe.digest()
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


def make_older(folder: Path, days: float) -> None:
    then = time.time() - days * DAY_S
    for path in folder.rglob("*"):
        if path.is_file():
            os.utime(path, (then, then))


# ---- elsewhere --------------------------------------------------------------------------------


def test_staging_elsewhere_is_verified_and_vacuumed(corpus: Path, tmp_path: Path) -> None:
    recipe = elsewhere(tmp_path, corpus)
    run_here(recipe)
    folder = Path(staging_root(recipe)) / recipe.digest()
    assert folder.is_relative_to(tmp_path / "fast")
    (images,) = folder.glob("*.images")
    data = images.read_bytes()
    images.write_bytes(data[:-1])
    (line,) = problems(tmp_path / "data")
    assert line.startswith(f"{images.with_suffix('.json')}: this receipt's file ")
    images.write_bytes(data)
    done = {item.what: item.files for item in vacuum_dataset(recipe.dataset, NOW).removed}
    assert done["staged receipts"] == 1
    assert not folder.exists()


def test_what_a_killed_first_run_staged_elsewhere_is_known(corpus: Path, tmp_path: Path) -> None:
    """The place is noted before anything is there."""
    recipe = elsewhere(tmp_path, corpus)
    gone = recipe.model_copy(
        update={"sources": (recipe.sources[0].model_copy(update={"documents": ("nowhere",)}),)}
    )
    with pytest.raises(SourceError):
        run_here(gone)
    assert (tmp_path / "data/_staging.json").exists()


def test_a_dataset_never_touches_the_staging_of_another(corpus: Path, tmp_path: Path) -> None:
    mine, other = (elsewhere(tmp_path, corpus, name) for name in ("mine", "other"))
    run_here(other)
    before = staged(other)
    assert run_here(mine).pages_read == 4
    vacuum_dataset(mine.dataset, NOW)
    swept = elsewhere(tmp_path, corpus, "mine", ", staging_days: 0")
    run_here(swept)
    assert staged(mine) == set()
    assert staged(other) == before
    assert problems(tmp_path / "other") == ()


def test_places_of_older_recipes_are_swept_and_then_forgotten(corpus: Path, tmp_path: Path) -> None:
    run_here(elsewhere(tmp_path, corpus))
    run_here(recipe_for(tmp_path / "data", corpus, ONLY))
    make_older(tmp_path / "fast", days=30)
    vacuum_dataset(str(tmp_path / "data"), Retention(versions=1))
    assert list((tmp_path / "fast").rglob("*")) == []
    assert not (tmp_path / "data/_staging.json").exists()
    assert problems(tmp_path / "data") == ()


def test_a_note_of_places_that_is_none_is_named(corpus: Path, tmp_path: Path) -> None:
    run_here(elsewhere(tmp_path, corpus))
    (tmp_path / "data/_staging.json").write_text("[]")
    with pytest.raises(IntegrityError, match=r"_staging\.json does not say where"):
        vacuum_dataset(str(tmp_path / "data"), NOW)


def test_staging_that_cannot_be_asked_is_a_note_of_verify(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("GOOGLE_")]:
        monkeypatch.delenv(name)  # so that there are no credentials
    run_here(elsewhere(tmp_path, corpus))
    (tmp_path / "data/_staging.json").write_text('{"staging": ["gs://place"]}')
    with open_session(IN_PROCESS) as session:
        verdict = verify_dataset(str(tmp_path / "data"), session)
    assert verdict.problems == ()
    assert any("gs://place" in note and "not checked" in note for note in verdict.notes)


# ---- what goes --------------------------------------------------------------------------------


def test_staging_goes_after_so_many_days(corpus: Path, tmp_path: Path) -> None:
    recipe = recipe_for(tmp_path / "data", corpus, ONLY)
    run_here(recipe)
    make_older(tmp_path / "data/staging", days=6)
    run_here(recipe)
    assert len(staged(recipe)) == 4  # rows, images, receipt, and the copy of the receipts
    make_older(tmp_path / "data/staging", days=8)
    run_here(recipe)
    assert staged(recipe) == set()
    assert sorted(path.name for path in (tmp_path / "data/staging").rglob("*")) == [
        "inventory",
        "settled.json",
    ]
    assert problems(tmp_path / "data") == ()
    write_pdf(corpus, "new.pdf", first_seed=900, pages=1)
    assert run_here(recipe).pages_read == 1


def test_torn_files_beside_what_links_gave_go_after_a_day(corpus: Path, tmp_path: Path) -> None:
    recipe = recipe_for(tmp_path / "data", corpus, ONLY)
    bodies = tmp_path / "data/staging/links/bodies"
    bodies.mkdir(parents=True)
    for name in ("whole", ".old.tmp"):
        (bodies / name).write_bytes(b"%PDF")
    make_older(bodies, days=2)
    (bodies / ".young.tmp").write_bytes(b"%PDF")
    run_here(recipe)
    assert {path.name for path in bodies.iterdir()} == {"whole", ".young.tmp"}


@pytest.mark.parametrize(("days", "left"), [("0", 0), ("null", 4)])
def test_the_recipe_says_how_long(corpus: Path, tmp_path: Path, days: str, left: int) -> None:
    recipe = recipe_for(tmp_path / "data", corpus, f"{ONLY}placement: {{staging_days: {days}}}\n")
    run_here(recipe)
    make_older(tmp_path / "data/staging", days=999)
    run_here(recipe)
    assert len(staged(recipe)) == left


def test_the_files_of_a_shard_go_together(corpus: Path, tmp_path: Path) -> None:
    """A receipt that is left without its files would be a problem for `verify`."""
    recipe = recipe_for(tmp_path / "data", corpus, ONLY)
    run_here(recipe)
    (images,) = (tmp_path / "data/staging").glob("*/*.images")
    os.utime(images, (0, 0))
    run_here(recipe)
    vacuum_dataset(recipe.dataset, Retention(versions=1, days=0))
    assert problems(tmp_path / "data") == ()
    folders = staged_folders(staging_root(recipe))
    assert Leftovers.among(folders, time.time() - DAY_S) == Leftovers([], [])


def test_pages_that_must_be_read_again_are_counted_before(corpus: Path, tmp_path: Path) -> None:
    (corpus / "copy.pdf").write_bytes(pdf([prose(0) + " coda", prose(1) + " coda"]))
    recipe = recipe_for(tmp_path / "data", corpus, ONLY)
    run_here(recipe)
    dropped = [row for row in rows(tmp_path / "data", "rejects") if row["level"] == "page"]
    assert len(dropped) == 2
    other = recipe_for(tmp_path / "data", corpus, f"{ONLY}dedup: {{near: null}}\n")
    for remains in (True, False):
        data = Path(shutil.copytree(tmp_path / "data", tmp_path / f"data-{remains}"))
        if not remains:
            shutil.rmtree(data / "staging")
        said = io.StringIO()
        with open_session(IN_PROCESS) as session:
            report = run(
                other.model_copy(update={"dataset": str(data)}), session, Console(file=said)
            )
        assert report.pages_read == (0 if remains else 2)
        line = "2 pages are read again: this version needs their rows"
        assert (line in said.getvalue()) is not remains


# ---- the scratch of publishing ----------------------------------------------------------------


class LostLater:
    """A lease that is found lost, or whatever else is raised, just before the first commit."""

    def __init__(self, error: BaseException, scratch: Path) -> None:
        self.error = error
        self.scratch = scratch
        self.saw_scratch = False

    def ensure_held(self) -> None:
        pass

    def check(self) -> None:
        self.saw_scratch = self.scratch.exists()
        raise self.error


@pytest.mark.parametrize(
    ("error", "stays"),
    [(OSError("broken"), False), (KeyboardInterrupt(), False), (LeaseError("lost"), True)],
)
def test_the_scratch_goes_also_when_publishing_fails(
    corpus: Path, tmp_path: Path, error: BaseException, stays: bool
) -> None:
    """But not where another run may hold the dataset by now: the folder may be that run's."""
    recipe = recipe_for(tmp_path / "data", corpus, ONLY)
    scratch = Path(scratch_folder(recipe))
    lease = LostLater(error, scratch)
    with open_session(IN_PROCESS) as session, pytest.raises(type(error)):
        update(recipe, session, Console(file=io.StringIO()), False, lease)
    assert lease.saw_scratch
    assert scratch.exists() is stays
    with hold(recipe.dataset):
        pass
    assert run_here(recipe).committed
    assert not scratch.exists()
