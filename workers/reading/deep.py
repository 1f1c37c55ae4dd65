"""Deep parsing: cut regions out of pages, read each by itself, and link it from its page.

Owns the choice of regions, their pictures, and the links. Does not find regions (the reading's
blocks name them, or a layout model where the engine gave none), read, or decide which pages are
parsed. An engine without a prompt for figures reads no crop again: `cut_regions` gives each the
words that the page's reading has there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, replace
from typing import Protocol

from PIL.Image import Image

from schemas.errors import EnvironmentFault
from schemas.ids import crop_id
from schemas.pages import Block, Box, Crop, PageError, PageImage, Reading, crop_link, own_text
from schemas.recipe_sections import Raster
from workers.engines.grammars.blocks import WHOLE_PAGE
from workers.rasterising.pictures import decode, encode

DEEP_LABELS = frozenset({"figure", "chart", "formula", "chemistry", "geometry"})
GIVEN_LABELS = DEEP_LABELS | {"table"}
"""What is cut out where crops are not read again: tables have their text already."""
MAX_CROPS = 32
"""The most crops of a page, the largest ones: bounds the work on a page of icons."""
_MARGIN = 0.01
"""Added around a region, as a share of the page's sides: models cut axis labels off, and a line
of text is 1.5 % of A4."""
_MIN_SIDE_PX = 16
_MIN_AREA = 0.001
"""Of the page: 8 x 8 mm on A4. A smaller region is a bullet or an icon, and no crop."""
_SAME_REGION = 0.9
"""Intersection over union above which two boxes are one region."""
_WITHIN = 0.8
"""A block with this share of its area in a figure is part of it."""
_WHOLE_PAGE = 0.9
"""A block over this share of the page's area does not show where anything is."""


class Layout(Protocol):
    """Finds regions on a page image, as `workers.layout.regions.LayoutModel` does."""

    def regions(self, image: PageImage) -> tuple[Block, ...]:
        """Regions with labels and places, in reading order, without texts."""
        ...


ReadCrops = Callable[[Sequence[PageImage]], Sequence[Reading]]
"""Reads crops with the figure prompt: one reading for each crop, in the same order."""
LinkedPage = tuple[Reading, tuple[Crop, ...]]
"""A page's reading, whose text links the crops, and the crops in reading order."""


def parse_regions(
    pages: Sequence[tuple[PageImage, Reading]],
    read_crops: ReadCrops,
    layout: Layout | None,
    raster: Raster,
) -> list[LinkedPage]:
    """Cut the `DEEP_LABELS` regions out of `pages`, read all of them in one call, and link them.

    Returns one result for each page, in the same order. `layout` finds the regions of pages whose
    reading has no places. `raster` gives the crops' file format. A region under 16 pixels on a
    side or under 0.1 % of the page is left out; of boxes that nearly coincide the largest is taken.
    A page that failed is returned unchanged; one whose regions cannot be cut gets the error
    `engine_error`. A crop that could not be read keeps its image and has the error.
    """
    cut = [_cut_page(image, reading, layout, raster) for image, reading in pages]
    images = [crop.image for page in cut for crop in page.crops.values()]
    readings = iter(read_crops(images) if images else ())
    parsed: list[LinkedPage] = []
    for page in cut:
        crops = tuple(_read_crop(crop, next(readings)) for crop in page.crops.values())
        parsed.append((_link(page), crops))
    return parsed


def cut_regions(
    pages: Sequence[tuple[PageImage, Reading]], layout: Layout, raster: Raster
) -> list[LinkedPage]:
    """Cut the `GIVEN_LABELS` regions out of `pages`, with the texts of their blocks, and link them.

    A figure has the words in it and its caption, a table its Markdown or HTML. `layout` finds the
    figures of pages whose blocks name none. Else as `parse_regions`.
    """
    return [_given_page(image, reading, layout, raster) for image, reading in pages]


def _given_page(image: PageImage, reading: Reading, layout: Layout, raster: Raster) -> LinkedPage:
    page = _cut_page(image, reading, layout, raster, GIVEN_LABELS)
    crops = {
        index: replace(crop, text=_given_text(page.blocks, index))
        for index, crop in page.crops.items()
    }
    return _link(replace(page, crops=crops)), tuple(crops.values())


def _given_text(blocks: Sequence[Block], index: int) -> str:
    """The text of the block, or of those that lie in it, and of its caption, if it is a figure."""
    block = blocks[index]
    inside = [
        other.text
        for number, other in enumerate(blocks)
        if number != index and _share_inside(other.bbox, block.bbox) > _WITHIN
    ]
    captions = [
        other.text
        for other in blocks[max(index - 1, 0) : index + 2]
        if other.label == "caption" and other.text not in inside
    ]
    own = [block.text] if block.text else inside
    return _paragraphs(*own, *(captions if block.label not in ("formula", "table") else ()))


def _share_inside(box: Box, whole: Box) -> float:
    width = min(box[2], whole[2]) - max(box[0], whole[0])
    height = min(box[3], whole[3]) - max(box[1], whole[1])
    return max(width, 0.0) * max(height, 0.0) / max(_area(box), 1e-12)


