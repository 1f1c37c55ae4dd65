"""Set blocks of text as pages, and prove that each shows exactly the text that it is said to show.

MuPDF lays the text out, and draws each page into a display list, which is run twice: into pixels,
and into characters with boxes. The characters, white space aside, must be the next ones of the
blocks, inside their column: a page's text is that piece of the blocks, not what was read back.

A text is laid out in sections, each of which begins on a page of its own, so that memory does not
grow with the text, and pages that nobody asked for are passed over without being drawn.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
import pymupdf
from PIL import Image
from pymupdf import mupdf

from schemas.errors import DocumentError
from schemas.pages import Block, Box
from workers.synthetic.drawn import Drawn
from workers.synthetic.text import fonts
from workers.synthetic.text.blocks import TextBlock, cut
from workers.synthetic.text.glyphs import drawable, in_main_script, is_mixed
from workers.synthetic.text.markdown import to_markdown, to_text
from workers.synthetic.text.markup import BREAK, css, to_html
from workers.synthetic.text.typography import Style

_SECTION_CHARS = 60_000
"""About twenty pages; laying out takes 15 MiB or so for them."""
_LABELS = {"paragraph": "text", "heading": "title", "item": "list"}
_EDGE_EM = 0.1  # MuPDF squeezes spaces by rounding, and italics lean out of their boxes
_TALL_PT = 1e6
_READ_BACK = (
    mupdf.FZ_STEXT_PRESERVE_LIGATURES
    | mupdf.FZ_STEXT_PRESERVE_WHITESPACE
    | mupdf.FZ_STEXT_INHIBIT_SPACES
)

_Rect = tuple[float, float, float, float]


def count(blocks: Iterable[TextBlock], style: Style) -> int:
    """How many pages the blocks take; 0 where nothing in them can be drawn."""
    return sum(section_counts(blocks, style))


def section_counts(blocks: Iterable[TextBlock], style: Style) -> Iterator[int]:
    """As `count`, of each section: some 60,000 characters, of which one takes seconds at most."""
    return (_Setting(section, style).count() for section in _sections(blocks, style))


def shown(blocks: Iterable[TextBlock], style: Style) -> tuple[list[TextBlock], int]:
    """The blocks as pages show them, without those that show nothing, and how many characters
    are left out. They are set as they are: nothing more is left out of them."""
    sections = list(_sections(blocks, style))
    cleaned = sum(sum(section.cleaned_chars) for section in sections)
    return [block for section in sections for block in section.blocks], cleaned


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

    `counts` are those of the first sections, as far as they are known; they need not be counted.

    Raises DocumentError for a page that does not show exactly its text, and for an index past the
    last page.
    """
    wanted = sorted(set(indices))
    first = 0
    for place, section in enumerate(_sections(blocks, style)):
        if not wanted:
            return
        known = counts[place] if place < len(counts) else None
        if known is not None and wanted[0] >= first + known:
            first += known
            continue
        setting = _Setting(section, style)
        # Placed twice only where it is not known that the section has a page that is wanted.
        past = first + (known or setting.count()) if wanted[0] > first else None
        if past is not None and wanted[0] >= past:
            first = past
            continue
        for number, page in enumerate(setting.pages(), first):
            first = number + 1
            if wanted and number == wanted[0]:
                wanted.pop(0)
                yield page.drawn(_picture(page.lists, style, longest_edge_px), markdown)
            if past is not None and not wanted:
                return
    if wanted:
        raise DocumentError("source_changed", f"page {wanted[0]} asked for, of {first}")


@dataclass(frozen=True, slots=True)
class _Section:
    """Blocks that are laid out as one, and how many characters were taken out of each."""

    blocks: list[TextBlock] = field(default_factory=list)
    cleaned_chars: list[int] = field(default_factory=list)


def _sections(blocks: Iterable[TextBlock], style: Style) -> Iterator[_Section]:
    section, chars, cleaned_before = _Section(), 0, 0
    for whole in blocks:
        for block in _pieces(whole):
            shown, cleaned = _shown(block, style)
            if not _letters(shown):
                cleaned_before += cleaned
                continue
            if chars >= _SECTION_CHARS:
                yield section
                section, chars = _Section(), 0
            section.blocks.append(shown)
            section.cleaned_chars.append(cleaned + cleaned_before)
            chars, cleaned_before = chars + len(shown.text), 0
    if section.blocks:
        section.cleaned_chars[-1] += cleaned_before
        yield section


def _shown(block: TextBlock, style: Style) -> tuple[TextBlock, int]:
    """What of a block pages can show, and how many characters were taken out.

    MuPDF can fail at blocks that mix many scripts: one comes out in another order or too wide.
    Such a block is tried, and keeps the letters of its main script only, or none.
    """
    shown, cleaned = drawable(block, style, lambda b: _set_alone(b, style))
    if not is_mixed(shown.text) or _is_exact(shown, style):
        return shown, cleaned
    plain = in_main_script(shown)
    if not _is_exact(plain, style):
        plain = replace(plain, runs=())
    return plain, cleaned + len(shown.text) - len(plain.text)


