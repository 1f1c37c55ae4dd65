"""The result of parsing a model's output: Markdown, blocks, and how the page is turned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from schemas.pages import Block


@dataclass(frozen=True, slots=True)
class Parsed:
    """One page's output.

    Where blocks have texts, `text` is these joined by `schemas.pages.own_text`. `turn` means the
    same as in `schemas.pages.Reading`.
    """

    text: str
    blocks: tuple[Block, ...] = ()
    turn: int = 0


Parser = Callable[[str], Parsed]
"""Takes the whole decoded output, with its special tokens; raises for no string."""
