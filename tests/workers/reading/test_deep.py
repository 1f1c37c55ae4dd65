"""Regions are cut where they lie, read in one call, and linked once; the text is unchanged else."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from schemas.errors import ModelError
from schemas.pages import (
    CROP_LINK,
    Block,
    Box,
    Crop,
    PageError,
    PageImage,
    Reading,
    crop_link,
    own_text,
)
from schemas.recipe import Raster
from tests.builders import make_doc_id
from tests.many import few
from workers.engines.grammars.blocks import WHOLE_PAGE
from workers.reading.deep import DEEP_LABELS, MAX_CROPS, Layout, cut_regions, parse_regions

PAGE = f"{make_doc_id(1)}/00004"
SIZE = (400, 500)
PNG = Raster(format="png")
RED: Box = (0.1, 0.1, 0.4, 0.3)
GREEN: Box = (0.5, 0.4, 0.9, 0.8)
COLOURS = {RED: (255, 0, 0), GREEN: (0, 160, 0)}


def page_image(page_id: str = PAGE, raster: Raster = PNG) -> PageImage:
    """A white page with a red and a green box."""
    picture = Image.new("RGB", SIZE, "white")
    draw = ImageDraw.Draw(picture)
    for (x0, y0, x1, y1), colour in COLOURS.items():
        corners = (x0 * SIZE[0], y0 * SIZE[1], x1 * SIZE[0] - 1, y1 * SIZE[1] - 1)
        draw.rectangle(corners, fill=colour)
    data = io.BytesIO()
    picture.save(data, raster.format, quality=raster.quality)
    return PageImage(page_id, data.getvalue(), *SIZE)


def opened(image: PageImage) -> Image.Image:
    return Image.open(io.BytesIO(image.data))


class FigureReader:
    """Reads a picture as its size and the colour of its centre; keeps the pictures."""

    def __init__(self, error: PageError | None = None) -> None:
        self.calls: list[list[PageImage]] = []
        self._error = error

    def __call__(self, pages: Sequence[PageImage]) -> list[Reading]:
        self.calls.append(list(pages))
        return [self._read(page) for page in pages]

    def _read(self, page: PageImage) -> Reading:
        picture = opened(page).convert("RGB")
        assert picture.size == (page.width, page.height)
        centre = picture.getpixel((page.width // 2, page.height // 2))
        return Reading(
            page.page_id,
            text=f"{page.width}x{page.height} {centre}",
            vision_tokens=100,
            output_tokens=7,
            error=self._error,
        )


class FixedLayout:
    """Finds the same regions on every page."""

    def __init__(self, *regions: Block) -> None:
        self._regions = regions
        self.asked: list[str] = []

    def regions(self, image: PageImage) -> tuple[Block, ...]:
        self.asked.append(image.page_id)
        return self._regions


class LostLayout:
    def regions(self, image: PageImage) -> tuple[Block, ...]:
        raise ModelError("layout model: gone")


def reading_of(*blocks: Block, page_id: str = PAGE) -> Reading:
    return Reading(page_id, text=own_text(blocks), blocks=blocks)


def parse_one(
    reading: Reading,
    layout: Layout | None = None,
    raster: Raster = PNG,
    figure: FigureReader | None = None,
) -> tuple[Reading, tuple[Crop, ...]]:
    image = page_image(reading.page_id, raster)
    [parsed] = parse_regions([(image, reading)], figure or FigureReader(), layout, raster)
    return parsed


def links(reading: Reading) -> list[str]:
    return [match[0] for match in CROP_LINK.finditer(reading.text)]


def test_a_crop_is_its_region_with_a_margin() -> None:
    _, [red, green] = parse_one(reading_of(Block("figure", RED, ""), Block("chart", GREEN, "")))
    # One percent of 400 x 500 pixels: 4 and 5 more on each side of 120 x 100 and 160 x 200.
    assert (red.image.width, red.image.height) == (128, 110)
    assert (green.image.width, green.image.height) == (168, 210)
    assert red.bbox == pytest.approx((36 / 400, 45 / 500, 164 / 400, 155 / 500))
    for crop, colour in ((red, (255, 0, 0)), (green, (0, 160, 0))):
        picture = opened(crop.image)
        width, height = picture.size
        assert picture.getpixel((0, 0)) == picture.getpixel((3, height - 1)) == (255, 255, 255)
        assert picture.getpixel((4, 5)) == picture.getpixel((width - 5, height - 6)) == colour
    assert red.text == "128x110 (255, 0, 0)"
    assert (red.crop_id, green.crop_id) == (f"{PAGE}-00", f"{PAGE}-01")
    assert (red.image.page_id, red.label, green.label) == (red.crop_id, "figure", "chart")
    assert (red.vision_tokens, red.output_tokens, red.error) == (100, 7, None)


def test_the_margin_ends_at_the_edge_of_the_page() -> None:
    _, [crop] = parse_one(reading_of(Block("figure", (0.0, 0.0, 1.0, 1.0), "")))
    assert crop.bbox == (0, 0, 1, 1)
    assert (crop.image.width, crop.image.height) == SIZE


@pytest.mark.parametrize("image_format", ["jpeg", "png", "webp"])
def test_a_crop_is_a_file_like_its_page(image_format: str) -> None:
    lossy = {"quality": 60} if image_format != "png" else {}
    raster = Raster.model_validate({"format": image_format, **lossy})
    reading, [crop] = parse_one(reading_of(Block("figure", RED, "")), raster=raster)
    picture = opened(crop.image)
    assert picture.format == image_format.upper()
    assert picture.size == (crop.image.width, crop.image.height)
    centre = picture.convert("RGB").getpixel((64, 55))
    assert centre == pytest.approx((255, 0, 0), abs=8)
    suffix = {"jpeg": "jpg"}.get(image_format, image_format)
    assert reading.text == f"![figure](crops/{PAGE.replace('/', '-')}-00.{suffix})"


def test_the_quality_of_a_jpeg_is_the_recipes() -> None:
    page = page_image(raster=Raster())
    sizes = []
    for quality in (20, 95):
        reading = reading_of(Block("figure", (0, 0, 1, 1), ""))
        [(_, [crop])] = parse_regions(
            [(page, reading)], FigureReader(), None, Raster(quality=quality)
        )
        sizes.append(len(crop.image.data))
    assert sizes[0] < sizes[1]


def test_links_stand_where_the_blocks_are_and_texts_stay() -> None:
    before = reading_of(
        Block("title", (0.1, 0.02, 0.9, 0.06), "# Kilns"),
        Block("figure", RED, ""),
        Block("paragraph", (0.1, 0.32, 0.9, 0.36), "Between."),
        Block("formula", GREEN, "$a+b$", 0.8),
    )
    after, crops = parse_one(before)
    first, second = map(crop_link, crops)
    assert after.text == f"# Kilns\n\n{first}\n\nBetween.\n\n{second}\n\n$a+b$"
    assert after.text == own_text(after.blocks)
    assert [block.text for block in after.blocks] == [
        *("# Kilns", first, "Between."),
        f"{second}\n\n$a+b$",
    ]
    unlinked = tuple(replace(block, text="") for block in before.blocks)
    assert tuple(replace(block, text="") for block in after.blocks) == unlinked


def test_links_follow_a_text_that_is_not_its_blocks() -> None:
    before = replace(reading_of(Block("figure", RED, ""), Block("chart", GREEN, "")), text="Prose.")
    after, crops = parse_one(before)
    assert after.text == "\n\n".join(["Prose.", *map(crop_link, crops)])
    assert after.blocks == before.blocks


def test_other_labels_are_not_cut() -> None:
    before = reading_of(Block("paragraph", RED, "Words."), Block("table", GREEN, "<table></table>"))
    engine = FigureReader()
    assert parse_one(before, FixedLayout(Block("figure", RED, "")), figure=engine) == (before, ())
    assert engine.calls == []


def test_all_pages_are_read_in_one_call() -> None:
    ids = [f"{make_doc_id(1)}/{index:05d}" for index in range(4)]
    figures = [[RED, GREEN], [], [GREEN], [RED]]
    pages = [
        (page_image(page), reading_of(*(Block("figure", box, "") for box in boxes), page_id=page))
        for page, boxes in zip(ids, figures, strict=True)
    ]
    engine = FigureReader()
    parsed = parse_regions(pages, engine, None, PNG)
    [images] = engine.calls
    assert [image.page_id for image in images] == [
        *(f"{ids[0]}-00", f"{ids[0]}-01", f"{ids[2]}-00", f"{ids[3]}-00")
    ]
    assert [reading.page_id for reading, _ in parsed] == ids
    read = [[crop.text.partition(" ")[2] for crop in crops] for _, crops in parsed]
    assert read == [[str(COLOURS[box]) for box in boxes] for boxes in figures]


def test_without_places_the_layout_model_says_where() -> None:
    layout = FixedLayout(Block("figure", RED, "", 0.9), Block("paragraph", GREEN, "", 0.9))
    after, [crop] = parse_one(Reading(PAGE, text="All the prose."), layout)
    assert after.text == f"All the prose.\n\n{crop_link(crop)}"
    assert after.blocks == (Block("figure", RED, "", 0.9),)
    assert crop.text.endswith("(255, 0, 0)")


def test_a_block_as_large_as_the_page_is_no_place() -> None:
    whole = Block("paragraph", (0.0, 0.0, 1.0, 1.0), "All the prose.")
    layout = FixedLayout(Block("chart", GREEN, "", 0.9))
    after, [crop] = parse_one(reading_of(whole), layout)
    assert after.text == own_text(after.blocks) == f"All the prose.\n\n{crop_link(crop)}"


def test_a_page_with_places_is_not_shown_to_the_layout_model() -> None:
    layout = FixedLayout(Block("figure", GREEN, ""))
    parse_one(reading_of(Block("paragraph", RED, "Words.")), layout)
    parse_one(reading_of(Block("figure", (0.0, 0.0, 1.0, 1.0), "")), layout)
    assert layout.asked == []


def test_a_region_that_is_too_small_is_none() -> None:
    narrow: Box = (0.1, 0.1, 0.1 + 15 / 400, 0.9)
    flat: Box = (0.1, 0.1, 0.9, 0.1 + 15 / 500)
    turned: Box = (0.4, 0.3, 0.1, 0.1)
    before = reading_of(*(Block("figure", box, "") for box in (narrow, flat, turned)))
    assert parse_one(before) == (before, ())
    # 16 x 16 of 1,000 x 1,000 pixels are 0.03 % of the page.
    data = io.BytesIO()
    Image.new("RGB", (1000, 1000)).save(data, "PNG")
    large = PageImage(PAGE, data.getvalue(), 1000, 1000)
    small = reading_of(Block("figure", (0.1, 0.1, 0.116, 0.116), ""))
    assert parse_regions([(large, small)], FigureReader(), None, PNG) == [(small, ())]


def test_boxes_that_nearly_coincide_are_one_region() -> None:
    nearly: Box = (0.5, 0.4, 0.9, 0.79)
    after, crops = parse_one(
        reading_of(*(Block("figure", box, "") for box in (nearly, GREEN, GREEN, RED)))
    )
    assert [crop.text for crop in crops] == ["168x210 (0, 160, 0)", "128x110 (255, 0, 0)"]
    assert [bool(block.text) for block in after.blocks] == [False, True, False, True]


def test_the_largest_regions_of_a_page_are_taken_in_reading_order() -> None:
    boxes = [
        (column / 10, row / 10, column / 10 + 0.05 + row / 1000, row / 10 + 0.05)
        for row in range(8)
        for column in range(8)
    ]
    _, crops = parse_one(reading_of(*(Block("figure", box, "") for box in boxes)))
    assert len(crops) == MAX_CROPS
    # The later rows are wider: the last four of eight.
    assert min(crop.bbox[1] for crop in crops) == pytest.approx(0.39)
    assert [crop.bbox[:2] for crop in crops] == sorted(
        (crop.bbox[:2] for crop in crops), key=lambda corner: (corner[1], corner[0])
    )
    assert [crop.crop_id for crop in crops] == [f"{PAGE}-{n:02d}" for n in range(MAX_CROPS)]


def test_a_crop_that_cannot_be_read_keeps_its_image_and_its_link() -> None:
    error = PageError("loop", "said the same again and again")
    after, [crop] = parse_one(reading_of(Block("figure", RED, "")), figure=FigureReader(error))
    assert (crop.text, crop.error, crop.output_tokens) == ("", error, 7)
    assert opened(crop.image).size == (128, 110)
    assert after.error is None
    assert links(after) == [crop_link(crop)]


def test_a_failed_page_stays_as_it_is() -> None:
    before = Reading(PAGE, error=PageError("loop", "said the same again and again"))
    layout = FixedLayout(Block("figure", RED, ""))
    assert parse_one(before, layout) == (before, ())
    assert layout.asked == []


def test_a_page_that_does_not_decode_fails_alone() -> None:
    broken = PageImage(PAGE, b"\x89PNG and no more", *SIZE)
    other = f"{make_doc_id(2)}/00000"
    pages = [
        (broken, reading_of(Block("figure", RED, "seen"))),
        (page_image(other), reading_of(Block("figure", RED, ""), page_id=other)),
    ]
    [(failed, none), (good, crops)] = parse_regions(pages, FigureReader(), None, PNG)
    assert failed.error is not None
    assert failed.error.reason == "engine_error"
    assert "UnidentifiedImageError" in failed.error.detail
    assert (failed.text, none) == ("seen", ())
    assert links(good) == [crop_link(crops[0])]


def test_a_missing_layout_model_is_not_the_pages_fault() -> None:
    with pytest.raises(ModelError, match="gone"):
        parse_one(Reading(PAGE, text="Prose."), LostLayout())


def test_a_formula_without_a_place_is_no_crop() -> None:
    before = reading_of(Block("formula", WHOLE_PAGE, "$$x$$"), Block("paragraph", RED, "Prose."))
    assert parse_one(before) == (before, ())


def test_regions_are_cut_with_the_words_that_the_page_has_there() -> None:
    before = reading_of(
        Block("figure", RED, "kiln\nfire"),
        Block("caption", (0.1, 0.32, 0.4, 0.36), "Figure 1: a kiln."),
        Block("table", GREEN, "| a | b |\n|---|---|"),
    )
    [(after, [figure, table])] = cut_regions([(page_image(), before)], FixedLayout(), PNG)
    assert (figure.label, figure.text) == ("figure", "kiln\nfire\n\nFigure 1: a kiln.")
    assert (table.label, table.text) == ("table", "| a | b |\n|---|---|")
    assert links(after) == [crop_link(figure), crop_link(table)]
    assert CROP_LINK.sub("", after.text).split() == before.text.split()


def test_a_text_layer_without_figures_is_shown_to_the_layout_model() -> None:
    before = reading_of(
        Block("paragraph", (0.1, 0.02, 0.9, 0.06), "Prose."),
        Block("paragraph", (0.55, 0.5, 0.8, 0.52), "fire"),
    )
    layout = FixedLayout(Block("figure", GREEN, "", 0.9))
    [(after, [crop])] = cut_regions([(page_image(), before)], layout, PNG)
    assert crop.text == "fire"
    assert after.text == f"Prose.\n\nfire\n\n{crop_link(crop)}"


share = st.floats(0, 1, allow_nan=False)
boxes = st.tuples(share, share, share, share)
labels = st.sampled_from([*sorted(DEEP_LABELS), "text", "table", "a]b"])
words = st.text(max_size=20) | st.just("![figure](crops/1.png)")
any_blocks = st.lists(st.builds(Block, labels, boxes, words), max_size=40).map(tuple)
any_regions = st.lists(st.builds(Block, labels, boxes, st.just("")), max_size=40).map(tuple)


@settings(deadline=None, max_examples=few(40, of=150))
@given(blocks=any_blocks, prose=words, is_joined=st.booleans(), regions=any_regions)
def test_any_reading_keeps_its_texts_and_links_each_crop_once(
    blocks: tuple[Block, ...], prose: str, is_joined: bool, regions: tuple[Block, ...]
) -> None:
    before = Reading(PAGE, text=own_text(blocks) if is_joined else prose, blocks=blocks)
    after, crops = parse_one(before, FixedLayout(*regions))
    assert after.error is None
    assert links(after) == [crop_link(crop) for crop in crops]
    assert [crop.crop_id for crop in crops] == [f"{PAGE}-{n:02d}" for n in range(len(crops))]
    assert len(crops) <= MAX_CROPS
    for crop in crops:
        assert crop.label in DEEP_LABELS
        assert 0 <= crop.bbox[0] < crop.bbox[2] <= 1
        assert 0 <= crop.bbox[1] < crop.bbox[3] <= 1
        assert opened(crop.image).size == (crop.image.width, crop.image.height)
    if before.text == own_text(before.blocks):
        assert after.text == own_text(after.blocks)
        assert all(block.text in after.text for block in blocks)
    else:
        assert after.text.startswith(before.text)
        assert after.blocks[: len(blocks)] == blocks
    assert CROP_LINK.sub("", after.text).replace("\n", "") == before.text.replace("\n", "")
