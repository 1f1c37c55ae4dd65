from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from workers.policies.decontamination import seeds as module
from workers.policies.decontamination.seeds import (
    GUARANTEED_LETTERS,
    SEED_LETTERS,
    Seeds,
    SeedTable,
    seeds_of,
)

CODES = arrays.arrays(np.uint32, st.integers(0, 300), elements=st.integers(97, 100))
RUNS = arrays.arrays(np.uint32, GUARANTEED_LETTERS, elements=st.integers(97, 122))


def all_finds(table: SeedTable, hashes: np.ndarray) -> set[tuple[int, int]]:
    which, places = table.find(hashes)
    return set(zip(which.tolist(), places.tolist(), strict=True))


@given(CODES, RUNS, CODES)
def test_streams_with_enough_equal_letters_share_a_seed_there(
    before: np.ndarray, run: np.ndarray, after: np.ndarray
) -> None:
    text = np.concatenate([before, run, after])
    seeds, own = seeds_of(text), seeds_of(run)
    table = SeedTable.of(own)
    shared = {
        int(seeds.places[which]) - len(before)
        for which, place in all_finds(table, seeds.hashes)
        if seeds.places[which] - len(before) == place
    }
    assert shared


@given(CODES)
def test_a_table_finds_the_first_places_of_each_seed(codes: np.ndarray) -> None:
    seeds = seeds_of(codes)
    table = SeedTable.of(seeds)
    expected = set()
    for which, value in enumerate(seeds.hashes):
        places = seeds.places[seeds.hashes == value][: module._MOST_PLACES]
        expected |= {(which, int(place)) for place in places}
    assert all_finds(table, seeds.hashes) == expected


@given(CODES)
def test_equal_hashes_are_of_equal_letters(codes: np.ndarray) -> None:
    seeds = seeds_of(codes)
    runs = {}
    for place, value in zip(seeds.places, seeds.hashes, strict=True):
        run = codes[place : place + SEED_LETTERS].tobytes()
        assert runs.setdefault(int(value), run) == run


def test_a_short_stream_has_no_seeds_and_an_empty_table_finds_none() -> None:
    none = seeds_of(np.arange(GUARANTEED_LETTERS - 1, dtype=np.uint32))
    assert len(none.places) == 0
    table = SeedTable.of(Seeds(none.places, none.hashes))
    assert all_finds(table, np.arange(9, dtype=np.uint64)) == set()


def test_two_places_in_nine_are_seeds() -> None:
    codes = np.random.default_rng(0).integers(97, 122, 100_000).astype(np.uint32)
    assert 0.21 < len(seeds_of(codes).places) / len(codes) < 0.235
