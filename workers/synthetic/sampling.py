"""Choices of a maker, all from the generator that it is given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from numpy.random import Generator

Choice = TypeVar("Choice")


def pick(rng: Generator, choices: Sequence[Choice]) -> Choice:
    """One of `choices`, each as likely."""
    return choices[int(rng.integers(len(choices)))]


def within(rng: Generator, limits: tuple[int, int]) -> int:
    """A whole number, both limits included."""
    return int(rng.integers(limits[0], limits[1] + 1))


def happens(rng: Generator, share: float) -> bool:
    """True with this chance."""
    return bool(rng.random() < share)


def shuffled(rng: Generator, choices: Sequence[Choice]) -> list[Choice]:
    """All of `choices` in an order of chance."""
    return [choices[place] for place in rng.permutation(len(choices))]
