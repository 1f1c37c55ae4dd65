"""Vision-token formulas. Pure; one place for the arithmetic of modes.

DeepSeek-OCR's native modes (arXiv 2510.18234, section 3.2.2): the page is padded to a square and
the tokens that stand for padding are not counted.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

ReferenceMode = Literal["base", "large"]


class VisionTokens(NamedTuple):
    """What a page image costs a model.

    `placeholders` are the image tokens in the prompt, as the checkpoint's processor makes them;
    `valid` are those that stand for the page itself, not for padding, row breaks or separators,
    and are what `vision_tokens` and `compression` count.
    """

    placeholders: int
    valid: int


_TOKENS_OF_MODE: dict[str, int] = {
    "base": 256,  # (1024 / 16 / 4)^2: patch 16, then a 4 x 4 compressor
    "large": 400,  # (1280 / 16 / 4)^2
}


def reference_vision_tokens(mode: ReferenceMode, width: int, height: int) -> int:
    """Valid vision tokens of a padded page image: ceil(N (1 - (max - min) / max)).

    >>> reference_vision_tokens("base", 1000, 1000)
    256
    """
    shortest, longest = sorted((width, height))
    return math.ceil(_TOKENS_OF_MODE[mode] * shortest / longest)
