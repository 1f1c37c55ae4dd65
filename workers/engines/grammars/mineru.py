"""MinerU2.5: a layout of regions, the answers of which are text, LaTeX, or tables in OTSL.

A region of a layout is `<|box_start|>x0 y0 x1 y1<|box_end|><|ref_start|>kind<|ref_end|>`, then a
token that says how it lies (opendatalab/mineru-vl-utils, `mineru_client.py`). Coordinates are 0 to
1000. As there, regions are in reading order, and some hold others: those of a list are its items,
those of a block of equations its lines, and a table's answer has the text in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from schemas.pages import Block, Box
from workers.engines.grammars.blocks import label_word, page_box, parsed_blocks, token_remover
from workers.engines.grammars.markdown import qwen_text
from workers.engines.grammars.marks import fenced, list_item
from workers.engines.grammars.otsl import otsl_to_html
from workers.engines.grammars.parsed import Parsed, Region

_REGION = re.compile(
    r"<\|box_start\|>\s{0,4}([0-9]{1,9})\s{1,4}([0-9]{1,9})\s{1,4}([0-9]{1,9})\s{1,4}([0-9]{1,9})"
    r"\s{0,4}<\|box_end\|><\|ref_start\|>(\w{1,40})<\|ref_end\|>(<\|rotate_\w{2,5}\|>)?"
)
_SCALE = 1000
# What the top of a region points to, and how far it must be turned clockwise to be upright.
_TURNS = {"<|rotate_right|>": 270, "<|rotate_down|>": 180, "<|rotate_left|>": 90}
_GOES_ON = "txt_contd_tgt"
_MOST_REGIONS = 1000
"""More are no layout but a loop; regions are compared in pairs."""
_COVERED = 0.9
"""A region with this share of its area in another lies in it."""
_SAME = 0.9
"""Intersection over union above which two regions of a kind are one."""

_FIGURES = frozenset({"image", "chart", "image_block"})
_HOLDERS = frozenset({"list", "equation_block"})
# By kind: in which kinds its regions are dropped, as these give their text or picture.
_DROPPED_IN = {
    **dict.fromkeys(("text", "equation", "equation_block"), frozenset({"table"})),
    **dict.fromkeys(("image", "chart"), frozenset({"image_block"})),
    "image_caption": _FIGURES,
}
_LABELS = {
    "title": "heading",
    "doc_title": "title",
    "code_caption": "caption",
    "image_block": "figure",
    "equation_block": "formula",
    "phonetic": "paragraph",
}
_NO_TEXT = "[Non-Text]"
_without_layout = token_remover(
    (
        *("<|box_start|>", "<|box_end|>", "<|ref_start|>", "<|ref_end|>"),
        *("<|rotate_up|>", "<|rotate_right|>", "<|rotate_down|>", "<|rotate_left|>"),
    )
)
_INLINE = re.compile(r"\\\( ?| ?\\\)")
_CHINESE = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")


def mineru(output: str) -> Parsed:
    """The answer for one picture: a table becomes HTML, the marks of inline formulas `$`."""
    text = otsl_to_html(_INLINE.sub("$", _without_layout(qwen_text(output))))
    return Parsed("" if text == _NO_TEXT else text)


def mineru_regions(output: str) -> tuple[Region, ...]:
    """The regions that a layout names, without those whose text another gives.

    - Of two regions of a kind in one place the first is kept.
    - A list or a block of equations is read itself only if no region lies in it.
    - A region of an unknown kind is read as text.
    """
    tags = list(_REGION.finditer(output))
    if not 0 < len(tags) <= _MOST_REGIONS:
        return ()
    ends = [*(tag.start() for tag in tags[1:]), len(output)]
    found = [
        _region(tag, output[tag.end() : end])
        for tag, end in zip(tags, ends, strict=True)
        if tag[5].lower() != "inline_formula"  # a part of a text, which has it
    ]
    kept = _without_copies(region for region in found if _area(region.bbox) > 0)
    lists = [region for region in kept if region.kind == "list"]
    return tuple(
        replace(region, is_item=region not in lists and _is_in(region, lists))
        for region in kept
        if not _is_given(region, kept)
    )


def mineru_page(regions: Sequence[Region], texts: Sequence[str]) -> Parsed:
    """The page of `regions` and their texts, one block a region.

    A text that goes on from the one before it is added to that one's block.
    """
    blocks: list[Block] = []
    last = None  # the block of the last running text
    for region, answer in zip(regions, texts, strict=True):
        label = _label(region)
        text = _markdown(region, label, answer.strip())
        if region.goes_on and last is not None and text:
            before = blocks[last].text
            space = "" if _CHINESE.search(text) else " "
            blocks[last] = replace(blocks[last], text=f"{before}{space}{text}")
            text = ""
        elif label == "paragraph" and text:
            last = len(blocks)
        blocks.append(Block(label, region.bbox, text))
    return replace(parsed_blocks(blocks), turn=_page_turn(regions))


def _region(tag: re.Match[str], tail: str) -> Region:
    kind = tag[5].lower()
    kind = "image" if kind == "unknown" else kind
    return Region(
        kind,
        page_box([int(tag[number]) for number in range(1, 5)], _SCALE),
        turn=_TURNS.get(tag[6] or "", 0),
        is_read=kind not in _FIGURES,
        goes_on=kind == "text" and _GOES_ON in tail,
    )


def _without_copies(regions: Iterable[Region]) -> list[Region]:
    kept: list[Region] = []
    for region in regions:
        if not any(
            (region.kind, region.turn) == (other.kind, other.turn)
            and _is_same(region.bbox, other.bbox)
            for other in kept
        ):
            kept.append(region)
    return kept


def _is_given(region: Region, regions: Sequence[Region]) -> bool:
    """Whether others give what the region has: those that it lies in, or that it holds."""
    if region.kind in _HOLDERS:
        held = [each for each in regions if each.kind not in _HOLDERS]
        if any(_lies_in(each, region) for each in held):
            return True
    names = _DROPPED_IN.get(region.kind, frozenset())
    return _is_in(region, [other for other in regions if other.kind in names])


def _is_in(region: Region, others: Sequence[Region]) -> bool:
    return any(_lies_in(region, other) for other in others)


def _lies_in(region: Region, other: Region) -> bool:
    if region is other:
        return False
    return _shared(region.bbox, other.bbox) >= _COVERED * _area(region.bbox)


def _is_same(box: Box, other: Box) -> bool:
    shared = _shared(box, other)
    return shared > _SAME * (_area(box) + _area(other) - shared)


def _shared(box: Box, other: Box) -> float:
    width = min(box[2], other[2]) - max(box[0], other[0])
    height = min(box[3], other[3]) - max(box[1], other[1])
    return max(width, 0.0) * max(height, 0.0)


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _label(region: Region) -> str:
    label = _LABELS.get(region.kind) or label_word(region.kind)
    return "list" if region.is_item and label == "paragraph" else label


def _markdown(region: Region, label: str, text: str) -> str:
    if not text:
        return ""
    if label in ("title", "heading"):
        return f"{'#' if label == 'title' else '##'} {' '.join(text.split())}"
    if label == "formula":
        return "$$" + text.removeprefix("\\[").removesuffix("\\]").strip() + "$$"
    if region.kind == "code" and not text.startswith("```"):
        return fenced(text)
    return list_item(text, "- ") if label == "list" and region.kind != "list" else text


def _page_turn(regions: Sequence[Region]) -> int:
    """How the larger part of what is read lies: 0 unless all that part lies one way."""
    areas: dict[int, float] = {}
    for region in regions:
        if region.is_read:
            areas[region.turn] = areas.get(region.turn, 0.0) + _area(region.bbox)
    turn = max(areas, key=lambda turn: areas[turn], default=0)
    return turn if areas and 2 * areas[turn] > sum(areas.values()) else 0
