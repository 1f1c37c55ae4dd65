"""The n-gram guard: which tokens would repeat an n-gram of the last tokens. Pure.

The rule is DeepSeek-OCR's (its repository, `process/ngram_norepeat.py`): no `size` tokens in a row
may occur twice among the last `window` tokens. Exempt tokens are never banned.
"""

from __future__ import annotations

from collections.abc import Sequence


def banned_tokens(
    tokens: Sequence[int], size: int, window: int, exempt: frozenset[int] = frozenset()
) -> set[int]:
    """The tokens that may not come next.

    >>> banned_tokens([1, 2, 3, 1, 2], size=3, window=10)
    {3}
    """
    tail = list(tokens[-window:])
    prefix = tail[len(tail) - size + 1 :]
    banned = {
        tail[end]
        for end in range(size - 1, len(tail))
        # Comparing the last token first avoids most slices; this runs at every step.
        if tail[end - 1] == prefix[-1] and tail[end - size + 1 : end] == prefix
    }
    return banned - exempt
