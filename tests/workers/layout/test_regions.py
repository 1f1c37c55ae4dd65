"""The layout model that the `pymupdf` package ships finds figures and tables that we draw."""

from __future__ import annotations

import io
import math
from pathlib import Path

import pymupdf
import pytest
from PIL import Image

from schemas.errors import ModelError
from schemas.pages import Block, Box, PageImage
from workers.layout.regions import LayoutModel, shared_layout_model

PROSE = (
    "The kiln was fired twice in the spring, and the second firing gave the better glaze. Clay "
    "from the river bank was dug in March, left to weather, and wedged by hand. Each bowl took "
    "two days to dry before it could be trimmed and stacked for the fire. "
)
WIDTH_PT, HEIGHT_PT = 595, 842
PLOT = pymupdf.Rect(120, 260, 480, 500)


def page_image(page: pymupdf.Page, image_format: str = "png") -> PageImage:
    pixmap = page.get_pixmap(matrix=pymupdf.Matrix(1.5, 1.5))
    picture = Image.frombytes("RGB", (pixmap.width, pixmap.height), pixmap.samples)
    data = io.BytesIO()
    picture.save(data, image_format)
    return PageImage("page", data.getvalue(), *picture.size)


def draw_plot(page: pymupdf.Page, rect: pymupdf.Rect) -> None:
    """Axes with numbers, bars and a curve, inside `rect` to the point."""
    axes = pymupdf.Rect(rect.x0 + 24, rect.y0, rect.x1, rect.y1 - 18)
    page.draw_rect(axes, color=(0, 0, 0))
    for step in range(6):
        x = axes.x0 + 10 + step * axes.width / 6
        top = axes.y1 - (0.2 + 0.12 * step) * axes.height
        page.draw_rect((x, top, x + 30, axes.y1), color=(0, 0, 0.6), fill=(0.3, 0.5, 0.9))
        page.insert_text((x + 10, rect.y1 - 4), str(step), fontsize=9)
        y = axes.y1 - step * axes.height / 6
        page.insert_text((rect.x0, y), f"{step * 10}", fontsize=9)
    curve = [
        (axes.x0 + axes.width * t / 60, axes.y0 + axes.height * (0.5 - 0.4 * math.sin(t / 8)))
        for t in range(61)
    ]
    page.draw_polyline(curve, color=(0.8, 0, 0), width=1.5)


def page_with_plot() -> pymupdf.Page:
    page = pymupdf.open().new_page(width=WIDTH_PT, height=HEIGHT_PT)
    assert page.insert_textbox((72, 72, 523, 240), PROSE * 3, fontsize=11) >= 0
    draw_plot(page, PLOT)
    assert page.insert_textbox((72, 540, 523, 780), PROSE * 4, fontsize=11) >= 0
    return page


def fractions(rect: pymupdf.Rect) -> Box:
    return (
        rect.x0 / WIDTH_PT,
        rect.y0 / HEIGHT_PT,
        rect.x1 / WIDTH_PT,
        rect.y1 / HEIGHT_PT,
    )


def labelled(blocks: tuple[Block, ...], label: str) -> list[Block]:
    return [block for block in blocks if block.label == label]


@pytest.fixture(scope="module")
def model() -> LayoutModel:
    return LayoutModel(threads=1)


@pytest.mark.parametrize("image_format", ["png", "jpeg", "webp"])
def test_finds_a_plot_between_paragraphs(model: LayoutModel, image_format: str) -> None:
    regions = model.regions(page_image(page_with_plot(), image_format))
    [figure] = labelled(regions, "figure")
    # 300 cells a side: 2 points across, 3 down; the model may add or miss a few: here, 8.
    assert figure.bbox == pytest.approx(fractions(PLOT), abs=0.03)
    assert figure.confidence is not None
    assert 0.8 <= figure.confidence <= 1
    texts = labelled(regions, "paragraph")
    assert texts
    assert all(block.bbox[3] <= 0.31 or block.bbox[1] >= 0.6 for block in texts)
    assert {block.text for block in regions} == {""}
    assert [block.bbox[1] for block in regions] == sorted(block.bbox[1] for block in regions)


def test_finds_no_figure_in_prose_and_nothing_on_a_blank_page(model: LayoutModel) -> None:
    page = pymupdf.open().new_page(width=WIDTH_PT, height=HEIGHT_PT)
    assert model.regions(page_image(page)) == ()
    assert page.insert_textbox((72, 72, 523, 780), PROSE * 9, fontsize=11) >= 0
    assert {block.label for block in model.regions(page_image(page))} == {"paragraph"}


def test_an_image_of_one_colour_has_no_region(model: LayoutModel) -> None:
    for colour in ("white", "black"):
        data = io.BytesIO()
        Image.new("L", (40, 30), colour).save(data, "PNG")
        assert model.regions(PageImage("page", data.getvalue(), 40, 30)) == ()


@pytest.mark.parametrize("data", [b"", b"\x89PNG no picture"])
def test_what_does_not_decode_is_an_error(model: LayoutModel, data: bytes) -> None:
    with pytest.raises(ValueError, match="not an image"):
        model.regions(PageImage("page", data, 10, 10))


def test_a_model_that_is_missing_is_named_when_first_needed(tmp_path: Path) -> None:
    model = LayoutModel(model=tmp_path / "gone.onnx")
    with pytest.raises(ModelError, match=r"gone\.onnx.*install pymupdf>=2\.0"):
        model.regions(page_image(page_with_plot()))


def test_a_process_has_one_model() -> None:
    assert shared_layout_model(1) is shared_layout_model(1)
