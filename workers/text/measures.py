"""Token counts of a text. Pure, apart from loading the vocabulary."""

from __future__ import annotations

import base64
import functools
import importlib.resources
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tiktoken import Encoding

TOKENIZER = "tekken_240911"
"""The fixed tokenizer of `text_tokens`: 131,072 entries, in mistral-common's wheel."""


@functools.cache
def _tokenizer() -> Encoding:
    """The vocabulary in the same encoder that mistral-common puts it into.

    Its own `Tekkenizer` takes 2.1 CPU seconds and 190 MB to load, because it also decodes each
    entry and imports what it needs for pictures and sound; this takes 0.5 seconds and 112 MB. It
    adds to each token the number of the special ones, which counts do not need.
    """
    path = importlib.resources.files("mistral_common") / "data" / f"{TOKENIZER}.json"
    return tekken_encoding(json.loads(path.read_bytes()), TOKENIZER)


def tekken_encoding(data: Mapping[str, Any], name: str) -> Encoding:
    """The encoder of a `tekken.json`. Raises KeyError or ValueError where it is none."""
    # Imported here: a replica counts no tokens.
    from tiktoken import Encoding

    config = data["config"]
    size = config["default_vocab_size"] - config["default_num_special_tokens"]
    ranks = {
        base64.b64decode(entry["token_bytes"]): entry["rank"] for entry in data["vocab"][:size]
    }
    return Encoding(name, pat_str=config["pattern"], mergeable_ranks=ranks, special_tokens={})


def count_tokens(text: str) -> int:
    """How many text tokens `text` has, without begin or end marks."""
    return len(_tokenizer().encode_ordinary(text))


def count_up_to(text: str, enough: int) -> int:
    """How many text tokens `text` has, but at most `enough`.

    No token spans two words. So a text of `enough` words needs no vocabulary, whose loading takes
    half a second and 112 MB.
    """
    return enough if len(text.split()) >= enough else min(enough, count_tokens(text))
