"""How much of a drawn page's print its text layer accounts for.

Owns what counts as a drawing on a PDF page: pictures and paths larger than letters. What print is,
`workers.layout.coverage` knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pymupdf
from numpy.typing import NDArray

from schemas.pages import Block, Box
from workers.layout.coverage import coverage

_STEP = 3
"""Every third pixel of every third row: 0.5 ms instead of 3; on 100 good pages the share changes
by 0.03 at most."""
_LETTER = 0.04
"""Of the page's longer side. A larger path is a drawing, smaller ones may be letters drawn so."""
_PICTURE_SHARE = 0.5
"""A picture over more of the page is its background or a scan: its print is the page's."""


def layer_coverage(
    page: pymupdf.Page, grey: NDArray[np.uint8], blocks: Iterable[Block], floor: float
) -> float | None:
    """The share of the page's print that the blocks of its layer account for; None for hardly any.

    What the page draws, apart from text, is looked up only where the share would be below `floor`.
    `grey` shows the page as the blocks' boxes have it, which is as displayed.
    """
    small = np.ascontiguousarray(grey[::_STEP, ::_STEP])
    blocks = list(blocks)
    read = [block.bbox for block in blocks if block.text]
    figures = [block.bbox for block in blocks if block.label == "figure"]
    share = coverage(small, read, figures)
    if share is None or share >= floor:
        return share
    return coverage(small, read, [*figures, *_drawings(page)])


def _drawings(page: pymupdf.Page) -> Iterator[Box]:
    """The boxes of pictures and large paths, in fractions of the page as displayed."""
    width, height = page.rect.width, page.rect.height
    letter = _LETTER * max(width, height)
    for kind, box in page.get_bboxlog():
        if "text" in kind:
            continue
        shown = pymupdf.Rect(box) * page.rotation_matrix & pymupdf.Rect(0, 0, width, height)
        is_picture = "image" in kind and shown.width * shown.height < (
            _PICTURE_SHARE * width * height
        )
        if is_picture or ("path" in kind and max(shown.width, shown.height) > letter):
            yield (shown.x0 / width, shown.y0 / height, shown.x1 / width, shown.y1 / height)
