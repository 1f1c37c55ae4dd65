"""What a PDF page draws, as plain values: lines of text, ruling lines, pictures.

Owns reading a page once for its neighbours and once more with its picture. Does not order or judge.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pymupdf
from pymupdf import mupdf

from schemas.hidden_text import HiddenText, count_chars, hidden_text
from schemas.pages import Box
from workers.layout.tables.ruled import THICK
from workers.textlayer.covers import Log
from workers.textlayer.display_list import display_list
from workers.textlayer.hidden import Hidden
from workers.textlayer.left_out import LeftOut, left_out
from workers.textlayer.lines import Line, line_of, quadrant_of, upright_of
from workers.textlayer.orientation import AS_DISPLAYED, View
from workers.textlayer.page_text import (
    TEXT_FLAGS,
    PageText,
    blocks_with_chars,
    may_cover,
    place,
    read_text,
    spelled_out,
    view_matrix,
)
from workers.textlayer.picture import Picture
from workers.textlayer.raw import RawBlock
from workers.textlayer.shown import Hide, Shown, hide_nothing, hider, readable, shown_text

MAX_LINES = 5_000
"""A full broadsheet page has about 1,500 lines; further lines of a hostile page are not read."""
MAX_RULES = 4_000
"""Paths kept as ruling lines and areas; all paths are counted. A table of 60 x 12 cells, each drawn
as a box with four edges of its own, has 3,600."""


@dataclass(frozen=True, slots=True)
class PageContent:
    """Everything the text layer looks at. Boxes are in points of the page's view.

    `matrix` maps MuPDF's coordinates, which ignore the page's rotation, to that view. `rules` are
    paths that could be ruling lines or cell borders. `hidden_chars` counts characters that are not
    painted, `garbled_chars` painted ones that have no meaning as Unicode. `covered_share` is the
    share of the text, by length, that a later picture covers. `lost_words` counts words in which a
    character is garbled. The lines have no garbled characters any more. `hidden` is what the
    picture does not show; None where there is no text, or the page was read without its picture.
    """

    width: float
    height: float
    matrix: pymupdf.Matrix
    lines: tuple[Line, ...]
    hidden_chars: int
    garbled_chars: int
    rules: tuple[Box, ...]
    fills: tuple[Box, ...]
    images: tuple[Box, ...]
    path_count: int
    covered_share: float
    lost_words: int
    hidden: HiddenText | None = None


@dataclass(frozen=True, slots=True)
class FirstRead:
    """A displayed page that was read without its picture: what MuPDF gave, and what it means.

    `commands` draw the page, while its document is open (see `display_list`).
    `blocks` have the spaces that the page shows. With `is_rtl` they are not in logical order, for
    which their single characters are needed.
    """

    text: PageText
    log: Log
    blocks: Sequence[RawBlock]
    is_rtl: bool
    content: PageContent
    left_out: LeftOut
    commands: mupdf.FzDisplayList | None = None


def first_read(page: pymupdf.Page) -> FirstRead:
    """Read the displayed page; nothing is left out as hidden."""
    commands = display_list(page)
    text = read_text(page, commands=commands)
    missing = left_out(page, text.blocks, TEXT_FLAGS, commands)
    if missing.flags != TEXT_FLAGS:
        text = read_text(page, flags=missing.flags, commands=commands)
    log = page.get_bboxlog() if may_cover(page, text.blocks) else ()
    shown = shown_text(text, hide_nothing)
    content = _content(page, AS_DISPLAYED, text, log, readable(page, AS_DISPLAYED, shown, commands))
    # Single characters take 50 times the memory of their text, so they are not kept.
    blocks = text.blocks if shown.with_chars else shown.blocks
    return FirstRead(text, log, blocks, shown.with_chars, content, missing, commands)


def read_page(
    page: pymupdf.Page,
    view: View = AS_DISPLAYED,
    picture: Picture | None = None,
    first: FirstRead | None = None,
) -> PageContent:
    """Read the lines, ruling lines and pictures that lie on the page, as they lie in `view`.

    Text that `picture`, the page as displayed, does not show is left out. `first` is what
    `first_read` gave for the displayed page, if the caller has it; its blocks are used once.
    """
    if view == AS_DISPLAYED:
        return _read_again(page, picture, first or first_read(page))
    missing = LeftOut(TEXT_FLAGS) if first is None else first.left_out
    text = read_text(page, view, missing.flags)
    log: Log = page.get_bboxlog() if may_cover(page, text.blocks) else ()
    hide: Hide = hide_nothing
    if picture is not None:
        hide = hider(page, view, picture.turned(view), text.matrix, log)
    shown = shown_text(text, hide)
    content = _content(page, view, text, log, readable(page, view, shown))
    return content if picture is None else _with_hidden(content, shown.hidden, missing)


def _read_again(page: pymupdf.Page, picture: Picture | None, first: FirstRead) -> PageContent:
    """What `first` has, without what `picture` does not show."""
    if picture is None:
        return first.content
    text, log = first.text, first.log
    hide = hider(page, AS_DISPLAYED, picture, text.matrix, log)
    hidden = hide(first.blocks, lambda: blocks_with_chars(text.textpage))
    if not hidden.is_changed:
        return _with_hidden(first.content, hidden, first.left_out)
    shown = Shown(first.blocks, False)
    if first.is_rtl:
        shown = Shown(spelled_out(text.textpage), True)
        hide(shown.blocks, lambda: shown.blocks)
    blocks = readable(page, AS_DISPLAYED, shown, first.commands)
    return _with_hidden(_content(page, AS_DISPLAYED, text, log, blocks), hidden, first.left_out)


def _with_hidden(content: PageContent, hidden: Hidden, missing: LeftOut) -> PageContent:
    """The content with what the picture does not show and what MuPDF left out."""
    layer_chars = hidden.layer_chars + sum(count_chars(run.text) for run in missing.runs)
    return replace(content, hidden=hidden_text((*hidden.runs, *missing.runs), layer_chars))


def _content(
    page: pymupdf.Page, view: View, text: PageText, log: Log, blocks: Sequence[RawBlock]
) -> PageContent:
    """The lines, ruling lines and pictures of `blocks` and `log`."""
    matrix = text.matrix if view == AS_DISPLAYED else view_matrix(page, view)
    rect = page.rect
    width, height = view.size(float(rect.width), float(rect.height))
    lines: list[Line] = []
    rules: list[Box] = []
    fills: list[Box] = []
    hidden_chars = garbled_chars = lost_word_count = vector_count = 0
    for block in blocks:
        if block["type"] == 3:
            vector_count += 1
            if block["isrect"] and len(rules) + len(fills) < MAX_RULES:
                box = place(block["bbox"], text.matrix)
                is_area = not block["stroked"] and min(box[2] - box[0], box[3] - box[1]) > THICK
                (fills if is_area else rules).append(box)
        elif block["type"] == 0:
            for raw in block["lines"][: MAX_LINES - len(lines)]:
                line, hidden, garbled, lost = line_of(raw, block["number"], text)
                hidden_chars += hidden
                garbled_chars += garbled
                lost_word_count += lost
                if line is not None:
                    lines.append(line)
    return PageContent(
        width,
        height,
        matrix,
        tuple(lines),
        hidden_chars,
        garbled_chars,
        tuple(rules),
        tuple(fills),
        *_pictures(log, matrix, width, height, vector_count),
        lost_word_count,
    )


def count_glyphs(page: pymupdf.Page, view: View, first: FirstRead | None = None) -> Counter[View]:
    """How many characters, painted or not, stand upright in each view.

    These views are relative to the page as `view` shows it. `first` is what `first_read` gave for
    the displayed page, if the caller has it.
    """
    if first is not None and view == AS_DISPLAYED:
        text = first.text.fresh()
    else:
        text = read_text(page, view, TEXT_FLAGS & ~pymupdf.TEXT_COLLECT_VECTORS)
    counts: Counter[View] = Counter()
    for block in readable(page, view, shown_text(text, hide_nothing)):
        for raw in block.get("lines", ()):
            if not all(map(math.isfinite, (*raw["bbox"], *raw["dir"]))):
                continue
            chars = sum(len(span["text"]) - span["text"].count(" ") for span in raw["spans"])
            counts[upright_of(raw, quadrant_of(raw, text.quarter_turns))] += chars
    return counts


def _pictures(
    log: Log, matrix: pymupdf.Matrix, width: float, height: float, vector_count: int
) -> tuple[tuple[Box, ...], int, float]:
    """Picture boxes cut to the page, the number of paths, and the share of covered text.

    Some scanners write the recognised words in plain sight and paint the scan over them, so text
    before a picture of over half the page counts as covered; after it, it is a background.
    `log` is empty for a page that draws no picture; `vector_count` then stands for its paths. MuPDF
    parts a path into its rectangles, so of 332 such pages 15 have another number of paths.
    """
    if not log:
        return (), vector_count, 0.0
    images: list[Box] = []
    path_count = 0
    text_pt = covered_pt = 0.0
    for kind, raw in log:
        if kind.endswith("path"):
            path_count += 1
        elif kind in ("fill-text", "stroke-text"):
            text_pt += min(max(raw[2] - raw[0], raw[3] - raw[1]), width + height)
        elif kind == "fill-image":
            x0, y0, x1, y1 = place(raw, matrix)
            box = (max(x0, 0.0), max(y0, 0.0), min(x1, width), min(y1, height))
            if box[2] > box[0] and box[3] > box[1]:
                images.append(box)
                if (box[2] - box[0]) * (box[3] - box[1]) > 0.5 * width * height:
                    covered_pt = text_pt
    return tuple(images), path_count, covered_pt / text_pt if text_pt > 0 else 0.0