def _is_exact(block: TextBlock, style: Style) -> bool:
    story, width = _story((block,), style), style.column_width_pt(style.columns)
    story.place(pymupdf.Rect(0, 0, width, _TALL_PT))
    lines, letters = _read_back(_drawn_list(story, style))
    edge = _EDGE_EM * style.font_size_pt
    is_inside = all(-edge <= x0 and x1 <= width + edge for (x0, _, x1, _), _ in lines)
    return is_inside and letters == _letters(block)


def _pieces(block: TextBlock) -> Iterator[TextBlock]:
    """`block`, or pieces of it that a section can hold, cut after white space if there is any."""
    text, start = block.text, 0
    while len(text) - start > _SECTION_CHARS:
        limit = start + _SECTION_CHARS
        space = max(text.rfind(" ", start, limit), text.rfind("\n", start, limit))
        stop = space + 1 if space > start else limit
        yield cut(block, start, stop)
        start = stop
    yield cut(block, start, len(text)) if start else block


def _squeezed(text: str) -> str:
    return "".join(text.split())


def _letters(block: TextBlock) -> str:
    """What of a block is compared with its page: marker and text without white space."""
    return _squeezed(block.marker + block.text)


class _Line(NamedTuple):
    """A line as it was drawn: its box in points, and how many letters it has."""

    box: _Rect
    letters: int


@dataclass(frozen=True, slots=True)
class _Page:
    """A page that was set and found exact."""

    lists: Sequence[Any]
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
    """A section laid out by MuPDF, and how far its letters have been seen."""

    def __init__(self, section: _Section, style: Style) -> None:
        self._section, self._style = section, style
        self._columns = _columns(style)
        self._letters = "".join(map(_letters, section.blocks))
        lengths = (len(_letters(block)) for block in section.blocks)
        self._starts = [0, *accumulate(lengths)]
        self._story = _story(section.blocks, style)

    def count(self) -> int:
        """Pages of the section, placed and not drawn."""
        self._story.reset()
        number, more = 0, 1
        while more:
            number += 1
            if number > len(self._letters):
                raise DocumentError("corrupt", f"a column of {self._columns[0]} holds no text")
            for column in self._columns:
                more, _ = self._story.place(pymupdf.Rect(column))
                # Placing goes on where drawing stopped; there is a device that draws nothing.
                mupdf.fz_draw_story(self._story.this, mupdf.FzDevice(None), mupdf.FzMatrix())
                if not more:
                    break
        return number

    def pages(self) -> Iterator[_Page]:
        """All pages in order, each checked. Raises DocumentError for one that is not exact."""
        self._story.reset()
        at, more = 0, 1
        while more:
            start = at
            lists: list[Any] = []
            placed: list[tuple[TextBlock, Box]] = []
            for column in self._columns:
                more, _ = self._story.place(pymupdf.Rect(column))
                lists.append(_drawn_list(self._story, self._style))
                lines, letters = _read_back(lists[-1])
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

    def _check(self, letters: str, at: int, lines: Sequence[_Line], column: _Rect) -> None:
        expected = self._letters[at : at + len(letters)]
        if letters != expected:
            pairs = enumerate(zip(letters, expected, strict=False))
            same = next((place for place, (a, b) in pairs if a != b), len(expected))
            shown, meant = letters[same : same + 12], expected[same : same + 12]
            raise DocumentError("corrupt", f"a page shows {shown!r} in place of {meant!r}")
        height, edge = self._style.page_pt[1], _EDGE_EM * self._style.font_size_pt
        for line in lines:
            x0, y0, x1, y1 = line.box
            is_inside = column[0] - edge <= x0 and x1 <= column[2] + edge
            if line.letters and not (is_inside and y0 >= 0 and y1 <= height):
                raise DocumentError("corrupt", f"a line at {line.box} leaves its column {column}")

    def _boxes(self, lines: Sequence[_Line], at: int) -> Iterator[tuple[TextBlock, Box]]:
        """The pieces of blocks that a column shows, with their boxes."""
        width, height = self._style.page_pt
        boxes: dict[int, _Rect] = {}
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
        """What of a block the letters `start` to `stop` of the section are."""
        block = self._section.blocks[number]
        begin, end = self._starts[number], self._starts[number + 1]
        if start <= begin and end <= stop:
            return block
        marker = len(_squeezed(block.marker))
        places = [place for place, char in enumerate(block.text) if not char.isspace()]
        skipped = max(start - begin - marker, 0)
        kept = max(min(stop, end) - begin - marker, 0)
        text_start = places[skipped] if skipped else 0
        text_stop = len(block.text) if kept == len(places) else places[kept - 1] + 1 if kept else 0
        piece = cut(block, text_start, text_stop)
        shown = block.marker[max(start - begin, 0) : max(stop - begin, 0)]
        return replace(piece, marker=shown)


