"""Random choices from a given generator. The number and order of draws decide what pages show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from numpy.random import Generator

Choice = TypeVar("Choice")


def pick(rng: Generator, choices: Sequence[Choice]) -> Choice:
    """One of `choices`, all equally likely."""
    return choices[int(rng.integers(len(choices)))]


def within(rng: Generator, limits: tuple[int, int]) -> int:
    """A whole number between the limits, both included."""
    return int(rng.integers(limits[0], limits[1] + 1))


def happens(rng: Generator, share: float) -> bool:
    """True with probability `share`."""
    return bool(rng.random() < share)


def shuffled(rng: Generator, choices: Sequence[Choice]) -> list[Choice]:
    """All of `choices` in random order."""
    return [choices[place] for place in rng.permutation(len(choices))]
