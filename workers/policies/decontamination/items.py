"""Items of benchmarks, as they are read and looked for. Values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Item:
    """An item of a benchmark: its texts by their columns, in the order of the recipe.

    `picture` is the file of its page's picture where it has one.
    """

    benchmark: str
    item_id: str
    fields: tuple[tuple[str, str], ...] = ()
    picture: bytes | None = None
