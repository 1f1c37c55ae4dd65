"""Tiny causal language models of random weights, and perplexities by plain torch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.classifiers import MAX_TOKENS, save_tokenizer


def make_language_model(folder: Path, kind: str = "gpt2", seed: int = 0, **config: Any) -> Path:
    """Save a model of two layers of a type of transformers, and its tokenizer; returns the folder.

    That of `gpt2` has no token for padding, and sets no marks around a text.
    """
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    settings = {
        "vocab_size": save_tokenizer(folder, seed),
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "max_position_embeddings": MAX_TOKENS,
        "initializer_range": 0.3,
        **({"bos_token_id": None, "eos_token_id": None} if kind == "gpt2" else {}),
        **config,
    }
    if kind == "gpt2":
        _without_marks(folder)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **settings))
    model.save_pretrained(folder)
    return folder


def _without_marks(folder: Path) -> None:
    path = folder / "tokenizer.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"post_processor": None}))
    path = folder / "tokenizer_config.json"
    kept = json.loads(path.read_text())
    path.write_text(json.dumps({name: kept[name] for name in kept if name != "pad_token"}))


def bare_perplexities(
    folder: Path, texts: Sequence[str], max_tokens: int = MAX_TOKENS
) -> npt.NDArray[np.float32]:
    """The perplexity of each text, NaN without a second token: a loop, token by token."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder).eval()
    values = []
    with torch.inference_mode():
        for text in texts:
            ids = tokenizer(text, truncation=True, max_length=max_tokens)["input_ids"]
            if len(ids) < 2:
                values.append(float("nan"))
                continue
            shares = model(torch.tensor([ids])).logits[0].log_softmax(dim=-1)
            losses = [-float(shares[place, ids[place + 1]]) for place in range(len(ids) - 1)]
            values.append(float(np.exp(np.mean(losses))))
    return np.array(values, np.float32)
