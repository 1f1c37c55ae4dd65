"""What the grammars of model outputs share: places, labels, special tokens.

The grammars are the other modules of this folder; `parsers` has the parser of each name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from schemas.pages import Block, Box, join_blocks
from workers.engines.grammars.parsed import Parsed

WHOLE_PAGE: Box = (0.0, 0.0, 1.0, 1.0)
"""The place of a text whose place the model did not say: somewhere on the page."""

_LABELS = {
    "text": ("paragraph", "plain_text", "abstract", "content", "aside_text", "vertical_text"),
    "title": ("sub_title", "subtitle", "doc_title", "paragraph_title", "section_title", "heading"),
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
    "footnote": ("table_footnote", "image_footnote", "figure_footnote", "page_footnote"),
    "header": ("page_header", "header_image"),
    "footer": ("page_footer", "footer_image"),
    "page_number": (),
    "code": ("code_block", "algorithm"),
    "list": ("list_item",),
    "reference": ("references", "reference_content", "ref_text"),
    "index": ("toc", "document_index", "table_of_contents"),
    "seal": ("stamp",),
    "signature": (),
}
_OUR_WORDS = {theirs: ours for ours, names in _LABELS.items() for theirs in (ours, *names)}


def known_label(name: str) -> str | None:
    """Our word for a label that is in use among layout models, else None."""
    return _OUR_WORDS.get(_bare_label(name))


def label_word(name: str) -> str:
    """Our word for a model's label; one that we do not know is kept, in lower case."""
    bare = _bare_label(name)
    return _OUR_WORDS.get(bare, bare) or "text"


def begins_label(name: str) -> bool:
    """Whether `name` may be a known label that was cut off."""
    bare = _bare_label(name)
    return any(known.startswith(bare) for known in _OUR_WORDS)


def _bare_label(name: str) -> str:
    return "_".join(name.lower().replace("-", " ").split())


def page_box(numbers: Sequence[float], scale: float) -> Box:
    """Four coordinates of 0 to `scale` as fractions, clamped to the page and put in order."""
    x0, y0, x1, y1 = (min(max(number / scale, 0.0), 1.0) for number in numbers)
    return (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))


def placed_blocks(label: str, boxes: Sequence[Box], text: str) -> list[Block]:
    """One block a box, the text with the first; a text without a box is somewhere on the page."""
    if not boxes:
        return [Block(label, WHOLE_PAGE, text)] if text else []
    return [Block(label, box, "" if i else text) for i, box in enumerate(boxes)]


def parsed_blocks(blocks: Iterable[Block]) -> Parsed:
    """The page that `blocks` make, in their order."""
    kept = tuple(blocks)
    return Parsed(join_blocks(kept), kept)


def token_remover(tokens: Sequence[str]) -> Callable[[str], str]:
    """A function that takes `tokens` out of a text, the longer before those that begin it."""
    if not any(tokens):
        return str
    longest_first = sorted(filter(None, tokens), key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, longest_first)))
    return lambda text: pattern.sub("", text)


def without_cut_tag(output: str, cut_tag: re.Pattern[str]) -> str:
    """`output` without the tag that its end cut through: `cut_tag`, of 64 characters at most."""
    tail = output[-64:]
    return output[: len(output) - len(tail)] + cut_tag.sub("", tail)
