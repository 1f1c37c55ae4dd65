"""Vacuum removes what no retained version needs, and leaves the retained ones as they were."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

import duckdb
import pytest
from deltalake import DeltaTable
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from pipelines.cli.app import app
from pipelines.dataset.vacuum import Retention, Vacuumed, retained, vacuum_dataset
from schemas.errors import DatasetError, LeaseError
from schemas.recipe import Recipe
from schemas.tables import TABLES
from tests.faults.consumer import read_version
from tests.faults.crash_points import KILLED, CrashPoint, run_until
from tests.pipelines.corpora import write_pdf
from tests.pipelines.datasets import part_names, problems, recipe_for, rows, run_here
from workers.dataset import write_part
from workers.dataset.lease import hold
from workers.dataset.vacuum import named_parts

SETTINGS = "routing: only\non_missing: remove\nmax_removed: 1\n"
VERSIONS = 4
DAY_S = 86_400
NOW = Retention(versions=1, grace_hours=0)
"""Everything that the newest version does not need, at once."""


def shift(corpus: Path, version: int) -> None:
    """Two documents; from one version to the next the older leaves and one comes."""
    for path in corpus.glob("*.pdf"):
        path.unlink()
    for number in (version, version + 1):
        write_pdf(corpus, f"{number}.pdf", first_seed=10 * number, pages=2)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Versions 1 to 4, in each of which a document came and one left; all staging is there."""
    folder = tmp_path_factory.mktemp("vacuum")
    for version in range(1, VERSIONS + 1):
        shift(folder / "corpus", version)
        run_here(recipe_for(folder / "data", folder / "corpus", SETTINGS))
    return folder


@pytest.fixture
def dataset(published: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(published / "data", tmp_path / "data"))


def counts(done: Vacuumed) -> dict[str, int]:
    return {item.what: item.files for item in done.removed}


def files(dataset: Path) -> dict[str, int]:
    """What lies in the dataset, but for the lease."""
    return {
        str(path.relative_to(dataset)): path.stat().st_size
        for path in dataset.rglob("*")
        if path.is_file() and "lease" not in path.name
    }


def part_files(dataset: Path, table: str) -> list[str]:
    return sorted(f"data/{path.name}" for path in (dataset / table / "data").iterdir())


@pytest.mark.parametrize("keep", range(1, VERSIONS + 1))
def test_retained_versions_read_as_before_and_older_ones_are_gone(dataset: Path, keep: int) -> None:
    before = {version: read_version(dataset, version) for version in range(1, VERSIONS + 1)}
    done = vacuum_dataset(str(dataset), Retention(versions=keep))
    oldest = VERSIONS - keep + 1
    assert done.kept_versions == tuple(range(oldest, VERSIONS + 1))
    assert done.dropped_versions == tuple(range(1, oldest))
    assert problems(dataset) == ()
    for version in range(oldest, VERSIONS + 1):
        assert read_version(dataset, version) == before[version]
    for version in range(1, oldest):
        with pytest.raises(DatasetError, match=rf"has versions {oldest} to 4, not {version}"):
            rows(dataset, "pages", version)


def test_a_bare_glob_sees_the_current_rows_when_only_they_are_kept(dataset: Path) -> None:
    current = [row["page_id"] for row in rows(dataset, "pages")]
    glob = f"select page_id from '{dataset}/pages/data/*.parquet' order by 1"
    assert len(duckdb.sql(glob).fetchall()) > len(current)
    vacuum_dataset(str(dataset), NOW)
    assert [row[0] for row in duckdb.sql(glob).fetchall()] == current
    assert {table: part_files(dataset, table) for table in ("pages", "documents")} == {
        table: names
        for table, names in part_names(dataset).items()
        if table in ("pages", "documents")
    }


def test_what_is_said_to_go_is_what_goes(dataset: Path) -> None:
    before = files(dataset)
    planned = vacuum_dataset(str(dataset), NOW, dry_run=True)
    assert files(dataset) == before
    done = vacuum_dataset(str(dataset), NOW)
    assert (done.removed, done.dropped_versions) == (planned.removed, planned.dropped_versions)
    after = files(dataset)
    gone = before.keys() - after.keys()
    assert sum(item.files for item in done.removed) == len(gone)
    assert sum(item.bytes for item in done.removed) == sum(before[name] for name in gone)
    # A checkpoint for each table whose log was cut, and its hint.
    assert all("_delta_log/" in name for name in after.keys() - before.keys())


