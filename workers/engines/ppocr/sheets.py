"""The pages and lines that one call of the `ppocr` engine has in work.

Does not: decide what is done next with them; `workers.engines.ppocr.engine` does.
"""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from schemas.errors import EnvironmentFault
from schemas.pages import PageImage, Reading
from workers.engines.page_reading import Sight, failed_reading, likely_text, reading_of
from workers.engines.ppocr.batches import Shape
from workers.engines.text_lines import (
    Floats,
    Line,
    LineCrop,
    Pixels,
    Recognised,
    decode_image,
    detector_pixels,
    has_page_shape,
    padded_width_px,
)
from workers.engines.tiles import Tile, tiles_of
from workers.layout.regions import LayoutModel


@dataclass(slots=True)
class Sheet:
    """A page in work: its tiles, what detection found in each, and its lines in that order.

    `layout` names the blocks, if there is one.
    """

    page: PageImage
    layout: LayoutModel | None = None
    grey: NDArray[np.uint8] | None = None
    tiles: list[Tile] = field(default_factory=list)
    found: list[Found | None] = field(default_factory=list)
    lines: list[Line | None] = field(default_factory=list)
    missing: int = 0
    reading: Future[Reading] = field(default_factory=Future)

    def finish(self) -> None:
        """Make the reading once all lines are read; here exceptions become the page's error."""
        try:
            lines = [line for line in self.lines if line is not None]
            assert self.grey is not None
            maps = [found.likely for found in self.found if found is not None]
            layout = self.layout if lines and has_page_shape(self.page) else None
            regions = layout.regions(self.page) if layout else ()
            sight = Sight(self.grey, likely_text(self.tiles, maps), regions)
            self.reading.set_result(reading_of(self.page, lines, sight))
        except EnvironmentFault as exc:
            self.reading.set_exception(exc)
        except Exception as exc:  # noqa: BLE001 - a worker's boundary
            self.fail(exc)

    def fail(self, exc: BaseException) -> None:
        """Make the reading an error, unless it is made already: the first error counts."""
        if not self.reading.done():
            self.reading.set_result(failed_reading("ppocr", self.page, exc))


@dataclass(frozen=True, slots=True)
class Opened:
    """A tile of a decoded page that waits for detection, by its number on the page."""

    sheet: Sheet
    number: int
    pixels: Pixels

    @property
    def tile(self) -> Tile:
        """The tile."""
        return self.sheet.tiles[self.number]

    @property
    def shape(self) -> Shape:
        """The shape that its batch has."""
        return (self.pixels.shape[0], self.pixels.shape[1])


@dataclass(frozen=True, slots=True)
class Unread:
    """A line that waits for recognition; `upright` is its result the right way up, if any."""

    sheet: Sheet
    index: int
    crop: LineCrop
    pixels: Pixels
    upright: Recognised | None = None

    @property
    def shape(self) -> Shape:
        """The shape that its batch has."""
        return (self.pixels.shape[0], padded_width_px(self.pixels))


@dataclass(frozen=True, slots=True)
class Found:
    """What detection found in a tile: its lines with their pixels for the recogniser, and how
    likely each place is text."""

    lines: list[tuple[LineCrop, Pixels]]
    likely: Floats


def open_page(sheet: Sheet) -> list[Opened]:
    """Decode a page and bring its tiles to the detector's size. Raises ValueError if broken."""
    image = decode_image(sheet.page.data)
    sheet.grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    sheet.tiles = tiles_of(image)
    sheet.found = [None] * len(sheet.tiles)
    return [
        Opened(sheet, number, detector_pixels(tile.pixels))
        for number, tile in enumerate(sheet.tiles)
    ]
