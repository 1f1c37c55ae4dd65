"""A dataset that was really made: its documents, its rejects with their pictures, its versions."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from PIL import Image

from schemas.errors import DatasetError
from schemas.inventory import Document
from schemas.rows import InventoryRow
from tests.pipelines.corpora import pdf, prose, write_pdfs
from tests.pipelines.datasets import recipe_for, run_here
from workers.dataset import commit_parts, open_table
from workers.viewing import Filters, LightRow, Viewed, open_viewed
from workers.viewing.rejected import Redrawer

ONLY = "routing: only\non_missing: remove\nmax_removed: 1\nraster: {longest_edge_px: 300}\n"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Documents of two pages; one with a blank page and a copy of another; and none."""
    folder = write_pdfs(tmp_path_factory.mktemp("corpus"), 3, pages=2)
    (folder / "odd.pdf").write_bytes(pdf([prose(900), "", prose(0), prose(901)]))
    (folder / "bad.pdf").write_text("not a document")
    return folder


@pytest.fixture(scope="module")
def folder(corpus: Path) -> Path:
    """A dataset with two versions: the second has a document more."""
    data = corpus.parent / f"{corpus.name}-data"
    run_here(recipe_for(data, corpus, ONLY))
    (corpus / "later.pdf").write_bytes(pdf([prose(950)]))
    run_here(recipe_for(data, corpus, ONLY))
    return data


@pytest.fixture
def real(folder: Path, index_folder: Path) -> Iterator[Viewed]:
    with open_viewed(str(folder), index_folder=index_folder) as viewed:
        yield viewed


def rejects(viewed: Viewed, reason: str) -> list[LightRow]:
    return list(viewed.select(Filters(table="rejects", reason=reason)).page(0, 10))


def test_each_version_is_opened_by_its_number(folder: Path, real: Viewed) -> None:
    newest, first = real.versions()
    assert (real.version, real.counts["documents"]) == (newest.version, 5)
    with open_viewed(str(folder), first.version) as old:
        assert old.counts["documents"] == 4
        assert old.record["counts"] == dict(old.counts)
    assert [step["step"] for step in real.record["funnel"]][:2] == ["inventory", "read"]


def test_a_document_has_its_pages_kept_and_rejected(real: Viewed) -> None:
    (blank,) = rejects(real, "blank")
    found = real.document(blank.doc_id)
    assert found is not None
    shown = [(page.page_index, page.table, page.reason) for page in found.pages]
    assert shown == [
        (0, "pages", None),
        (1, "rejects", "blank"),
        (2, "rejects", "duplicate"),
        (3, "pages", None),
    ]
    assert (found.pages_total, found.rejects, found.crops) == (4, [], [])
    assert found.row is not None
    assert found.inventory is not None
    assert found.inventory["page_count"] == 4
    some = real.document(blank.doc_id, start=1, count=2)
    assert some is not None
    assert [page.page_index for page in some.pages] == [1, 2]
    (bad,) = rejects(real, "not_a_document")
    none = real.document(bad.doc_id)
    assert none is not None
    assert (none.row, none.pages, none.rejects) == (None, [], [bad])
    assert real.document("0" * 64) is None


def test_crops_are_shown_with_their_pages(viewed: Viewed) -> None:
    crops = viewed.select(Filters(table="crops")).page(0, 10)
    assert len(crops) == 6
    for crop in crops:
        found = viewed.document(crop.doc_id)
        assert found is not None
        assert crop in found.crops
        until = sum((page.page_index or 0) <= (crop.page_index or 0) for page in found.pages)
        without = viewed.document(crop.doc_id, start=until)
        assert without is not None
        assert crop not in without.crops


def test_a_duplicate_has_its_text_and_its_keeper(real: Viewed) -> None:
    (duplicate,) = rejects(real, "duplicate")
    assert duplicate.kept_id is not None
    keeper = real.kept(duplicate.kept_id)
    assert keeper is not None
    row = real.row("pages", keeper.key)
    assert row is not None
    assert real.reject_text(duplicate.key).text == row["text"]
    assert real.duplicates_of(keeper.key) == [duplicate]
    assert real.duplicates_of(duplicate.key) == []
    assert real.kept("0" * 64 + "/00000") is None
    (blank,) = rejects(real, "blank")
    assert real.reject_text(blank.key).text is None
    assert "kept only where its document" in (real.reject_text(blank.key).why_not or "")


