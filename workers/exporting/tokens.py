"""Texts as token numbers, and the token that ends a document.

A text is only text: where it writes out a special token, `<|endoftext|>`, that is encoded letter by
letter, and ends nothing.
"""

from __future__ import annotations

import importlib.resources
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from schemas.errors import RequestError
from schemas.lines import first_line
from schemas.tokenizer import Tokenizer
from workers.text.measures import TOKENIZER, tekken_encoding
from workers.text.trainer_tokens import TokenizerFile, find_tokenizer, load_counter

_ENDS = ("<|endoftext|>", "<|end_of_text|>", "</s>", "<eos>", "<|end▁of▁sentence|>")
"""What families of models end a document with: GPT and Qwen, Llama 3, Llama 2 and Mistral, Gemma,
DeepSeek."""


@dataclass(frozen=True, slots=True)
class Encoder:
    """Encodes texts; `end` is the number of the token that ends a document."""

    name: str
    encode: Callable[[str], list[int]]
    vocabulary: int
    end: int


def load_encoder(file: str | None, end: str | None) -> Encoder:
    """The encoder of a tokenizer's file; without one, that of `text_tokens`.

    Raises RequestError where it is no tokenizer, or has no token `end`.
    """
    if file is None:
        data = importlib.resources.files("mistral_common") / "data" / f"{TOKENIZER}.json"
        tokenizer = TokenizerFile(TOKENIZER, data.read_bytes())
    else:
        tokenizer = find_tokenizer(Tokenizer(file=file))
        # It says what is wrong with a file that is none.
        load_counter(tokenizer.data, tokenizer.name)
    written = json.loads(tokenizer.data)
    if {"config", "vocab"} <= written.keys():
        return _of_tekken(written, tokenizer.name, end)
    return _of_tokenizers(tokenizer, end)


def _of_tekken(written: Mapping[str, Any], name: str, end: str | None) -> Encoder:
    encoding = tekken_encoding(written, name)
    # The special tokens have the first numbers.
    first = written["config"]["default_num_special_tokens"]
    listed = written.get("special_tokens") or [{"token_str": "</s>", "rank": 2}]
    special = {entry["token_str"]: entry["rank"] for entry in listed}

    def encode(text: str) -> list[int]:
        return [first + token for token in encoding.encode_ordinary(text)]

    return Encoder(
        name, encode, written["config"]["default_vocab_size"], special[_end(special, name, end)]
    )


def _of_tokenizers(tokenizer: TokenizerFile, end: str | None) -> Encoder:
    from tokenizers import Tokenizer as Tokens

    tokens = Tokens.from_str(tokenizer.data.decode())
    tokens.no_padding()
    tokens.no_truncation()
    tokens.encode_special_tokens = True
    special = {
        token.content: number
        for number, token in tokens.get_added_tokens_decoder().items()
        if token.special
    }
    if end is not None and (number := tokens.token_to_id(end)) is not None:
        special[end] = number

    def encode(text: str) -> list[int]:
        [encoded] = tokens.encode_batch_fast([text], add_special_tokens=False)
        numbers: list[int] = encoded.ids
        return numbers

    ends = special[_end(special, tokenizer.name, end)]
    return Encoder(tokenizer.name, encode, tokens.get_vocab_size(), ends)


def _end(special: Mapping[str, int], name: str, end: str | None) -> str:
    """The token that ends a document: the one asked for, else the only one that looks like it."""
    likely = [token for token in _ENDS if token in special] if end is None else [end]
    if len(likely) == 1 and likely[0] in special:
        return likely[0]
    has = ", ".join(sorted(special)[:20]) or "no special tokens"
    if end is not None:
        raise RequestError(f"--end-token: {name} has no token {end!r}; it has {has}")
    raise RequestError(
        f"{name} does not say which token ends a document; name it with --end-token, of: {has}"
    )


def tokenizer_name(file: str | None) -> str:
    """The name that stands for the file's bytes. Raises as `load_encoder` does."""
    if file is None:
        return TOKENIZER
    try:
        return find_tokenizer(Tokenizer(file=file)).name
    except ValueError as exc:  # what pydantic says of a name that is none
        raise RequestError(f"--tokenizer: {first_line(exc)}") from exc
