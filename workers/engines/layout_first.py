"""Reads pages in two passes, for families that do: the layout of a page, then each of its regions.

    page ─► squeezed into a square ─► layout ─► regions ─► read, those of a prompt together ─► page

Works with any engine that reads with a plan. A page whose layout has no regions is read whole; one
with a region that cannot be read has that region's error, so that the retry ladder reads it again.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Protocol

from PIL import Image

from schemas.pages import PageImage, Reading
from schemas.recipe_sections import Raster
from workers.engines.answers import failed
from workers.engines.engine import Engine
from workers.engines.grammars import parsers
from workers.engines.grammars.parsed import Parsed, Region
from workers.engines.plan import Plan
from workers.engines.profiles.profile import LayoutFirst
from workers.rasterising import pictures

_PNG = Raster(format="png")  # a picture of a picture: nothing more is lost
# A region's shape, as in opendatalab/mineru-vl-utils (`resize_by_need`).
_LEAST_SIDE_PX = 28
_MOST_ASPECT = 50


class PlannedEngine(Engine, Protocol):
    """An engine that reads with a plan, and can ask its model in other ways."""

    @property
    def plan(self) -> Plan:
        """How it asks for a page."""
        ...

    @property
    def retries(self) -> Sequence[PlannedEngine]:
        """As every engine's."""
        ...

    def asking(self, plan: Plan) -> Engine:
        """An engine over the same weights that reads with `plan`."""
        ...


def in_passes(engine: PlannedEngine) -> Engine:
    """`engine`, which reads in two passes if its plan says so."""
    return LayoutFirstEngine(engine) if engine.plan.is_layout_first else engine


@dataclass(slots=True)
class _Page:
    """A page between the passes: its layout, and the readings of its regions by their index.

    The index of a page that is read whole is -1.
    """

    image: PageImage
    layout: Reading
    regions: tuple[Region, ...] = ()
    readings: dict[int, Reading] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Cut:
    """A picture to read: of which page and region, and what it is asked."""

    page: _Page
    region: int
    prompt: str
    image: PageImage


class LayoutFirstEngine:
    """One way to read pages in two passes; see `workers.engines.Engine`."""

    def __init__(self, engine: PlannedEngine) -> None:
        first = engine.plan.profile.layout_first
        assert first is not None
        self._engine = engine
        self._first: LayoutFirst = first
        profile = replace(engine.plan.profile, parse=parsers.plain())
        self._layout = engine.asking(replace(engine.plan, profile=profile))
        # Made here, and not in `read`: threads call that side by side, and a tokenizer is asked.
        self._by_prompt = {
            prompt: engine.asking(replace(engine.plan, prompt=prompt))
            for prompt in (first.prompt, *first.prompts.values())
        }
        self.name = engine.name
        self.model = engine.model
        self.revision = engine.revision
        self.mode = engine.mode
        self.task = engine.task
        self.guard = engine.guard
        self.is_continuous = engine.is_continuous

    @functools.cached_property
    def retries(self) -> Sequence[Engine]:
        """Those of the engine, in two passes each."""
        return tuple(LayoutFirstEngine(engine) for engine in self._engine.retries)

    @property
    def figure(self) -> Engine | None:
        """The engine for regions cut out of pages, which are read in one pass."""
        return self._engine.figure

    def read(self, pages: Sequence[PageImage]) -> list[Reading]:
        """Read `pages`; a page that fails is a `Reading` with an error.

        1. Ask for the layout of each page.
        2. Cut its regions out.
        3. Read them, and pages that have none whole.
        4. Put each page together.
        """
        found = self._layouts(pages)
        cuts = [cut for page in found if page.layout.error is None for cut in self._cut(page)]
        for cut, reading in zip(cuts, self._read(cuts), strict=True):
            cut.page.readings[cut.region] = reading
        return [self._joined(page) for page in found]

    def _layouts(self, pages: Sequence[PageImage]) -> list[_Page]:
        squares: dict[int, PageImage] = {}
        broken: dict[int, Reading] = {}
        for place, page in enumerate(pages):
            try:
                squares[place] = _squeezed(page, self._first.side_px)
            except OSError as exc:
                broken[place] = failed(page, f"{type(exc).__name__}: {exc}")
        layouts = dict(zip(squares, self._layout.read(list(squares.values())), strict=True))
        readings = layouts | broken
        return [
            _Page(page, readings[place], self._first.regions(readings[place].text))
            for place, page in enumerate(pages)
        ]

    def _cut(self, page: _Page) -> list[_Cut]:
        """What to read of a page."""
        if not page.regions:
            # An answer without any text is the layout of an empty page.
            has_words = bool(page.layout.text)
            return [_Cut(page, -1, self._first.prompt, page.image)] if has_words else []
        picture = pictures.decode(page.image.data)
        return [
            _Cut(page, index, self._first.prompts.get(region.kind, self._first.prompt), image)
            for index, region in enumerate(page.regions)
            if region.is_read and (image := _cut_out(page.image.page_id, picture, region))
        ]

    def _read(self, cuts: Sequence[_Cut]) -> list[Reading]:
        """Read all cuts: those of one prompt in one call, calls of several prompts side by side if
        the engine takes them so."""
        prompts = list(dict.fromkeys(cut.prompt for cut in cuts))
        images = [[cut.image for cut in cuts if cut.prompt == prompt] for prompt in prompts]
        engines = [self._by_prompt[prompt] for prompt in prompts]
        if self.is_continuous:
            with ThreadPoolExecutor(max(len(prompts), 1), "region") as pool:
                answers = list(pool.map(_call, engines, images))
        else:
            answers = list(map(_call, engines, images))
        by_prompt = {prompt: iter(some) for prompt, some in zip(prompts, answers, strict=True)}
        return [next(by_prompt[cut.prompt]) for cut in cuts]

    def _joined(self, page: _Page) -> Reading:
        cost = _spent(page)
        if cost.error is not None:
            return cost
        whole = page.readings.get(-1)
        if whole is not None:
            parsed = Parsed(whole.text, whole.blocks, whole.turn)
        else:
            texts = [
                page.readings[index].text if index in page.readings else ""
                for index in range(len(page.regions))
            ]
            parsed = self._first.join(page.regions, texts)
        return replace(cost, text=parsed.text, blocks=parsed.blocks, turn=parsed.turn)


