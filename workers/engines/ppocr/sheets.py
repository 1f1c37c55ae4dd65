"""The pages and lines that one call of the `ppocr` engine has in work.

Does not: decide what is done next with them; `workers.engines.ppocr.engine` does.
"""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field

from schemas.pages import PageImage, Reading
from workers.engines.ppocr.batches import Shape
from workers.engines.text_lines import (
    Line,
    LineCrop,
    Pixels,
    Recognised,
    decode_image,
    detector_pixels,
    failed_reading,
    padded_width_px,
    reading_of,
)


@dataclass(slots=True)
class Sheet:
    """A page in work: its lines in the order in which detection found them."""

    page: PageImage
    lines: list[Line | None] = field(default_factory=list)
    missing: int = 0
    reading: Future[Reading] = field(default_factory=Future)

    def finish(self) -> None:
        """Make the reading once all lines are read; here exceptions become the page's error."""
        try:
            lines = [line for line in self.lines if line is not None]
            self.reading.set_result(reading_of(self.page, lines))
        except Exception as exc:  # noqa: BLE001 - a worker's boundary
            self.fail(exc)

    def fail(self, exc: BaseException) -> None:
        """Make the reading an error, unless it is made already: the first error counts."""
        if not self.reading.done():
            self.reading.set_result(failed_reading("ppocr", self.page, exc))


@dataclass(frozen=True, slots=True)
class Opened:
    """A decoded page that waits for detection."""

    sheet: Sheet
    image: Pixels
    pixels: Pixels

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


Cut = tuple[LineCrop, Pixels]
"""A line of a page, and its pixels for the recogniser."""


def open_page(sheet: Sheet) -> Opened:
    """Decode a page and bring it to the detector's size. Raises ValueError if it is broken."""
    image = decode_image(sheet.page.data)
    return Opened(sheet, image, detector_pixels(image))
