"""What the grammars share: boxes, labels, and the removal of special tokens."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from schemas.pages import Block, Box, own_text
from workers.engines.grammars.parsed import Parsed

WHOLE_PAGE: Box = (0.0, 0.0, 1.0, 1.0)
"""The box of a text for which the model gave none."""

_LABELS = {
    "paragraph": (
        *("text", "plain_text", "abstract", "content", "aside_text", "vertical_text"),
        *("para", "paragraph_span"),
    ),
    "title": ("doc_title",),
    "heading": (
        *("sub_title", "subtitle", "paragraph_title", "section_title", "section_header"),
        "para_title",
    ),
    "table": (),
    "figure": ("image", "picture", "photo", "logo", "icon"),
    "chart": (),
    "chemistry": ("chemical_structure", "molecule"),
    "geometry": (),
    "formula": ("equation", "display_formula", "inline_formula", "interline_equation"),
    "formula_number": ("equation_number",),
    "caption": (
        *("image_caption", "figure_caption", "table_caption", "chart_caption"),
        *("figure_title", "table_title", "chart_title"),
    ),
    "footnote": (
        *("table_footnote", "image_footnote", "figure_footnote", "page_footnote"),
        "vision_footnote",
    ),
    "running_head": ("header", "page_header", "header_image"),
    "running_foot": ("footer", "page_footer", "footer_image"),
    "page_number": ("number",),
    "code": ("code_block", "algorithm"),
    "list": ("list_item",),
    "reference": ("references", "reference_content", "ref_text"),
    "index": ("toc", "document_index", "table_of_contents"),
    "stamp": ("seal",),
    "watermark": (),
    "signature": (),
}
_OUR_WORDS = {theirs: ours for ours, names in _LABELS.items() for theirs in (ours, *names)}


def known_label(name: str) -> str | None:
    """Our word for a label that layout models use; None for any other."""
    return _OUR_WORDS.get(_bare_label(name))


def label_word(name: str) -> str:
    """Our word for a model's label; an unknown label stays as it is, in lower case."""
    bare = _bare_label(name)
    return _OUR_WORDS.get(bare, bare) or "paragraph"


def begins_label(name: str) -> bool:
    """Whether `name` may be a known label that was cut off."""
    bare = _bare_label(name)
    return any(known.startswith(bare) for known in _OUR_WORDS)


def _bare_label(name: str) -> str:
    return "_".join(name.lower().replace("-", " ").split())


def page_box(numbers: Sequence[float], scale: float) -> Box:
    """A box of four coordinates of 0 to `scale`, as fractions, clamped to the page and in order."""
    x0, y0, x1, y1 = (min(max(number / scale, 0.0), 1.0) for number in numbers)
    return (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))


def points_box(numbers: Sequence[float], scale: float) -> Box | None:
    """The box around two or more points, x before y, each 0 to `scale`.

    None where `numbers` are not as many as points have.
    """
    xs, ys = numbers[::2], numbers[1::2]
    if len(xs) < 2 or len(xs) != len(ys):
        return None
    return page_box((min(xs), min(ys), max(xs), max(ys)), scale)


def placed_blocks(label: str, boxes: Sequence[Box], text: str) -> list[Block]:
    """One block a box, the first with the text; without a box, one block with `WHOLE_PAGE`."""
    if not boxes:
        return [Block(label, WHOLE_PAGE, text)] if text else []
    return [Block(label, box, "" if i else text) for i, box in enumerate(boxes)]


def parsed_blocks(blocks: Iterable[Block]) -> Parsed:
    """The page that consists of `blocks`, in this order."""
    kept = tuple(blocks)
    return Parsed(own_text(kept), kept)


def token_remover(tokens: Sequence[str]) -> Callable[[str], str]:
    """A function that removes `tokens` from a text; of two that fit, it removes the longer."""
    if not any(tokens):
        return str
    longest_first = sorted(filter(None, tokens), key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, longest_first)))
    return lambda text: pattern.sub("", text)


def without_cut_tag(output: str, cut_tag: re.Pattern[str]) -> str:
    """`output` without an incomplete tag at its end, which `cut_tag` matches: 64 chars at most."""
    tail = output[-64:]
    return output[: len(output) - len(tail)] + cut_tag.sub("", tail)
