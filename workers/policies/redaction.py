"""Carry a page's edits into its blocks and its picture, so that neither says what the text lost.

    for each policy that edits:
        edits of the text ─► the blocks in which they lie ─► what is left, judged by itself
                          ─► regions of all that changed, painted over

A row keeps the boxes of blocks and of cells, not of words. So the whole region of a block that lost
a part of its text is painted, in the colour around it. Personal data is placed more closely: its
own room reads the picture again, and draws placeholders (`workers.policies.personal.painting`).

A crop shows a part of its page, so it is one more region there: what its text loses is painted over
in the page, and where the page was painted the crop is cut out of it anew. A mask leaves the crop
the rest of its text. A cut leaves it none, because a picture with a hole in it no longer says it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageDraw

from schemas.findings import Finding
from schemas.hidden_text import HiddenRow
from schemas.recipe_sections import Raster
from schemas.rows import BlockRow, CellRow
from workers.policies import personal
from workers.policies.decontamination import Piece
from workers.policies.editing import Edit, edited
from workers.policies.judgement import Judge, Judgement, judge
from workers.policies.passages import Passage
from workers.policies.personal.line_reader import read_lines
from workers.rasterising import pictures

Box = Sequence[float]


@dataclass(frozen=True, slots=True)
class CropView:
    """A crop as its row shows it: its text, its place on the page, and its picture's file.

    `emptied_by` is the number of the policy that took all of its text, -1 where none did.
    """

    text: str
    bbox: Box
    label: str
    picture: bytes
    emptied_by: int = -1

    @property
    def block(self) -> BlockRow:
        """The crop as a block of its page."""
        return {
            "label": self.label,
            "bbox": self.bbox,
            "text": self.text,
            "confidence": None,
            "cells": None,
        }


@dataclass(frozen=True, slots=True)
class PageView:
    """A page as its row shows it: its text, its blocks, its picture's file, its language, and its
    crops in order."""

    text: str
    blocks: Sequence[BlockRow]
    picture: bytes
    language: str
    crops: tuple[CropView, ...] = ()


def redact(
    page: PageView, judgement: Judgement, judges: Sequence[Judge], raster: Raster
) -> PageView:
    """The page and its crops after all edits of its judgement."""
    before = page
    for number, edits in enumerate(judgement.edits):
        if number not in judgement.editing:
            continue
        if judges[number].step.pii is not None:
            names = judges[number].names
            found = [] if names is None else names.of(before.text)
            in_text = personal.names_after(found, judgement.edits[:number])
            page = _without_personal_data(page, judges[number], in_text, raster)
        else:
            page = _without_words(page, edits, number, judgement, judges[number], raster)
        crops = (
            _edited_crop(crop, own, number)
            for crop, own in zip(page.crops, judgement.crops, strict=True)
        )
        page = replace(page, text=edited(page.text, edits), crops=tuple(crops))
    if page.picture == before.picture or not page.crops:
        return page
    picture = pictures.decode(page.picture)
    return replace(page, crops=tuple(_cut_anew(crop, picture, raster) for crop in page.crops))


def _edited_crop(crop: CropView, judgement: Judgement, number: int) -> CropView:
    """The crop after the edits of one policy; later ones see what is left of its text."""
    if crop.emptied_by >= 0:
        return crop
    return replace(crop, text=edited(crop.text, judgement.edits[number]))


def _cut_anew(crop: CropView, page: Image.Image, raster: Raster) -> CropView:
    """The crop's region of the page as it is now, in the format that its link names."""
    sides = (page.width, page.height)
    x0, y0, x1, y1 = (round(at * sides[axis % 2]) for axis, at in enumerate(crop.bbox))
    region = page.crop((x0, y0, max(x1, x0 + 1), max(y1, y0 + 1)))
    return replace(crop, picture=pictures.encode(region, personal.own_format(crop.picture, raster)))


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


def _without_personal_data(
    page: PageView, policy: Judge, in_text: Sequence[Finding], raster: Raster
) -> PageView:
    """The page after a mask; `in_text` are the names that a model found in its text."""
    settings = policy.step.pii
    assert settings is not None
    kinds = settings.masked_kinds
    shown = [*page.blocks, *(crop.block for crop in page.crops)]
    found = personal.find_in_page(page.text, shown, page.language, settings, policy.names, in_text)
    _, masked = personal.mask_page(page.text, shown, found, kinds)
    blocks = masked[: len(page.blocks)]
    regions = personal.regions_of(page.text, shown, found, kinds)
    result = personal.paint(page.picture, regions, read_lines, settings, raster, page.language)
    picture = result.data
    if result.left:
        # A value is still read in the picture: its blocks go as a whole, or all of the page.
        boxes = [region.box for region in regions]
        picture = pictures.encode(painted(pictures.decode(page.picture), boxes), raster)
    return replace(page, blocks=blocks, picture=picture)


