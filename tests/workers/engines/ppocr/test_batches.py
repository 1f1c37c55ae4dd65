"""Batches have every item once and one shape each, are bounded, and are halved to fit memory."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from workers.engines.ppocr.batches import Buckets, Budget, run_in_parts

SHAPES = st.tuples(st.integers(1, 3).map(lambda n: 10 * n), st.integers(1, 4).map(lambda n: 10 * n))


@given(st.lists(SHAPES), st.integers(1, 5000), st.integers(0, 5000))
def test_every_item_comes_out_once_beside_items_of_its_shape(
    shapes: list[tuple[int, int]], budget: int, max_waiting: int
) -> None:
    buckets: Buckets[int] = Buckets(Budget(budget), max_waiting)
    batches = []
    for item, shape in enumerate(shapes):
        batches.append(buckets.add(shape, item))
        out = {i for batch in batches for i in batch}
        waiting = [shapes[i] for i in range(item + 1) if i not in out]
        # The one that makes room is the largest, so one is enough.
        assert sum(h * w for h, w in waiting) <= max(max_waiting, 0)
    batches += buckets.flush()
    assert not buckets
    assert sorted(i for batch in batches for i in batch) == list(range(len(shapes)))
    for batch in filter(None, batches):
        assert len({shapes[i] for i in batch}) == 1
        h, w = shapes[batch[0]]
        assert len(batch) == 1 or len(batch) * h * w <= budget


def test_a_batch_is_given_out_as_soon_as_it_is_full() -> None:
    buckets: Buckets[str] = Buckets(Budget(200), 10**6)
    assert buckets.add((10, 10), "a") == []
    assert buckets.add((10, 20), "b") == ["b"]
    assert buckets.add((10, 10), "c") == ["a", "c"]


class Memory:
    """Holds `room` items; counts the calls."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.calls = 0

    def __call__(self, items: Sequence[int]) -> list[int]:
        self.calls += 1
        if len(items) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return [10 * item for item in items]


def test_a_batch_that_does_not_fit_is_halved_until_it_does() -> None:
    budget = Budget(1600)
    parts = run_in_parts(Memory(room=3), range(8), budget)
    assert [list(items) for items, _ in parts] == [[0, 1], [2, 3], [4, 5], [6, 7]]
    assert [result for _, result in parts] == [[0, 10], [20, 30], [40, 50], [60, 70]]
    assert budget.pixels < 1600  # the next batch is smaller to begin with


def test_a_batch_that_fits_is_run_once() -> None:
    memory, budget = Memory(room=8), Budget(1600)
    [(items, result)] = run_in_parts(memory, range(8), budget)
    assert (list(items), result, memory.calls) == (
        list(range(8)),
        [10 * i for i in range(8)],
        1,
    )
    assert budget.pixels == 1600


def test_an_item_that_never_fits_comes_with_the_error_and_costs_no_other() -> None:
    def run(items: Sequence[int]) -> int:
        if 2 in items:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return sum(items)

    parts = run_in_parts(run, [1, 2, 3, 4], Budget(100))
    assert [list(items) for items, _ in parts] == [[1], [2], [3, 4]]
    assert isinstance(parts[1][1], torch.OutOfMemoryError)
    assert (parts[0][1], parts[2][1]) == (1, 7)


def test_other_errors_are_raised() -> None:
    def run(items: Sequence[int]) -> int:
        raise RuntimeError("device-side assert")

    with pytest.raises(RuntimeError, match="device-side"):
        run_in_parts(run, [1, 2], Budget(100))
