"""The grounded outputs of DeepSeek-OCR and Unlimited-OCR: regions with boxes, each before its text.

DeepSeek-OCR: `<|ref|>label<|/ref|><|det|>[[x0, y0, x1, y1], ...]<|/det|>` and the region's text.
Unlimited-OCR: `<|det|>label [x0, y0, x1, y1]<|/det|>` and the region's text. Coordinates are 0 to
999 of each side (deepseek-ai/DeepSeek-OCR, `run_dpsk_ocr_image.py`; transformers,
`processing_unlimited_ocr.py`). Texts are Markdown with tables in HTML and stay as they are; only
`<center>` is removed, which the label already implies.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from schemas.pages import Block, Box
from workers.engines.grammars.blocks import (
    begins_label,
    known_label,
    label_word,
    page_box,
    parsed_blocks,
    placed_blocks,
    without_cut_tag,
)
from workers.engines.grammars.parsed import Parsed

_SCALE = 999
_LABEL_CHARS = 24  # the longest label in use, `table_of_contents`, has 17

_TAG = re.compile(r"<\|(/?)(ref|det)\|>")
# No page has full-width bars in angle brackets, so all such tokens of DeepSeek's are removed. With
# plain bars only tokens known by name are, since `<|x|>` may be mathematics.
_SPECIAL = re.compile(
    r"<｜[^<>｜]{1,40}｜>"
    r"|<\|(?:/?ref|/?det|/?grounding|User|Assistant|EOT|end_of_sentence|begin_of_sentence)\|>"
    r"|<image>|<PAGE>|</?center>"
)
_CUT_TAG = re.compile(r"<(?:\|/?[A-Za-z_]{0,20}\|?|｜[^<>｜]{0,40}｜?)\Z")
_LIST = re.compile(r"\[([^\[\]]*)\]")
_NUMBER = re.compile(r"[-+]?[0-9]+(?:\.[0-9]+)?")
_COORDINATES = re.compile(r"\s*\[[\[\]0-9\s,.+-]*\]|[\[\]0-9\s,.+-]*")

_Kind = Literal["text", "ref", "det"]


@dataclass(slots=True)
class _Region:
    """One region as the model wrote it: the contents of its tags, and the texts after them."""

    ref: str | None = None
    is_open: bool = False
    places: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return _clean("".join(self.texts))

    @property
    def boxes(self) -> list[Box]:
        return [box for place in self.places for box in _boxes(place)]


def deepseek(output: str) -> Parsed:
    """DeepSeek-OCR's output: one block for each box.

    - Several boxes in one list are several regions of one label; the first has the text.
    - A reference that is no layout label is the text itself (prompts `OCR this image`, `Locate`).
    - Text before the first region, or without a box, gets the whole page as its box.
    - Output without any region (prompt `Free OCR`) has no blocks.
    """
    regions = _deepseek_regions(without_cut_tag(output, _CUT_TAG))
    if len(regions) == 1:
        return Parsed(regions[0].text)
    is_lines = _are_lines(regions)
    return parsed_blocks(block for region in regions for block in _blocks(region, is_lines))


def unlimited(output: str) -> Parsed:
    """Unlimited-OCR's output for one page; a `<PAGE>` mark is removed.

    Its titles have no `#`, and nothing else tells their level, so none is added.
    """
    regions = _unlimited_regions(without_cut_tag(output, _CUT_TAG))
    if len(regions) == 1:
        return Parsed(regions[0].text)
    return parsed_blocks(
        block
        for region in regions
        for block in placed_blocks(label_word(region.ref or ""), region.boxes, region.text)
    )


def _unlimited_regions(output: str) -> list[_Region]:
    regions = [_Region()]
    for kind, content, is_closed in _segments(output):
        if kind != "det":
            regions[-1].texts.append(content)
            continue
        name, bracket, rest = content.partition("[")
        place, tail = _split_det(bracket + rest, is_closed)
        if len(name.strip()) > _LABEL_CHARS or not (bracket or begins_label(name)):
            name, tail = "", f"{name} {tail}"
        regions.append(_Region(name, places=[place], texts=[tail]))
    return regions


def _segments(output: str) -> Iterator[tuple[_Kind, str, bool]]:
    """The pieces of `output` between tags: kind, text, and whether a closing tag ends the piece."""
    kind: _Kind = "text"
    start = 0
    for tag in _TAG.finditer(output):
        is_closing = bool(tag[1])
        yield kind, output[start : tag.start()], is_closing and tag[2] == kind
        kind = "text" if is_closing else "ref" if tag[2] == "ref" else "det"
        start = tag.end()
    yield kind, output[start:], False


def _deepseek_regions(output: str) -> list[_Region]:
    regions = [_Region()]
    is_after_text = True
    for kind, content, is_closed in _segments(output):
        if kind == "ref":
            regions.append(_Region(content, is_open=not is_closed))
            is_after_text = False
        elif kind == "det":
            if is_after_text:
                regions.append(_Region())
            place, tail = _split_det(content, is_closed)
            regions[-1].places.append(place)
            regions[-1].texts.append(tail)
            is_after_text = bool(tail.strip())
        else:
            regions[-1].texts.append(content)
            is_after_text = is_after_text or bool(content.strip())
    return regions


def _split_det(content: str, is_closed: bool) -> tuple[str, str]:
    """The coordinates in `content`, and the text after them if the closing tag is missing."""
    if is_closed:
        return content, ""
    end = _COORDINATES.match(content)
    return (content, "") if end is None else (content[: end.end()], content[end.end() :])


def _are_lines(regions: list[_Region]) -> bool:
    """Whether the references are the page's lines and not labels.

    A line may look like a label, and a label may be unknown to us. So the majority decides; if no
    text follows any reference, half of them is enough.
    """
    named = [r for r in regions if r.ref is not None and not _is_cut(r)]
    bare = sum(known_label(r.ref or "") is None and not r.text for r in named)
    return 2 * bare > len(named) or (2 * bare == len(named) > 0 and not any(r.text for r in named))


def _is_cut(region: _Region) -> bool:
    """Whether the region is a label cut off by the end of the output."""
    return region.is_open and not region.places and begins_label(region.ref or "")


def _blocks(region: _Region, is_lines: bool) -> list[Block]:
    label = _clean(region.ref or "")
    if region.ref is None or (_is_cut(region) and not is_lines):
        return placed_blocks("paragraph", region.boxes, region.text)
    is_named = known_label(label) is not None
    if is_lines or (not is_named and (len(label) > _LABEL_CHARS or not region.text)):
        return placed_blocks("paragraph", region.boxes, f"{label}\n{region.text}".strip())
    return placed_blocks(label_word(label), region.boxes, region.text)


def _boxes(place: str) -> list[Box]:
    """The boxes in the innermost lists of `place`; a list that is no multiple of 4 has none."""
    boxes: list[Box] = []
    for numbers in _LIST.findall(place):
        # Floats, since int() refuses numbers of more than 4300 digits.
        values = [float(number) for number in _NUMBER.findall(numbers)]
        if len(values) % 4 == 0:
            boxes += [page_box(values[i : i + 4], _SCALE) for i in range(0, len(values), 4)]
    return boxes


def _clean(text: str) -> str:
    return _SPECIAL.sub("", text).strip()
