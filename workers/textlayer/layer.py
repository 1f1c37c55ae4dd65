"""The text layer of a born-digital PDF page as Markdown, and whether it is fit to replace OCR.

Owns the assembly of a page: `lines` gives its lines, `furniture` what repeats around its text,
`tables` its tables, `regions` what a layout model says where rules leave it open, `blocks` the
blocks and `order` their order; `signals` measures and judges. Does not render or detect blank
pages. Running heads, page numbers and other furniture are blocks without a place in `text`.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import pymupdf

from schemas.hidden_text import HiddenText
from schemas.pages import Block, Box, own_text
from workers.layout.placed_lines import Edges
from workers.layout.tables import Table
from workers.layout.tables import block as table_block
from workers.layout.tables.words import PageWords
from workers.textlayer.blocks import (
    drawing,
    figures,
    furniture_blocks,
    notes_last,
    text_blocks,
    turn,
)
from workers.textlayer.content import FirstRead, PageContent, count_glyphs, first_read, read_page
from workers.textlayer.doubled import without_copies
from workers.textlayer.drop_caps import with_drop_caps
from workers.textlayer.furniture import furniture_lines
from workers.textlayer.headings import as_title, with_numbered_levels
from workers.textlayer.lines import Line
from workers.textlayer.markdown import body_sizes
from workers.textlayer.order import framed_order
from workers.textlayer.orientation import AS_DISPLAYED, MIN_TELLING_GLYPHS, View, elect
from workers.textlayer.picture import Picture
from workers.textlayer.regions import Regions, can_see, model_regions, needs_model
from workers.textlayer.rejoined import rejoined
from workers.textlayer.signals import TextLayerSignals, judge, measure
from workers.textlayer.tables import find_tables, word_reader
from workers.textlayer.vertical import joined_columns

__all__ = ["TextLayer", "TextLayerSignals", "extract", "judge", "upright_view"]

_MIN_CARD_PT = 30.0  # two lines of text and a heading
_MAX_CARDS = 200
_MIN_CARD_CHARS = 120  # two lines of prose
_MIN_CARD_ROWS = 6
_GUTTER = 0.75  # of the font size; two columns at 10 pt are 9.5 pt apart in many classes of LaTeX
_RTL_LETTER = re.compile("[\u0590-\u08ff]")


NO_NEIGHBOURS: Edges = {}

_MAX_TURNS = 2
"""PyMuPDF takes upside-down lines of some fonts for mirrored ones, at the first look only."""


@dataclass(frozen=True, slots=True)
class TextLayer:
    """A page's text layer as Markdown, its blocks in reading order, and what was measured.

    In `view` of the displayed page most glyphs stand upright. The blocks' boxes are fractions of
    that view. `cleaned_chars` of the layer have no meaning, and were left out. So was what is
    `hidden`: None where the page has no text at all, or was read without its picture.
    """

    text: str
    blocks: tuple[Block, ...]
    signals: TextLayerSignals
    view: View = AS_DISPLAYED
    cleaned_chars: int = 0
    hidden: HiddenText | None = None


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
    first = first or first_read(page)
    content = read_page(page, AS_DISPLAYED, picture, first)
    words = word_reader(page, content, first.commands)
    layer, upright = _extract(page, content, words, neighbours, layout, AS_DISPLAYED)
    for _ in range(_MAX_TURNS):
        if upright == AS_DISPLAYED:
            break
        view = layer.view.then(upright)
        content = read_page(page, view, picture, first)
        # The edges of neighbours are those of pages as displayed.
        words = word_reader(page, content)
        layer, upright = _extract(page, content, words, NO_NEIGHBOURS, layout, view)
    return layer


def upright_view(page: pymupdf.Page, first: FirstRead | None = None) -> View:
    """The view in which the page stands upright, by all its glyphs, hidden ones too.

    An OCR program writes hidden words as they lie on its scan. The page as displayed where there
    are too few glyphs to tell. `first` is what `first_read` gave for the page, if the caller has
    it.
    """
    view = AS_DISPLAYED
    for _ in range(_MAX_TURNS):
        upright = elect(count_glyphs(page, view, first), MIN_TELLING_GLYPHS)
        if upright == AS_DISPLAYED:
            break
        view = view.then(upright)
    return view


def _extract(
    page: pymupdf.Page,
    content: PageContent,
    words: Callable[[], PageWords],
    neighbours: Edges,
    layout: str,
    view: View,
) -> tuple[TextLayer, View]:
    """The text layer in `view`, and the further view that shows it upright."""
    whole = rejoined(without_copies(content.lines), content.rules)
    lines = with_drop_caps(joined_columns(whole))
    glyphs: Counter[View] = Counter()
    for line in lines:
        glyphs[line.upright] += len(line.text)
    layout = layout if view == AS_DISPLAYED else "never"
    parts = _parts(page, content, words, lines, neighbours, layout)
    body, behind = _body(parts, content)
    heads, feet = furniture_blocks(lines, parts.furniture, content)
    if body and not heads:
        body[0] = as_title(body[0])
    body = with_numbered_levels(body)
    # Lines across the page's own direction, such as axis labels, have no place in the order.
    crossing = text_blocks(parts.crossing, content, parts.bodies)
    ordered = [*heads, *notes_last(body), *crossing, *behind, *feet]
    signals = measure(content, lines)
    blocks = [replace(block, bbox=_fractions(block.bbox, content)) for block in ordered]
    layer = TextLayer(
        own_text(blocks), tuple(blocks), signals, view, content.garbled_chars, content.hidden
    )
    return layer, elect(glyphs)


@dataclass(frozen=True, slots=True)
class _Parts:
    """What the lines of a page belong to; each to one of furniture, tables, drawings and text.

    `furniture` are labels by numbers of the page's lines. `kinds` are the model's labels of
    `prose`, which reads in the page's own direction, `quadrant`; `bodies` are the body's sizes.
    """

    furniture: Mapping[int, str]
    tables: Sequence[Table]
    drawings: Sequence[Sequence[Line]]
    prose: Sequence[Line]
    kinds: Sequence[str]
    crossing: Sequence[Line]
    quadrant: int
    bodies: Mapping[str, float]
    is_right_to_left: bool


def _parts(
    page: pymupdf.Page,
    content: PageContent,
    words: Callable[[], PageWords],
    lines: Sequence[Line],
    neighbours: Edges,
    layout: str,
) -> _Parts:
    quadrant = _main_quadrant(lines)
    labels, regions = _labels(page, content, lines, neighbours, layout if not quadrant else "never")
    kept = [i for i in range(len(lines)) if i not in labels]
    own = [lines[i] for i in kept]
    tables = _tables(words, content, own, regions.tables) if own and quadrant == 0 else []
    placed = {kept[number] for table in tables for number in table.pieces}
    drawn = [_without(figure, placed | labels.keys()) for figure in regions.figures]
    placed |= {i for figure in drawn for i in figure}
    left = [i for i in kept if i not in placed]
    across = [i for i in left if lines[i].quadrant == quadrant]
    return _Parts(
        labels,
        tables,
        [[lines[i] for i in figure] for figure in drawn if figure],
        [lines[i] for i in across],
        [regions.labels.get(i, "") for i in across],
        [lines[i] for i in left if lines[i].quadrant != quadrant],
        quadrant,
        body_sizes(own or lines),
        _is_right_to_left(lines),
    )


def _main_quadrant(lines: Sequence[Line]) -> int:
    """The direction in which most of the text reads."""
    directions: Counter[int] = Counter()
    for line in lines:
        directions[line.quadrant] += len(line.text)
    return directions.most_common(1)[0][0] if lines else 0


def _labels(
    page: pymupdf.Page,
    content: PageContent,
    lines: Sequence[Line],
    neighbours: Edges,
    layout: str,
) -> tuple[Mapping[int, str], Regions]:
    """The furniture among the lines, and what the layout model says where it is asked.

    A book or a page of HTML that was set here has no furniture: a lone «7» is a chapter's number.
    """
    is_set_here = page.parent.is_reflowable
    labels = {} if is_set_here else furniture_lines(lines, content, neighbours)
    is_wanted = layout == "always" or (layout == "auto" and needs_model(content, lines, labels))
    if not is_wanted or not can_see(page, content, lines):
        return labels, Regions()
    regions = model_regions(page, content, lines)
    if not is_set_here:
        labels = furniture_lines(lines, content, neighbours, regions.labels)
    return labels, regions


def _body(parts: _Parts, content: PageContent) -> tuple[list[Block], list[Block]]:
    """The page's own blocks in reading order, and the pictures behind them."""
    boxes = [table.box for table in parts.tables]
    blocks = text_blocks(parts.prose, content, parts.bodies, parts.kinds, boxes)
    stream_blocks = len(blocks)
    blocks += [
        replace(table_block(table, content.width, content.height), bbox=table.box)
        for table in parts.tables
    ]
    pictures, behind = figures(content)
    blocks += pictures
    blocks += [drawing(labels) for labels in parts.drawings]
    frames = [turn(block.bbox, parts.quadrant, content.width, content.height) for block in blocks]
    gutter = _GUTTER * parts.bodies.get("", 10.0)
    cards = [turn(card, parts.quadrant, content.width, content.height) for card in _cards(content)]
    order = framed_order(frames, cards, stream_blocks, gutter, parts.is_right_to_left)
    return [blocks[i] for i in order], behind


