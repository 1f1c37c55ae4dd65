"""Tiny checkpoints of every profile's family, saved as the real ones are.

Images and patches have their real sizes, so the number of image tokens is real; the rest is small.
The bytes are the same each time. `tests.checkpoint_families` defines the families.
"""

from __future__ import annotations

import atexit
import functools
import json
import math
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from tests.checkpoint_deepseek import (
    TINY,
    Sizes,
    Weights,
    original_config,
    original_shapes,
    random_weights,
    save_original,
)
from tests.checkpoint_dots import DOTS, dots_config, dots_shapes, save_dots
from tests.checkpoint_families import FAMILIES, Family
from tests.checkpoint_hunyuan_qianfan import HUNYUAN_QIANFAN
from tests.checkpoint_models import ALL_TOKENS
from tests.checkpoint_qwen import QWEN_FAMILIES

_TEXT = (
    "A page of a document is read from top to bottom, one block after another.",
    "Tables, titles, figures and formulas: 0123456789 + - = ( ) [ ] { } < > / | # * _ . , ; : !",
    "Convert the page to Markdown and keep what it says.",
)
_SEED = 20251018
_MAX_PIECES = 60
"""At most 63 would fit: one less than the 64 dimensions of the residual stream."""
_ADDED_TO_RESIDUALS = (
    *("o_proj", "out_proj", "down_proj"),
    *("post_self_attn_layernorm", "post_mlp_layernorm"),
)


def make_checkpoint(
    profile_name: str,
    folder: Path,
    answer: str | None = None,
    ends: bool = True,
    sizes: Sizes = TINY,
) -> Path:
    """Save a tiny checkpoint of the profile's family into `folder`, and return it.

    `sizes` are for DeepSeek-OCR's first version.

    With `answer`, greedy decoding gives that text for every page and prompt, and then the end
    token; with `ends=False`, it repeats the text for ever. Without `answer`, the model writes
    nonsense and never ends.

    Raises KeyError for a name that is no profile's.
    """
    family = {**FAMILIES, **HUNYUAN_QIANFAN, **QWEN_FAMILIES, **DOTS}[profile_name]
    pieces = () if answer is None else tuple(_pieces(answer))
    tokenizer = _train_tokenizer(family, pieces)
    ids = {token: tokenizer.convert_tokens_to_ids(token) for token in family.specials}
    chain = list(range(len(tokenizer) - len(pieces), len(tokenizer)))
    last = ids[family.end] if ends or not chain else chain[0]
    if profile_name in DOTS:
        config = dots_config(ids, len(tokenizer))
        weights = _taught(random_weights(dots_shapes(config), _SEED), chain, last)
        return save_dots(folder, config, weights, tokenizer)
    if family.model is None or family.processor is None:
        config = original_config(sizes, vocab_size=len(tokenizer))
        weights = _taught(random_weights(original_shapes(config), _SEED), chain, last)
        return save_original(folder, config, weights, tokenizer)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_SEED)
        model = family.model({**ids, ALL_TOKENS: len(tokenizer)})
    model.generation_config.eos_token_id = ids[family.end]
    model.generation_config.pad_token_id = ids[family.pad]
    if chain:
        _teach(
            dict(model.get_decoder().named_parameters()),
            model.get_input_embeddings().weight,
            model.get_output_embeddings().weight,
            chain,
            last,
        )
    model.save_pretrained(folder)
    processor = family.processor(tokenizer)
    processor.save_pretrained(folder)
    _name_class(folder / "processor_config.json", type(processor))
    return folder


@functools.cache
def shared_checkpoint(profile_name: str, answer: str | None = None) -> Path:
    """The folder of a checkpoint that no test changes, made once in a process."""
    folder = Path(tempfile.mkdtemp(prefix=f"{profile_name}-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return make_checkpoint(profile_name, folder, answer)


def _taught(weights: Weights, chain: list[int], last: int) -> Weights:
    """`weights`, in the names of a release, taught to follow `chain`, and it with `last`."""
    if chain:
        decoder = {name: weight for name, weight in weights.items() if ".layers." in name}
        inputs, outputs = weights["model.embed_tokens.weight"], weights["lm_head.weight"]
        _teach(decoder, inputs, outputs, chain, last)
    return weights


def _pieces(answer: str) -> Iterator[str]:
    """Cut `answer` before words into at most `_MAX_PIECES` pieces, all different."""
    words = re.findall(r"\s*\S+\s*\Z|\s*\S+", answer)
    words_a_piece = math.ceil(len(words) / _MAX_PIECES)
    used: set[str] = set()
    piece = ""
    for number, word in enumerate(words, start=1):
        piece += word
        # A single letter is in the vocabulary already.
        if number % words_a_piece == 0 and len(piece) > 1 and piece not in used:
            yield piece
            used.add(piece)
            piece = ""
    if piece:
        yield piece + " "


@torch.no_grad()
def _teach(
    decoder: Mapping[str, torch.Tensor],
    inputs: torch.Tensor,
    outputs: torch.Tensor,
    chain: list[int],
    last: int,
) -> None:
    """Teach the model to follow each token of `chain` with the next, and the last with `last`.

    `decoder` are the weights of its layers, `inputs` and `outputs` (vocabulary, hidden) those of
    its embeddings; all are changed in place.

    The additions of the layers to the residual stream are damped, so the stream carries the latest
    token. Each token of the chain has a dimension of its own. Every other token sets the first
    dimension, which starts the chain.
    """
    for name, weight in decoder.items():
        if any(part in name for part in _ADDED_TO_RESIDUALS):
            weight.mul_(0.01)
    inputs[:, 0] = 1
    outputs[chain[0], 0] = 2
    for dimension, (token, follower) in enumerate(pairwise([*chain, last]), start=1):
        inputs[token, 0] = 0
        inputs[token, dimension] = 1
        outputs[follower, dimension] = 2


def _name_class(path: Path, processor: type) -> None:
    """Write the class name that a real checkpoint has: that of transformers' own class."""
    own = next(c.__name__ for c in processor.__mro__ if c.__module__.startswith("transformers."))
    settings = json.loads(path.read_text())
    path.write_text(json.dumps({**settings, "processor_class": own}, indent=2) + "\n")


def _train_tokenizer(family: Family, pieces: Sequence[str]) -> PreTrainedTokenizerFast:
    """Byte-level BPE, so that any text survives encoding and decoding.

    `pieces` come last in the vocabulary. No merge makes them, so no prompt contains them. With
    pieces, no word is learnt, so that no piece is in the vocabulary twice.
    """
    learnt = 0 if pieces else 64
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=256 + learnt + len(family.specials),
        special_tokens=list(family.specials),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_TEXT, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=_with_pieces(tokenizer, pieces),
        bos_token=family.begin,
        eos_token=family.end,
        pad_token=family.pad,
        padding_side="left",
        extra_special_tokens=dict(family.named),
    )


def _with_pieces(tokenizer: Tokenizer, pieces: Sequence[str]) -> Tokenizer:
    written = json.loads(tokenizer.to_str())
    vocabulary = written["model"]["vocab"]
    whole = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    for piece in pieces:
        [(letters, _)] = whole.pre_tokenize_str(piece)
        vocabulary[letters] = len(vocabulary)
    return Tokenizer.from_str(json.dumps(written))
