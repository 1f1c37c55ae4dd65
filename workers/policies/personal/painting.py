"""Paint over personal data in a picture, so that it says what the masked text says.

    1. The picture's lines are read. What detectors find on them is hidden, too.
    2. Each value's shapes are painted in the colour around them, and the placeholder is drawn in
       the colour of the ink; where it does not fit, a bar stands for it.
    3. The painted picture is read again, and a line that still shows a value goes as a whole. So
       nothing is left that the reader can read.

A picture that says `[EMAIL]` where its text does trains better than one with a hole: a model that
must answer `[EMAIL]` to blank paper learns to invent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from schemas.findings import Finding
from schemas.personal import Personal
from schemas.recipe_sections import Raster
from schemas.rows import BlockRow
from workers.policies.editing import placeholder
from workers.policies.personal.finding import compact, find_all
from workers.policies.personal.ink import Quad
from workers.policies.personal.masking import Found
from workers.policies.personal.placing import (
    WHOLE,
    How,
    Region,
    Shape,
    box_of,
    shapes,
    still_read,
    values_of,
)
from workers.policies.personal.seeking import Value, in_reading_order
from workers.rasterising.pictures import decode, encode

if TYPE_CHECKING:
    from workers.engines.text_lines import Line

LineReader = Callable[[bytes], "Sequence[Line]"]
"""Reads the lines of an image file."""

Colour = tuple[int, ...]

_LEAST_FONT_PX = 8
"""A smaller placeholder is not read."""
_FONT_SHARE = 0.66
"""Of a shape's height, which is that of a line with a little air."""
_MOST_SLANT = 0.08
"""Of a shape's width: on a line that leans more, a level placeholder leaves the shape."""
_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Painted:
    """The picture's file after painting.

    `places` counts the shapes by how their place was known: `characters`, `line`, `ink`, `block`.
    `left` is how many values the reader can still read; 0 unless something is wrong with it.
    """

    data: bytes
    places: Mapping[How, int]
    left: int = 0


def regions_of(
    text: str, blocks: Sequence[BlockRow], found: Found, kinds: Container[str]
) -> list[Region]:
    """What is to be hidden in a page's picture: by cell where a table has cells, else by block, and
    in the whole picture what no block has. A crop, which has no blocks, is one region."""
    regions = []
    for block, of_block, of_cells in zip(blocks, found.blocks, found.cells, strict=True):
        cells = block["cells"] or ()
        in_cells = [
            Region(box_of(cell["bbox"]), cell["text"], _of(of_cell, kinds))
            for cell, of_cell in zip(cells, of_cells, strict=True)
        ]
        regions += in_cells
        # A table's findings are those of its cells, unless the cells account for none.
        if not any(region.findings for region in in_cells):
            regions.append(Region(box_of(block["bbox"]), block["text"], _of(of_block, kinds)))
    known = {compact(value.text) for value in values_of(regions)}
    elsewhere = [
        one
        for one in _of(found.text, kinds)
        if "\n\n" not in text[one.start : one.end]  # these are in the blocks by parts
        and compact(text[one.start : one.end]) not in known
    ]
    regions.append(Region(WHOLE, text, elsewhere))
    return [region for region in regions if region.findings]


def _of(found: Sequence[Finding], kinds: Container[str]) -> list[Finding]:
    return [one for one in found if one.kind in kinds]


def paint(
    data: bytes,
    regions: Sequence[Region],
    read_lines: LineReader,
    settings: Personal,
    raster: Raster,
    language: str = "und",
) -> Painted:
    """The image file with the values of all regions painted over, in its own format.

    Raises ValueError or OSError where `data` is not a whole image.
    """
    picture = decode(data)
    lines = in_reading_order(read_lines(data))
    values = values_of(regions) | _values_on(lines, settings, language)
    found = shapes(regions, values, lines, np.asarray(picture.convert("L")))
    places = Counter(shape.how for shape in found)
    for _ in range(_ROUNDS):
        for shape in found:
            _hide(picture, shape)
        painted = encode(picture, own_format(data, raster))
        left = in_reading_order(read_lines(painted))
        found = [whole for value in sorted(values) for whole in still_read(value, left)]
        if not found:
            break
        places.update(shape.how for shape in found)
    return Painted(painted, places, len(found))


