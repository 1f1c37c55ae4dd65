"""A search finds the same by the index, by reading, and by some of both, and says how far it is."""

from __future__ import annotations

import multiprocessing
import shutil
import threading
from collections.abc import Iterator, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
import pytest

from schemas.errors import DatasetError, RequestError
from tests.benchmarks.view_dataset import CHINESE
from workers.dataset import TableVersion, open_table, read_part
from workers.viewing import Filters, Looked, Snippet, Viewed, open_viewed
from workers.viewing.recent import Recent
from workers.viewing.searching import Searcher
from workers.viewing.text_index import IndexTask, TextIndex, index_part
from workers.viewing.words import Search

SEARCHES = ("the", "The of", '"kiln glaze"', CHINESE, "nothinglikethis", "spoke length")
LONG_S = 60.0


@pytest.fixture(scope="module")
def pages(dataset: str) -> TableVersion:
    table = open_table(f"{dataset}/pages")
    assert table is not None
    assert len(table.parts) == 3
    return table


@pytest.fixture(scope="module")
def texts(pages: TableVersion) -> list[str]:
    return [
        text for part in pages.parts for text in read_part(pages.part_uri(part))["text"].to_pylist()
    ]


@pytest.fixture
def index(pages: TableVersion, index_folder: Path) -> Iterator[TextIndex]:
    opened = TextIndex(index_folder, [pages])
    yield opened
    opened.close()


def make(index_folder: Path, pages: TableVersion, *numbers: int) -> None:
    """Index some parts in this process."""
    for number in numbers:
        part = pages.parts[number]
        task = IndexTask(pages.part_uri(part), index_folder / f"{part.sha256}-1.sqlite")
        assert list(index_part(task))[-1] == part.rows


def found(index: TextIndex, pages: TableVersion, search: str, wait_s: float = LONG_S) -> list[int]:
    searcher = Searcher(index, wait_s)
    try:
        numbers, looked = searcher.find(pages, Search.of(search))
    finally:
        searcher.close()
    assert looked == Looked(300, 300)
    assert looked.is_whole
    return numbers.tolist()


@pytest.mark.parametrize("indexed", [(), (1,), (0, 1, 2)])
def test_rows_are_found_with_and_without_an_index(
    index: TextIndex, pages: TableVersion, texts: list[str], index_folder: Path, indexed: tuple[int]
) -> None:
    make(index_folder, pages, *indexed)
    assert index.rows(pages) == sum(pages.parts[number].rows for number in indexed)
    for search in SEARCHES:
        wanted = Search.of(search)
        plainly = [number for number, text in enumerate(texts) if wanted.is_in(text)]
        assert found(index, pages, search) == plainly
    assert found(index, pages, "!?") == []


def test_a_search_that_is_asked_again_goes_on(index: TextIndex, pages: TableVersion) -> None:
    searcher = Searcher(index, wait_s=0.0)
    search = Search.of("the")
    looked, seen = Looked(0, 300), []
    try:
        while not looked.is_whole:
            numbers, looked = searcher.find(pages, search)
            assert set(seen) <= set(numbers.tolist())
            seen = numbers.tolist()
    finally:
        searcher.close()
    assert seen == found(index, pages, "the")


def test_threads_that_search_for_different_words_get_their_own(
    index: TextIndex, pages: TableVersion
) -> None:
    searcher = Searcher(index, wait_s=0.01)
    results: dict[str, list[int]] = {}

    def ask(word: str) -> None:
        while True:
            numbers, looked = searcher.find(pages, Search.of(word))
            if looked.is_whole:
                results[word] = numbers.tolist()
                return

    threads = [threading.Thread(target=ask, args=(word,)) for word in SEARCHES]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    searcher.close()
    assert results == {word: found(index, pages, word) for word in SEARCHES}


