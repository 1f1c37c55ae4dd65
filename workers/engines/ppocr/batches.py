"""Batches of images of one shape, halved when the device has no memory for them.

Owns: gathering items by shape, and halving a batch that does not fit. Does not: know pages,
lines or models.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import torch

Item = TypeVar("Item")
Result = TypeVar("Result")
Shape = tuple[int, int]
"""Height and width in pixels."""


@dataclass(slots=True)
class Budget:
    """How many pixels a batch may have; halved for good when a batch does not fit."""

    pixels: int

    def count(self, shape: Shape) -> int:
        """How many images of `shape` make a full batch."""
        return max(1, self.pixels // (shape[0] * shape[1]))


class Buckets(Generic[Item]):
    """Items that wait for others of their shape, to share a batch.

    The contents of a batch depend only on the order of the items, never on time, so that a
    repeated run computes the same. `max_waiting_pixels` bounds the memory of waiting items.
    """

    def __init__(self, budget: Budget, max_waiting_pixels: int) -> None:
        self._budget = budget
        self._max_waiting_pixels = max_waiting_pixels
        self._waiting: dict[Shape, list[Item]] = {}
        self._waiting_pixels = 0

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, shape: Shape, item: Item) -> list[Item]:
        """Add `item`; returns the batch that it fills, or one that must make room, or nothing."""
        bucket = self._waiting.setdefault(shape, [])
        bucket.append(item)
        self._waiting_pixels += shape[0] * shape[1]
        if len(bucket) >= self._budget.count(shape):
            return self._take(shape)
        if self._waiting_pixels > self._max_waiting_pixels:
            return self._take(max(self._waiting, key=self._pixels))
        return []

    def flush(self) -> list[list[Item]]:
        """All waiting items, a batch a shape."""
        return [self._take(shape) for shape in list(self._waiting)]

    def _pixels(self, shape: Shape) -> int:
        return shape[0] * shape[1] * len(self._waiting[shape])

    def _take(self, shape: Shape) -> list[Item]:
        self._waiting_pixels -= self._pixels(shape)
        return self._waiting.pop(shape)


def run_in_parts(
    run: Callable[[Sequence[Item]], Result], items: Sequence[Item], budget: Budget
) -> list[tuple[Sequence[Item], Result | torch.OutOfMemoryError]]:
    """`run` over `items`, halved as often as the device has no memory for a part.

    Returns each part with its result, or a single item that does not fit with the error.
    """
    try:
        return [(items, run(items))]
    except torch.OutOfMemoryError as exc:
        if len(items) == 1:
            return [(items, exc.with_traceback(None))]
    # Outside the handler, where the traceback would still hold the failed call's tensors.
    torch.cuda.empty_cache()
    budget.pixels = max(1, budget.pixels // 2)
    half = len(items) // 2
    return run_in_parts(run, items[:half], budget) + run_in_parts(run, items[half:], budget)
