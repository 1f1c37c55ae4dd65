"""A page's picture with its blocks drawn on it, and its text in the same blocks. Pure.

Block 3 is the element `box-3` on the picture and `block-3` in the text, both with `data-block`, and
each links to the other. The places of boxes are attributes of SVG, so that a policy can forbid
styles in the page.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from html import escape
from typing import cast

from schemas.labels import is_furniture
from schemas.page_text import blocks_of_text
from schemas.rows import BlockRow
from workers.webpages.formulas import formula
from workers.webpages.markdown import MOST_CHARS, CropAddresses, markdown_html, plain_html
from workers.webpages.tables import table_of_cells
from workers.webpages.visible import shown, unmarked

_MOST_BOXES = 2_000
_LABEL_SHARE = 1 / 60  # the height of a label, of the picture's width


def boxed_picture(
    address: str, alt: str, width: int, height: int, blocks: Sequence[BlockRow], is_linked: bool
) -> str:
    """The picture at an address with the boxes of its blocks, numbered from 1.

    Args:
        is_linked: the boxes link to the texts of `page_text`, which has their blocks.
    """
    boxes = "".join(
        _box(number, block, width, height, is_linked)
        for number, block in enumerate(blocks[:_MOST_BOXES])
    )
    return (
        f'<div class="sheet"><img src="{escape(address)}" alt="{escape(unmarked(alt))}" '
        f'width="{width}" height="{height}"><svg class="boxes" viewBox="0 0 {width} {height}" '
        f'preserveAspectRatio="none" role="group" aria-label="Blocks">{boxes}</svg></div>'
    )


def _box(number: int, block: BlockRow, width: int, height: int, is_linked: bool) -> str:
    sides = [float(side) for side in block["bbox"]]
    if len(sides) != 4 or not all(map(math.isfinite, sides)):
        return ""
    left, top, right, bottom = (min(max(side, 0.0), 1.0) for side in sides)
    label = escape(unmarked(block["label"]))
    size = width * _LABEL_SHARE
    x, y = left * width, top * height
    inner = (
        f"<title>{number + 1} {label}</title>"
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(right - left, 0) * width:.1f}" '
        f'height="{max(bottom - top, 0) * height:.1f}"/>'
        f'<text x="{x:.1f}" y="{max(y - size / 4, size):.1f}" font-size="{size:.1f}" '
        f'aria-hidden="true">{number + 1} {label}</text>'
    )
    kind = f"box{' furniture' * is_furniture(block['label'])}"
    attributes = f'id="box-{number}" class="{kind}" data-block="{number}"'
    if not is_linked:
        return f"<g {attributes}>{inner}</g>"
    return (
        f'<a {attributes} href="#block-{number}" '
        f'aria-label="Block {number + 1}, {label}: to its text">{inner}</a>'
    )


def page_text(row: Mapping[str, object], crops: CropAddresses) -> tuple[str, bool]:
    """The text of a row of `pages` as HTML, and whether it is in the row's blocks.

    Where others than the blocks make the text, it is rendered in one piece. A text that was typeset
    is the Markdown that it was set from, in which dollars and escaped brackets are no formulas.
    """
    has_formulas = row.get("text_source") != "rendered"
    render = partial(markdown_html, crops=crops, has_formulas=has_formulas)
    blocks = cast("Sequence[BlockRow] | None", blocks_of_text(row))
    if not blocks:
        return render(str(row["text"])), False
    return "".join(_blocks(blocks, render)), True


def _blocks(blocks: Sequence[BlockRow], render: Callable[[str], str]) -> Iterator[str]:
    room = MOST_CHARS
    for number, block in enumerate(blocks):
        label = escape(unmarked(block["label"]))
        body = _body(block, render) if len(block["text"]) <= room else plain_html(block["text"])
        room -= len(block["text"])
        kind = f"block{' furniture' * is_furniture(block['label'])}"
        yield (
            f'<div id="block-{number}" class="{kind}" data-block="{number}">'
            f'<a class="place" href="#box-{number}" title="{label}" '
            f'aria-label="Block {number + 1}, {label}: to its place on the picture">'
            f'{number + 1}</a><div class="words">{body}</div></div>'
        )


def _body(block: BlockRow, render: Callable[[str], str]) -> str:
    text, cells = block["text"], block["cells"]
    if cells:
        return table_of_cells(cells)
    if block["label"] == "formula" and "$" not in text and "\\(" not in text and "\\[" not in text:
        return f'<div class="formula">{formula(text, is_block=True)}</div>'
    if not text.strip():
        return f'<p class="empty">{shown(block["label"])}, without text</p>'
    return render(text)