def _without_words(
    page: PageView,
    edits: Sequence[Edit],
    number: int,
    judgement: Judgement,
    policy: Judge,
    raster: Raster,
) -> PageView:
    """The page without what a policy cuts, block by block, and without the text of the crops that
    show any of it."""
    # 1. What the text loses is taken out of the blocks in which it stands.
    dealt = _dealt(page.blocks, page.text, edits)
    now = [_edited_block(block, own) for block, own in zip(page.blocks, dealt, strict=True)]
    # 2. Furniture and cells are no part of the text, and a block may hold what the text has joined
    #    in another way. So each is judged by itself, too.
    pieces = judgement.pieces
    judged = _judged([block["text"] for block in now], page.language, policy, pieces)
    blocks: list[BlockRow] = []
    boxes: list[Box] = []
    for before, block, left in zip(page.blocks, now, judged, strict=True):
        cells: Sequence[CellRow] = block["cells"] or ()
        of_cells: list[Box] = []
        if policy.step.lines is None:  # a cell is no line
            cells, of_cells = _redact_cells(cells, page.language, policy, pieces)
        cells, more, is_all = _without_lost(cells, before["text"], left)
        of_cells += more
        if left == before["text"] and not of_cells:
            blocks.append(before)
            continue
        blocks.append({**block, "text": left, "cells": cells or None})
        # The cells of a table are smaller regions, if they account for what went.
        boxes += of_cells if of_cells and is_all else [block["bbox"]]
    # 3. A crop that has a part of it, or shows where it was, is left without a text.
    lost = [
        before["text"]
        for before, after in zip(page.blocks, blocks, strict=True)
        if before["text"] and after["text"] != before["text"]
    ]
    hit = [number in own.editing for own in judgement.crops]
    shown = [crop.bbox for crop, is_hit in zip(page.crops, hit, strict=True) if is_hit]
    crops = tuple(
        replace(crop, text="", emptied_by=number)
        if crop.emptied_by < 0 and (is_hit or _shows(crop, boxes, lost))
        else crop
        for crop, is_hit in zip(page.crops, hit, strict=True)
    )
    picture = page.picture
    if boxes or shown:
        painted_over = painted(pictures.decode(picture), [*boxes, *shown])
        picture = pictures.encode(painted_over, raster)
    return replace(page, blocks=blocks, picture=picture, crops=crops)


def _shows(crop: CropView, boxes: Sequence[Box], lost: Sequence[str]) -> bool:
    """Whether a crop shows a part of these boxes, or has a text that a block no longer has."""
    return any(_touch(crop.bbox, box) for box in boxes) or any(one in crop.text for one in lost)


def _touch(one: Box, other: Box) -> bool:
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    return across > 0 and down > 0


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
    cells: Sequence[CellRow], language: str, policy: Judge, pieces: tuple[Piece, ...]
) -> tuple[list[CellRow], list[Box]]:
    judged = _judged([cell["text"] for cell in cells], language, policy, pieces)
    redacted: list[CellRow] = []
    boxes = []
    for cell, left in zip(cells, judged, strict=True):
        redacted.append({**cell, "text": left})
        if left != cell["text"]:
            boxes.append(cell["bbox"])
    return redacted, boxes


def _without_lost(
    cells: Sequence[CellRow], before: str, left: str
) -> tuple[list[CellRow], list[Box], bool]:
    """The cells of a table without texts that it has lost, the places of those, and whether they
    have all that was lost.

    What was found may go over several cells, of which none says enough to be found by itself.
    """
    lost = _letters(before) - _letters(left)
    kept: list[CellRow] = []
    boxes = []
    for cell in cells:
        is_lost = cell["text"] in before and cell["text"] not in left
        kept.append({**cell, "text": ""} if is_lost else cell)
        if is_lost:
            boxes.append(cell["bbox"])
            lost -= _letters(cell["text"])
    return kept, boxes, lost <= 0


def _letters(text: str) -> int:
    return sum(map(str.isalnum, text))


def _judged(
    texts: Sequence[str], language: str, policy: Judge, pieces: tuple[Piece, ...]
) -> list[str]:
    """What is left of texts; nothing of one that the policy rejects, as its page was not."""
    judged = judge([Passage(text, language, pieces=pieces) for text in texts], [policy])
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
