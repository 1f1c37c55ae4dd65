"""The reader of lines that pictures are checked with: the default engine, on one core.

It loads its two models when it is first asked, once in a process.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from PIL import Image

from schemas.pages import PageImage

if TYPE_CHECKING:
    from workers.engines.rapidocr import RapidOcrEngine
    from workers.engines.text_lines import Line


def read_lines(data: bytes) -> Sequence[Line]:
    """The lines of an image file. Raises ValueError where it cannot be decoded."""
    with Image.open(io.BytesIO(data)) as picture:
        page = PageImage("", data, picture.width, picture.height)
    return _engine().lines(page)


@cache
def _engine() -> RapidOcrEngine:
    # Imported here: most runs mask nothing, and the driver of none does.
    from workers.engines.rapidocr import RapidOcrEngine

    return RapidOcrEngine(threads=1, has_layout=False)
