"""How files, pages and ids are named for people."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.cli.show.printed import common_folder, nearest, page_numbers, with_names

DOC, OTHER = "ab" * 32, "cd" * 32
NAMES = {DOC: "/lake/a.pdf"}


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        (DOC, "/lake/a.pdf"),
        (f"{DOC}/00000", "page 1 of /lake/a.pdf"),
        (f"0.9 like {DOC}/00041, kept", "0.9 like page 42 of /lake/a.pdf, kept"),
        (f"{DOC}/00002-00", "crop 1 on page 3 of /lake/a.pdf"),
        (f"{OTHER}/00003: lost", f"page 4 of {OTHER}: lost"),
        (f"pages/data/part-{DOC}.parquet: lost", f"pages/data/part-{DOC}.parquet: lost"),
        ("no id, and 0123abcd", "no id, and 0123abcd"),
    ],
)
def test_an_id_becomes_a_page_of_a_file(text: str, printed: str) -> None:
    assert with_names(text, NAMES) == printed


@pytest.mark.parametrize(
    ("uris", "folder"),
    [
        (["s3://lake/a/x.pdf", "s3://lake/a/y.pdf"], "s3://lake/a/"),
        (["s3://lake/a/x.pdf", "s3://lake/ab/x.pdf"], "s3://lake/"),
        (["/a/x.pdf", "s3://lake/x.pdf"], ""),
        (["x.pdf"], ""),
        ([], ""),
    ],
)
def test_the_folder_of_some_files(uris: list[str], folder: str) -> None:
    assert common_folder(uris) == folder


@given(st.sets(st.integers(0, 300)))
def test_page_numbers_name_each_page_once_and_count_from_one(indices: set[int]) -> None:
    _, _, words = page_numbers(indices).partition(" ")
    numbers = set()
    for run in filter(None, words.split(", ")):
        first, _, last = run.partition("–")
        numbers |= set(range(int(first), int(last or first) + 1))
    assert numbers == {index + 1 for index in indices}


def test_a_place_in_the_current_folder_is_named_from_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.chdir(str(tmp_path))
    assert nearest(f"{tmp_path}/data") == "data"
    assert nearest("/elsewhere/data") == "/elsewhere/data"
    assert nearest("s3://lake/data") == "s3://lake/data"
