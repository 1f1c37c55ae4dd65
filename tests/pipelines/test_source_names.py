"""The file names in rows, through the command line: they are stable and hide folders."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from pipelines.cli.app import app
from schemas.errors import RecipeError
from tests.pipelines.corpora import write_pdf
from tests.pipelines.datasets import all_rows, part_names, problems, rows

TABLES = ("pages", "documents", "inventory", "rejects")


class Dataset:
    """A folder of documents and its dataset, which `pagefoundry run` updates."""

    def __init__(self, folder: Path, extra: str = "") -> None:
        folder.mkdir(exist_ok=True)
        self.folder, self.corpus, self.data = folder, folder / "corpus", folder / "data"
        self.recipe = folder / "recipe.yaml"
        self.describe(f"{{documents: {self.corpus}}}", extra)

    def describe(self, source: str, extra: str = "") -> None:
        self.recipe.write_text(f"dataset: {self.data}\nsources: [{source}]\nrouting: only\n{extra}")

    def run(self) -> dict[str, Any]:
        done = call("run", str(self.recipe), "--ray", "in-process", "--json")
        assert done.exit_code == 0, done.stderr
        assert problems(self.data) == ()
        report: dict[str, Any] = json.loads(done.stdout)
        return report

    def names(self) -> list[str]:
        """Return the sources that the rows of pages and documents name, relative to the folder."""
        uris = {row["source_uri"] for name in TABLES[:2] for row in rows(self.data, name)}
        return sorted(name.removeprefix(f"{self.folder}/") for name in uris)

    def changed(self, version: int) -> dict[str, Any]:
        done = call("diff", str(self.data), str(version - 1), str(version), "--json")
        pages: dict[str, Any] = json.loads(done.stdout)["summary"]["pages"]
        return pages


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    created = Dataset(tmp_path)
    write_pdf(created.corpus, "m.pdf", first_seed=1, pages=2)
    return created


def test_a_copy_that_sorts_first_moves_nothing(dataset: Dataset) -> None:
    dataset.run()
    parts = part_names(dataset.data)["pages"]
    shutil.copy(dataset.corpus / "m.pdf", dataset.corpus / "a.pdf")
    version = dataset.run()["version"]
    assert dataset.names() == ["corpus/m.pdf"]
    assert part_names(dataset.data)["pages"] == parts
    assert dataset.changed(version) == {"added": {}, "removed": {}, "changed": {}}
    # Both files are known, so the rows take the other name when the named file is deleted.
    (dataset.corpus / "m.pdf").unlink()
    assert dataset.run()["pages_read"] == 0
    assert dataset.names() == ["corpus/a.pdf"]


@pytest.mark.parametrize("new_name", ["a.pdf", "z.pdf"])
def test_after_a_rename_rows_name_the_file_that_is_there(dataset: Dataset, new_name: str) -> None:
    dataset.run()
    (dataset.corpus / "m.pdf").rename(dataset.corpus / new_name)
    report = dataset.run()
    assert dataset.names() == [f"corpus/{new_name}"]
    assert dataset.changed(report["version"])["changed"] == {"moved": 2}
    assert dataset.run()["committed"] is False
    # No copy is left: the document stays, and so does its last name.
    write_pdf(dataset.corpus, "other.pdf", first_seed=9)
    (dataset.corpus / new_name).unlink()
    dataset.run()
    assert dataset.names() == sorted([f"corpus/{new_name}", "corpus/other.pdf"])


def test_a_first_run_names_the_first_of_equal_files(dataset: Dataset) -> None:
    for name in ("z.pdf", "b.pdf"):
        shutil.copy(dataset.corpus / "m.pdf", dataset.corpus / name)
    dataset.run()
    assert dataset.names() == ["corpus/b.pdf"]


def test_a_name_stands_for_the_folder_everywhere(dataset: Dataset) -> None:
    write_pdf(dataset.corpus, "deep/n.pdf", first_seed=40)
    (dataset.corpus / "bad.pdf").write_text("not a document")
    dataset.describe(f"{{documents: '{dataset.corpus}/**/*.pdf', as: manuals/2026}}")
    assert dataset.run()["pages_read"] == 3
    assert dataset.names() == ["manuals/2026/deep/n.pdf", "manuals/2026/m.pdf"]
    text = json.dumps(all_rows(dataset.data), default=str)
    assert "manuals/2026/bad.pdf" in text
    assert str(dataset.folder) not in text
    # The folder moves; nothing is read or written again.
    moved = dataset.folder / "elsewhere"
    dataset.corpus.rename(moved)
    dataset.describe(f"{{documents: {moved}, as: manuals/2026}}")
    assert dataset.run()["committed"] is False
    # A new document is read from the folder's new place.
    write_pdf(moved, "new.pdf", first_seed=70)
    assert dataset.run()["pages_read"] == 1
    assert "manuals/2026/new.pdf" in dataset.names()


def test_a_name_that_is_given_later_takes_the_folder_out(dataset: Dataset) -> None:
    dataset.run()
    dataset.describe(f"{{documents: {dataset.corpus}, as: manuals}}")
    assert dataset.run()["pages_read"] == 0
    text = json.dumps(all_rows(dataset.data), default=str)
    assert dataset.names() == ["manuals/m.pdf"]
    assert str(dataset.folder) not in text


def test_records_are_named_too(dataset: Dataset) -> None:
    (dataset.folder / "corpus.txt").write_text("A text that is long enough to fill a line.")
    dataset.describe(f"{{text: {dataset.folder / 'corpus.txt'}, as: texts.txt}}")
    assert dataset.run()["pages_read"] == 1
    (name,) = dataset.names()
    assert name.startswith("texts.txt#")


def test_a_mix_keeps_the_names_of_its_first_sources(dataset: Dataset) -> None:
    dataset.run()
    mixed = Dataset(dataset.folder / "mix")
    mixed.describe(f"{{dataset: {dataset.data}}}", "on_missing: remove\nmax_removed: 1\n")
    mixed.run()
    source = str(dataset.corpus / "m.pdf")
    assert {row["source_uri"] for row in rows(mixed.data, "pages")} == {source}
    # Parts of the first dataset are rewritten; the names of its pages stay.
    write_pdf(dataset.corpus, "m2.pdf", first_seed=80)
    dataset.run()
    (dataset.corpus / "m2.pdf").unlink()
    dataset.describe(f"{{documents: {dataset.corpus}}}", "on_missing: remove\nmax_removed: 1\n")
    dataset.run()
    mixed.run()
    assert {row["source_uri"] for row in rows(mixed.data, "pages")} == {source}


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        ("{documents: [a, b], as: x}", "sources.0: `as` names one folder, file or glob"),
        ("{documents: a, as: x}, {text: b, as: x/y}", "sources.1: `as` 'x/y' is not apart"),
        ("{documents: a, as: /x}", "'/x': give a name or a relative path"),
        ("{documents: a, as: ../x}", "'../x': give a name or a relative path"),
    ],
)
def test_names_that_cannot_be_told_apart_are_refused(
    tmp_path: Path, sources: str, message: str
) -> None:
    (tmp_path / "recipe.yaml").write_text(f"dataset: data\nsources: [{sources}]\n")
    done = call("plan", str(tmp_path / "recipe.yaml"), "--ray", "in-process")
    assert isinstance(done.exception, RecipeError)
    assert message in str(done.exception)
