"""HunyuanOCR's outputs: Markdown with the boxes of figures, layouts, and lines with their places.

All coordinates are 0 to 1000 of each side. The forms are those that the scorers and the
post-processing of its repository read (Tencent-Hunyuan/HunyuanOCR: `task_scorers/layout.py`,
`task_scorers/spotting.py`, `inference/utils/output_utils.py`):

- Markdown; a line that is or ends in `(x0,y0),(x1,y1)` gives the box of a figure;
- `text<hy-meta><layout>label</layout><poly>(x,y),(x,y),(x,y),(x,y)</poly></hy-meta>`;
- `text(x0,y0),(x1,y1)` for each line of text, one after the other;
- JSON with `layout_type` and `bbox`, or with `text` and `box`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from schemas.pages import Block, Box
from workers.engines.grammars.blocks import (
    label_word,
    page_box,
    parsed_blocks,
    placed_blocks,
    points_box,
)
from workers.engines.grammars.elements import Element, elements
from workers.engines.grammars.parsed import Parsed

_SCALE = 1000
_LEAST_FIGURE = 0.01
"""Of each side of the page: points of a text, such as `(1,2),(3,4)`, are no figure."""

_SPECIAL = re.compile(r"<｜hy_[^<>｜]{1,40}｜>")
_META = re.compile(
    r"\s*<layout>([^<>]{0,60})</layout>\s*"
    r"(?:<(?:quad|poly)>([\[\]()0-9,.\s]{0,2000})(?:</(?:quad|poly)>\s*)?)?(?:</hy-meta>)?"
)
_TAG = re.compile(r"</?(?:hy-meta|layout|quad|poly)>")
_PAIR = re.compile(r"\(([0-9]{1,4}),([0-9]{1,4})\),\(([0-9]{1,4}),([0-9]{1,4})\)")
_PAIR_CHARS = 48  # two points have 23; the rest is space after them
_LAST_PAIR = re.compile(_PAIR.pattern + r"[ \t]*\Z")
_NUMBER = re.compile(r"[0-9]{1,9}")
_NO_PLACE = re.compile(r"[$\\]|</?t[adhr]", re.IGNORECASE)  # in formulas and tables


def hunyuan(output: str) -> Parsed:
    """HunyuanOCR's output, whichever of its tasks was asked."""
    text = _SPECIAL.sub("", output).strip()
    if placed := [block for element in elements(text) for block in _element(element)]:
        return parsed_blocks(placed)
    if "<hy-meta>" in text:
        return parsed_blocks(_tagged(text))
    lines = text.split("\n")
    if text and all(_LAST_PAIR.search(line[-_PAIR_CHARS:]) for line in lines if line.strip()):
        return parsed_blocks(_spotted(text))
    blocks = list(_with_figures(lines))
    has_figures = any(block.label == "figure" for block in blocks)
    return parsed_blocks(blocks) if has_figures else Parsed(text)


def _element(element: Element) -> list[Block]:
    box = points_box(element.numbers, _SCALE)
    return placed_blocks(label_word(element.label), [box] if box else [], element.text.strip())


def _tagged(text: str) -> Iterator[Block]:
    """The blocks of a text in which each layout tag follows what it belongs to."""
    before, *rest = text.split("<hy-meta>")
    for piece in rest:
        meta = _META.match(piece)
        label, points = (meta[1], meta[2] or "") if meta else ("", "")
        box = points_box([float(number) for number in _NUMBER.findall(points)], _SCALE)
        text = _TAG.sub("", before).strip()
        yield from placed_blocks(label_word(label), [box] if box else [], text)
        before = piece[meta.end() :] if meta else piece
    yield from placed_blocks("paragraph", (), _TAG.sub("", before).strip())


def _spotted(text: str) -> Iterator[Block]:
    """The blocks of texts that are each followed by their place."""
    start = 0
    for pair in _PAIR.finditer(text):
        said = text[start : pair.start()].strip()
        yield Block("paragraph" if said else "figure", _box(pair), said)
        start = pair.end()


def _with_figures(lines: list[str]) -> Iterator[Block]:
    """The blocks of Markdown lines: figures, and the texts between them."""
    texts: list[str] = []
    for line in lines:
        text, boxes = _ending_boxes(line)
        texts.append(text)
        if boxes:
            yield from placed_blocks("paragraph", (), "\n".join(texts).strip())
            yield from (Block("figure", box, "") for box in boxes)
            texts = []
    yield from placed_blocks("paragraph", (), "\n".join(texts).strip())


def _ending_boxes(line: str) -> tuple[str, list[Box]]:
    """`line` without the boxes at its end, and these in order."""
    boxes: list[Box] = []
    end = len(line)
    while pair := _LAST_PAIR.search(line, max(0, end - _PAIR_CHARS), end):
        box = _box(pair)
        is_small = min(box[2] - box[0], box[3] - box[1]) < _LEAST_FIGURE
        if is_small or (not boxes and _NO_PLACE.search(line)):
            break
        boxes.append(box)
        end = pair.start()
        while end and line[end - 1] in " \t,，":
            end -= 1
    return line[:end], boxes[::-1]


def _box(pair: re.Match[str]) -> Box:
    return page_box([float(number) for number in pair.groups()], _SCALE)
