"""Set blocks of text as pages, and prove that each page shows exactly its text.

Each page is drawn and read back (`story`). The characters read, white space aside, must be the next
ones of the blocks, inside their column: a page's text is that piece of the blocks, not what was
read back. The text is laid out section by section (`sections`); each section begins on a new page,
and pages that nobody asked for are skipped without being drawn.

    for page in pages(plain_blocks(text), style, range(2), longest_edge_px=1024):
        page.picture, page.text, page.blocks
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import pymupdf
from PIL import Image
from pymupdf import mupdf

from schemas.errors import DocumentError
from schemas.pages import Block, Box
from workers.synthetic.drawn import Drawn
from workers.synthetic.text.blocks import TextBlock, cut
from workers.synthetic.text.markdown import to_markdown, to_text
from workers.synthetic.text.sections import EDGE_EM, Section, sections
from workers.synthetic.text.story import (
    Line,
    Rect,
    columns_of,
    draw_placed,
    letters_of,
    picture_of,
    picture_px,
    read_back,
    skip_placed,
    squeezed,
    story_of,
)
from workers.synthetic.text.typography import Style

__all__ = ["count", "pages", "picture_px", "section_counts", "shown"]

_LABELS = {"item": "list", "quote": "paragraph"}


def count(blocks: Iterable[TextBlock], style: Style) -> int:
    """How many pages the blocks take; 0 where nothing in them can be drawn."""
    return sum(section_counts(blocks, style))


def section_counts(blocks: Iterable[TextBlock], style: Style) -> Iterator[int]:
    """How many pages each section takes: one of 60,000 characters is counted within seconds."""
    return (_Setting(section, style).count() for section in sections(blocks, style))


def shown(blocks: Iterable[TextBlock], style: Style) -> tuple[list[TextBlock], int]:
    """The blocks as pages show them, without those that show nothing, and how many characters
    are left out. Setting these blocks leaves out nothing more."""
    parts = list(sections(blocks, style))
    cleaned = sum(sum(section.cleaned_chars) for section in parts)
    return [block for section in parts for block in section.blocks], cleaned


def pages(
    blocks: Iterable[TextBlock],
    style: Style,
    indices: Iterable[int],
    *,
    longest_edge_px: int,
    markdown: bool = False,
    counts: Sequence[int] = (),
) -> Iterator[Drawn]:
    """The pages with these indices from 0, in ascending order; `style.dpi` overrides the edge.

    `counts` are the page counts of the first sections, where they are known from counting before.

    Raises DocumentError for a page that does not show exactly its text, and for an index past the
    last page.
    """
    wanted = sorted(set(indices))
    first = 0
    for place, section in enumerate(sections(blocks, style)):
        if not wanted:
            return
        known = counts[place] if place < len(counts) else None
        if known is not None and wanted[0] >= first + known:
            first += known
            continue
        setting = _Setting(section, style)
        # Counting places a section a second time, so it is done only where the section may end
        # before the wanted page.
        past = first + (known or setting.count()) if wanted[0] > first else None
        if past is not None and wanted[0] >= past:
            first = past
            continue
        for number, page in enumerate(setting.pages(), first):
            first = number + 1
            if wanted and number == wanted[0]:
                wanted.pop(0)
                yield page.drawn(picture_of(page.lists, style, longest_edge_px), markdown)
            if past is not None and not wanted:
                return
    if wanted:
        detail = f"page index {wanted[0]} was asked for, but the text has {first} pages"
        raise DocumentError("source_changed", detail)


@dataclass(frozen=True, slots=True)
class _Page:
    """A page that shows exactly its text: what is drawn, the text's blocks, and their boxes."""

    lists: Sequence[mupdf.FzDisplayList]
    blocks: Sequence[TextBlock]
    placed: Sequence[tuple[TextBlock, Box]]
    cleaned_chars: int

    def drawn(self, picture: Image.Image, markdown: bool) -> Drawn:
        write = to_markdown if markdown else to_text
        blocks = tuple(
            Block(_LABELS.get(block.kind, block.kind), box, write((block,)))
            for block, box in self.placed
        )
        return Drawn(picture, write(self.blocks), blocks, self.cleaned_chars)


