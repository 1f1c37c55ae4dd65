"""Blocks laid out, drawn and read back by MuPDF; sections and pages are not its matter.

A `pymupdf.Story` places text in rectangles. What it placed is drawn into a display list, which is
run twice: into pixels, and into characters with boxes, in the order in which they are drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pymupdf
from PIL import Image
from pymupdf import mupdf

from workers.synthetic.text import fonts
from workers.synthetic.text.blocks import TextBlock
from workers.synthetic.text.markup import BREAK, css, to_html
from workers.synthetic.text.typography import Style

Rect = tuple[float, float, float, float]
"""x0, y0, x1, y1 in points."""

_TALL_PT = 1e6
_READ_BACK = (
    mupdf.FZ_STEXT_PRESERVE_LIGATURES
    | mupdf.FZ_STEXT_PRESERVE_WHITESPACE
    | mupdf.FZ_STEXT_INHIBIT_SPACES
)


class Line(NamedTuple):
    """A drawn line: its box in points, and how many letters it has."""

    box: Rect
    letters: int


def letters_of(block: TextBlock) -> str:
    """What of a block is compared with its page: marker and text without white space."""
    return squeezed(block.marker + block.text)


def squeezed(text: str) -> str:
    """`text` without white space."""
    return "".join(text.split())


def columns_of(style: Style) -> list[Rect]:
    """The rectangles of a page that hold text, in reading order."""
    height = style.page_pt[1]
    width = style.column_width_pt(style.columns)
    lefts = (
        style.margin_x_pt + number * (width + style.column_gap_pt)
        for number in range(style.columns)
    )
    return [(x, style.margin_y_pt, x + width, height - style.margin_y_pt) for x in lefts]


def story_of(blocks: Iterable[TextBlock], style: Style) -> pymupdf.Story:
    """A story that places these blocks."""
    html = "".join(to_html(block, style) for block in blocks)
    archive = fonts.archive(style.family, style.code_family)
    return pymupdf.Story(html, user_css=css(style), em=style.font_size_pt, archive=archive)


def skip_placed(story: pymupdf.Story) -> None:
    """Let placing continue after what was placed last, without drawing it."""
    # Placing continues where drawing stopped; this device draws nothing.
    mupdf.fz_draw_story(story.this, mupdf.FzDevice(None), mupdf.FzMatrix())


def draw_placed(story: pymupdf.Story, style: Style) -> mupdf.FzDisplayList:
    """What was placed last, as a display list of the size of the page."""
    drawn = mupdf.FzDisplayList(mupdf.FzRect(0, 0, *style.page_pt))
    device = mupdf.fz_new_list_device(drawn)
    mupdf.fz_draw_story(story.this, device, mupdf.FzMatrix())
    mupdf.fz_close_device(device)
    return drawn


def draw_alone(block: TextBlock, style: Style) -> mupdf.FzDisplayList:
    """One block in a column of its own, which is as high as the block needs."""
    story = story_of((block,), style)
    story.place(pymupdf.Rect(0, 0, style.column_width_pt(style.columns), _TALL_PT))
    return draw_placed(story, style)


def read_back(drawn: mupdf.FzDisplayList) -> tuple[list[Line], str]:
    """The lines of a display list, and all of its letters, in the order in which they are drawn."""
    page = _text_page(drawn)
    buffer = mupdf.fz_new_buffer(1 << 13)
    output = mupdf.FzOutput(buffer)
    mupdf.fz_print_stext_page_as_text(output, page)
    mupdf.fz_close_output(output)
    # An empty line follows each block.
    texts = iter(mupdf.fz_buffer_extract_copy(buffer).decode().replace(BREAK, "").split("\n"))
    lines, letters = [], []
    for block in page:
        for line in block:
            box = line.m_internal.bbox
            shown = squeezed(next(texts))
            lines.append(Line((box.x0, box.y0, box.x1, box.y1), len(shown)))
            letters.append(shown)
        next(texts)
    return lines, "".join(letters)


def set_alone(block: TextBlock, style: Style) -> list[tuple[str, mupdf.FzFont]]:
    """The letters of one block in the order in which they are drawn, each with its font."""
    page = _text_page(draw_alone(block, style))
    letters = []
    for drawn_block in page:
        for line in drawn_block:
            at = line.m_internal.first_char
            while at:
                char = chr(at.c)
                if not char.isspace() and char != BREAK:
                    letters.append((char, mupdf.FzFont(mupdf.ll_fz_keep_font(at.font))))
                at = at.next
    return letters


def _text_page(drawn: mupdf.FzDisplayList) -> mupdf.FzStextPage:
    options = mupdf.FzStextOptions()
    options.flags = _READ_BACK
    return mupdf.FzStextPage(drawn, options)


def picture_px(style: Style, longest_edge_px: int) -> tuple[int, int]:
    """Width and height of a page's picture; `style.dpi` overrides the edge."""
    zoom = _zoom(style, longest_edge_px)
    width, height = style.page_pt
    return max(round(width * zoom), 1), max(round(height * zoom), 1)


def _zoom(style: Style, longest_edge_px: int) -> float:
    return style.dpi / 72 if style.dpi else longest_edge_px / max(style.page_pt)


def picture_of(
    lists: Sequence[mupdf.FzDisplayList], style: Style, longest_edge_px: int
) -> Image.Image:
    """A page's display lists as one picture in RGB."""
    zoom, size = _zoom(style, longest_edge_px), picture_px(style, longest_edge_px)
    bounds = mupdf.FzIrect(0, 0, *size)
    pixmap = mupdf.fz_new_pixmap_with_bbox(mupdf.fz_device_rgb(), bounds, mupdf.FzSeparations(), 0)
    samples = np.frombuffer(mupdf.fz_pixmap_samples_memoryview(pixmap), np.uint8)
    row = bytes.fromhex(style.theme.paper[1:]) * size[0]
    # Whole rows at once: twenty times as fast as pixels.
    samples.reshape(size[1], -1)[:] = np.frombuffer(row, np.uint8)
    device = mupdf.fz_new_draw_device(mupdf.FzMatrix(zoom, 0, 0, zoom, 0, 0), pixmap)
    everything = mupdf.FzRect(mupdf.FzRect.Fixed_INFINITE)
    for drawn in lists:
        mupdf.fz_run_display_list(drawn, device, mupdf.FzMatrix(), everything, mupdf.FzCookie())
    mupdf.fz_close_device(device)
    return Image.frombuffer("RGB", size, samples, "raw", "RGB", 0, 1)