def test_a_second_vacuum_finds_nothing(dataset: Path) -> None:
    vacuum_dataset(str(dataset), NOW)
    assert set(counts(vacuum_dataset(str(dataset), NOW)).values()) == {0}


def test_a_run_goes_on_from_what_is_left(dataset: Path, published: Path, tmp_path: Path) -> None:
    corpus = Path(shutil.copytree(published / "corpus", tmp_path / "corpus"))
    shift(corpus, VERSIONS + 1)
    kept = Path(shutil.copytree(dataset, tmp_path / "kept"))
    vacuum_dataset(str(dataset), NOW)
    for path in (dataset, kept):
        report = run_here(recipe_for(path, corpus, SETTINGS))
        assert (report.version, report.pages_read) == (VERSIONS + 1, 2)
    assert read_version(dataset) == read_version(kept)
    assert part_names(dataset) == part_names(kept)
    assert problems(dataset) == ()


# ---- leftovers and staging --------------------------------------------------------------------


@pytest.fixture
def unpublished(dataset: Path, published: Path, tmp_path: Path) -> Recipe:
    """The next version of the corpus, read by a run that did not come to publish it."""
    corpus = Path(shutil.copytree(published / "corpus", tmp_path / "corpus"))
    shift(corpus, VERSIONS + 1)
    elsewhere = Path(shutil.copytree(dataset, tmp_path / "elsewhere"))
    run_here(recipe_for(elsewhere, corpus, SETTINGS))
    shutil.copytree(elsewhere / "staging", dataset / "staging", dirs_exist_ok=True)
    return recipe_for(dataset, corpus, SETTINGS)


def make_older(path: Path, days: float) -> None:
    then = time.time() - days * DAY_S
    os.utime(path, (then, then))


def test_leftovers_go_when_they_are_old_enough(dataset: Path) -> None:
    part = write_part(str(dataset), "pages", [])
    young, old = dataset / "pages" / part.path, dataset / "pages/data/.old.tmp"
    torn = dataset / "pages/_delta_log/00000000000000000005.json#1"
    for path in (old, torn):
        path.write_bytes(b"torn")
        make_older(path, days=2)
    done = vacuum_dataset(str(dataset), Retention(versions=VERSIONS))
    assert counts(done)["leftovers of publishes that were killed"] == 2
    assert (done.waiting.files, young.exists(), old.exists(), torn.exists()) == (
        1,
        True,
        False,
        False,
    )
    vacuum_dataset(str(dataset), Retention(versions=VERSIONS, grace_hours=0))
    assert not young.exists()


def test_what_a_killed_publish_has_committed_is_not_torn_from_its_table(
    dataset: Path, unpublished: Recipe
) -> None:
    """It died after the first commits: the next run repeats it, and meanwhile each table opens."""
    assert run_until(unpublished, CrashPoint("pages-commit", "before")) == KILLED["before"]
    vacuum_dataset(str(dataset), NOW)
    for table in TABLES:
        DeltaTable(str(dataset / table)).to_pyarrow_table()
    assert problems(dataset) == ()
    report = run_here(unpublished)
    assert (report.version, report.pages_read) == (VERSIONS + 1, 0)
    assert problems(dataset) == ()


def test_staging_of_published_pages_goes_and_that_of_a_run_to_come_stays(
    dataset: Path, unpublished: Recipe
) -> None:
    staged = dataset / "staging" / unpublished.digest()
    assert len(list(staged.glob("*.json"))) == VERSIONS + 1
    done = vacuum_dataset(str(dataset), NOW)
    assert counts(done)["staged receipts"] == VERSIONS
    assert len(list(staged.glob("*.json"))) == 1
    assert run_here(unpublished).pages_read == 0
    assert problems(dataset) == ()


