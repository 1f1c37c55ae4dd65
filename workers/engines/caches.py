"""Caches of keys and values whose rows, one a page, join and leave while the others go on.

The memory is static: a row's tokens lie from column 0 on, and each step writes one column of each
row in place. So a step has the same shapes and the same addresses as the one before, and a page
that joins or leaves moves no other. Only layers that keep all tokens can be kept like this; a
window that slides (Unlimited-OCR, Gemma) has its state in other forms.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch.nn.functional import pad
from transformers import Cache, DynamicCache
from transformers.cache_utils import DynamicLayer

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class _SlotLayer(DynamicLayer):  # type: ignore[misc]  # transformers counts as untyped
    """A layer of `SlotCache`: keys and values (rows, heads, columns, features)."""

    def __init__(self, cache: SlotCache) -> None:
        super().__init__()
        self._cache = cache
        self.is_initialized: bool

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: object, **kwargs: object
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Write each row's new token at its place; return all columns, of which a mask hides some.

        `key_states` and `value_states`: (rows, heads, 1, features).
        """
        rows, places = self._cache.rows, self._cache.places
        self.keys[rows, :, places] = key_states[:, :, 0]
        self.values[rows, :, places] = value_states[:, :, 0]
        return self.keys, self.values

    def put(self, rows: torch.Tensor, keys: torch.Tensor, values: torch.Tensor) -> None:
        """Copy states (new rows, heads, tokens, features) into `rows`, zeros into their rest."""
        if not self.is_initialized:
            self.dtype, self.device, self.is_initialized = keys.dtype, keys.device, True
            shape = (len(self._cache.rows), keys.shape[1], self._cache.columns)
            self.keys = keys.new_zeros((*shape, keys.shape[3]))
            self.values = values.new_zeros((*shape, values.shape[3]))
        rest = (0, 0, 0, self._cache.columns - keys.shape[2])
        self.keys[rows], self.values[rows] = pad(keys, rest), pad(values, rest)

    def resize(self, keep: torch.Tensor) -> None:
        """Copy the rows `keep` into new memory of the cache's rows and columns."""
        if self.is_initialized:
            self.keys, self.values = (self._copied(old, keep) for old in (self.keys, self.values))

    def _copied(self, old: torch.Tensor, keep: torch.Tensor) -> torch.Tensor:
        # Zeros: what is hidden is multiplied by a weight of 0, which a NaN would survive.
        new = old.new_zeros(
            (len(self._cache.rows), old.shape[1], self._cache.columns, old.shape[3])
        )
        columns = min(self._cache.columns, old.shape[2])
        new[: len(keep), :, :columns] = old[keep, :, :columns]
        return new


class SlotCache(Cache):  # type: ignore[misc]  # as above
    """Rows of keys and values, each as long as its page.

    Args:
        layers: how many the model has.
        places: the column that each row writes next, int64 (rows,); `add_` moves it on.
        columns: the most tokens that a row may have.
    """

    def __init__(self, layers: int, places: torch.Tensor, columns: int) -> None:
        self._take(places, columns)
        super().__init__(layers=[_SlotLayer(self) for _ in range(layers)])

    def resize(self, keep: torch.Tensor, places: torch.Tensor, columns: int) -> None:
        """Keep the rows `keep`, as the first of as many as `places` has, with so many columns."""
        self._take(places, columns)
        for layer in self.layers:
            layer.resize(keep)

    def put(self, rows: torch.Tensor, prompts: Cache) -> None:
        """Copy what a model computed for whole prompts into `rows`."""
        for layer, prompt in zip(self.layers, prompts.layers, strict=True):
            if prompt.is_initialized:  # a model without attention has no states
                layer.put(rows, prompt.keys, prompt.values)

    def _take(self, places: torch.Tensor, columns: int) -> None:
        self.places, self.columns = places, columns
        self.rows = torch.arange(len(places), device=places.device)


def can_keep(model: PreTrainedModel) -> bool:
    """Whether the cache of `model` can be kept for a page while its neighbours change."""
    layers = DynamicCache(config=model.config).layers
    return all(type(layer) is DynamicLayer for layer in layers)


def left_padded(values: Sequence[torch.Tensor], dim: int, fill: float = 0) -> list[torch.Tensor]:
    """`values` as long as the longest along `dim`, filled up at the beginning."""
    width = max(value.shape[dim] for value in values)
    # `pad` takes the last axis first, and of each axis the amounts before and after it.
    after = [0, 0] * (-dim - 1)
    return [
        value
        if value.shape[dim] == width
        else pad(value, [*after, width - value.shape[dim], 0], value=fill)
        for value in values
    ]
