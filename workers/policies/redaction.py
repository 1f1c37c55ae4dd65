"""Carry a page's edits into its blocks and its picture, so that neither says what the text lost.

    edits of the text ─► the blocks in which they lie ─► what is left, judged by itself
                      ─► regions of all that changed, painted over

A row keeps the boxes of blocks and of cells, not of words. So the whole region of a block that lost
a part of its text is painted, in the colour around it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageDraw

from schemas.rows import BlockRow, CellRow
from workers.policies.editing import Edit, edited
from workers.policies.judgement import Judge, Judgement, Passage, judge

Box = Sequence[float]


@dataclass(slots=True)
class Redaction:
    """The blocks of a page after its edits, and the boxes to be painted, in fractions of it."""

    blocks: list[BlockRow]
    boxes: list[Box] = field(default_factory=list)


def redact(
    blocks: Sequence[BlockRow],
    text: str,
    judgement: Judgement,
    language: str,
    judges: Sequence[Judge],
) -> Redaction:
    """Redact the blocks of a page whose `text` was judged so."""
    # 1. What the text lost is taken out of the blocks in which it stands.
    now = list(blocks)
    for edits in judgement.edits:
        now = [
            _edited_block(block, own)
            for block, own in zip(now, _dealt(now, text, edits), strict=True)
        ]
        text = edited(text, edits)
    # 2. Furniture and cells are no part of the text, and a block may hold what the text has joined
    #    in another way. So each is judged by itself, too.
    judged = _judged([block["text"] for block in now], language, judges)
    result = Redaction([])
    for before, block, left in zip(blocks, now, judged, strict=True):
        cells, boxes = _redact_cells(block["cells"] or (), language, judges)
        if left == before["text"] and not boxes:
            result.blocks.append(before)
            continue
        result.blocks.append({**block, "text": left, "cells": cells or None})
        # The cells of a table are smaller regions, if they account for what went.
        result.boxes += boxes or [block["bbox"]]
    return result


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
    cells: Sequence[CellRow], language: str, judges: Sequence[Judge]
) -> tuple[list[CellRow], list[Box]]:
    judged = _judged([cell["text"] for cell in cells], language, judges)
    redacted: list[CellRow] = []
    boxes = []
    for cell, left in zip(cells, judged, strict=True):
        redacted.append({**cell, "text": left})
        if left != cell["text"]:
            boxes.append(cell["bbox"])
    return redacted, boxes


def _judged(texts: Sequence[str], language: str, judges: Sequence[Judge]) -> list[str]:
    """What is left of texts; nothing of one that a policy rejects, as its page was not."""
    judged = judge([Passage(text, language) for text in texts], judges)
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
