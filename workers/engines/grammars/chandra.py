"""Chandra: HTML, in one `<div data-bbox="x0 y0 x1 y1" data-label="...">` for each block of a page.

Coordinates are 0 to 1000 (datalab-to/chandra, `prompts.py` and `output.py`). A div with a box or a
label begins a block wherever it stands, so that a forgotten end tag costs nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from schemas.pages import Block, Box
from workers.engines.grammars.blocks import (
    WHOLE_PAGE,
    label_word,
    page_box,
    parsed_blocks,
    placed_blocks,
)
from workers.engines.grammars.html import MarkdownWriter, Tag, pieces
from workers.engines.grammars.markdown import qwen_text
from workers.engines.grammars.marks import fenced
from workers.engines.grammars.parsed import Parsed

_SCALE = 1000
_NUMBER = re.compile(r"-?[0-9]{1,9}(?:\.[0-9]{1,9})?")
_THOUGHT = "</think>"
_BLANK = "blank_page"
_LABELS = {
    "equation_block": "formula",
    "list_group": "list",
    "code_block": "code",
    "complex_block": "paragraph",
    "form": "paragraph",
    "chemical_block": "chemistry",
    "diagram": "figure",
    "bibliography": "reference",
}


@dataclass(slots=True)
class _Part:
    """A part of the page: what lies in a block's div, up to the next block; outside, no label."""

    label: str = ""
    bbox: Box = WHOLE_PAGE
    is_first: bool = False
    writer: MarkdownWriter = field(default_factory=lambda: MarkdownWriter(is_bare=False))


def chandra(output: str) -> Parsed:
    """Chandra's output: one block for each div with a box or a label.

    - Text outside all of them gets the whole page as its box.
    - A block of label `Blank-Page` is left out.
    - Output without any such div, as for the task `text`, has no blocks.
    """
    text = qwen_text(output)
    thought, end, rest = text.partition(_THOUGHT)
    parts = _parts((rest if end else thought).strip())
    if len(parts) == 1:
        return Parsed(parts[0].writer.markdown())
    return parsed_blocks(block for part in parts for block in _blocks(part))


def _parts(text: str) -> list[_Part]:
    outside = _Part(writer=MarkdownWriter(is_bare=True))
    parts, divs = [outside], [outside]
    for piece in pieces(text):
        if not isinstance(piece, Tag) or piece.name != "div":
            parts[-1].writer.add(piece)
        elif piece.is_end:
            closed = divs.pop() if len(divs) > 1 else outside
            if closed is not divs[-1]:
                parts.append(_Part(divs[-1].label, divs[-1].bbox))
        elif piece.has("data-label") or piece.has("data-bbox"):
            parts.append(_Part(_label(piece), _box(piece), is_first=True))
            divs.append(parts[-1])
        else:
            parts[-1].writer.add(piece)
            divs.append(divs[-1])
    return parts


def _label(tag: Tag) -> str:
    word = label_word(tag.attribute("data-label") or "text")
    return _LABELS.get(word, word)


def _box(tag: Tag) -> Box:
    numbers = [float(number) for number in _NUMBER.findall(tag.attribute("data-bbox"))]
    return page_box(numbers, _SCALE) if len(numbers) == 4 else WHOLE_PAGE


def _blocks(part: _Part) -> list[Block]:
    text = part.writer.markdown()
    if part.label == _BLANK:
        return []
    if not part.label:
        return placed_blocks("paragraph", (), text)
    if not text and not part.is_first:
        return []
    return [Block(part.label, part.bbox, _dressed(part.label, text))]


def _dressed(label: str, text: str) -> str:
    """`text` with the marks of its label, which the model may have left out."""
    if not text:
        return ""
    if label == "heading" and not text.startswith("#"):
        return f"## {' '.join(text.split())}"
    if label == "formula" and "$" not in text:
        return f"$${text}$$"
    return fenced(text) if label == "code" and not text.startswith("```") else text
