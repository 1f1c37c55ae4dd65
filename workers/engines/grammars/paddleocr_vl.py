"""PaddleOCR-VL's outputs: Markdown with tables in OTSL, or lines of text with their places.

The prompt `Spotting:` of 1.5 and later gives each line as its text and the four corners around it,
each 0 to 1000 of its side: `<|TEXT_START|>text<|TEXT_END|><|LOC_BEGIN|>`, eight tokens `<|LOC_n|>`
and `<|LOC_END|>`, or the text and the eight tokens alone (PaddlePaddle/PaddleX,
`paddleocr_vl/uilts.py`, `post_process_for_spotting`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from schemas.pages import Block
from workers.engines.grammars.blocks import (
    parsed_blocks,
    placed_blocks,
    points_box,
    token_remover,
)
from workers.engines.grammars.otsl import otsl_to_html
from workers.engines.grammars.parsed import Parsed

_SCALE = 1000

_without_tokens = token_remover(
    (
        *("<s>", "</s>", "<unk>", "<pad>", "<|begin_of_sentence|>", "<|end_of_sentence|>"),
        *("<|IMAGE_START|>", "<|IMAGE_END|>", "<|IMAGE_PLACEHOLDER|>"),
        *("<|TEXT_START|>", "<|TEXT_END|>", "<|LOC_BEGIN|>", "<|LOC_END|>", "<|LOC_SEP|>"),
    )
)
_PLACE = re.compile(r"(?:<\|LOC_[0-9]{1,4}\|>\s{0,2}){1,16}")
_NUMBER = re.compile(r"[0-9]{1,4}")


def paddleocr_vl(output: str) -> Parsed:
    """PaddleOCR-VL: Markdown, whose tables become HTML, or lines with their places."""
    text = _without_tokens(output)
    if _PLACE.search(text) is None:
        return Parsed(otsl_to_html(text))
    return parsed_blocks(_lines(text))


def _lines(text: str) -> Iterator[Block]:
    start = 0
    for place in _PLACE.finditer(text):
        box = points_box([float(number) for number in _NUMBER.findall(place[0])], _SCALE)
        line = text[start : place.start()].strip()
        yield from placed_blocks("paragraph", [box] if box else [], line)
        start = place.end()
    yield from placed_blocks("paragraph", (), text[start:].strip())
