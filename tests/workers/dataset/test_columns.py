"""Lookups and conditions over columns keep the rows' order, and a null is never found."""

from __future__ import annotations

import pyarrow as pa

from workers.dataset.columns import equal, first_case, is_in, join, lookup, without

PEOPLE = pa.table(
    {
        "id": pa.chunked_array([["a", "b"], [None, "c"]]),
        "uris": pa.chunked_array([[["x"], ["y", "z"]], [[], None]], pa.list_(pa.string())),
    }
)


def test_lookup_runs_along_the_keys() -> None:
    keys = pa.chunked_array([["c", "nobody"], [None, "b", "b"]])
    found = lookup(keys, PEOPLE, "id")
    assert found["id"].to_pylist() == ["c", None, None, "b", "b"]
    assert found["uris"].to_pylist() == [None, None, None, ["y", "z"], ["y", "z"]]


def test_lookup_in_nothing_finds_nothing() -> None:
    found = lookup(pa.chunked_array([["a"]]), PEOPLE.slice(0, 0), "id")
    assert found.to_pylist() == [{"id": None, "uris": None}]


def test_rows_without_those_of_another_table() -> None:
    assert without(PEOPLE, PEOPLE.slice(0, 1), "id")["id"].to_pylist() == ["b", None, "c"]


def test_conditions_take_a_null_for_no() -> None:
    names = pa.chunked_array([["a", None], ["b"]])
    assert is_in(names, pa.array(["a", None])).to_pylist() == [True, False, False]
    assert equal(names, "a").to_pylist() == [True, False, False]


def test_the_first_case_that_holds_gives_the_word() -> None:
    first, second = pa.array([True, None, False, False]), pa.array([True, True, True, False])
    found = first_case((first, "first"), (second, "second"), otherwise="none")
    assert found.to_pylist() == ["first", "second", "second", "none"]


def test_joined_strings_are_null_where_one_is() -> None:
    names = pa.chunked_array([["a", None]])
    assert join("was ", names).to_pylist() == ["was a", None]
