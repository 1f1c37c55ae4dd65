"""What a model's output says, once parsed: Markdown, blocks, and whether the page is turned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from schemas.pages import Block


@dataclass(frozen=True, slots=True)
class Parsed:
    """One page's output in our terms.

    Where blocks have texts, `text` is theirs joined by `schemas.pages.join_blocks`. `turn` is as
    in `schemas.pages.Reading`.
    """

    text: str
    blocks: tuple[Block, ...] = ()
    turn: int = 0


Parser = Callable[[str], Parsed]
"""Takes the whole decoded output, special tokens kept; raises for no string whatever."""
