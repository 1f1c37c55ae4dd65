"""The text layer of a born-digital PDF page as Markdown, and whether it is fit to replace OCR.

Owns the assembly of a page: `lines` gives its lines, `tables` its ruled tables, `order` their
order, `markdown` the Markdown; `signals` measures and judges. Does not render, detect blank pages,
or use a layout model: headings come from font sizes, tables from ruling lines. Labels inside
vector drawings are text; running heads, page numbers and other furniture are blocks without a
place in `text`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import pymupdf

from schemas.pages import Block, Box, own_text
from workers.layout.placed_lines import Edges
from workers.layout.tables import Table
from workers.layout.tables import block as table_block
from workers.textlayer.doubled import without_copies
from workers.textlayer.drop_caps import with_drop_caps
from workers.textlayer.furniture import furniture_lines
from workers.textlayer.lines import FirstRead, Line, PageContent, count_glyphs, read_page
from workers.textlayer.markdown import as_title, body_sizes, same_row, segments, to_markdown, union
from workers.textlayer.order import page_order
from workers.textlayer.orientation import AS_DISPLAYED, MIN_TELLING_GLYPHS, View, elect
from workers.textlayer.picture import Picture
from workers.textlayer.regions import Regions, can_see, model_regions, needs_model
from workers.textlayer.repairs import BRACKET_PIECES
from workers.textlayer.signals import TextLayerSignals, judge, measure
from workers.textlayer.tables import find_tables
from workers.textlayer.vertical import joined_columns

__all__ = ["TextLayer", "TextLayerSignals", "extract", "judge", "upright_view"]

_FIGURE_SHARE = 0.05  # of the page's area; smaller pictures are logos, icons and formulas
_BACKGROUND_SHARE = 0.5  # a picture this large lies behind the text, and comes last
_MAX_FIGURES = 50
_GUTTER = 0.75  # of the font size; two columns at 10 pt are 9.5 pt apart in many classes of LaTeX
_MEANINGLESS = " \u00ad" + BRACKET_PIECES
_RTL_LETTER = re.compile("[\u0590-\u08ff]")


NO_NEIGHBOURS: Edges = {}

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


def extract(
    page: pymupdf.Page,
    picture: Picture | None = None,
    neighbours: Edges = NO_NEIGHBOURS,
    first: FirstRead | None = None,
    layout: str = "never",
) -> TextLayer:
    """Read the text layer of an open `pymupdf.Page`: visible text inside the page box only.

    `picture` shows the page as displayed; text that it does not show is left out. `neighbours` are
    the edges of the pages around it, which tell its furniture; `first` is what `first_read` gave
    for the page, if the caller has it. `layout` is the recipe's: when the layout model looks at the
    page. Raises NoEngineError where that cannot be loaded.
    """
    content = read_page(page, AS_DISPLAYED, picture, first)
    layer, upright = _extract(page, content, neighbours, layout, AS_DISPLAYED)
    for _ in range(_MAX_TURNS):
        if upright == AS_DISPLAYED:
            break
        view = layer.view.then(upright)
        content = read_page(page, view, picture)
        # The edges of neighbours are those of pages as displayed.
        layer, upright = _extract(page, content, NO_NEIGHBOURS, layout, view)
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


def _extract(
    page: pymupdf.Page, content: PageContent, neighbours: Edges, layout: str, view: View
) -> tuple[TextLayer, View]:
    """The text layer in `view`, and the further view that shows it upright."""
    lines = with_drop_caps(joined_columns(without_copies(content.lines)))
    directions: Counter[int] = Counter()
    glyphs: Counter[View] = Counter()
    for line in lines:
        directions[line.quadrant] += len(line.text)
        glyphs[line.upright] += len(line.text)
    quadrant = directions.most_common(1)[0][0] if lines else 0
    labels = furniture_lines(lines, content, neighbours)
    regions = Regions()
    if layout != "never" and view == AS_DISPLAYED and quadrant == 0:
        is_wanted = layout == "always" or needs_model(content, lines, labels)
        if is_wanted and can_see(page, content, lines):
            regions = model_regions(page, content, lines)
            labels = furniture_lines(lines, content, neighbours, regions.labels)
    kept = [i for i in range(len(lines)) if i not in labels]
    own = [lines[i] for i in kept]
    tables = _tables(page, content, own, regions.tables) if own and quadrant == 0 else []
    placed = {kept[number] for table in tables for number in table.pieces}
    drawn = [_without(figure, placed | labels.keys()) for figure in regions.figures]
    placed |= {i for figure in drawn for i in figure}
    left = [i for i in kept if i not in placed]
    prose = [lines[i] for i in left if lines[i].quadrant == quadrant]
    kinds = [regions.labels.get(i, "") for i in left if lines[i].quadrant == quadrant]
    bodies = body_sizes(own or lines)
    blocks = _text_blocks(prose, content, bodies, kinds)
    stream_blocks = len(blocks)
    blocks += [
        replace(table_block(table, content.width, content.height), bbox=table.box)
        for table in tables
    ]
    figures, backgrounds = _figures(content)
    blocks += figures
    blocks += [_drawing([lines[i] for i in figure]) for figure in drawn if figure]
    is_rtl = _is_right_to_left(lines)
    frames = [turn(block.bbox, quadrant, content.width, content.height) for block in blocks]
    order = page_order(frames, stream_blocks, _GUTTER * bodies.get("", 10.0), is_rtl)
    # Lines across the page's own direction, such as axis labels, have no place in the order.
    turned = [lines[i] for i in left if lines[i].quadrant != quadrant]
    crossing = _text_blocks(turned, content, bodies)
    heads, feet = _furniture_blocks(lines, labels, content)
    body = [blocks[i] for i in order]
    if body and not heads:
        body[0] = as_title(body[0])
    ordered = [*heads, *_notes_last(body), *crossing, *backgrounds, *feet]
    signals = measure(content, lines)
    blocks = [replace(block, bbox=_fractions(block.bbox, content)) for block in ordered]
    layer = TextLayer(own_text(blocks), tuple(blocks), signals, view, content.garbled_chars)
    return layer, elect(glyphs)


def _furniture_blocks(
    lines: Sequence[Line], labels: Mapping[int, str], content: PageContent
) -> tuple[list[Block], list[Block]]:
    """One block for each row of furniture: those of the page's upper half, and the others."""
    rows: list[tuple[str, list[Line]]] = []
    for i in sorted(labels, key=lambda i: (lines[i].box[1] + lines[i].box[3], lines[i].box[0])):
        label, line = labels[i], lines[i]
        same = label in ("line_numbers", "running_head", "running_foot")
        is_beside = label == "line_numbers" or (rows and same_row(rows[-1][1][-1], line))
        if rows and same and rows[-1][0] == label and is_beside:
            rows[-1][1].append(line)
        else:
            rows.append((label, [line]))
    heads: list[Block] = []
    feet: list[Block] = []
    for label, row in rows:
        if label != "line_numbers":
            row.sort(key=lambda line: line.box[0])
        text = " ".join(" ".join(line.text.split()) for line in row)
        block = Block(label, union(line.box for line in row), text)
        is_head = label != "watermark" and block.bbox[3] * 2 < content.height
        (heads if is_head else feet).append(block)
    return heads, feet


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
    lines: Sequence[Line],
    content: PageContent,
    bodies: Mapping[str, float],
    kinds: Sequence[str] = (),
) -> list[Block]:
    """One block for each run of lines in one style, in content-stream order, `bbox` in points."""
    upright = [
        replace(line, box=turn(line.box, line.quadrant, content.width, content.height))
        for line in lines
    ]
    blocks: list[Block] = []
    for segment in segments(upright, kinds):
        if not any(line.text.strip(_MEANINGLESS) for line in segment.lines):
            continue  # the parts of a tall bracket
        label, text = to_markdown(segment, bodies)
        quadrant = segment.lines[0].quadrant
        across = quadrant % 2 == 1
        size = (content.height, content.width) if across else (content.width, content.height)
        blocks.append(Block(label, turn(segment.box, -quadrant % 4, *size), text))
    return blocks