def _cards(content: PageContent) -> list[Box]:
    """Ruled and shaded boxes that are large enough for several blocks; no more than 200."""
    large = (
        box
        for box in (*content.rules, *content.fills)
        if box[3] - box[1] > _MIN_CARD_PT and box[2] - box[0] > 2 * _MIN_CARD_PT
    )
    return list(itertools.islice(large, _MAX_CARDS))


def _tables(
    words: Callable[[], PageWords],
    content: PageContent,
    lines: Sequence[Line],
    regions: Sequence[Box],
) -> list[Table]:
    """The tables that rules and columns show; those of the model where they show none."""
    tables = [table for table in find_tables(words, content, lines) if not _is_of_cards(table)]
    others = [region for region in regions if not any(_overlap(region, t.box) for t in tables)]
    return find_tables(words, content, lines, others) if others else tables


def _is_of_cards(table: Table) -> bool:
    """Whether a "table" is a page of framed cards in columns, whose frames are no rows.

    A card beside others of other heights reaches over rows that these make. Cells of a table that
    do so are names of groups, and have little of its text.
    """
    chars = sum(len(cell.text) for cell in table.cells)
    over = sum(len(cell.text) for cell in table.cells if cell.rows > 1)
    long = sum(len(cell.text) for cell in table.cells if len(cell.text) > _MIN_CARD_CHARS)
    return table.rows >= _MIN_CARD_ROWS and min(over, long) * 2 > chars


def _overlap(a: Box, b: Box) -> bool:
    return min(a[2], b[2]) > max(a[0], b[0]) and min(a[3], b[3]) > max(a[1], b[1])


def _without(numbers: Iterable[int], others: Collection[int]) -> list[int]:
    return [i for i in numbers if i not in others]


def _is_right_to_left(lines: Sequence[Line]) -> bool:
    text = "".join(line.text for line in lines)
    return len(_RTL_LETTER.findall(text)) * 3 > len(text)


def _fractions(box: Box, content: PageContent) -> Box:
    x0, y0, x1, y1 = (
        min(max(value / extent, 0.0), 1.0)
        for value, extent in zip(box, (content.width, content.height) * 2, strict=True)
    )
    return (x0, y0, x1, y1)
