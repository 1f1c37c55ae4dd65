"""A corpus that lists name by its paths: the same pages as its folder, and refreshes of both."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from cluster.progress import meter
from cluster.session import IN_PROCESS, open_session
from pipelines.inventory import Inventory, take_inventory
from pipelines.run import run
from schemas.errors import SourceError
from schemas.inventory import Document
from schemas.recipe import Recipe, parse_recipe
from tests.containers import Corpus, as_folder, parquet_of, zip_of
from tests.pipelines.corpora import pdf, prose
from tests.pipelines.datasets import problems, rows, run_here

NAMES = ("one.pdf", "deep/two.pdf", "three.pdf", "four.pdf")


@pytest.fixture(scope="module")
def corpus() -> dict[str, bytes]:
    return {name: pdf([prose(4000 + seed)]) for seed, name in enumerate(NAMES)}


@pytest.fixture
def files(corpus: Corpus, tmp_path: Path) -> Path:
    as_folder(corpus, tmp_path / "files")
    return tmp_path / "files"


def recipe_of(folder: Path, extra: str = "", paths: str = "", source: str = "") -> Recipe:
    return parse_recipe(
        f"dataset: {folder}/data\nrouting: only\n{extra}sources:\n"
        f"- documents: {folder}/list.jsonl\n  paths: {{{paths}}}\n{source}"
    )


def write_list(folder: Path, *paths: str) -> int:
    """Write a list of paths; what is read of it: its head, and then all of it."""
    return 2 * (folder / "list.jsonl").write_text(
        "".join(json.dumps({"path": path, "n": n}) + "\n" for n, path in enumerate(paths))
    )


def taken(recipe: Recipe, known: list[Document]) -> Inventory:
    with (
        open_session(IN_PROCESS) as session,
        meter(Console(file=io.StringIO()), "inventory", "files") as progress,
    ):
        return take_inventory(recipe, known, None, session, progress)


def uris(documents: list[Document]) -> set[str]:
    return {file.uri for document in documents for file in document.files}


def test_a_list_gives_the_same_rows_as_the_folder(files: Path, tmp_path: Path) -> None:
    plain = parse_recipe(
        f"dataset: {tmp_path}/plain\nrouting: only\nsources: [{{documents: {files}}}]"
    )
    run_here(plain)
    write_list(tmp_path, *(f"files/{name}" for name in NAMES), f"{files}/one.pdf")
    recipe = recipe_of(tmp_path)
    report = run_here(recipe)
    assert problems(tmp_path / "data") == ()
    assert rows(tmp_path / "data", "pages") == rows(tmp_path / "plain", "pages")
    assert report.counts["rejects"] == 0
    again = run_here(recipe)
    assert (again.committed, again.pages_read) == (False, 0)


def test_no_file_is_opened_where_neither_list_nor_files_changed(
    files: Path, tmp_path: Path
) -> None:
    write_list(tmp_path, *(f"files/{name}" for name in NAMES), "files/gone.pdf")
    recipe = recipe_of(tmp_path)
    run_here(recipe)
    printed = io.StringIO()
    with open_session(IN_PROCESS) as session:
        run(recipe, session, Console(file=printed))
    assert "nothing is new" in printed.getvalue()
    assert "inventory" not in printed.getvalue()  # the listing was enough


def test_a_refresh_opens_what_changed(corpus: Corpus, files: Path, tmp_path: Path) -> None:
    names = [f"files/{name}" for name in NAMES]
    size = write_list(tmp_path, *names)
    recipe = recipe_of(tmp_path, "on_missing: remove\n")
    before = taken(recipe, [])
    assert uris(before.documents) == {f"{tmp_path}/{name}" for name in names}
    assert before.bytes_read == size + sum(map(len, corpus.values()))
    same = taken(recipe, before.documents)
    assert (same.documents, same.examined, same.bytes_read) == (before.documents, 0, size)

    # one is other, four has another name, two has left the list, seven is new, three is gone
    news = {"one.pdf": pdf([prose(4100)]), "seven.pdf": pdf([prose(4101)])}
    as_folder(news, files)
    (files / "four.pdf").rename(files / "renamed.pdf")
    (files / "three.pdf").unlink()
    left = ["seven.pdf", "renamed.pdf", "three.pdf", "one.pdf"]
    size = write_list(tmp_path, *(f"files/{name}" for name in left))
    now = taken(recipe, before.documents)
    assert now.examined == 3
    read = sum(map(len, news.values())) + len(corpus["four.pdf"])
    assert now.bytes_read == size + read
    assert uris(now.documents) == {f"{files}/{name}" for name in left}
    (gone,) = [d for d in now.documents if d.reason]
    assert (gone.source_uri, gone.reason) == (f"{files}/three.pdf", "no_file")
    assert now.documents == taken(recipe, []).documents  # as if nothing had been known


def test_a_file_that_is_gone_follows_on_missing(
    corpus: Corpus, files: Path, tmp_path: Path
) -> None:
    write_list(tmp_path, *(f"files/{name}" for name in NAMES), "files/never.pdf")
    keep, remove = recipe_of(tmp_path), recipe_of(tmp_path, "on_missing: remove\n")
    before = taken(keep, []).documents
    assert [d.source_uri for d in before if d.reason] == [f"{files}/never.pdf"]
    (files / "one.pdf").unlink()
    assert taken(keep, before).documents == before
    gone = taken(remove, before).documents
    assert {d.source_uri for d in gone if d.reason} == {
        f"{files}/{name}.pdf" for name in ("one", "never")
    }
    assert len(gone) == len(before)
    # Both are there again.
    (files / "one.pdf").write_bytes(corpus["one.pdf"])
    (files / "never.pdf").write_bytes(pdf([prose(4200)]))
    assert [d.reason for d in taken(remove, gone).documents] == [None] * 5
    # An entry that leaves its list is a file that is gone.
    write_list(tmp_path, "files/four.pdf")
    assert uris(taken(remove, before).documents) == {f"{files}/four.pdf"}
    assert uris(taken(keep, before).documents) == uris(before)


def test_what_a_list_may_not_name_is_in_the_ledger(files: Path, tmp_path: Path) -> None:
    words = ["../secret.pdf", "https://example.org/a.pdf", "ftp://example.org/b.pdf", "files"]
    write_list(tmp_path, "files/one.pdf", *words)
    recipe = recipe_of(tmp_path)
    run_here(recipe)
    assert problems(tmp_path / "data") == ()
    rejects = {row["source_uri"]: row["reason"] for row in rows(tmp_path / "data", "rejects")}
    assert rejects == {
        **{f"{tmp_path}/list.jsonl!{word}": "no_file" for word in words[:3]},
        f"{tmp_path}/files": "no_file",
    }
    assert run_here(recipe).committed is False


def test_a_list_names_containers_and_tables(corpus: Corpus, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zip_of(dict(list(corpus.items())[:2])))
    (tmp_path / "table").write_bytes(parquet_of(dict(list(corpus.items())[2:])))
    write_list(tmp_path, "a.zip", "table")
    recipe = recipe_of(tmp_path, source="  column: content\n")
    found = taken(recipe, []).documents
    assert uris(found) == {
        *(f"{tmp_path}/a.zip!{name}" for name in NAMES[:2]),
        *(f"{tmp_path}/table!{row}" for row in range(2)),
    }
    assert taken(recipe, found).examined == 0
    some = taken(recipe_of(tmp_path, source="  members: ['deep/*']\n"), found).documents
    assert {uri for uri in uris(some) if "a.zip" in uri} == {f"{tmp_path}/a.zip!deep/two.pdf"}


def test_a_base_may_have_a_name_and_move(files: Path, tmp_path: Path) -> None:
    listed = f"{tmp_path}/list.jsonl"
    write_list(tmp_path, *NAMES, listed)

    def recipe(folder: Path) -> Recipe:
        return recipe_of(tmp_path, paths=f"base: {folder}", source="  as: scans\n")

    before = taken(recipe(files), []).documents
    assert uris([d for d in before if not d.reason]) == {f"scans/{name}" for name in NAMES}
    assert [d.reason for d in before if d.reason] == ["no_file"]  # it is not below the base
    moved = files.rename(tmp_path / "moved")
    again = taken(recipe(moved), [d for d in before if not d.reason])
    assert again.examined == 0
    assert uris([d for d in again.documents if not d.reason]) == {f"scans/{name}" for name in NAMES}
    (moved / "one.pdf").unlink()
    kept = taken(recipe(moved), before).documents  # `on_missing: keep` knows it by its name
    assert [d.doc_id for d in kept if not d.reason] == [d.doc_id for d in before if not d.reason]
    assert [d.source_uri for d in kept if d.reason] == [f"{tmp_path}/list.jsonl!{listed}"]


def test_two_lists_and_a_folder_share_a_file(files: Path, tmp_path: Path) -> None:
    write_list(tmp_path, "files/one.pdf", "files/two.pdf")
    (tmp_path / "other.txt").write_text("files/one.pdf\nfiles/two.pdf\n")
    recipe = parse_recipe(
        f"dataset: {tmp_path}/data\nrouting: only\nsources:\n"
        f"- documents: [{tmp_path}/list.jsonl, {tmp_path}/other.txt]\n  paths: {{}}\n"
        f"- documents: {files}\n"
    )
    found = taken(recipe, [])
    assert uris(found.documents) == {f"{files}/{name}" for name in (*NAMES, "two.pdf")}
    assert found.examined == len(NAMES)


def test_a_damaged_list_stops_the_run_and_costs_no_document(files: Path, tmp_path: Path) -> None:
    write_list(tmp_path, *(f"files/{name}" for name in NAMES))
    recipe = recipe_of(tmp_path, "on_missing: remove\n")
    run_here(recipe)
    (tmp_path / "list.jsonl").write_bytes(b"PAR1 and nothing more")
    with pytest.raises(SourceError, match=r"list\.jsonl cannot be read as a list of paths"):
        run_here(recipe)
    assert len(rows(tmp_path / "data", "documents")) == len(NAMES)
