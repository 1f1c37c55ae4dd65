"""Rows are chosen, sorted and counted as a plain loop over them does."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import RequestError
from schemas.tables import KEYS
from tests.many import few
from workers.dataset import open_table, read_part
from workers.viewing import FACETS, NONE, Filters, Viewed
from workers.viewing.filters import TABLES, Table

WORDS = ("en", "de", "zh", "xx", NONE)
BOUNDS = {"quality": ("quality", "score"), "coverage": ("quality", "coverage"), "tokens": None}


@pytest.fixture(scope="module")
def rows(viewed: Viewed) -> dict[str, list[dict[str, Any]]]:
    """The rows of each table in the order of its parts, without what is large."""
    found = {}
    for name in TABLES:
        table = open_table(f"{viewed.dataset}/{name}")
        assert table is not None
        parts = [read_part(table.part_uri(part)).to_pylist() for part in table.parts]
        found[name] = [row for part in parts for row in part]
    return found


def key_of(table: str, row: dict[str, Any]) -> str:
    return row["page_id"] or row["doc_id"] if table == "rejects" else row[KEYS[table]]


def words_of(name: str, row: dict[str, Any]) -> set[str]:
    """The values of a row that a filter by word compares with."""
    if name == "policy":
        stages = {row["stage"]} if row.get("reason") == "untrusted" else set()
        return {found["policy"] for found in row.get("findings") or ()} | stages or {NONE}
    if name == "license":
        return {(row["source"] or {}).get("license") or NONE}
    value = row.get("source_uri" if name == "source" else name)
    return {NONE if value is None else value}


def number_of(name: str, row: dict[str, Any]) -> float | None:
    if name == "tokens":
        return row.get("text_tokens")
    if name == "quality" and "quality_score" in row:
        return row["quality_score"]
    return (row.get("quality") or {}).get("score" if name == "quality" else name)


def holds(name: str, filters: Filters, row: dict[str, Any]) -> bool:
    if name in FACETS:
        wanted = getattr(filters, name)
        if wanted is None:
            return True
        if name == "source" and wanted != NONE:
            return any(word.startswith(wanted) for word in words_of(name, row))
        return wanted in words_of(name, row)
    least, greatest = getattr(filters, f"min_{name}"), getattr(filters, f"max_{name}")
    value = number_of(name, row)
    if least is None and greatest is None:
        return True
    return value is not None and (least or 0) <= value <= (1e9 if greatest is None else greatest)


def plainly(filters: Filters, rows: list[dict[str, Any]]) -> list[str]:
    chosen = [row for row in rows if all(holds(name, filters, row) for name in (*FACETS, *BOUNDS))]
    by = {"worst": "quality", "best": "quality", "longest": "tokens", "shortest": "tokens"}
    if filters.order in by:
        sign = -1 if filters.order in ("best", "longest") else 1

        def place(row: dict[str, Any]) -> tuple[bool, float]:
            value = number_of(by[filters.order], row)
            return value is None, sign * (value or 0)

        chosen.sort(key=place)
    return [key_of(filters.table, row) for row in chosen]


FILTERS = st.builds(
    Filters,
    table=st.sampled_from(TABLES),
    language=st.none() | st.sampled_from(WORDS),
    source=st.none() | st.sampled_from(["corpus/00", "corpus/02", "corpus/010/", "other", NONE]),
    license=st.none() | st.sampled_from(["CC0-1.0", NONE]),
    engine=st.none() | st.sampled_from(["rapidocr", NONE]),
    reason=st.none() | st.sampled_from(["duplicate", "blank", "untrusted"]),
    policy=st.none() | st.sampled_from(["pii", "trust", "keep", NONE]),
    min_quality=st.none() | st.floats(0.5, 1, width=32),
    max_coverage=st.none() | st.floats(0.5, 1, width=32),
    min_tokens=st.none() | st.integers(0, 900).map(float),
    order=st.sampled_from(["published", "worst", "best", "longest", "shortest"]),
)


def has_order(filters: Filters) -> bool:
    return filters.table != "crops" or filters.order not in ("worst", "best")


@given(filters=FILTERS.filter(has_order))
@settings(max_examples=few(100, 2000))
def test_the_rows_are_those_of_a_plain_loop(
    viewed: Viewed, rows: dict[str, list[dict[str, Any]]], filters: Filters
) -> None:
    chosen = viewed.select(filters)
    assert [row.key for row in chosen.page(0, 1_000)] == plainly(filters, rows[filters.table])
    assert chosen.total == len(chosen.page(0, 1_000))


@given(filters=FILTERS)
@settings(max_examples=few(30, 500))
def test_a_facet_counts_what_choosing_its_value_gives(viewed: Viewed, filters: Filters) -> None:
    filters = replace(filters, order="published")
    for name, values in viewed.facets(filters, most=1_000).items():
        counts = [value.count for value in values]
        assert counts == sorted(counts, reverse=True)
        for value in values:
            narrowed = replace(filters, **{name: value.value})
            assert viewed.select(narrowed).total == value.count


def test_facets_have_all_values_of_the_table(
    viewed: Viewed, rows: dict[str, list[dict[str, Any]]]
) -> None:
    found = viewed.facets(Filters())
    for name in ("language", "license", "engine", "text_source", "policy"):
        counted = Counter(word for row in rows["pages"] for word in words_of(name, row))
        assert {value.value: value.count for value in found[name]} == counted
    assert {value.value for value in found["source"]} == {
        f"corpus/{number:03d}/" for number in range(30)
    }
    assert len(viewed.facets(Filters(), most=3)["source"]) == 3
    assert {value.value for value in viewed.facets(Filters(table="rejects"))["reason"]} == {
        row["reason"] for row in rows["rejects"]
    }


def test_rows_are_given_by_pages_and_know_their_neighbours(viewed: Viewed) -> None:
    chosen = viewed.select(Filters(order="worst"))
    keys = [row.key for row in chosen.page(0, 1_000)]
    assert [row.key for start in range(0, 320, 64) for row in chosen.page(start, 64)] == keys
    for place in (0, 1, 150, 299):
        found = chosen.neighbours(keys[place])
        assert found is not None
        assert found.place == place
        assert found.previous == (keys[place - 1] if place else None)
        assert found.next == (keys[place + 1] if place < 299 else None)
    german = viewed.select(Filters(language="de"))
    outside = next(row for row in chosen.page(0, 300) if row.language != "de")
    assert german.neighbours(outside.key) is None


@pytest.mark.parametrize("table", ["pages", "conversations", "crops", "documents", "rejects"])
def test_a_light_row_says_what_the_row_does(
    viewed: Viewed, rows: dict[str, list[dict[str, Any]]], table: Table
) -> None:
    for number, row in enumerate(rows[table]):
        light = viewed.light_row(table, key_of(table, row))
        assert light is not None
        assert (light.number, light.doc_id) == (number, row["doc_id"])
        assert light.page_index == row.get("page_index")
        assert (light.source_uri, light.language) == (row["source_uri"], row.get("language"))
        assert light.license == (row["source"] or {}).get("license")
        assert light.quality == number_of("quality", row)
        assert light.text_tokens == row["text_tokens"]
        assert (light.kept_id, light.similarity) == (row.get("kept_id"), row.get("similarity"))
        assert (light.width, light.reason) == (row.get("width"), row.get("reason"))
        assert set(light.policies) == words_of("policy", row) - {NONE}


def test_a_key_of_nothing_is_found_nowhere(viewed: Viewed) -> None:
    key = viewed.select(Filters()).page(0, 1)[0].key
    for other in ("", "x", key[:-1], key + "0", key[:64], key + "-00", "0" * 64, "ü" * 64):
        assert viewed.light_row("pages", other) is None
        assert viewed.row("pages", other) is None


def test_bounds_past_all_numbers_hold_for_all_or_none(viewed: Viewed) -> None:
    everything = Filters(min_quality=-1e300, max_quality=1e300, max_tokens=1e300)
    assert viewed.select(everything).total == 300
    assert viewed.select(Filters(min_quality=1e300)).total == 0


def test_a_table_without_quality_cannot_be_ordered_by_it(viewed: Viewed) -> None:
    with pytest.raises(RequestError, match="`order` is 'worst', and the rows of crops have no"):
        viewed.select(Filters(table="crops", order="worst"))
