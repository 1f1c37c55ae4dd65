"""PyMuPDF pages to draw on: a page in memory, the fonts for it, and its picture."""

from __future__ import annotations

import functools
import importlib
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import pymupdf
from PIL import Image, ImageChops

from schemas.errors import RequestError
from schemas.pages import Box

Colour = tuple[float, float, float]
"""Red, green and blue from 0 to 1."""


class Family(NamedTuple):
    """A font family, by PyMuPDF's names of its faces. In some, another face stands for italic."""

    regular: str
    bold: str
    italic: str


_BUILT_IN = ("he", "ti", "co")  # Helvetica, Times, Courier; the others come with pymupdf-fonts
FAMILIES = {
    "helvetica": Family("helv", "hebo", "heit"),
    "times": Family("tiro", "tibo", "tiit"),
    "courier": Family("cour", "cobo", "coit"),
    "fira": Family("figo", "figbo", "figit"),
    "noto": Family("notos", "notosbo", "notosit"),
    "ubuntu": Family("ubuntu", "ubuntubo", "ubuntuit"),
    "cascadia": Family("cascadia", "cascadiab", "cascadiai"),
    "ubuntu mono": Family("ubuntm", "ubuntmbo", "ubuntmit"),
    "fira mono": Family("fimo", "fimbo", "fimo"),
}


@functools.cache
def font(face: str) -> pymupdf.Font:
    """The font that PyMuPDF knows as `face`. Raises RequestError without pymupdf-fonts."""
    if not face.startswith(_BUILT_IN):
        try:
            importlib.import_module("pymupdf_fonts")  # PyMuPDF's own error does not name it
        except ImportError as exc:
            raise RequestError(
                f"font {face} needs pymupdf-fonts: pip install pymupdf-fonts"
            ) from exc
    return pymupdf.Font(face)


@contextmanager
def sheet(width: float, height: float, paper: Colour) -> Iterator[pymupdf.Page]:
    """A page of `width` x `height` points, filled with `paper`."""
    with pymupdf.open() as document:
        page = document.new_page(width=width, height=height)
        page.draw_rect(page.rect, color=None, fill=paper, width=0)
        yield page


def picture(page: pymupdf.Page, pixels_per_point: float) -> Image.Image:
    """The page as RGB, without the pixels at its right and lower edges that it partly fills."""
    matrix = pymupdf.Matrix(pixels_per_point, pixels_per_point)
    pixmap = page.get_pixmap(matrix=matrix, alpha=False)
    whole = Image.frombytes("RGB", (pixmap.width, pixmap.height), pixmap.samples)
    # A side that falls short of a whole pixel by a thousandth does so by rounding.
    sides = (math.floor(side * pixels_per_point + 1e-3) for side in page.rect.br)
    return whole.crop((0, 0, *sides))


def ink_box(drawn: Image.Image) -> Box:
    """The box around all pixels that differ from the top left one, in fractions of the picture."""
    paper = Image.new("RGB", drawn.size, drawn.getpixel((0, 0)))
    x0, y0, x1, y1 = ImageChops.difference(drawn, paper).getbbox() or (0, 0, *drawn.size)
    return x0 / drawn.width, y0 / drawn.height, x1 / drawn.width, y1 / drawn.height
