"""Perplexity: how well a causal language model foresees each token of a text by those before it.

    perplexity = exp(mean of -log p(token | the tokens before it)), over all tokens but the first

A model's body runs over a batch at once; its head, which gives each token a number for each word of
the vocabulary, over some tokens at a time: 4,096 tokens of a vocabulary of 150,000 would be 2.5 GB.
Probabilities are computed in float32, whatever the model computes in, and summed in float64.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from torch.nn.functional import cross_entropy

from schemas.errors import NoEngineError

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_LOGITS_AT_ONCE = 2**26
"""256 MiB in float32, and as much for their logarithms."""
_SAME = {torch.float32: 1e-4, torch.bfloat16: 0.05}
"""How far outputs may be apart that are the same, as a share of their spread."""


class Perplexity:
    """The perplexities of texts by a loaded model.

    Raises NoEngineError where the model looks at the tokens that it is to foresee.
    """

    def __init__(self, model: PreTrainedModel, logits_at_once: int = _LOGITS_AT_ONCE) -> None:
        model.config.use_cache = False
        self._model = model
        self._logits_at_once = logits_at_once
        self._head: torch.nn.Module | None = model.get_output_embeddings()
        vocabulary = self._examine()
        self._rows_at_once = max(1, logits_at_once // vocabulary)
        self.most_tokens = self._rows_at_once if self._head is None else None
        """The tokens that a batch may have, None where its memory does not depend on them."""

    @torch.inference_mode()
    def __call__(self, ids: torch.Tensor, mask: torch.Tensor) -> npt.NDArray[np.float32]:
        """The perplexity of each text; NaN where it has fewer than two tokens.

        ids, mask: int64 (texts, longest), with the padding behind the tokens.
        """
        # seen: int64 (tokens,): the places of the tokens that a next one follows
        followed = mask[:, 1:].bool()
        seen = torch.nn.functional.pad(followed, (0, 1)).flatten().nonzero().squeeze(1)
        states = self._states(ids, mask).flatten(0, 1)
        next_ids = ids[:, 1:][followed]
        losses = torch.zeros(len(seen), dtype=torch.float64, device=ids.device)
        for start in range(0, len(seen), self._rows_at_once):
            rows = slice(start, start + self._rows_at_once)
            logits = self._logits(states[seen[rows]]).float()
            losses[rows] = cross_entropy(logits, next_ids[rows], reduction="none").double()
        # texts: int64 (tokens,): the text of each; 0 / 0 is NaN
        texts = torch.div(seen, ids.shape[1], rounding_mode="floor")
        sums = torch.zeros(len(ids), dtype=torch.float64, device=ids.device)
        means = sums.index_add(0, texts, losses) / followed.sum(dim=1)
        return np.asarray(means.exp().float().cpu().numpy())

    def _states(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """What logits are made of: hidden states, or the logits where the head is not alone."""
        reads = self._model if self._head is None else self._model.base_model
        outputs = reads(input_ids=ids, attention_mask=mask)
        states: torch.Tensor = outputs.logits if self._head is None else outputs.last_hidden_state
        return states

    def _logits(self, states: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = states if self._head is None else self._head(states)
        return logits

    @torch.inference_mode()
    def _examine(self) -> int:
        """The size of the vocabulary; forgets a head whose outputs the model changes afterwards, as
        Gemma 2 does."""
        device = self._model.device
        ids = torch.tensor([[0, 1, 2, 3], [0, 1, 2, 4]], device=device)
        mask = torch.ones_like(ids)
        # whole: (texts, tokens, vocabulary)
        whole: torch.Tensor = self._model(input_ids=ids, attention_mask=mask).logits.float()
        if not self._are_same(whole[0, :3], whole[1, :3]):
            raise NoEngineError(
                f"{self._model.name_or_path} looks at later tokens, so it gives no perplexity; "
                "name a causal language model"
            )
        if self._head is not None:
            alone = self._logits(self._states(ids, mask)).float()
            if not self._are_same(alone, whole):
                self._head = None
        return whole.shape[-1]

    def _are_same(self, one: torch.Tensor, other: torch.Tensor) -> bool:
        if one.shape != other.shape:
            return False
        spread = float(other.std())
        # A checkpoint of no numbers gives none to any text.
        allowed = _SAME[self._model.dtype] * spread if math.isfinite(spread) else math.inf
        return not bool(((one - other).abs() > allowed).any())
