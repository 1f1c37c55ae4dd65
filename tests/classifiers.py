"""Tiny sequence-classification checkpoints of random weights, and a bare loop over their texts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.pipelines.corpora import prose

MAX_TOKENS = 64


def make_classifier(folder: Path, labels: Sequence[str] = (), seed: int = 0, **config: Any) -> Path:
    """Save a BERT of two layers and its tokenizer, and return the folder.

    Without `labels` it has one output, as a regression; the values of texts are far apart.
    """
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    settings = {
        "vocab_size": save_tokenizer(folder, seed),
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "max_position_embeddings": MAX_TOKENS,
        "initializer_range": 0.3,
        "id2label": dict(enumerate(labels or ["LABEL_0"])),
        **config,
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        BertForSequenceClassification(BertConfig(**settings)).save_pretrained(folder)
    return folder


def save_tokenizer(folder: Path, seed: int = 0) -> int:
    """Save a tokenizer of 300 tokens that sets marks around a text; returns their number."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    marks = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(vocab_size=300, special_tokens=marks, show_progress=False)
    tokenizer.train_from_iterator([prose(seed, 2000)], trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        special_tokens=[(mark, tokenizer.token_to_id(mark)) for mark in ("[CLS]", "[SEP]")],
    )
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token"), marks, strict=True))
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names).save_pretrained(folder)
    return int(tokenizer.get_vocab_size())


def bare_values(
    folder: Path, texts: Sequence[str], max_tokens: int = MAX_TOKENS
) -> npt.NDArray[np.float32]:
    """The outputs of a checkpoint, as a bare loop of transformers gives them: (texts, outputs)."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    rows = []
    with torch.inference_mode():
        for text in texts:
            batch = tokenizer(text, truncation=True, max_length=max_tokens, return_tensors="pt")
            rows.append(model(**batch).logits[0].numpy())
    return np.array(rows, np.float32)
