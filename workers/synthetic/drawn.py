"""What everything that draws a page returns: a picture, and the text that is on it."""

from __future__ import annotations

from dataclasses import dataclass, field

from PIL import Image

from schemas.pages import Block


@dataclass(frozen=True, slots=True)
class Drawn:
    """A page as it was drawn.

    `picture` is RGB; `text` is the ground truth; `blocks` are in reading order, with boxes in
    fractions of the picture. `cleaned_chars` counts the source's characters that cannot be drawn
    or stored: they are in neither the picture nor the text.
    """

    picture: Image.Image
    text: str
    blocks: tuple[Block, ...] = field(default=())
    cleaned_chars: int = 0
