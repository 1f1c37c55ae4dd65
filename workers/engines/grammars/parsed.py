"""The results of parsing a model's output: Markdown, blocks, how the page is turned; or its layout,
the regions that are to be read by themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from schemas.pages import Block, Box


@dataclass(frozen=True, slots=True)
class Parsed:
    """One page's output.

    Where blocks have texts, `text` is these joined by `schemas.pages.own_text`. `turn` means the
    same as in `schemas.pages.Reading`.
    """

    text: str
    blocks: tuple[Block, ...] = ()
    turn: int = 0


@dataclass(frozen=True, slots=True)
class Region:
    """A region of a page, as a layout names it.

    Args:
        kind: the model's word for it.
        bbox: its place on the page.
        turn: by how many degrees clockwise it must be turned to be upright.
        is_read: whether it is to be read; False for figures.
        goes_on: whether its text goes on where the one before it ended, as over two columns.
        is_item: whether it is an item of a list.
    """

    kind: str
    bbox: Box
    turn: int = 0
    is_read: bool = True
    goes_on: bool = False
    is_item: bool = False


SQUARE_PX = 1 << 16
"""The side of the square of which boxes in pixels are fractions, until `placed` has the page."""


def placed(page: Parsed, seen_px: tuple[int, int]) -> Parsed:
    """A page whose boxes are fractions of `SQUARE_PX`, with those of a picture of `seen_px`."""
    width, height = (SQUARE_PX / side for side in seen_px)
    blocks = tuple(
        replace(
            block,
            bbox=(
                min(block.bbox[0] * width, 1.0),
                min(block.bbox[1] * height, 1.0),
                min(block.bbox[2] * width, 1.0),
                min(block.bbox[3] * height, 1.0),
            ),
        )
        for block in page.blocks
    )
    return replace(page, blocks=blocks)


Parser = Callable[[str], Parsed]
"""Takes the whole decoded output, with its special tokens; raises for no string."""
