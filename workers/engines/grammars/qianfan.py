"""Qianfan-OCR's outputs: Markdown in which figures have boxes, after a layout if it thinks first.

A figure is `![image](<box>[[<COORD_078>, <COORD_126>, <COORD_443>, <COORD_228>]]</box>)`. A layout
is in `<think>` and has, for each region, its box, `<label>` and `<brief>`. Coordinates are 0 to 999
of each side (arXiv 2603.13398, section 6.1).
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
    token_remover,
)
from workers.engines.grammars.parsed import Parsed

_SCALE = 999

_without_tokens = token_remover(
    (
        *("<|im_start|>assistant", "<|im_start|>", "<|im_end|>", "<|endoftext|>"),
        *("<img>", "</img>", "<IMG_CONTEXT>"),
    )
)
_BOX = r"<box>((?:[\[\]\s,0-9]|<COORD_[0-9]{1,4}>){0,120})</box>"
_FIGURE = re.compile(rf"(?:!\[([^\[\]\n]{{0,40}})\]\()?{_BOX}\)?")
_REGION = re.compile(rf"{_BOX}\s{{0,9}}<label>([^<>]{{0,40}})</label>")
_NUMBER = re.compile(r"[0-9]{1,9}")


def qianfan(output: str) -> Parsed:
    """Qianfan-OCR's output for one page.

    Regions of the layout have boxes and labels and no text: nothing says which part of the Markdown
    is theirs. Those that the Markdown has as figures are there only.
    """
    text = _without_tokens(output).strip()
    thought, end, markdown = text.partition("</think>")
    if not end:
        is_cut_off = text.startswith("<think>")
        thought, markdown = (text, "") if is_cut_off else ("", text)
    page = list(_markdown(markdown))
    figures = {block.bbox for block in page if not block.text}
    regions = [
        Block(label_word(region[2]), box, "")
        for region in _REGION.finditer(thought)
        if (box := _box(region[1])) is not None and box not in figures
    ]
    if not regions and not figures:
        return Parsed(markdown.strip())
    return parsed_blocks([*regions, *page])


def _markdown(text: str) -> Iterator[Block]:
    """The figures in `text` and the texts between them."""
    start = 0
    for figure in _FIGURE.finditer(text):
        box = _box(figure[2])
        if box is None:
            continue
        yield from placed_blocks("paragraph", (), text[start : figure.start()].strip())
        yield Block(label_word(figure[1] or "image"), box, "")
        start = figure.end()
    yield from placed_blocks("paragraph", (), text[start:].strip())


def _box(place: str) -> Box | None:
    numbers = [float(number) for number in _NUMBER.findall(place)]
    return page_box(numbers, _SCALE) if len(numbers) == 4 else None