def _values_on(lines: Sequence[Line], settings: Personal, language: str) -> set[Value]:
    """What detectors find on the lines themselves: a stamp or a logo that no block has, and what
    goes on in the line below where the blocks have parted the two."""
    texts = [line.text for line in lines]
    texts.append("\n".join(texts))
    found = find_all(texts, language)
    return {
        Value(text[one.start : one.end], one.kind)
        for text, of_text in zip(texts, found, strict=True)
        for one in filter(settings.counts, of_text)
        if one.kind in settings.masked_kinds
    }


def own_format(data: bytes, raster: Raster) -> Raster:
    """The recipe's settings with the format that the file has; PNG takes no quality."""
    if data[:2] == b"\x89P":
        return Raster(longest_edge_px=raster.longest_edge_px, format="png")
    kind: Literal["jpeg", "webp"] = "webp" if data[:4] == b"RIFF" else "jpeg"
    return raster.model_copy(update={"format": kind})


def _hide(picture: Image.Image, shape: Shape) -> None:
    """Paint a shape over, and write what stands for its value if that fits."""
    x0, y0, x1, y1 = _bounds(shape.quad, picture)
    if x1 <= x0 or y1 <= y0:
        return
    # pixels: uint8 (height, width, 3)
    pixels = np.asarray(picture)[y0:y1, x0:x1]
    paper = _paper(pixels)
    ink = _ink(pixels, paper)
    draw = ImageDraw.Draw(picture)
    corners = [(float(x), float(y)) for x, y in shape.quad]
    draw.polygon(corners, fill=paper, outline=paper)
    if not shape.begins:
        return
    written = placeholder(shape.kind)
    font = _font_for(written, shape.quad)
    if font is None:
        draw.polygon(_shrunk(shape.quad), fill=ink)
        return
    middle = (shape.quad[0] + shape.quad[3]) / 2
    across = (shape.quad[1] + shape.quad[2]) / 2 - middle
    lean = (font.getlength(written) / 2) / max(float(np.linalg.norm(across)), 1.0)
    place = middle + across * min(lean, 0.5)
    draw.text((float(place[0]), float(place[1])), written, fill=ink, font=font, anchor="mm")


def _bounds(quad: Quad, picture: Image.Image) -> tuple[int, int, int, int]:
    x0, y0 = np.floor(quad.min(axis=0)).astype(int).tolist()
    x1, y1 = np.ceil(quad.max(axis=0)).astype(int).tolist()
    return max(x0, 0), max(y0, 0), min(x1 + 1, picture.width), min(y1 + 1, picture.height)


def _paper(pixels: NDArray[np.uint8]) -> Colour:
    """The most frequent colour in steps of 16 levels, then the median of its pixels: around text,
    paper is more than ink."""
    flat = pixels.reshape(-1, 3)
    coarse = (flat >> 4).astype(np.int32) @ (256, 16, 1)
    counts = np.bincount(coarse)
    median = np.median(flat[coarse == counts.argmax()], axis=0)
    return tuple(int(level) for level in median)


def _ink(pixels: NDArray[np.uint8], paper: Colour) -> Colour:
    """The median of the twentieth of the pixels that is farthest from the paper."""
    flat = pixels.reshape(-1, 3)
    far = np.abs(flat.astype(np.int16) - paper).sum(axis=1)
    count = max(len(flat) // 20, 1)
    farthest = np.argpartition(far, len(far) - count)[len(far) - count :]
    return tuple(int(level) for level in np.median(flat[farthest], axis=0))


def _font_for(written: str, quad: Quad) -> ImageFont.FreeTypeFont | None:
    """Pillow's own font in the largest size that fits; None where it could not be read."""
    across = quad[1] - quad[0]
    width, height = float(np.linalg.norm(across)), float(np.linalg.norm(quad[3] - quad[0]))
    if abs(float(across[1])) > _MOST_SLANT * abs(float(across[0])):
        return None
    size = height * _FONT_SHARE
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)  # Pillow without FreeType has no sizes
    size = min(size, size * (width - 2) / font.getlength(written))
    if size < _LEAST_FONT_PX:
        return None
    return font.font_variant(size=size)


def _shrunk(quad: Quad) -> list[tuple[float, float]]:
    """The corners of a bar: a third of the shape's height is air."""
    down = (quad[3] - quad[0]) / 6
    return [(float(x), float(y)) for x, y in quad + np.stack([down, down, -down, -down])]