@dataclass(frozen=True, slots=True)
class _CutPage:
    """A page and its crops by the index of their block. `blocks` are the reading's, and then those
    that the layout model added."""

    reading: Reading
    blocks: tuple[Block, ...]
    crops: dict[int, Crop]


def _cut_page(
    image: PageImage,
    reading: Reading,
    layout: Layout | None,
    raster: Raster,
    labels: Set[str] = DEEP_LABELS,
) -> _CutPage:
    if reading.error is not None:
        return _CutPage(reading, reading.blocks, {})
    try:
        blocks = reading.blocks
        # Crops that are not read again are of pages whose lines have places, but maybe no figure.
        is_given = labels is not DEEP_LABELS
        knows = any(b.label in labels for b in blocks) if is_given else _has_places(reading)
        if layout is not None and not knows:
            blocks += tuple(b for b in layout.regions(image) if b.label in DEEP_LABELS)
        return _CutPage(reading, blocks, _cut_crops(image, blocks, raster, labels))
    except EnvironmentFault:
        raise
    except Exception as exc:  # noqa: BLE001 - a worker's boundary
        error = PageError("engine_error", f"deep parsing: {type(exc).__name__}: {exc}")
        return _CutPage(replace(reading, error=error), reading.blocks, {})


def _has_places(reading: Reading) -> bool:
    return any(
        block.label in DEEP_LABELS or _area(block.bbox) < _WHOLE_PAGE for block in reading.blocks
    )


def _cut_crops(
    image: PageImage, blocks: Sequence[Block], raster: Raster, labels: Set[str]
) -> dict[int, Crop]:
    chosen = _choose(image, blocks, labels)
    if not chosen:
        return {}
    picture = decode(image.data)
    crops = (
        _cut(crop_id(image.page_id, number), blocks[index], picture, raster)
        for number, index in enumerate(chosen)
    )
    return dict(zip(chosen, crops, strict=True))


def _choose(image: PageImage, blocks: Sequence[Block], labels: Set[str]) -> list[int]:
    """Indices of the blocks that become crops, in reading order."""
    fits = [
        index
        for index, block in enumerate(blocks)
        if block.label in labels
        and not (block.text and block.bbox == WHOLE_PAGE)  # the model gave it no place
        and (block.bbox[2] - block.bbox[0]) * image.width >= _MIN_SIDE_PX
        and (block.bbox[3] - block.bbox[1]) * image.height >= _MIN_SIDE_PX
        and _area(block.bbox) >= _MIN_AREA
    ]
    chosen: list[int] = []
    for index in sorted(fits, key=lambda index: -_area(blocks[index].bbox)):
        if not any(_same(blocks[index].bbox, blocks[other].bbox) for other in chosen):
            chosen.append(index)
        if len(chosen) == MAX_CROPS:
            break
    return sorted(chosen)


def _cut(region_id: str, block: Block, picture: Image, raster: Raster) -> Crop:
    """The region with its margin, in whole pixels; the crop's `bbox` includes the margin."""
    width, height = picture.size
    x0, y0, x1, y1 = block.bbox
    left, top = (max(round((x0 - _MARGIN) * width), 0), max(round((y0 - _MARGIN) * height), 0))
    right = min(round((x1 + _MARGIN) * width), width)
    bottom = min(round((y1 + _MARGIN) * height), height)
    region = picture.crop((left, top, right, bottom))
    return Crop(
        crop_id=region_id,
        label=block.label,
        bbox=(left / width, top / height, right / width, bottom / height),
        image=PageImage(region_id, encode(region, raster), region.width, region.height),
    )


def _read_crop(crop: Crop, reading: Reading) -> Crop:
    return replace(
        crop,
        text="" if reading.error else reading.text,
        vision_tokens=reading.vision_tokens,
        output_tokens=reading.output_tokens,
        error=reading.error,
    )


def _link(page: _CutPage) -> Reading:
    """The reading with a link to each crop: in its block, or else at the end of the text.

    Where the reading's text is that of its blocks, links go into the blocks too, so that it stays
    so. Else no block gets a link.
    """
    reading = page.reading
    links = {index: crop_link(crop) for index, crop in page.crops.items()}
    if reading.text != own_text(reading.blocks):
        text = _paragraphs(reading.text, *links.values())
        return replace(reading, text=text, blocks=page.blocks)
    blocks = tuple(
        replace(block, text=_paragraphs(links[index], block.text)) if index in links else block
        for index, block in enumerate(page.blocks)
    )
    return replace(reading, text=own_text(blocks), blocks=blocks)


def _paragraphs(*texts: str) -> str:
    return "\n\n".join(filter(None, texts))


def _same(box: Box, other: Box) -> bool:
    width = min(box[2], other[2]) - max(box[0], other[0])
    height = min(box[3], other[3]) - max(box[1], other[1])
    shared = max(width, 0.0) * max(height, 0.0)
    return shared > _SAME_REGION * (_area(box) + _area(other) - shared)


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