def test_an_index_that_is_damaged_is_deleted_and_the_texts_are_read(
    index: TextIndex, pages: TableVersion, index_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    make(index_folder, pages, 0)
    (path,) = index_folder.glob("*.sqlite")
    path.write_bytes(b"not a database" * 100)
    assert found(index, pages, "the") == found(TextIndex(index_folder, []), pages, "the")
    assert not path.exists()
    assert "is damaged (file is not a database)" in caplog.text


def test_an_index_is_whole_or_not_there(
    index: TextIndex, pages: TableVersion, index_folder: Path
) -> None:
    part = pages.parts[0]
    making = index_part(IndexTask(pages.part_uri(part), index_folder / f"{part.sha256}-1.sqlite"))
    assert next(making) == part.rows
    assert not index.has(part.sha256)
    making.close()
    assert list(index_folder.iterdir()) == []


def test_a_part_that_is_gone_is_told(index: TextIndex, pages: TableVersion, tmp_path: Path) -> None:
    shutil.copytree(pages.uri, tmp_path / "pages")
    copy = open_table(str(tmp_path / "pages"))
    assert copy is not None
    for part in (tmp_path / "pages" / "data").iterdir():
        part.unlink()
    searcher = Searcher(index, LONG_S)
    with pytest.raises(DatasetError, match="is gone: the version was removed"):
        searcher.find(copy, Search.of("the"))
    searcher.close()


def test_the_index_is_made_beside_and_follows_the_parts(dataset: str, index_folder: Path) -> None:
    index_folder.mkdir()
    other = index_folder / f"{'0' * 64}-1.sqlite"
    other.write_text("the index of a part that is gone")
    cut_off = index_folder / f"{'0' * 64}-1.{2**30}.making"
    cut_off.write_text("what a process left behind that is no more")
    others = multiprocessing.active_children()
    with open_viewed(dataset, index_folder=index_folder) as viewed:
        assert viewed.indexed() == Looked(0, 300)
        before = whole_search(viewed, Filters(search="the", language="de"))
        viewed.start_indexing()
        assert viewed.indexing == "running"
        viewed.start_indexing()
        join_indexing(others)
        assert viewed.indexing == "idle"
        tables = {"pages": 300, "conversations": 3, "crops": 6}
        for table, rows in tables.items():
            assert viewed.indexed(table) == Looked(rows, rows)  # type: ignore[arg-type]
        assert viewed.indexed("documents") == Looked(0, 0)
        assert not other.exists()
        assert not cut_off.exists()
        assert whole_search(viewed, Filters(search="the", language="de")) == before
    made = {path.name: path.stat().st_mtime_ns for path in index_folder.iterdir()}
    assert len(made) == 5
    with open_viewed(dataset, index_folder=index_folder) as viewed:
        viewed.start_indexing()
        assert viewed.indexing == "idle"
    assert {path.name: path.stat().st_mtime_ns for path in index_folder.iterdir()} == made


def test_an_index_that_cannot_be_made_is_told(
    dataset: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    others = multiprocessing.active_children()
    with open_viewed(dataset, index_folder=tmp_path / "file" / "index") as viewed:
        viewed.start_indexing()
        join_indexing(others)
        assert viewed.indexing == "failed"
        assert whole_search(viewed, Filters(search="the"))
    assert "cannot be indexed: [Errno 20] Not a directory" in capfd.readouterr().err


def join_indexing(others: Sequence[BaseProcess]) -> None:
    """Wait for the process that was started beside those of other tests."""
    (process,) = set(multiprocessing.active_children()) - {*others}
    process.join()


def whole_search(viewed: Viewed, filters: Filters) -> list[str]:
    while True:
        chosen = viewed.select(filters)
        facets = viewed.facets(filters)
        if chosen.looked is not None and chosen.looked.is_whole:
            assert sum(value.count for value in facets["license"]) == chosen.total
            return [row.key for row in chosen.page(0, 1_000)]


def test_a_search_narrows_what_the_other_filters_choose(viewed: Viewed) -> None:
    searched = whole_search(viewed, Filters(search='"kiln glaze"'))
    chosen = [row.key for row in viewed.select(Filters(language="de")).page(0, 1_000)]
    both = whole_search(viewed, Filters(search='"kiln glaze"', language="de"))
    assert both == [key for key in chosen if key in searched]
    assert 0 < len(both) < len(searched)


def test_a_document_is_found_by_the_texts_of_its_pages(viewed: Viewed) -> None:
    pages = whole_search(viewed, Filters(search=CHINESE))
    documents = whole_search(viewed, Filters(table="documents", search=CHINESE))
    assert documents
    assert set(documents) == {key.partition("/")[0] for key in pages}


def test_rejects_have_no_texts_to_search(viewed: Viewed) -> None:
    with pytest.raises(RequestError, match="rejects have none; choose another table"):
        viewed.select(Filters(table="rejects", search="kiln"))


def test_a_snippet_shows_the_first_hit_or_the_start(viewed: Viewed) -> None:
    search = '"kiln glaze"'
    keys = whole_search(viewed, Filters(search=search))[:10]
    for snippet in viewed.snippets("pages", keys, search):
        assert {snippet.text[start:end] for start, end in snippet.hits} == {"kiln glaze"}
    for snippet, key in zip(viewed.snippets("pages", keys), keys, strict=True):
        row = viewed.row("pages", key)
        assert row is not None
        assert row["text"].startswith(snippet.text)
        assert (snippet.hits, snippet.is_start, snippet.is_end) == ((), True, False)
    assert viewed.snippets("pages", ["0" * 64]) == [Snippet("", (), True, True)]
    long = Snippet.of("word " * 100 + "Kiln." + " word" * 100, Search.of("kiln"))
    assert [long.text[start:end] for start, end in long.hits] == ["Kiln"]
    assert (long.is_start, long.is_end) == (False, False)


def test_what_was_used_last_is_kept_within_its_bound() -> None:
    recent = Recent[np.ndarray](100, lambda array: array.nbytes)
    made: list[str] = []

    def ask(key: str, size: int = 40) -> None:
        def make() -> np.ndarray:
            made.append(key)
            return np.zeros(size, np.int8)

        assert len(recent.get(key, make)) == size

    for key in ("a", "b", "a", "c", "a", "b"):
        ask(key)
    assert made == ["a", "b", "c", "b"]
    ask("large", 500)  # larger than all that may be kept
    ask("a")
    assert made == ["a", "b", "c", "b", "large", "a"]
