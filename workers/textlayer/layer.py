"""The text layer of a born-digital PDF page as Markdown, and whether it is fit to replace OCR.

Owns the assembly of a page: `lines` gives its lines, `tables` its ruled tables, `order` their
order, `markdown` the Markdown; `signals` measures and judges. Does not render, detect blank pages,
or use a layout model: headings come from font sizes, tables from ruling lines. Labels inside
vector drawings are text; running heads and page numbers stay, as an OCR engine reads them too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pymupdf

from schemas.pages import Block, Box
from workers.textlayer.doubled import without_copies
from workers.textlayer.drop_caps import with_drop_caps
from workers.textlayer.join import table_markdown
from workers.textlayer.lines import Line, PageContent, count_glyphs, read_page
from workers.textlayer.markdown import body_sizes, segments, to_markdown
from workers.textlayer.order import page_order
from workers.textlayer.orientation import AS_DISPLAYED, MIN_TELLING_GLYPHS, View, elect
from workers.textlayer.picture import Picture
from workers.textlayer.repairs import BRACKET_PIECES
from workers.textlayer.signals import TextLayerSignals, judge, measure
from workers.textlayer.tables import find_tables
from workers.textlayer.vertical import joined_columns

__all__ = ["TextLayer", "TextLayerSignals", "extract", "judge", "upright_view"]

_FIGURE_SHARE = 0.05  # of the page's area; smaller pictures are logos, icons and formulas
_BACKGROUND_SHARE = 0.5  # a picture this large lies behind the text, and comes last
_MAX_FIGURES = 50
_MEANINGLESS = " \ufffd\u00ad" + "".join(map(chr, range(0xE000, 0xF900))) + BRACKET_PIECES
_RTL_LETTER = re.compile("[\u0590-\u08ff]")


_MAX_TURNS = 2
"""PyMuPDF takes upside-down lines of some fonts for mirrored ones, at the first look only."""


@dataclass(frozen=True, slots=True)
class TextLayer:
    """A page's text layer as Markdown, its blocks in reading order, and what was measured.

    In `view` of the displayed page most glyphs stand upright. The blocks' boxes are fractions of
    that view. `cleaned_chars` of the layer have no meaning, and were left out.
    """

    text: str
    blocks: tuple[Block, ...]
    signals: TextLayerSignals
    view: View = AS_DISPLAYED
    cleaned_chars: int = 0


def extract(page: pymupdf.Page, picture: Picture | None = None) -> TextLayer:
    """Read the text layer of an open `pymupdf.Page`: visible text inside the page box only.

    `picture` shows the page as displayed; text that it does not show is left out.
    """
    layer, upright = _extract(page, AS_DISPLAYED, picture)
    for _ in range(_MAX_TURNS):
        if upright == AS_DISPLAYED:
            break
        layer, upright = _extract(page, layer.view.then(upright), picture)
    return layer


def upright_view(page: pymupdf.Page) -> View:
    """The view in which the page stands upright, by all its glyphs, hidden ones too.

    An OCR program writes hidden words as they lie on its scan. The page as displayed where there
    are too few glyphs to tell.
    """
    view = AS_DISPLAYED
    for _ in range(_MAX_TURNS):
        upright = elect(count_glyphs(page, view), MIN_TELLING_GLYPHS)
        if upright == AS_DISPLAYED:
            break
        view = view.then(upright)
    return view


def _extract(page: pymupdf.Page, view: View, picture: Picture | None) -> tuple[TextLayer, View]:
    """The text layer in `view`, and the further view that shows it upright."""
    content = read_page(page, view, picture)
    lines = with_drop_caps(joined_columns(without_copies(content.lines)))
    directions: Counter[int] = Counter()
    glyphs: Counter[View] = Counter()
    for line in lines:
        directions[line.quadrant] += len(line.text)
        glyphs[line.upright] += len(line.text)
    quadrant = directions.most_common(1)[0][0] if lines else 0
    tables = find_tables(page, content) if lines and quadrant == 0 else []
    prose = [line for line in lines if not any(_holds(t.box, line.box) for t in tables)]
    bodies = body_sizes(lines)
    blocks = _text_blocks([line for line in prose if line.quadrant == quadrant], content, bodies)
    stream_blocks = len(blocks)
    blocks += [Block("table", table.box, table_markdown(table.cells)) for table in tables]
    figures, backgrounds = _figures(content)
    blocks += figures
    is_rtl = _is_right_to_left(lines)
    frames = [turn(block.bbox, quadrant, content.width, content.height) for block in blocks]
    order = page_order(frames, stream_blocks, bodies.get("", 10.0), is_rtl)
    # Lines across the page's own direction, such as axis labels, have no place in the order.
    crossing = _text_blocks([line for line in prose if line.quadrant != quadrant], content, bodies)
    ordered = [*(blocks[i] for i in order), *crossing, *backgrounds]
    signals = measure(content, lines)
    layer = TextLayer(
        "\n\n".join(block.text for block in ordered if block.text),
        tuple(replace(block, bbox=_fractions(block.bbox, content)) for block in ordered),
        signals,
        view,
        content.garbled_chars,
    )
    return layer, elect(glyphs)


def turn(box: Box, quadrant: int, width: float, height: float) -> Box:
    """`box` as seen when the page is turned back by `quadrant` quarter turns clockwise."""
    x0, y0, x1, y1 = box
    if quadrant == 1:
        return (y0, width - x1, y1, width - x0)
    if quadrant == 2:
        return (width - x1, height - y1, width - x0, height - y0)
    if quadrant == 3:
        return (height - y1, x0, height - y0, x1)
    return box


def _text_blocks(
    lines: Sequence[Line], content: PageContent, bodies: Mapping[str, float]
) -> list[Block]:
    """One block for each run of lines in one style, in content-stream order, `bbox` in points."""
    upright = [
        replace(line, box=turn(line.box, line.quadrant, content.width, content.height))
        for line in lines
    ]
    blocks: list[Block] = []
    for segment in segments(upright):
        if not any(line.text.strip(_MEANINGLESS) for line in segment.lines):
            continue  # the parts of a tall bracket
        label, text = to_markdown(segment, bodies)
        quadrant = segment.lines[0].quadrant
        across = quadrant % 2 == 1
        size = (content.height, content.width) if across else (content.width, content.height)
        blocks.append(Block(label, turn(segment.box, -quadrant % 4, *size), text))
    return blocks


def _figures(content: PageContent) -> tuple[list[Block], list[Block]]:
    """Pictures over a twentieth of the page: those among the text, then those behind it."""
    page_area = content.width * content.height
    figures: list[Block] = []
    backgrounds: list[Block] = []
    for box in dict.fromkeys(content.images):
        share = (box[2] - box[0]) * (box[3] - box[1]) / page_area
        if share > _BACKGROUND_SHARE:
            backgrounds.append(Block("figure", box, ""))
        elif share > _FIGURE_SHARE:
            figures.append(Block("figure", box, ""))
    return figures[:_MAX_FIGURES], backgrounds[:_MAX_FIGURES]


def _holds(outer: Box, inner: Box) -> bool:
    """Whether the middle of `inner` lies in `outer`."""
    x, y = (inner[0] + inner[2]) / 2, (inner[1] + inner[3]) / 2
    return outer[0] <= x <= outer[2] and outer[1] <= y <= outer[3]


def _is_right_to_left(lines: Sequence[Line]) -> bool:
    text = "".join(line.text for line in lines)
    return len(_RTL_LETTER.findall(text)) * 3 > len(text)


def _fractions(box: Box, content: PageContent) -> Box:
    x0, y0, x1, y1 = (
        min(max(value / extent, 0.0), 1.0)
        for value, extent in zip(box, (content.width, content.height) * 2, strict=True)
    )
    return (x0, y0, x1, y1)