class _Setting:
    """A section that MuPDF lays out, page by page, and the letters that its pages must show."""

    def __init__(self, section: Section, style: Style) -> None:
        self._section, self._style = section, style
        self._columns = columns_of(style)
        self._letters = "".join(map(letters_of, section.blocks))
        lengths = (len(letters_of(block)) for block in section.blocks)
        self._starts = [0, *accumulate(lengths)]
        self._story = story_of(section.blocks, style)

    def count(self) -> int:
        """How many pages the section takes, without drawing them."""
        self._story.reset()
        number, more = 0, 1
        while more:
            number += 1
            if number > len(self._letters):
                raise DocumentError("corrupt", f"a column of {self._columns[0]} holds no text")
            for column in self._columns:
                more, _ = self._story.place(pymupdf.Rect(column))
                skip_placed(self._story)
                if not more:
                    break
        return number

    def pages(self) -> Iterator[_Page]:
        """All pages in order. Raises DocumentError for one that does not show exactly its text."""
        self._story.reset()
        at, more = 0, 1
        while more:
            start = at
            lists: list[mupdf.FzDisplayList] = []
            placed: list[tuple[TextBlock, Box]] = []
            for column in self._columns:
                more, _ = self._story.place(pymupdf.Rect(column))
                lists.append(draw_placed(self._story, self._style))
                lines, letters = read_back(lists[-1])
                self._check(letters, at, lines, column)
                placed += self._boxes(lines, at)
                at += len(letters)
                if not more:
                    break
            if at == start:
                raise DocumentError("corrupt", f"no text fits a column of {self._columns[0]}")
            first, last = bisect_right(self._starts, start - 1), bisect_right(self._starts, at - 1)
            cleaned = sum(self._section.cleaned_chars[first:last])
            yield _Page(lists, self._between(start, at), placed, cleaned)
        if at < len(self._letters):
            raise DocumentError("corrupt", f"{len(self._letters) - at} characters were not set")

    def _check(self, letters: str, at: int, lines: Sequence[Line], column: Rect) -> None:
        expected = self._letters[at : at + len(letters)]
        if letters != expected:
            pairs = enumerate(zip(letters, expected, strict=False))
            same = next((place for place, (a, b) in pairs if a != b), len(expected))
            shown, meant = letters[same : same + 12], expected[same : same + 12]
            raise DocumentError("corrupt", f"a page shows {shown!r} in place of {meant!r}")
        height, edge = self._style.page_pt[1], EDGE_EM * self._style.font_size_pt
        for line in lines:
            x0, y0, x1, y1 = line.box
            is_inside = column[0] - edge <= x0 and x1 <= column[2] + edge
            if line.letters and not (is_inside and y0 >= 0 and y1 <= height):
                raise DocumentError("corrupt", f"a line at {line.box} leaves its column {column}")

    def _boxes(self, lines: Sequence[Line], at: int) -> Iterator[tuple[TextBlock, Box]]:
        """The pieces of blocks that a column shows, with their boxes."""
        width, height = self._style.page_pt
        boxes: dict[int, Rect] = {}
        place = at
        for line in lines:
            if line.letters:
                number = bisect_right(self._starts, place) - 1
                boxes[number] = _union(boxes.get(number, line.box), line.box)
                place += line.letters
        for number, (x0, y0, x1, y1) in boxes.items():
            piece = self._piece(number, at, place)
            low = max(x0 / width, 0.0), max(y0 / height, 0.0)
            yield piece, (*low, min(x1 / width, 1.0), min(y1 / height, 1.0))

    def _between(self, start: int, stop: int) -> list[TextBlock]:
        first = bisect_right(self._starts, start) - 1
        last = bisect_right(self._starts, stop - 1) - 1
        return [self._piece(number, start, stop) for number in range(first, last + 1)]

    def _piece(self, number: int, start: int, stop: int) -> TextBlock:
        """The part of a block that lies within letters `start` to `stop` of the section."""
        block = self._section.blocks[number]
        begin, end = self._starts[number], self._starts[number + 1]
        if start <= begin and end <= stop:
            return block
        marker = len(squeezed(block.marker))
        places = [place for place, char in enumerate(block.text) if not char.isspace()]
        skipped = max(start - begin - marker, 0)
        kept = max(min(stop, end) - begin - marker, 0)
        text_start = places[skipped] if skipped else 0
        text_stop = len(block.text) if kept == len(places) else places[kept - 1] + 1 if kept else 0
        piece = cut(block, text_start, text_stop)
        shown = block.marker[max(start - begin, 0) : max(stop - begin, 0)]
        return replace(piece, marker=shown)


def _union(a: Rect, b: Rect) -> Rect:
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])