def test_a_duplicate_whose_text_is_not_kept_is_read_again(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    texts = [prose(7, words=110), f"{prose(7, words=110)} zebra"]
    for number, text in enumerate(texts):
        (corpus / f"{number}.pdf").write_bytes(pdf([text]))
    run_here(recipe_for(tmp_path / "data", corpus, f"{ONLY}dedup: {{near: {{jaccard: 0.8}}}}\n"))
    with open_viewed(str(tmp_path / "data"), index_folder=tmp_path / "index") as viewed:
        assert viewed.counts["documents"] == 1
        whole, duplicate = sorted(rejects(viewed, "duplicate"), key=lambda row: row.key)
        assert viewed.reject_text(whole.key).text is None
        kept = viewed.row("pages", str(duplicate.kept_id))
        read = viewed.reject_text(duplicate.key)
        assert kept is not None
        assert read.text is not None
        assert read.is_read_again
        assert sorted(text.endswith("zebra") for text in (kept["text"], read.text)) == [False, True]
        (dropped,) = (path for path in corpus.iterdir() if path.name in duplicate.source_uri)
        dropped.unlink()
        assert viewed.reject_text(duplicate.key).is_read_again  # from what is remembered
    with open_viewed(str(tmp_path / "data"), index_folder=tmp_path / "index") as viewed:
        assert viewed.reject_text(duplicate.key).text is None


def test_a_reject_is_drawn_again_as_it_was(real: Viewed) -> None:
    (duplicate,) = rejects(real, "duplicate")
    drawn = real.redraw(duplicate.key)
    assert drawn.picture is not None
    assert duplicate.kept_id is not None
    assert drawn.picture == real.picture("pages", duplicate.kept_id)
    assert drawn.layer_text == real.reject_text(duplicate.key).text
    with Image.open(io.BytesIO(drawn.picture.data)) as opened:
        assert max(opened.size) == 300
    (blank,) = rejects(real, "blank")
    assert real.redraw(blank.key).picture is not None
    (bad,) = rejects(real, "not_a_document")
    assert real.redraw(bad.key).picture is None
    assert "whole document was rejected" in (real.redraw(bad.key).why_not or "")
    assert "no reject of this version" in (real.redraw("x").why_not or "")


def test_what_cannot_be_drawn_again_says_why(corpus: Path, real: Viewed) -> None:
    (blank,) = rejects(real, "blank")
    source = corpus / "odd.pdf"
    there = source.stat()
    kept = shutil.copy2(source, corpus.parent / f"{corpus.name}.kept")
    try:
        source.write_bytes(b"other bytes")
        assert "odd.pdf changed after the inventory" in (real.redraw(blank.key).why_not or "")
        source.unlink()
        assert real.redraw(blank.key).why_not == "no file of the document is there any more"
        # The same size and time, and other bytes.
        source.write_bytes(b"x" * there.st_size)
        shutil.copystat(kept, source)
        assert "holds other bytes by now" in (real.redraw(blank.key).why_not or "")
    finally:
        shutil.copy2(kept, source)
    assert real.redraw(blank.key).picture is not None


def test_settings_of_another_release_are_told(real: Viewed) -> None:
    (blank,) = rejects(real, "blank")
    row = cast(InventoryRow, real.row("inventory", blank.doc_id))
    drawn = Redrawer({"raster": {"no_such_key": 1}}).draw(Document.from_row(row), 1)
    assert drawn.picture is None
    assert "this release does not draw as the version was made" in (drawn.why_not or "")


def test_a_dataset_of_an_earlier_release_lacks_tables(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "data")
    pages = open_table(str(tmp_path / "data" / "pages"))
    assert pages is not None
    versions = {name: pages.metadata["versions"][name] for name in ("documents", "inventory")}
    record = {"versions": versions, "counts": {}, "run_id": "old"}
    commit_parts(str(tmp_path / "data"), "pages", pages.parts, record)  # type: ignore[arg-type]
    with open_viewed(str(tmp_path / "data"), index_folder=tmp_path / "index") as viewed:
        assert {name for name, rows in viewed.counts.items() if rows} == {
            *versions,
            "pages",
        }
        for table in ("crops", "conversations", "rejects"):
            filters = Filters(table=table)  # type: ignore[arg-type]
            assert (viewed.select(filters).total, viewed.facets(filters)) == (0, {})
        page = viewed.select(Filters()).page(0, 1)[0]
        found = viewed.document(page.doc_id)
        assert found is not None
        assert page in found.pages
        assert viewed.duplicates_of(page.key) == []
        crops = viewed.select(Filters(table="crops", search="word"))
        assert (crops.total, crops.looked) == (0, viewed.indexed("crops"))


def test_what_is_no_dataset_or_version_is_told(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="holds no published version"):
        open_viewed(str(tmp_path))
    with pytest.raises(DatasetError, match="versions 0 to"):
        open_viewed(str(folder), 99)
    with pytest.raises(DatasetError, match="version 0 is not a published one"):
        open_viewed(str(folder), 0)
