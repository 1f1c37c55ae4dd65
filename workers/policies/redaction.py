"""Carry a page's edits into its blocks and its picture, so that neither says what the text lost.

    for each policy that edits:
        edits of the text ─► the blocks in which they lie ─► what is left, judged by itself
                          ─► regions of all that changed, painted over

A row keeps the boxes of blocks and of cells, not of words. So the whole region of a block that lost
a part of its text is painted, in the colour around it. Personal data is placed more closely: its
own room reads the picture again, and draws placeholders (`workers.policies.personal.painting`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageDraw

from schemas.hidden_text import HiddenRow
from schemas.personal import Personal
from schemas.recipe import Raster
from schemas.rows import BlockRow, CellRow
from workers.policies import personal
from workers.policies.editing import Edit, edited
from workers.policies.judgement import Judge, Judgement, Passage, judge
from workers.policies.personal.line_reader import read_lines
from workers.rasterising import pictures

Box = Sequence[float]


@dataclass(frozen=True, slots=True)
class PageView:
    """A page as its row shows it: its text, its blocks, its picture's file, and its language."""

    text: str
    blocks: Sequence[BlockRow]
    picture: bytes
    language: str


def redact(
    page: PageView, judgement: Judgement, judges: Sequence[Judge], raster: Raster
) -> PageView:
    """The page after all edits of its judgement."""
    for number, edits in enumerate(judgement.edits):
        settings = judges[number].step.pii
        if number not in judgement.editing:
            continue
        if settings is not None:
            page = _without_personal_data(page, settings, raster)
        else:
            page = _without_words(page, edits, judges[number], raster)
        page = replace(page, text=edited(page.text, edits))
    return page


def without_fragments(
    hidden: HiddenRow | None, language: str, judgement: Judgement, judges: Sequence[Judge]
) -> HiddenRow | None:
    """What a page says of hidden text, without the fragments in which an editing policy finds
    something: they are evidence, of no use with a hole in it.
    """
    if hidden is None or not hidden["fragments"]:
        return hidden
    texts = [Passage(fragment, language) for fragment in hidden["fragments"]]
    judged = judge(texts, [judges[number] for number in sorted(judgement.editing)])
    kept = [
        passage.text
        for passage, found in zip(texts, judged, strict=True)
        if not found.is_edited and found.barred_by is None
    ]
    return {**hidden, "fragments": kept}


def _without_personal_data(page: PageView, settings: Personal, raster: Raster) -> PageView:
    kinds = settings.masked_kinds
    found = personal.find_in_page(page.text, page.blocks, page.language, settings)
    _, blocks = personal.mask_page(page.text, page.blocks, found, kinds)
    regions = personal.regions_of(page.text, page.blocks, found, kinds)
    result = personal.paint(page.picture, regions, read_lines, settings, raster, page.language)
    picture = result.data
    if result.left:
        # A value is still read in the picture: its blocks go as a whole, or all of the page.
        boxes = [region.box for region in regions]
        picture = pictures.encode(painted(pictures.decode(page.picture), boxes), raster)
    return replace(page, blocks=blocks, picture=picture)


def _without_words(
    page: PageView, edits: Sequence[Edit], policy: Judge, raster: Raster
) -> PageView:
    """The page without what a policy cuts, block by block."""
    # 1. What the text loses is taken out of the blocks in which it stands.
    dealt = _dealt(page.blocks, page.text, edits)
    now = [_edited_block(block, own) for block, own in zip(page.blocks, dealt, strict=True)]
    # 2. Furniture and cells are no part of the text, and a block may hold what the text has joined
    #    in another way. So each is judged by itself, too.
    judged = _judged([block["text"] for block in now], page.language, policy)
    blocks: list[BlockRow] = []
    boxes: list[Box] = []
    for before, block, left in zip(page.blocks, now, judged, strict=True):
        cells: Sequence[CellRow] = block["cells"] or ()
        of_cells: list[Box] = []
        if policy.step.lines is None:  # a cell is no line
            cells, of_cells = _redact_cells(cells, page.language, policy)
        if left == before["text"] and not of_cells:
            blocks.append(before)
            continue
        blocks.append({**block, "text": left, "cells": cells or None})
        # The cells of a table are smaller regions, if they account for what went.
        boxes += of_cells or [block["bbox"]]
    picture = page.picture
    if boxes:
        picture = pictures.encode(painted(pictures.decode(picture), boxes), raster)
    return replace(page, blocks=blocks, picture=picture)


def _dealt(blocks: Sequence[BlockRow], text: str, edits: Sequence[Edit]) -> Iterator[list[Edit]]:
    """For each block the edits that lie in it, from its own beginning on; blocks are in order."""
    cursor = 0
    for block in blocks:
        start = text.find(block["text"], cursor) if block["text"] else -1
        if start < 0:
            yield []
            continue
        cursor = end = start + len(block["text"])
        yield [
            Edit(
                max(edit.start, start) - start,
                min(edit.end, end) - start,
                edit.new if edit.start >= start else "",
            )
            for edit in edits
            if edit.start < end and edit.end > start
        ]


def _edited_block(block: BlockRow, edits: Sequence[Edit]) -> BlockRow:
    return {**block, "text": edited(block["text"], edits)} if edits else block


def _redact_cells(
    cells: Sequence[CellRow], language: str, policy: Judge
) -> tuple[list[CellRow], list[Box]]:
    judged = _judged([cell["text"] for cell in cells], language, policy)
    redacted: list[CellRow] = []
    boxes = []
    for cell, left in zip(cells, judged, strict=True):
        redacted.append({**cell, "text": left})
        if left != cell["text"]:
            boxes.append(cell["bbox"])
    return redacted, boxes


def _judged(texts: Sequence[str], language: str, policy: Judge) -> list[str]:
    """What is left of texts; nothing of one that the policy rejects, as its page was not."""
    judged = judge([Passage(text, language) for text in texts], [policy])
    return ["" if found.barred_by is not None else found.text for found in judged]


def painted(picture: Image.Image, boxes: Sequence[Box]) -> Image.Image:
    """The picture with these boxes painted over, each in the most frequent colour of its edge."""
    result = picture.copy()
    draw = ImageDraw.Draw(result)
    for x0, y0, x1, y1 in boxes:
        left, top = int(x0 * picture.width), int(y0 * picture.height)
        right = min(picture.width, int(np.ceil(x1 * picture.width)) + 1)
        bottom = min(picture.height, int(np.ceil(y1 * picture.height)) + 1)
        if right > left and bottom > top:
            region = picture.crop((left, top, right, bottom))
            draw.rectangle((left, top, right - 1, bottom - 1), fill=_edge_colour(region))
    return result


def _edge_colour(region: Image.Image) -> tuple[int, ...]:
    # pixels: uint8 (height, width, 3)
    pixels = np.asarray(region.convert("RGB"))
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    colours, counts = np.unique(edge, axis=0, return_counts=True)
    return tuple(int(value) for value in colours[counts.argmax()])