def _call(engine: Engine, images: Sequence[PageImage]) -> list[Reading]:
    return engine.read(images)


def _spent(page: _Page) -> Reading:
    """What both passes cost, their confidence, and the first error; without text."""
    parts = [page.layout, *page.readings.values()]
    sure = [part.confidence for part in parts if part.confidence is not None]
    weights = [part.output_tokens for part in parts if part.confidence is not None]
    total = sum(weights)
    mean = sum(share * weight for share, weight in zip(sure, weights, strict=True))
    return Reading(
        page.image.page_id,
        vision_tokens=sum(part.vision_tokens for part in parts),
        output_tokens=sum(part.output_tokens for part in parts),
        confidence=mean / total if total else None,
        error=next((part.error for part in parts if part.error), None),
    )


def _squeezed(page: PageImage, side_px: int) -> PageImage:
    """The page as a square. Raises OSError where its image is broken."""
    picture = pictures.decode(page.data)
    return _page_image(page.page_id, picture.resize((side_px, side_px), Image.Resampling.BICUBIC))


def _cut_out(page_id: str, picture: Image.Image, region: Region) -> PageImage | None:
    """The region's picture, upright and of a shape that the model takes; None below a pixel."""
    x0, y0, x1, y1 = region.bbox
    width, height = picture.size
    box = (round(x0 * width), round(y0 * height), round(x1 * width), round(y1 * height))
    if box[0] >= box[2] or box[1] >= box[3]:
        return None
    cut = picture.crop(box)
    if region.turn:
        cut = cut.rotate(-region.turn, expand=True)  # its direction is counter-clockwise
    return _page_image(page_id, _in_shape(cut))


def _in_shape(picture: Image.Image) -> Image.Image:
    """The picture, padded with white if it is too narrow, and enlarged if it is too small."""
    width, height = picture.size
    wide, high = (max(each, math.ceil(max(width, height) / _MOST_ASPECT)) for each in picture.size)
    if (wide, high) != (width, height):
        padded = Image.new("RGB", (wide, high), "white")
        padded.paste(picture, ((wide - width) // 2, (high - height) // 2))
        picture = padded
    scale = _LEAST_SIDE_PX / min(picture.size)
    if scale <= 1:
        return picture
    size = (math.ceil(picture.width * scale), math.ceil(picture.height * scale))
    return picture.resize(size, Image.Resampling.BICUBIC)


def _page_image(page_id: str, picture: Image.Image) -> PageImage:
    return PageImage(page_id, pictures.encode(picture, _PNG), picture.width, picture.height)
