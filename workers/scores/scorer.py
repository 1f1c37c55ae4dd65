"""The model of a score: texts in, one number a text out.

A value is rounded to four decimals, a probability or perplexity to four digits, so that almost no
value depends on the batch that its text was in.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    PreTrainedModel,
)

from workers.engines.checkpoint import find_checkpoint
from workers.scores.head import Head, head_of
from workers.scores.perplexity import Perplexity
from workers.scores.settings import ScorerSettings
from workers.text_models.batches import TextBatches
from workers.text_models.checkpoint import require_revision


def load(settings: ScorerSettings) -> TextScorer:
    """See `workers.scores.load.load_scorer`."""
    score = settings.score.score
    checkpoint = find_checkpoint(score, f"score {score.name}")
    require_revision(checkpoint, settings.score.revision, f"score {score.name}")
    head = head_of(score, checkpoint.config)
    kind = AutoModelForCausalLM if score.perplexity else AutoModelForSequenceClassification
    batches = TextBatches.load(
        *(kind, checkpoint, score.dtype, score.max_tokens),
        threads=settings.threads,
        text_timeout_s=settings.text_timeout_s,
    )
    perplexity = Perplexity(batches.model) if score.perplexity else None
    if perplexity is not None and perplexity.most_tokens is not None:
        batches.batch_tokens = min(batches.batch_tokens, perplexity.most_tokens)
    return TextScorer(batches, head, perplexity)


class TextScorer:
    """A loaded model. `score` is called by one thread at a time."""

    def __init__(self, batches: TextBatches, head: Head, perplexity: Perplexity | None) -> None:
        self._batches = batches
        self._head = head
        self._perplexity = perplexity

    def score(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """The value of each text: float32 (texts,); NaN where the model gives no number.

        Raises ModelError where the device has too little memory for a single text.
        """
        values = np.array(self._batches.read(texts, self._values), np.float32)
        return np.where(np.isfinite(values), values, np.float32(np.nan))

    def _values(
        self, model: PreTrainedModel, ids: torch.Tensor, mask: torch.Tensor
    ) -> npt.NDArray[np.float32]:
        if self._perplexity is not None:
            return _four_digits(self._perplexity(ids, mask))
        outputs = model(input_ids=ids, attention_mask=mask).logits.float()  # (texts, labels)
        if self._head.reading == "softmax":
            outputs = torch.softmax(outputs, dim=-1)
        elif self._head.reading == "sigmoid":
            outputs = torch.sigmoid(outputs)
        values: npt.NDArray[np.float32] = outputs[:, self._head.output].cpu().numpy()
        return values.round(4) if self._head.reading == "raw" else _four_digits(values)


def _four_digits(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Values rounded to four digits, so that small ones can still be ranked."""
    return np.array([float(f"{value:.4g}") for value in values.tolist()], np.float32)