def _notes_last(blocks: Sequence[Block]) -> list[Block]:
    """The blocks with the footnotes of all columns at the end; a note under a table stays."""

    def is_at_foot(note: Block) -> bool:
        return note.label == "footnote" and not any(
            other.label not in ("footnote", "figure")
            and other.bbox[1] >= note.bbox[3]
            and other.bbox[0] < note.bbox[2]
            and note.bbox[0] < other.bbox[2]
            for other in blocks
        )

    return sorted(blocks, key=is_at_foot)


def _tables(
    page: pymupdf.Page, content: PageContent, lines: Sequence[Line], regions: Sequence[Box]
) -> list[Table]:
    """The tables that rules and columns show; those of the model where they show none."""
    tables = find_tables(page, content, lines)
    others = [region for region in regions if not any(_overlap(region, t.box) for t in tables)]
    return find_tables(page, content, lines, others) if others else tables


def _overlap(a: Box, b: Box) -> bool:
    return min(a[2], b[2]) > max(a[0], b[0]) and min(a[3], b[3]) > max(a[1], b[1])


def _without(numbers: Iterable[int], others: Collection[int]) -> list[int]:
    return [i for i in numbers if i not in others]


def _drawing(lines: Sequence[Line]) -> Block:
    """The labels of a drawing as one block, row by row."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: (line.box[1] + line.box[3], line.box[0])):
        if rows and same_row(rows[-1][-1], line):
            rows[-1].append(line)
        else:
            rows.append([line])
    texts = (
        "  ".join(line.text.strip() for line in sorted(row, key=lambda line: line.box[0]))
        for row in rows
    )
    return Block("figure", union(line.box for line in lines), "\n".join(texts))


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


def _is_right_to_left(lines: Sequence[Line]) -> bool:
    text = "".join(line.text for line in lines)
    return len(_RTL_LETTER.findall(text)) * 3 > len(text)


def _fractions(box: Box, content: PageContent) -> Box:
    x0, y0, x1, y1 = (
        min(max(value / extent, 0.0), 1.0)
        for value, extent in zip(box, (content.width, content.height) * 2, strict=True)
    )
    return (x0, y0, x1, y1)
