"""The encoder: texts in, a vector of length 1 for each out."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from transformers import AutoModel, PreTrainedModel

from workers.embeddings.checkpoint import pooling_at
from workers.embeddings.pooling import Pooling
from workers.embeddings.settings import Embeddings, EncoderSettings
from workers.engines.checkpoint import find_checkpoint
from workers.text_models.batches import TextBatches
from workers.text_models.checkpoint import require_revision


def load(settings: EncoderSettings) -> TextEncoder:
    """See `workers.embeddings.load.load_encoder`."""
    semantic = settings.encoder.semantic
    checkpoint = find_checkpoint(semantic, "dedup.semantic")
    require_revision(checkpoint, settings.encoder.revision, "dedup.semantic")
    batches = TextBatches.load(
        *(AutoModel, checkpoint, semantic.dtype, semantic.max_tokens),
        threads=settings.threads,
        text_timeout_s=settings.text_timeout_s,
        unused=("pooler.",),
    )
    return TextEncoder(batches, pooling_at(checkpoint))


class TextEncoder:
    """A loaded model. `embed` is called by one thread at a time."""

    def __init__(self, batches: TextBatches, pooling: Pooling) -> None:
        self._batches = batches
        self._outputs = functools.partial(_pooled, pooling)

    def embed(self, texts: Sequence[str], only_whole: bool = False) -> Embeddings:
        """The embedding of each text; with `only_whole` of those that the model sees whole.

        Raises ModelError where the device has too little memory for a single text.
        """
        tokens = self._batches.tokens(texts)
        # A text that fills the model may go on, which its tokens do not say.
        is_whole = np.array([len(ids) < self._batches.max_tokens for ids in tokens], bool)
        chosen = np.flatnonzero(is_whole | (not only_whole)).tolist()
        vectors: list[npt.NDArray[np.float32] | None] = [None] * len(texts)
        rows = self._batches.read_tokens([tokens[place] for place in chosen], self._outputs)
        for place, row in zip(chosen, rows, strict=True):
            vectors[place] = row if np.isfinite(row).all() else None
        return Embeddings(vectors, is_whole)


def _pooled(
    pooling: Pooling, model: PreTrainedModel, ids: torch.Tensor, mask: torch.Tensor
) -> npt.NDArray[np.float32]:
    # outputs: (texts, longest, dimensions); padding is on the right, so the first token is `cls`
    outputs = model(input_ids=ids, attention_mask=mask).last_hidden_state.float()
    if pooling == "cls":
        vectors = outputs[:, 0]
    else:
        seen = mask[:, :, None].float()
        vectors = (outputs * seen).sum(dim=1) / seen.sum(dim=1)
    lengths = vectors.norm(dim=1, keepdim=True)
    unit: npt.NDArray[np.float32] = (vectors / lengths).cpu().numpy()
    return unit
