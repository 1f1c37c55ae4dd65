"""The draw for validation: no family is parted, and no document that comes moves one into it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from workers.publishing.duplicates import Indices
from workers.publishing.splits import Flags, drawn, whole_families

MOST = 12


@dataclass(frozen=True)
class Linked:
    """Documents, which of them are drawn, and pairs of them."""

    chosen: Flags
    links: Indices

    def validation(self, links: Indices | None = None) -> set[int]:
        found = whole_families(self.chosen, [self.links if links is None else links])
        return set(np.flatnonzero(found).tolist())


@st.composite
def linked(draw: st.DrawFn) -> Linked:
    chosen = draw(st.lists(st.booleans(), min_size=1, max_size=MOST))
    place = st.integers(0, len(chosen) - 1)
    pairs = draw(st.lists(st.tuples(place, place), max_size=MOST))
    return Linked(np.array(chosen), np.array(pairs, np.int64).reshape(-1, 2))


@given(linked())
def test_a_family_is_in_validation_if_all_its_documents_are_drawn(case: Linked) -> None:
    families = [{document} for document in range(len(case.chosen))]
    for left, right in case.links.tolist():
        joined = families[left] | families[right]
        for document in joined:
            families[document] = joined
    expected = {
        document
        for document in range(len(case.chosen))
        if all(case.chosen[member] for member in families[document])
    }
    assert case.validation() == expected


@given(linked(), st.randoms())
def test_neither_the_order_of_links_nor_their_direction_matters(case: Linked, random) -> None:
    pairs = [pair[::-1] if random.random() < 0.5 else pair for pair in case.links.tolist()]
    random.shuffle(pairs)
    cut = random.randint(0, len(pairs))
    parts = [np.array(part, np.int64).reshape(-1, 2) for part in (pairs[:cut], pairs[cut:])]
    found = whole_families(case.chosen, parts)
    assert set(np.flatnonzero(found).tolist()) == case.validation()


@given(linked(), st.data())
def test_what_comes_moves_no_document_to_validation(case: Linked, data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.booleans(), max_size=4))
    place = st.integers(0, len(case.chosen) + len(chosen) - 1)
    pairs = data.draw(st.lists(st.tuples(place, place), max_size=6))
    links = np.array([*case.links.tolist(), *pairs], np.int64).reshape(-1, 2)
    after = Linked(np.array([*case.chosen, *chosen], bool), links)
    old = set(range(len(case.chosen)))
    assert after.validation() & old <= case.validation()


@given(st.lists(st.text("0123456789abcdef", min_size=1), min_size=1, unique=True), st.integers())
def test_a_document_is_drawn_by_itself(names: list[str], seed: int) -> None:
    together = drawn(names, seed, 0.3).tolist()
    assert together == [drawn([name], seed, 0.3).tolist()[0] for name in names]
    # a larger share takes no document back
    assert all(drawn(names, seed, 0.5)[drawn(names, seed, 0.3)])


def test_the_share_is_that_of_the_recipe_and_each_seed_draws_anew() -> None:
    names = [f"{number:064x}" for number in range(20_000)]
    draws = [drawn(names, seed, 0.05) for seed in range(3)]
    for flags in draws:
        assert abs(flags.mean() - 0.05) < 0.008  # five standard deviations
    assert (draws[0] & draws[1]).mean() < 0.01
