"""Token counts of a text. Pure, apart from loading the vocabulary."""

from __future__ import annotations

import functools
import importlib.resources
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mistral_common.tokens.tokenizers.tekken import Tekkenizer

TOKENIZER = "tekken_240911"
"""The fixed tokenizer of `text_tokens`: 131,072 entries, in mistral-common's wheel."""


@functools.cache
def _tokenizer() -> Tekkenizer:
    # Imported here: it takes 25 MB and a quarter of a second, and a replica counts no tokens.
    from mistral_common.tokens.tokenizers.tekken import Tekkenizer

    data = importlib.resources.files("mistral_common") / "data" / f"{TOKENIZER}.json"
    return Tekkenizer.from_file(Path(str(data)))


def count_tokens(text: str) -> int:
    """How many text tokens `text` has, without begin or end marks."""
    return len(_tokenizer().encode(text, bos=False, eos=False))


def count_up_to(text: str, enough: int) -> int:
    """How many text tokens `text` has, but at most `enough`.

    No token spans two words. So a text of `enough` words needs no vocabulary, whose loading takes
    a second and 119 MB.
    """
    return enough if len(text.split()) >= enough else min(enough, count_tokens(text))
