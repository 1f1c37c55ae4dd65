"""Which way a PDF page lies, by its glyphs, and the view that shows it upright. Pure.

Owns the arithmetic of views and the vote of the glyphs. `lines` counts the glyphs, `layer` asks
for the vote.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

MIN_TELLING_GLYPHS = 300
"""Fewer glyphs do not turn a page whose text layer is not taken: the only text on a scan may be a
stamp in its margin ("Downloaded from ...", 250 characters at most)."""

Matrix = tuple[float, float, float, float, float, float]
"""a, b, c, d, e, f, as in PDF: x' = a x + c y + e, y' = b x + d y + f."""


@dataclass(frozen=True, slots=True)
class View:
    """A view of a displayed page: mirrored left to right, then turned clockwise by `rotation`.

    `rotation` is 0, 90, 180 or 270.
    """

    rotation: int = 0
    is_mirrored: bool = False

    def then(self, other: View) -> View:
        """This view and then `other`, as one view of the page."""
        turned = -self.rotation if other.is_mirrored else self.rotation
        return View(
            (other.rotation + turned) % 360,
            self.is_mirrored != other.is_mirrored,
        )

    def size(self, width: float, height: float) -> tuple[float, float]:
        """Width and height of the view of a page with this width and height."""
        return (height, width) if self.rotation % 180 else (width, height)

    def matrix(self, width: float, height: float) -> Matrix:
        """The matrix from a displayed page, its top left corner at (0, 0), to the view."""
        a, b, c, d, e, f = {
            0: (1.0, 0.0, 0.0, 1.0, 0.0, 0.0),
            90: (0.0, 1.0, -1.0, 0.0, height, 0.0),
            180: (-1.0, 0.0, 0.0, -1.0, width, height),
            270: (0.0, -1.0, 1.0, 0.0, 0.0, width),
        }[self.rotation]
        if not self.is_mirrored:
            return (a, b, c, d, e, f)
        return (-a, -b, c, d, a * width + e, b * width + f)  # (width - x, y) goes in for (x, y)


AS_DISPLAYED = View()


@functools.cache
def upright_view_of(quadrant: int, is_mirrored: bool, is_vertical: bool) -> View:
    """The view in which a line stands upright.

    `quadrant` is its writing direction in quarter turns clockwise. Glyphs of a vertical line (CJK)
    stand upright while the line runs downwards.
    """
    if is_mirrored:
        return View(-((2 - quadrant) % 4) * 90 % 360, True)
    return View(-(quadrant - is_vertical) * 90 % 360)


def elect(glyphs: Mapping[View, int], at_least: int = 1) -> View:
    """The view in which over half of the glyphs stand upright; AS_DISPLAYED where there is none.

    `glyphs` counts them by the view in which they stand upright. A view with fewer than
    `at_least` is not elected.
    """
    counted = Counter(glyphs)
    for view, count in counted.most_common(1):
        if count * 2 > counted.total() and count >= at_least:
            return view
    return AS_DISPLAYED
