"""Caches of keys and values whose rows, one a page, join and leave while the others go on.

Rows are padded on the left: the last column of each is its newest token. Only layers that keep all
tokens can be joined; a window that slides (Unlimited-OCR, Gemma) has its state in other forms.
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

_SPARE = 256
"""Columns that are allocated ahead, so that a step writes its own column and copies no other."""


class SlotLayer(DynamicLayer):  # type: ignore[misc]  # transformers counts as untyped
    """A layer that grows in place: keys and values (rows, heads, tokens, features)."""

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: object, **kwargs: object
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Append the states of new tokens; return those of all."""
        if not self.is_initialized:
            self.replace(key_states, value_states)
            return self.keys, self.values
        start, end = self.keys.shape[-2], self.keys.shape[-2] + key_states.shape[-2]
        if end > self._all_keys.shape[-2]:
            self._allocate(self.keys, self.values, end + _SPARE)
        self._all_keys[:, :, start:end] = key_states
        self._all_values[:, :, start:end] = value_states
        self._show(end)
        return self.keys, self.values

    def replace(self, keys: torch.Tensor, values: torch.Tensor) -> None:
        """Take these states for those of all tokens."""
        self.dtype, self.device, self.is_initialized = keys.dtype, keys.device, True
        self._allocate(keys, values, keys.shape[-2] + _SPARE)
        self._show(keys.shape[-2])

    def _allocate(self, keys: torch.Tensor, values: torch.Tensor, columns: int) -> None:
        length = keys.shape[-2]
        self._all_keys = keys.new_empty((*keys.shape[:2], columns, keys.shape[3]))
        self._all_values = values.new_empty((*values.shape[:2], columns, values.shape[3]))
        self._all_keys[:, :, :length] = keys
        self._all_values[:, :, :length] = values

    def _show(self, end: int) -> None:
        self.keys, self.values = self._all_keys[:, :, :end], self._all_values[:, :, :end]


def can_keep(model: PreTrainedModel) -> bool:
    """Whether the cache of `model` can be kept for a page while its neighbours change."""
    layers = DynamicCache(config=model.config).layers
    return all(type(layer) is DynamicLayer for layer in layers)


def new_cache(model: PreTrainedModel) -> Cache:
    """An empty cache for `model`."""
    return Cache(layers=[SlotLayer() for _ in DynamicCache(config=model.config).layers])


def keep_rows(cache: Cache, rows: torch.Tensor, columns: int) -> None:
    """Keep `rows`, and of each the last `columns`."""
    for layer in _filled(cache):
        first = layer.keys.shape[-2] - columns
        layer.replace(layer.keys[rows, :, first:], layer.values[rows, :, first:])


def join(cache: Cache, others: Cache) -> None:
    """Add the rows of `others` to `cache`; the shorter ones get zeros on the left."""
    for layer, other in zip(_filled(cache), _filled(others), strict=True):
        layer.replace(*(
            torch.cat(left_padded(pair, dim=-2))
            for pair in ((layer.keys, other.keys), (layer.values, other.values))
        ))  # fmt: skip


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


def _filled(cache: Cache) -> list[SlotLayer]:
    """The layers with states: a model without attention has none."""
    return [layer for layer in cache.layers if layer.is_initialized]
