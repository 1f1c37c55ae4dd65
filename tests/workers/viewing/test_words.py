"""Words are found by their letters, and nothing that is typed fails."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.many import few
from workers.viewing.words import Search, folded, for_index

LETTERS = "abAB éÉß-_.'\"*()窑釉ไทยกา한국ひらカИи0 \n"
TEXTS = st.text(LETTERS, max_size=40)


@pytest.mark.parametrize(
    ("typed", "text", "hits"),
    [
        ("kiln", "The Kiln, kilns.", ["Kiln"]),
        ("café", "CAFE and Café", ["CAFE", "Café"]),
        ('"second firing"', "second, firing; firing second", ["second, firing"]),
        ('"not closed', "it is not closed", ["not closed"]),
        ("窑釉", "在窑釉里，窑 釉", ["窑釉", "窑 釉"]),
        ("abc", "窑abc釉 abcd", ["abc"]),
        ("ภาษาไทย", "พูดภาษาไทยได้", ["ภาษาไทย"]),
        ("국", "한국어", ["국"]),
        ("foo_bar", "foo bar foo-bar", ["foo bar", "foo-bar"]),
        ("NOT OR* AND(", "not or and", ["not", "or", "and"]),
    ],
)
def test_hits_stand_where_the_words_do(typed: str, text: str, hits: list[str]) -> None:
    search = Search.of(typed)
    assert [text[start:end] for start, end in search.hits(text)] == hits
    assert search.is_in(text)


@pytest.mark.parametrize(
    ("typed", "text"),
    [("kil", "kiln"), ("kiln glaze", "kiln"), ('"glaze kiln"', "kiln glaze"), ("釉窑", "窑釉"),
     ("!!", "!!"), ('""', "a")],
)  # fmt: skip
def test_what_is_not_there_is_not_found(typed: str, text: str) -> None:
    assert not Search.of(typed).is_in(text)


@given(st.text(max_size=60))
def test_folding_keeps_the_length(text: str) -> None:
    assert len(folded(text)) == len(text)


@given(typed=TEXTS, texts=st.lists(TEXTS, min_size=1, max_size=6))
@settings(max_examples=few(150, 3000))
def test_the_index_finds_what_reading_finds(typed: str, texts: list[str]) -> None:
    search = Search.of(typed)
    database = sqlite3.connect(":memory:")
    try:
        database.execute(
            "CREATE VIRTUAL TABLE texts USING fts5("
            "text, content='', tokenize='unicode61 remove_diacritics 0')"
        )
        rows = ((number, for_index(text)) for number, text in enumerate(texts))
        database.executemany("INSERT INTO texts(rowid, text) VALUES(?, ?)", rows)
        query = "SELECT rowid FROM texts WHERE texts MATCH ?"
        found = database.execute(query, (search.for_index(),)).fetchall() if search.terms else []
    finally:
        database.close()
    read = [number for number, text in enumerate(texts) if search.is_in(text)]
    assert sorted(number for (number,) in found) == read
    assert all(bool(search.hits(texts[number])) for number in read)


@given(typed=st.text(max_size=60), text=st.text(max_size=60))
def test_nothing_that_is_typed_fails(typed: str, text: str) -> None:
    search = Search.of(typed)
    hits = search.hits(text)
    assert all(start < end for start, end in hits)
    assert hits == sorted(hits)
    if search.is_in(text):
        assert hits
