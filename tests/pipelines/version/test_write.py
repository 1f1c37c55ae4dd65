"""How rows are cut into parts, and that many nights do not leave many small parts."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from pipelines.version.write import MOST_SMALL_PARTS, cut
from tests.pipelines.corpora import write_pdf
from tests.pipelines.datasets import (
    all_rows,
    cut_into_rows,
    part_names,
    problems,
    recipe_for,
    run_here,
)

SMALL = "routing: only\nraster: {longest_edge_px: 256}\n"
sizes = st.integers(1, 50)


@given(st.lists(st.integers(0, 60)), sizes, sizes, st.integers(1, 9))
def test_parts_and_groups_hold_all_rows_within_their_limits(
    weights: list[int], part_bytes: int, group_bytes: int, most_rows: int
) -> None:
    parts = cut(weights, part_bytes, group_bytes, most_rows)
    assert sum(sum(part) for part in parts) == len(weights)
    place = 0
    for part in parts:
        in_part = weights[place : place + sum(part)]
        # A row that is larger than a part or a group has one to itself.
        assert sum(in_part) <= part_bytes or len(in_part) == 1
        for rows in part:
            assert 0 < rows <= most_rows
            assert sum(weights[place : place + rows]) <= group_bytes or rows == 1
            place += rows


def test_the_parts_of_many_nights_are_joined_and_nothing_is_lost(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    recipe = recipe_for(tmp_path / "data", corpus, SMALL)
    for night in range(MOST_SMALL_PARTS + 3):
        # Each document shares a page with the night before's, so rejects grow and change too.
        write_pdf(corpus, f"{night:02d}.pdf", first_seed=night, pages=2)
        if night >= MOST_SMALL_PARTS - 1:
            run_here(recipe)
        if night == MOST_SMALL_PARTS - 1:
            cut_into_rows(tmp_path / "data")  # as so many nights leave it
            before = {table: len(names) for table, names in part_names(tmp_path / "data").items()}
            assert before["pages"] == MOST_SMALL_PARTS + 1
            assert before["inventory"] == before["documents"] == MOST_SMALL_PARTS
            assert before["rejects"] == MOST_SMALL_PARTS - 1
    counts = {table: len(names) for table, names in part_names(tmp_path / "data").items()}
    assert (counts.pop("crops"), counts.pop("conversations")) == (0, 0)
    assert min(counts.values()) > 1
    assert max(counts.values()) <= MOST_SMALL_PARTS + 1
    assert problems(tmp_path / "data") == ()
    fresh = recipe_for(tmp_path / "fresh", corpus, SMALL)
    assert run_here(fresh).rejects["duplicate"] > 1
    assert all_rows(tmp_path / "data") == all_rows(tmp_path / "fresh")