def _columns(style: Style) -> list[_Rect]:
    """The rectangles of a page that text goes into, in reading order, in points."""
    height = style.page_pt[1]
    width = style.column_width_pt(style.columns)
    lefts = (
        style.margin_x_pt + number * (width + style.column_gap_pt)
        for number in range(style.columns)
    )
    return [(x, style.margin_y_pt, x + width, height - style.margin_y_pt) for x in lefts]


def _story(blocks: Iterable[TextBlock], style: Style) -> Any:
    html = "".join(to_html(block, style) for block in blocks)
    archive = fonts.archive(style.family, style.code_family)
    return pymupdf.Story(html, user_css=css(style), em=style.font_size_pt, archive=archive)


def _drawn_list(story: Any, style: Style) -> Any:
    """What was placed last, as a display list of the size of the page."""
    drawn = mupdf.FzDisplayList(mupdf.FzRect(0, 0, *style.page_pt))
    device = mupdf.fz_new_list_device(drawn)
    mupdf.fz_draw_story(story.this, device, mupdf.FzMatrix())
    mupdf.fz_close_device(device)
    return drawn


def _text_page(drawn: Any) -> Any:
    options = mupdf.FzStextOptions()
    options.flags = _READ_BACK
    return mupdf.FzStextPage(drawn, options)


def _read_back(drawn: Any) -> tuple[list[_Line], str]:
    """The lines of a display list, and all of its letters, in the order in which they are drawn."""
    page = _text_page(drawn)
    buffer = mupdf.fz_new_buffer(1 << 13)
    output = mupdf.FzOutput(buffer)
    mupdf.fz_print_stext_page_as_text(output, page)
    mupdf.fz_close_output(output)
    # An empty line follows each block.
    texts = iter(mupdf.fz_buffer_extract_copy(buffer).decode().replace(BREAK, "").split("\n"))
    lines, letters = [], []
    for block in page:
        for line in block:
            box = line.m_internal.bbox
            shown = _squeezed(next(texts))
            lines.append(_Line((box.x0, box.y0, box.x1, box.y1), len(shown)))
            letters.append(shown)
        next(texts)
    return lines, "".join(letters)


def _set_alone(block: TextBlock, style: Style) -> list[tuple[str, Any]]:
    """The letters of one block in the order in which they are drawn, each with its font."""
    story = _story((block,), style)
    story.place(pymupdf.Rect(0, 0, style.column_width_pt(style.columns), _TALL_PT))
    page = _text_page(_drawn_list(story, style))
    found = []
    for block_drawn in page:
        for line in block_drawn:
            at = line.m_internal.first_char
            while at:
                char = chr(at.c)
                if not char.isspace() and char != BREAK:
                    found.append((char, mupdf.FzFont(mupdf.ll_fz_keep_font(at.font))))
                at = at.next
    return found


def _union(a: _Rect, b: _Rect) -> _Rect:
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])


def picture_px(style: Style, longest_edge_px: int) -> tuple[int, int]:
    """Width and height of the pictures that `pages` draws."""
    zoom = _zoom(style, longest_edge_px)
    width, height = style.page_pt
    return max(round(width * zoom), 1), max(round(height * zoom), 1)


def _zoom(style: Style, longest_edge_px: int) -> float:
    return style.dpi / 72 if style.dpi else longest_edge_px / max(style.page_pt)


def _picture(lists: Sequence[Any], style: Style, longest_edge_px: int) -> Image.Image:
    zoom, size = _zoom(style, longest_edge_px), picture_px(style, longest_edge_px)
    bounds = mupdf.FzIrect(0, 0, *size)
    pixmap = mupdf.fz_new_pixmap_with_bbox(mupdf.fz_device_rgb(), bounds, mupdf.FzSeparations(), 0)
    samples = np.frombuffer(mupdf.fz_pixmap_samples_memoryview(pixmap), np.uint8)
    row = bytes.fromhex(style.theme.paper[1:]) * size[0]
    # Whole rows at once: twenty times as fast as pixels.
    samples.reshape(size[1], -1)[:] = np.frombuffer(row, np.uint8)
    device = mupdf.fz_new_draw_device(mupdf.FzMatrix(zoom, 0, 0, zoom, 0, 0), pixmap)
    everything = mupdf.FzRect(mupdf.FzRect.Fixed_INFINITE)
    for drawn in lists:
        mupdf.fz_run_display_list(drawn, device, mupdf.FzMatrix(), everything, mupdf.FzCookie())
    mupdf.fz_close_device(device)
    return Image.frombuffer("RGB", size, samples, "raw", "RGB", 0, 1)
