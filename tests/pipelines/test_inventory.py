"""The inventory opens each new file once, and reports the files that it could not open."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from cluster.progress import meter
from cluster.session import IN_PROCESS, open_session
from pipelines.inventory import Inventory, take_inventory
from schemas.inventory import Document
from tests import formats
from tests.pipelines.corpora import write_pdf
from tests.pipelines.datasets import recipe_for, run_here


def take(corpus: Path, known: list[Document], staging: Path | None) -> Inventory:
    recipe = recipe_for(corpus.parent / "data", corpus)
    with (
        open_session(IN_PROCESS) as session,
        meter(Console(file=io.StringIO()), "inventory", "files") as progress,
    ):
        return take_inventory(recipe, known, staging and str(staging), session, progress)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    for number in range(40):
        write_pdf(tmp_path / "corpus", f"{number}.pdf", first_seed=number)
    return tmp_path / "corpus"


def test_known_files_are_not_opened_again(corpus: Path) -> None:
    first = take(corpus, [], None)
    assert (first.examined, first.page_count) == (40, 40)
    write_pdf(corpus, "new.pdf", first_seed=99, pages=2)
    second = take(corpus, first.documents, None)
    assert (second.examined, second.page_count) == (1, 42)


def test_what_was_staged_before_a_kill_is_not_opened_again(corpus: Path, tmp_path: Path) -> None:
    first = take(corpus, [], tmp_path / "staging")
    second = take(corpus, [], tmp_path / "staging")
    assert (second.examined, second.documents) == (0, first.documents)
    (chunk, *_) = (tmp_path / "staging/inventory").iterdir()
    lost = len(chunk.read_text().splitlines())
    chunk.unlink()
    third = take(corpus, [], tmp_path / "staging")
    assert (third.examined, third.documents) == (lost, first.documents)


def test_a_file_whose_program_is_missing_is_opened_in_every_run_until_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "a.docx").write_bytes(formats.docx())
    (corpus / "a.md").write_text(formats.MARKDOWN)
    monkeypatch.setenv("PATH", str(tmp_path))
    first = take(corpus, [], tmp_path / "staging")
    assert {document.reason for document in first.documents} == {None, "needs_libreoffice"}
    again = take(corpus, [], tmp_path / "staging")
    assert (again.examined, again.documents) == (1, first.documents)
    refreshed = take(corpus, first.documents, None)
    assert (refreshed.examined, refreshed.documents) == (1, first.documents)


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-9], lambda data: b"{}", lambda data: b"\xff"]
)
def test_a_torn_file_of_the_inventory_is_made_again(
    damage: Callable[[bytes], bytes], corpus: Path, tmp_path: Path
) -> None:
    first = take(corpus, [], tmp_path / "staging")
    (chunk, *_) = (tmp_path / "staging/inventory").iterdir()
    whole = chunk.read_bytes()
    chunk.write_bytes(damage(whole))
    second = take(corpus, [], tmp_path / "staging")
    assert (second.examined, second.documents) == (len(whole.splitlines()), first.documents)
    assert chunk.read_bytes() == whole


def test_order_of_listing_and_chunks_changes_nothing(corpus: Path, tmp_path: Path) -> None:
    whole = take(corpus, [], None).documents
    half = [document for document in whole if document.doc_id < "8"]
    assert take(corpus, half, None).documents == whole


def test_a_file_that_cannot_be_opened_is_said_and_costs_no_other(corpus: Path) -> None:
    loop = corpus / "loop.pdf"
    loop.symlink_to(loop)
    dangling = corpus / "dangling.pdf"
    dangling.symlink_to(corpus / "nowhere.pdf")
    report = run_here(recipe_for(corpus.parent / "data", corpus, "routing: only\n"))
    assert report.counts["pages"] == 40
    assert {Path(uri).name for uri in report.unreadable} == {"loop.pdf", "dangling.pdf"}
