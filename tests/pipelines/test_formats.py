"""A folder of many formats is one dataset, whose ledger is whole; a second run reads nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.recipe import Recipe, parse_recipe
from tests import formats
from tests.pipelines.datasets import problems, rows, run_here

READ = {
    "book.epub": formats.epub([f"<h1>Book</h1><p>{formats.PROSE} It is used on farms.</p>"]),
    "page.html": formats.html(f"<h1>Page</h1><p>{formats.PROSE} It is used in mines.</p>"),
    "notes.md": f"# Notes\n\n{formats.PROSE} It is used on ships.\n".encode(),
    "story.fb2": formats.fb2(text=f"{formats.PROSE} It is used in wells."),
}


def recipe_of(folder: Path) -> Recipe:
    return parse_recipe(
        f"dataset: {folder / 'data'}\nsources: [{{documents: {folder / 'corpus'}}}]\n"
        "routing: only\nraster: {longest_edge_px: 512}\ndedup: {near: {jaccard: 0.95}}\n"
    )


def test_a_folder_of_many_formats_is_one_dataset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # there is no LibreOffice, here or elsewhere
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    others = {"comic.cbz": formats.cbz(2), "letter.docx": formats.docx(), "odd.xhtml": b"no page"}
    for name, data in (READ | others).items():
        (corpus / name).write_bytes(data)
    (corpus / "other.txt").write_text("not listed")
    recipe = recipe_of(tmp_path)
    run_here(recipe)
    dataset = recipe.dataset
    texts = {Path(row["source_uri"]).name: row["text"] for row in rows(dataset, "pages")}
    assert texts.keys() == READ.keys()
    assert texts["book.epub"] == f"# Book\n\n{formats.PROSE} It is used on farms."
    assert {row["text_source"] for row in rows(dataset, "pages")} == {"text_layer"}
    reasons = sorted(row["reason"] for row in rows(dataset, "rejects"))
    assert reasons == [
        "needs_libreoffice", "no_readable_page", "no_text_layer", "no_text_layer", "not_a_document",
    ]  # fmt: skip
    assert problems(dataset) == ()
    before = rows(dataset, "pages")
    again = run_here(recipe)
    assert (again.pages_read, rows(dataset, "pages")) == (0, before)


def test_the_card_of_a_dataset_inside_its_source_is_no_document_of_it(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_bytes(READ["page.html"])
    recipe = parse_recipe(
        f"dataset: {tmp_path / 'data'}\nsources: [{{documents: {tmp_path}}}]\nrouting: only\n"
        "raster: {longest_edge_px: 512}\n"
    )
    run_here(recipe)
    assert (tmp_path / "data/README.md").exists()
    run_here(recipe)
    names = [Path(row["uris"][0]["uri"]).name for row in rows(recipe.dataset, "inventory")]
    assert names == ["page.html"]
