"""What is kept on the device of the pages in work, a row each, all of it changed in place."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from transformers import Cache, DynamicCache, PreTrainedModel

from workers.engines.caches import SlotCache


@dataclass(frozen=True, slots=True)
class Joining:
    """What a model computed for new pages with prompts of `length` tokens; see `State`."""

    cache: Cache
    length: int
    positions: torch.Tensor
    scores: torch.Tensor
    recent: torch.Tensor
    starts: torch.Tensor


class State:
    """The rows of the pages in work. Free rows go on with nonsense, which nobody reads.

    `cache` holds keys and values. The others are tensors on the device:

    - `hidden` (rows, columns) is added to the scores of attention: -inf where a row has no token.
    - `positions` (rows,) of the next token.
    - `scores` of the next token, float32 (rows, vocabulary).
    - `recent` (rows, window): the last tokens, which a guard looks at, and `starts` (rows,), the
      column of it where the answer begins.
    - `chosen` (rows,): the token that was chosen last, and `shares` (rows,), its probability.
    """

    def __init__(self, model: PreTrainedModel, rows: int, columns: int, window: int) -> None:
        device = model.device
        self.positions = torch.zeros(rows, dtype=torch.int64, device=device)
        self.starts = torch.zeros_like(self.positions)
        self.chosen = torch.zeros_like(self.positions)
        self.shares = torch.zeros(rows, device=device)
        self.recent = torch.zeros(rows, window, dtype=torch.int64, device=device)
        self.hidden = torch.full((rows, columns), -torch.inf, dtype=model.dtype, device=device)
        self.scores: torch.Tensor = torch.zeros(rows, 0, device=device)
        layers = len(DynamicCache(config=model.config).layers)
        self.cache = SlotCache(layers, torch.zeros_like(self.positions), columns)

    @property
    def rows(self) -> int:
        """How many pages have room."""
        return len(self.positions)

    @property
    def columns(self) -> int:
        """How many tokens a page has room for."""
        return self.cache.columns

    def resize(self, keep: torch.Tensor, rows: int, columns: int) -> None:
        """Keep the rows `keep`, as the first of `rows` with `columns`."""
        places = _moved(self.cache.places, keep, rows)
        self.cache.resize(keep, places, columns)
        for name in ("positions", "starts", "chosen", "shares", "recent", "scores"):
            setattr(self, name, _moved(getattr(self, name), keep, rows))
        hidden, kept = self.hidden, min(columns, self.hidden.shape[1])
        self.hidden = hidden.new_full((rows, columns), -torch.inf)
        self.hidden[: len(keep), :kept] = hidden[keep, :kept]

    def put(self, rows: torch.Tensor, new: Joining) -> None:
        """Let new pages into `rows`."""
        if not self.scores.shape[1]:
            self.scores = new.scores.new_zeros(self.rows, new.scores.shape[1])
        self.cache.put(rows, new.cache)
        self.cache.places[rows] = new.length
        hidden = self.hidden.new_full((self.columns,), -torch.inf)
        hidden[: new.length] = 0
        self.hidden[rows] = hidden
        self.positions[rows], self.scores[rows] = new.positions, new.scores
        self.recent[rows], self.starts[rows] = new.recent, new.starts

    def choose(self, scores: torch.Tensor) -> None:
        """Take each row's likeliest token, and make its column visible."""
        self.shares.copy_(scores.softmax(dim=-1).amax(dim=-1))
        self.chosen.copy_(scores.argmax(dim=-1))
        if self.recent.shape[1]:
            self.recent.copy_(torch.cat([self.recent[:, 1:], self.chosen[:, None]], dim=1))
            self.starts.sub_(1).clamp_(min=0)
        self.hidden[self.cache.rows, self.cache.places] = 0

    def move_on(self, scores: torch.Tensor) -> None:
        """Take the scores of the next tokens, (rows, vocabulary)."""
        self.scores.copy_(scores)
        self.positions.add_(1)
        # A free row stays at the end of its memory.
        self.cache.places.add_(1).clamp_(max=self.columns - 1)


def _moved(old: torch.Tensor, keep: torch.Tensor, rows: int) -> torch.Tensor:
    new = old.new_zeros((rows, *old.shape[1:]))
    new[: len(keep)] = old[keep]
    return new
