"""A text encoder whose embedding of a text is known: the mean of a vector for each of its words.

The checkpoint is a BERT without layers. Its layer norm is undone by vectors that are normed
already, so the mean of its outputs is the mean of the vectors of the words, and a test computes it
apart with `vector_of`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

DIMENSIONS = 16
MAX_TOKENS = 512
_EPSILON = 1e-12


def word_vectors(words: Sequence[str], seed: int = 0) -> dict[str, npt.NDArray[np.float64]]:
    """A vector for each word: of mean 0 and variance 1, as a layer norm leaves them."""
    random = np.random.default_rng(seed)
    vectors = random.normal(size=(len(words), DIMENSIONS))
    vectors -= vectors.mean(axis=1, keepdims=True)
    vectors /= vectors.std(axis=1, keepdims=True)
    return dict(zip(words, vectors, strict=True))


def vector_of(text: str, vectors: Mapping[str, npt.NDArray[np.float64]]) -> npt.NDArray[np.float64]:
    """The embedding of a text whose words are all known, of length 1."""
    mean = np.mean([vectors[word] for word in text.lower().split()], axis=0)
    return np.asarray(mean / np.linalg.norm(mean))


def make_encoder(
    folder: Path,
    vectors: Mapping[str, npt.NDArray[np.float64]],
    pooling: Mapping[str, bool] | None = None,
) -> Path:
    """Save the encoder and its tokenizer, and return the folder. It adds no marks to a text.

    `pooling` is what `1_Pooling/config.json` says; None for no such file.
    """
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    names = ["[PAD]", "[UNK]", *vectors]
    tokenizer = Tokenizer(
        models.WordLevel({name: number for number, name in enumerate(names)}, "[UNK]")
    )
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    saved = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]"
    )
    saved.save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(names),
        hidden_size=DIMENSIONS,
        num_hidden_layers=0,
        num_attention_heads=1,
        intermediate_size=1,
        max_position_embeddings=MAX_TOKENS,
        layer_norm_eps=_EPSILON,
    )
    model = BertModel(config)
    with torch.no_grad():
        for parameter in model.embeddings.parameters():
            parameter.zero_()
        table = np.stack([np.zeros(DIMENSIONS), np.zeros(DIMENSIONS), *vectors.values()])
        model.embeddings.word_embeddings.weight.copy_(torch.from_numpy(table))
        model.embeddings.LayerNorm.weight.fill_(1)
    model.save_pretrained(folder)
    if pooling is not None:
        (folder / "1_Pooling").mkdir()
        (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    return folder
