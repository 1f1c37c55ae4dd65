"""What transformers' `generate` calls at each step: the n-gram guard, the loop cut, confidence.

Each object serves one call of `generate` on a left-padded batch. `starts` has, for each row, the
column at which its answer begins, which may have been some rounds ago.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from transformers import LogitsProcessor, StoppingCriteria

from workers.engines.loops import CHECK_EVERY, TAIL, find_loop
from workers.engines.profiles.profile import Guard


class NgramGuard(LogitsProcessor):  # type: ignore[misc]  # transformers counts as untyped
    """Bans tokens that would repeat an n-gram of the answer's last tokens.

    The rule of `workers.engines.guards.banned_tokens`, for all rows at once, on the device.
    """

    def __init__(self, guard: Guard, starts: torch.Tensor, exempt: torch.Tensor) -> None:
        self._guard = guard
        self._starts = starts
        self._exempt = exempt

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """`scores` (rows, vocabulary), minus infinity for banned tokens."""
        size = self._guard.size
        window = input_ids[:, -self._guard.window :]
        if window.shape[1] < size:
            return scores
        # grams: (rows, places, size - 1) and the token that follows each: (rows, places)
        grams = window.unfold(1, size - 1, 1)[:, :-1]
        follows = window[:, size - 1 :]
        first = input_ids.shape[1] - window.shape[1]
        columns = torch.arange(grams.shape[1], device=window.device) + first
        is_repeat = (grams == window[:, None, 1 - size :]).all(dim=2)
        is_repeat &= columns >= self._starts[:, None]
        # The last tokens, which the n-gram would begin with, must lie in the answer too.
        is_repeat &= (input_ids.shape[1] - size + 1 >= self._starts)[:, None]
        is_repeat &= ~torch.isin(follows, self._exempt)
        # Summed, since a token may follow several places and one repeat is enough to ban it.
        penalty = torch.zeros_like(follows, dtype=scores.dtype)
        return scores.scatter_add(1, follows, penalty.masked_fill(is_repeat, -float("inf")))


class LoopCut(StoppingCriteria):  # type: ignore[misc]  # as above
    """Ends the rows whose answers loop, and records them.

    `loops` maps a row to the token of its answer at which its loop starts, `lengths` to the
    length in columns at which it was cut. A row with one of the tokens `ends` is over: the padding
    that follows until the batch ends is no loop.
    """

    def __init__(
        self, starts: Sequence[int], exempt: frozenset[int], ends: frozenset[int] = frozenset()
    ) -> None:
        self._starts = starts
        self._exempt = exempt
        self._ends = list(ends)
        self._over: set[int] = set()
        self.loops: dict[int, int] = {}
        self.lengths: dict[int, int] = {}

    def __call__(self, input_ids: torch.Tensor, scores: object) -> torch.Tensor:
        """Bool (rows,): which rows end here."""
        rows, length = input_ids.shape
        if length % CHECK_EVERY == 0:
            # One copy to the host each CHECK_EVERY steps: rows x TAIL x 8 bytes.
            first = max(0, length - TAIL)
            tails = input_ids[:, first:].cpu().numpy()
            for row in range(rows):
                start = self._starts[row]
                answer = tails[row, max(0, start - first) :]
                if np.isin(answer[-CHECK_EVERY:], self._ends).any():
                    self._over.add(row)
                if row in self.loops or row in self._over:
                    continue
                loop = find_loop(answer, self._exempt)
                if loop >= 0:
                    self.loops[row] = loop + max(0, first - start)
                    self.lengths[row] = length
        done = [row in self.loops for row in range(rows)]
        return torch.tensor(done, device=input_ids.device)


class Confidence(LogitsProcessor):  # type: ignore[misc]  # as above
    """Records the probability of each greedy choice; it must be the last processor.

    `chosen` has the highest probabilities of each step: float32 (rows,).
    """

    def __init__(self) -> None:
        self.chosen: list[torch.Tensor] = []

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """`scores`, unchanged."""
        self.chosen.append(scores.float().softmax(dim=-1).amax(dim=-1))
        return scores
