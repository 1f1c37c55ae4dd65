"""A nightly run with nothing new opens no part and starts no Ray; whatever is new is seen."""

from __future__ import annotations

import io
import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from rich.console import Console

from cluster.metrics import SilentSink
from pipelines.dataset.state import load_snapshot
from pipelines.run import Report, run
from schemas.recipe import Recipe
from tests.pipelines.corpora import pdf, prose, write_pdf, write_pdfs
from tests.pipelines.datasets import commit_again, problems, recipe_for, rows, run_here
from workers.dataset import commit_parts
from workers.dataset.card import count_languages

ONLY = "routing: only\n"


@contextmanager
def opened_files() -> Iterator[list[str]]:
    """The paths that Python opens meanwhile."""
    opened: list[str] = []
    listening = True

    def note(event: str, arguments: tuple[object, ...]) -> None:
        if listening and event == "open" and isinstance(arguments[0], str):
            opened.append(arguments[0])

    sys.addaudithook(note)  # for good: a hook cannot be taken off again
    yield opened
    listening = False


class NoSession:
    """A session without any runtime: work fails in it."""

    isolated = False
    metrics = SilentSink()

    def runtime(self, replicas: object = None) -> object:
        raise AssertionError("there was work to do")


def run_idly(recipe: Recipe) -> Report:
    """Run where there is nothing to do, with every part unreadable in place."""
    hidden = Path(recipe.dataset).with_name("hidden")
    hidden.mkdir()
    parts = list(Path(recipe.dataset).glob("*/data/part-*.parquet"))
    assert parts
    for number, part in enumerate(parts):
        part.rename(hidden / str(number))
    try:
        return run(recipe, NoSession(), Console(file=io.StringIO()))  # type: ignore[arg-type]
    finally:
        for number, part in enumerate(parts):
            (hidden / str(number)).rename(part)
        hidden.rmdir()


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return write_pdfs(tmp_path / "corpus", 3, pages=2)


@pytest.fixture
def recipe(corpus: Path, tmp_path: Path) -> Recipe:
    return recipe_for(tmp_path / "data", corpus, ONLY)


def settled_file(recipe: Recipe) -> Path:
    return Path(recipe.dataset) / "staging/inventory/settled.json"


def test_a_run_with_nothing_new_opens_no_part(recipe: Recipe) -> None:
    first = run_here(recipe)
    report = run_idly(recipe)
    assert (report.version, report.committed, report.pages_read) == (1, False, 0)
    assert (report.documents, report.pages, report.counts) == (3, 6, first.counts)
    with opened_files() as opened:
        run_here(recipe)
    assert opened
    assert [path for path in opened if path.endswith(".parquet")] == []


def test_the_card_is_repaired_without_opening_a_part(recipe: Recipe) -> None:
    run_here(recipe)
    card = Path(recipe.dataset) / "README.md"
    before = card.read_bytes()
    card.unlink()
    run_idly(recipe)
    assert card.read_bytes() == before
    run_idly(recipe.model_copy(update={"license": "cc0-1.0"}))
    assert b"license: cc0-1.0" in card.read_bytes()


def test_where_nothing_was_left_it_is_left_again(recipe: Recipe) -> None:
    run_here(recipe)
    kept = settled_file(recipe).read_bytes()
    for damage in (None, b"", b"[1]", b'{"version": 1}'):
        settled_file(recipe).unlink()
        if damage is not None:
            settled_file(recipe).write_bytes(damage)
        assert run_here(recipe).committed is False
        assert settled_file(recipe).read_bytes() == kept
        run_idly(recipe)


def test_a_missing_file_that_is_kept_is_compared_once(corpus: Path, recipe: Recipe) -> None:
    run_here(recipe)
    (corpus / "2.pdf").unlink()
    report = run_here(recipe)
    assert (report.committed, report.documents) == (False, 3)
    assert run_idly(recipe).documents == 3


def test_what_is_new_is_read_and_what_is_gone_goes(corpus: Path, recipe: Recipe) -> None:
    recipe = recipe.model_copy(update={"on_missing": "remove", "max_removed": 1.0})
    run_here(recipe)
    write_pdf(corpus, "0.pdf", first_seed=700, pages=3)
    assert run_here(recipe).pages_read == 3
    (corpus / "1.pdf").unlink()
    assert run_here(recipe).documents == 2
    write_pdf(corpus, "3.pdf", first_seed=900, pages=1)
    assert run_here(recipe).pages_read == 1
    run_idly(recipe)
    assert problems(Path(recipe.dataset)) == ()


def test_other_settings_and_other_versions_are_not_taken_for_settled(
    corpus: Path, recipe: Recipe
) -> None:
    run_here(recipe)
    other = recipe_for(Path(recipe.dataset), corpus, f"{ONLY}dedup: {{near: null}}\n")
    assert run_here(other).committed is True
    run_idly(other)
    commit_again(recipe.dataset, run_id="of another run")
    settled = json.loads(settled_file(recipe).read_text())
    assert run_here(other).version == 3
    assert json.loads(settled_file(recipe).read_text()) == settled | {
        "version": 3,
        "run_id": "of another run",
    }


def test_a_file_that_cannot_be_read_is_tried_again(corpus: Path, recipe: Recipe) -> None:
    (corpus / "broken.pdf").symlink_to(corpus / "nowhere.pdf")
    assert len(run_here(recipe).unreadable) == 1
    assert not settled_file(recipe).exists()
    assert len(run_here(recipe).unreadable) == 1
    (corpus / "broken.pdf").unlink()
    run_here(recipe)
    run_idly(recipe)


def test_languages_add_up_over_refreshes(corpus: Path, recipe: Recipe) -> None:
    recipe = recipe.model_copy(update={"on_missing": "remove", "max_removed": 1.0})
    for number in range(4):
        run_here(recipe)
        snapshot = load_snapshot(recipe.dataset)
        assert snapshot is not None
        counted = count_languages(snapshot.tables["pages"])
        assert snapshot.metadata["languages"] == dict(counted)
        assert sum(counted.values()) == len(rows(Path(recipe.dataset), "pages"))
        (corpus / f"{number}.pdf").unlink(missing_ok=True)
        german = "Der schnelle braune Fuchs springt über den faulen Hund und läuft davon. "
        (corpus / f"new-{number}.pdf").write_bytes(
            pdf([german * (number + 3) + str(number), prose(500 + number)])
        )


def test_a_version_from_before_is_counted_once(recipe: Recipe) -> None:
    run_here(recipe)
    snapshot = load_snapshot(recipe.dataset)
    assert snapshot is not None
    card = (Path(recipe.dataset) / "README.md").read_bytes()
    said = {key: value for key, value in snapshot.metadata.items() if key != "languages"}
    commit_parts(recipe.dataset, "pages", snapshot.tables["pages"].parts, said | {"older": True})
    shutil.rmtree(Path(recipe.dataset) / "staging")
    run_here(recipe)
    again = (Path(recipe.dataset) / "README.md").read_bytes()
    assert again == card.replace(b"Version 1", b"Version 2").replace(b"version=1", b"version=2")
    run_idly(recipe)
