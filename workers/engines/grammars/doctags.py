"""DocTags, the output of granite-docling: elements with boxes on a grid of 500, tables in OTSL.

An element is `<name><loc_x0><loc_y0><loc_x1><loc_y1>content</name>` (docling-core, `tokens.py` and
`transforms/serializer/doctags.py`). This looks like XML but is not: text is not escaped, table
cells and classes of pictures have no closing tags, and the model forgets others. So tags are read
one after another, an element ends where the next one begins, and an unknown tag is text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from schemas.pages import Block
from workers.engines.grammars.blocks import (
    label_word,
    page_box,
    parsed_blocks,
    placed_blocks,
    token_remover,
    without_cut_tag,
)
from workers.engines.grammars.marks import fenced, list_item
from workers.engines.grammars.otsl import OTSL_TOKENS, otsl_to_html
from workers.engines.grammars.parsed import Parsed

_GRID = 500
_MAX_LISTS = 5  # deeper lists are not indented more, or hostile output would grow quadratically

_LABELS = {
    **dict.fromkeys(("text", "paragraph", "handwritten_text", "key_value_region"), "paragraph"),
    **dict.fromkeys(("checkbox_selected", "checkbox_unselected"), "paragraph"),
    **dict.fromkeys(
        ("section_header", *(f"section_header_level_{i}" for i in range(7))), "heading"
    ),
    **{name: label_word(name) for name in ("title", "list_item", "caption", "footnote", "formula")},
    **{name: label_word(name) for name in ("code", "page_header", "page_footer", "reference")},
    **{name: label_word(name) for name in ("picture", "chart", "table", "document_index")},
    "otsl": "table",
}
_WRAPPERS = frozenset({"doctag", "page_break", "form", "group"})
_LISTS = frozenset({"ordered_list", "unordered_list"})
_PICTURES = frozenset({"picture", "chart"})
_HOLDERS = frozenset({*_PICTURES, "otsl", "table", "document_index", "code", "key_value_region"})
_HELD = frozenset({"caption", "footnote"})
_INLINE_MARKS = {"text": "", "paragraph": "", "formula": "$", "code": "`"}

_TAG = re.compile(r"<(/?)(?:loc_([0-9]{1,9})|([a-z][a-z0-9_]{0,40})|_([^<>\n]{1,24})_)/?>")
_CUT_TAG = re.compile(r"<[/|]?[a-z0-9_]{0,40}\Z")
_PAIR = re.compile(r"(?:key|value|link)_[0-9]+")
_without_special_tokens = token_remover(
    (
        "<|start_of_role|>assistant<|end_of_role|>",
        "<|start_of_role|>",
        "<|end_of_role|>",
        "<|end_of_text|>",
        "<|pad|>",
        "<end_of_utterance>",
        "<image>",
    )
)


@dataclass(slots=True)
class _Element:
    """One element as far as it has been read; `places` are coordinates on the grid."""

    name: str
    label: str
    marker: str = ""
    language: str = ""
    places: list[int] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)


def doctags(output: str) -> Parsed:
    """granite-docling's output: one block an element; tables, also those of charts, become HTML.

    - A caption is a block of its own, after the block that it belongs to.
    - Text outside all elements, or without four coordinates, gets the whole page as its box.
    - Output without any coordinates, such as the answer to a question, has no blocks.
    """
    text = without_cut_tag(_without_special_tokens(output).strip(), _CUT_TAG)
    reader = _Reader()
    start = 0
    for tag in _TAG.finditer(text):
        reader.add_text(text[start : tag.start()])
        if not reader.add_tag(tag, has_place=text.startswith("<loc_", tag.end())):
            reader.add_text(tag[0])
        start = tag.end()
    reader.add_text(text[start:])
    parsed = parsed_blocks(block for element in reader.elements for block in _blocks(element))
    has_places = any(element.places for element in reader.elements)
    return parsed if has_places else Parsed(parsed.text.strip())


class _Reader:
    """Makes elements of the tags and the text between them."""

    def __init__(self) -> None:
        self.elements: list[_Element] = []
        self._open: list[_Element] = []  # at most two: a holder, and what it holds
        self._counters: list[int | None] = []  # of the open lists, None for one without numbers
        self._is_inline = False

    def add_text(self, text: str) -> None:
        if not self._open and text.strip():
            self._begin("paragraph")
        if self._open and text and not (self._is_inline and text.isspace()):
            self._open[-1].pieces.append(text)

    def add_tag(self, tag: re.Match[str], has_place: bool) -> bool:
        """Read a tag. False: it is no tag but text."""
        slash, place, name, language = tag.groups()
        if place is not None:
            return self._add_place(int(place))
        if language is not None:
            return self._add_language(language)
        return self._add_named(name, bool(slash), has_place)

    def _add_named(self, name: str, is_end: bool, has_place: bool) -> bool:
        inside = self._open[-1].name if self._open else ""
        if name in OTSL_TOKENS:
            return False  # the table becomes HTML once the element is whole
        if name == "table" and not has_place and inside not in _HOLDERS:
            return False  # HTML
        if name in _WRAPPERS:
            self._close()
        elif inside == "code" and not has_place and not (is_end and name == "code"):
            return False
        elif name in _LISTS:
            self._add_list(is_end, name == "ordered_list")
        elif name == "inline":
            self._add_inline(is_end, has_place)
        elif self._is_inline and name in _INLINE_MARKS and not has_place:
            self._add_mark(_INLINE_MARKS[name], is_end)
        elif inside in _PICTURES and name not in (*_HELD, inside) and not has_place:
            self._add_to_picture(is_end, name)
        elif inside == "key_value_region" and _PAIR.fullmatch(name):
            self._open[-1].pieces.append("\n")
        elif name in _LABELS:
            self._end(name) if is_end else self._begin(name)
        else:
            return False
        return True

    def _close(self, depth: int = 0) -> None:
        del self._open[depth:]
        self._is_inline = False

    def _is_at_start_of(self, name: str) -> bool:
        if not self._open or self._open[-1].name != name:
            return False
        return not any(map(str.strip, self._open[-1].pieces))

    def _begin(self, name: str) -> None:
        if not (name in _HELD and self._open and self._open[-1].name in _HOLDERS):
            self._close()
        self._is_inline = False  # also where a caption begins in its holder
        marker = self._next_marker() if name == "list_item" else ""
        self._open.append(_Element(name, _LABELS[name], marker))
        self.elements.append(self._open[-1])

    def _end(self, name: str) -> None:
        for depth, element in enumerate(self._open):
            if element.name == name:
                self._close(depth)
                return

    def _next_marker(self) -> str:
        indent = "   " * (min(len(self._counters), _MAX_LISTS) - 1)
        if not self._counters or self._counters[-1] is None:
            return f"{indent}- "
        self._counters[-1] += 1
        return f"{indent}{self._counters[-1]}. "

    def _add_list(self, is_end: bool, is_ordered: bool) -> None:
        if self._counters and self._counters[-1] and self._is_at_start_of("list_item"):
            self._counters[-1] -= 1  # an item that only holds a list has no number
        self._close()
        if not is_end:
            self._counters.append(0 if is_ordered else None)
        elif self._counters:
            self._counters.pop()

    def _add_inline(self, is_end: bool, has_place: bool) -> None:
        """Text and formulas up to `</inline>` are one paragraph of the open element."""
        if not is_end and (has_place or not self._open):
            self._begin("paragraph")
        self._is_inline = not is_end

    def _add_mark(self, mark: str, is_end: bool) -> None:
        pieces = self._open[-1].pieces
        if not is_end and pieces and not pieces[-1].endswith((" ", "\n")):
            mark = f" {mark}"
        pieces.append(f"{mark} " if is_end else mark)

    def _add_place(self, place: int) -> bool:
        if self._open:
            self._open[-1].places.append(place)
        return True

    def _add_language(self, language: str) -> bool:
        if not self._is_at_start_of("code"):
            return False
        self._open[-1].language = "" if language == "unknown" else language.lower()
        return True

    def _add_to_picture(self, is_end: bool, name: str) -> None:
        """Read a picture's class; `otsl` and `smiles` only say what kind of text follows."""
        if is_end or name in ("otsl", "smiles"):
            return
        if name.endswith(("chart", "_plot")) or name == "heatmap":
            self._open[-1].label = "chart"
        elif name.startswith("chemistry_"):
            self._open[-1].label = "chemistry"
        elif name in _LABELS and name != "table":
            self._begin(name)


def _blocks(element: _Element) -> list[Block]:
    boxes = [page_box(element.places[:4], _GRID)] if len(element.places) >= 4 else []
    text = "".join(element.pieces)
    return placed_blocks(element.label, boxes, _markdown(element, text.strip("\n").rstrip()))


def _markdown(element: _Element, text: str) -> str:
    if not text.strip():
        return ""
    if element.name == "code":
        return fenced(text, element.language)
    text = otsl_to_html(text)
    if element.label in ("title", "heading"):
        return f"{'#' * _heading_level(element.name)} {' '.join(text.split())}"
    if element.name == "list_item":
        return list_item(text, element.marker)
    if element.name == "formula":
        return text if text.startswith("$") else f"$${text}$$"
    mark = {"checkbox_selected": "- [x] ", "checkbox_unselected": "- [ ] "}.get(element.name, "")
    return mark + text


def _heading_level(name: str) -> int:
    """As in docling: 1 for `title`, one more than its number for `section_header_level_...`."""
    if name == "title":
        return 1
    return min(int(name[-1]) + 1, 6) if name[-1].isdigit() else 2