def test_staging_of_another_digest_goes_once_it_is_older_than_the_newest_version(
    dataset: Path,
) -> None:
    folder = dataset / "staging" / ("0" * 16)
    folder.mkdir()
    old, young = folder / "a.images", folder / "b.images"
    for path in (old, young):
        path.write_bytes(b"image")
    make_older(old, days=3)
    vacuum_dataset(str(dataset), Retention(versions=VERSIONS))
    assert (old.exists(), young.exists()) == (False, True)


# ---- requests ---------------------------------------------------------------------------------


def test_a_dataset_that_a_run_holds_is_left_alone(dataset: Path) -> None:
    before = files(dataset)
    with hold(str(dataset)), pytest.raises(LeaseError, match="held by another run"):
        vacuum_dataset(str(dataset), NOW)
    assert files(dataset) == before


def test_where_nothing_is_published_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="holds no published version"):
        vacuum_dataset(str(tmp_path / "nowhere"), NOW)
    assert not (tmp_path / "nowhere").exists()


def test_every_part_of_every_version_is_named_by_the_log(dataset: Path) -> None:
    for table in TABLES:
        uri = str(dataset / table)
        assert named_parts(uri) == frozenset(part_files(dataset, table))
    vacuum_dataset(str(dataset), Retention(versions=2))
    for table in TABLES:  # now from a checkpoint and the commits after it
        uri = str(dataset / table)
        assert named_parts(uri) == frozenset(part_files(dataset, table))


def test_the_command_says_what_went_and_what_stays(dataset: Path) -> None:
    before = files(dataset)
    arguments = ["vacuum", str(dataset), "--keep-versions", "2"]
    planned = CliRunner().invoke(app, [*arguments, "--dry-run", "--json"])
    said = json.loads(planned.stdout)
    assert (said["kept_versions"], said["dropped_versions"], said["dry_run"]) == (
        [3, 4],
        [1, 2],
        True,
    )
    assert files(dataset) == before
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["versions", "dropped", "1,", "2"] in lines
    for item in said["removed"]:
        assert any(
            line[:-2] == item["what"].split() and line[-2] == str(item["files"]) for line in lines
        )


@pytest.mark.parametrize("wrong", [["--keep-versions", "0"], ["--keep-days", "-1"]])
def test_the_newest_version_cannot_be_dropped(dataset: Path, wrong: list[str]) -> None:
    assert CliRunner().invoke(app, ["vacuum", str(dataset), *wrong]).exit_code == 2


# ---- which versions stay ----------------------------------------------------------------------

DAILY = [(version, version * float(DAY_S)) for version in range(10, 0, -1)]
"""Version n is published on day n, at midnight."""


@pytest.mark.parametrize(
    ("retention", "kept"),
    [
        (Retention(versions=1), {10}),
        (Retention(versions=3), {8, 9, 10}),
        (Retention(versions=99), set(range(1, 11))),
        # Half a day ago 10 was the newest; a day and a half ago, 9 was.
        (Retention(days=0), {10}),
        (Retention(days=0.25), {10}),
        (Retention(days=1), {9, 10}),
        (Retention(days=2), {8, 9, 10}),
        (Retention(versions=4, days=1), {7, 8, 9, 10}),
        (Retention(versions=1, days=2), {8, 9, 10}),
        (Retention(), {3, 4, 5, 6, 7, 8, 9, 10}),
    ],
)
def test_versions_stay_by_number_or_by_when_they_were_the_newest(
    retention: Retention, kept: set[int]
) -> None:
    assert retained(DAILY, retention, now_s=10.5 * DAY_S) == kept


@given(
    st.lists(st.floats(0, 100), min_size=1, max_size=8),
    st.none() | st.integers(1, 9),
    st.none() | st.floats(0, 50),
)
def test_the_newest_and_its_next_stay_whatever_the_clock_said(stamps, versions, days) -> None:
    published = [(len(stamps) - place, stamp) for place, stamp in enumerate(stamps)]
    kept = retained(published, Retention(versions, days), now_s=100)
    numbers = [version for version, _ in published]
    assert kept == frozenset(numbers[: len(kept)])  # no gap, and the newest is there
    assert len(kept) >= min(versions or 1, len(numbers))
