"""Cut many texts into batches that fit a core's cache. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def batches(texts: Iterable[str], most_chars: int) -> Iterator[list[str]]:
    """Lists of texts, in order, of up to `most_chars` characters; a longer text is alone.

    >>> list(batches(["ab", "c", "defg"], 3))
    [['ab', 'c'], ['defg']]
    """
    batch: list[str] = []
    chars = 0
    for text in texts:
        if batch and chars + len(text) > most_chars:
            yield batch
            batch, chars = [], 0
        batch.append(text)
        chars += len(text)
    if batch:
        yield batch
