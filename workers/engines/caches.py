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
            self.replace((key_states, value_states))
            return self.keys, self.values
        start, end = self.keys.shape[-2], self.keys.shape[-2] + key_states.shape[-2]
        if end > self._all_keys.shape[-2]:
            self._allocate([(self.keys, self.values)], start, end + _SPARE)
        self._all_keys[:, :, start:end] = key_states
        self._all_values[:, :, start:end] = value_states
        self._show(end)
        return self.keys, self.values

    def replace(self, *states: tuple[torch.Tensor, torch.Tensor]) -> None:
        """Take these states, keys and values, for those of all tokens, one below the other.

        The shorter ones get zeros on the left.
        """
        (keys, _), *_ = states
        self.dtype, self.device, self.is_initialized = keys.dtype, keys.device, True
        width = max(keys.shape[-2] for keys, _ in states)
        self._allocate(states, width, width + _SPARE)
        self._show(width)

    def _allocate(
        self, states: Sequence[tuple[torch.Tensor, torch.Tensor]], width: int, columns: int
    ) -> None:
        """Copy `states`, whose last column becomes the one before `width`, into new memory."""
        self._all_keys, self._all_values = (
            _stacked(each, width, columns) for each in zip(*states, strict=True)
        )

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
        layer.replace((layer.keys[rows, :, first:], layer.values[rows, :, first:]))


def join(cache: Cache, others: Cache) -> None:
    """Add the rows of `others` to `cache`; the shorter ones get zeros on the left."""
    for layer, other in zip(_filled(cache), _filled(others), strict=True):
        layer.replace((layer.keys, layer.values), (other.keys, other.values))


def _stacked(parts: Sequence[torch.Tensor], width: int, columns: int) -> torch.Tensor:
    """Parts (rows, heads, tokens, features), one below the other, in memory of `columns`.

    Each ends at the column `width`; zeros stand before it, and anything after it.
    """
    rows = sum(len(part) for part in parts)
    _, heads, _, features = parts[0].shape
    stacked = parts[0].new_empty((rows, heads, columns, features))
    first = 0
    for part in parts:
        place = stacked[first : first + len(part)]
        place[:, :, : width - part.shape[-2]] = 0
        place[:, :, width - part.shape[-2] : width] = part
        first += len(part)
    return stacked


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
