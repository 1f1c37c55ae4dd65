"""The pages and lines that one call of the `ppocr` engine has in work.

Does not: decide what is done next with them; `workers.engines.ppocr.engine` does.
"""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from schemas.errors import EnvironmentFault
from schemas.pages import Block, PageImage, Reading
from workers.engines.boxes import Map, find_boxes
from workers.engines.page_reading import Sight, failed_reading, likely_text, reading_of, reduced
from workers.engines.ppocr.batches import Shape
from workers.engines.ppocr.clock import Clock
from workers.engines.ppocr.device import PpOcrModels
from workers.engines.ppocr.images import Crop, plan_cuts
from workers.engines.ppocr.transfers import Fetched
from workers.engines.text_lines import (
    LINE_HEIGHT_PX,
    Floats,
    Line,
    Recognised,
    decode_image,
    detector_shape,
    has_page_shape,
    padded_width_px,
)
from workers.engines.tiles import Tile, tiles_of
from workers.layout.regions import Cells, grey_page, regions_of
from workers.layout.tables.model import GridModel


@dataclass(frozen=True, slots=True)
class Layout:
    """What the layout model will have found in a page: the batch and the page's number in it."""

    batch: Fetched
    number: int

    def regions(self, clock: Clock) -> tuple[Block, ...]:
        """The page's regions, as soon as the batch has arrived."""
        classes, probabilities = self.batch.wait()
        with clock.host("regions"):
            return regions_of(classes[self.number], probabilities[self.number])


@dataclass(slots=True)
class Sheet:
    """A page in work: its tiles, what detection found in each, and its lines in that order.

    `squeezed` is what the layout model is to see of the page, if it is to see it at all, and
    `layout` what it found.
    """

    page: PageImage
    grey: NDArray[np.uint8] | None = None
    squeezed: Cells | None = None
    layout: Layout | None = None
    tiles: list[Tile] = field(default_factory=list)
    found: list[Found | None] = field(default_factory=list)
    lines: list[Line | None] = field(default_factory=list)
    missing: int = 0
    reading: Future[Reading] = field(default_factory=Future)

    def finish(self, clock: Clock, grid: GridModel | None) -> None:
        """Make the reading once all lines are read; here exceptions become the page's error.

        `grid` tells the rows of tables, if it is there.
        """
        try:
            lines = [line for line in self.lines if line is not None]
            assert self.grey is not None
            maps = [found.likely for found in self.found if found is not None]
            regions = self.layout.regions(clock) if lines and self.layout else ()
            with clock.host("blocks"):
                sight = Sight(self.grey, likely_text(self.tiles, maps), regions, grid)
                reading = reading_of(self.page, lines, sight)
            self.reading.set_result(reading)
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
    """A tile of a decoded page that waits for detection, by its number on the page.

    `pixels`: uint8 (height, width, 3) on the device.
    """

    sheet: Sheet
    number: int
    pixels: Tensor

    @property
    def tile(self) -> Tile:
        """The tile."""
        return self.sheet.tiles[self.number]

    @property
    def shape(self) -> Shape:
        """The shape that its batch has."""
        return detector_shape(*self.pixels.shape[:2])


@dataclass(frozen=True, slots=True)
class Unread:
    """A line that waits for recognition; `upright` is its result the right way up, if any."""

    sheet: Sheet
    index: int
    corners: Floats
    crop: Crop
    upright: Recognised | None = None

    @property
    def shape(self) -> Shape:
        """The shape that its batch has."""
        return (LINE_HEIGHT_PX, padded_width_px(self.crop.scaled_px))


@dataclass(frozen=True, slots=True)
class Found:
    """What detection found in a tile: the corners of its lines on the page, float32 (lines, 4, 2),
    the lines cut out, and how likely each place is text."""

    corners: Floats
    crops: list[Crop]
    likely: Floats


def open_page(sheet: Sheet, models: PpOcrModels, has_layout: bool) -> list[Opened]:
    """Decode a page and send its tiles to the device. Raises ValueError if it is broken."""
    clock = models.clock
    with clock.host("decoding"):
        image = decode_image(sheet.page.data)
        sheet.grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    if has_layout and has_page_shape(sheet.page):
        with clock.host("decoding for the layout model"):
            sheet.squeezed = grey_page(sheet.page.data)
    with clock.host("sending"):
        sheet.tiles = tiles_of(image)
        sheet.found = [None] * len(sheet.tiles)
        return [
            Opened(sheet, number, models.send(tile.pixels))
            for number, tile in enumerate(sheet.tiles)
        ]


def cut_lines(opened: Opened, likely: Map, models: PpOcrModels) -> Found:
    """Find the lines of a tile in its map, and cut them out on the device."""
    tile = opened.tile
    with models.clock.host("boxes"):
        quads = find_boxes(likely, tile.pixels.shape[:2])
        quads = quads[[tile.owns(quad) for quad in quads]]
        cuts = plan_cuts(quads)
    crops = models.cut(opened.pixels, cuts)
    with models.clock.host("map for the coverage"):
        scores = likely[None, None] * np.float32(1 / 255)
        return Found(tile.on_page(quads), crops, reduced(scores, tile))
