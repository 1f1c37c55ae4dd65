"""What MuPDF gives for a PDF page: its text and vector boxes, and the way to the page's view.

Owns the text layer's calls into PyMuPDF, except those for tables, and the step from MuPDF's
coordinates, which ignore the page's rotation, to the view of the page. Does not change the text.

The page's operators are interpreted once (`display_list`). From them comes the text with styles
and vector boxes; where the page may have pictures, `get_bboxlog` runs them again, 1.1 ms, because
the dictionary would carry each picture encoded. The places of single characters, 5 ms, are asked
for only in right-to-left scripts and where spaces are missing.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pymupdf
from pymupdf import mupdf

from schemas.pages import Box
from workers.textlayer.covers import MIN_FILL_PT
from workers.textlayer.display_list import has_xobjects, read
from workers.textlayer.orientation import AS_DISPLAYED, View
from workers.textlayer.raw import RawBlock

# No TEXT_PRESERVE_LIGATURES: MuPDF then writes "fi" for U+FB01. No TEXT_CID_FOR_UNKNOWN_UNICODE:
# an unmapped glyph must show as U+FFFD, not as an arbitrary character. No TEXT_COLLECT_STYLES: it
# doubles the time of a page, and is quadratic (MuPDF 1.28: 54 s for 100,000 rectangles, without it
# 0.1 s); what it adds is strike-outs and bold made by double printing.
TEXT_FLAGS = pymupdf.TEXT_PRESERVE_WHITESPACE | pymupdf.TEXT_CLIP | pymupdf.TEXT_COLLECT_VECTORS
CODE_FLAGS = TEXT_FLAGS & ~pymupdf.TEXT_COLLECT_VECTORS | pymupdf.TEXT_CID_FOR_UNKNOWN_UNICODE


@dataclass(frozen=True, slots=True)
class PageText:
    """MuPDF's blocks and its page of text, the quarter turns to the view, and the matrix to it."""

    blocks: Sequence[RawBlock]
    quarter_turns: int
    matrix: pymupdf.Matrix
    textpage: pymupdf.TextPage

    def fresh(self) -> PageText:
        """The same with blocks from which nothing was taken out."""
        return replace(self, blocks=self.textpage.extractDICT()["blocks"])


def read_text(
    page: pymupdf.Page,
    view: View = AS_DISPLAYED,
    flags: int = TEXT_FLAGS,
    commands: mupdf.FzDisplayList | None = None,
) -> PageText:
    """The page's text, and its vector boxes where `flags` ask for them.

    `commands` are the displayed page's, if the caller has them.

    MuPDF joins lines best where they read across, so MuPDF gets the page as the view turns it.
    """
    if view == AS_DISPLAYED:
        textpage = read(page, flags, commands)
        turns, matrix = page.rotation // 90, view_matrix(page, view)
    else:
        sides = view.size(page.rect.width, page.rect.height)
        turned = view_matrix(page, view)
        textpage = page.get_textpage(clip=(0, 0, *sides), flags=flags, matrix=turned)
        turns, matrix = 0, pymupdf.Identity
    blocks = textpage.extractDICT()["blocks"]
    return PageText(blocks, turns, matrix, textpage)


def view_matrix(page: pymupdf.Page, view: View) -> pymupdf.Matrix:
    """From MuPDF's coordinates, which ignore the page's rotation, to its view.

    `Page.rotation_matrix` goes by the crop box even where it is larger than the page.
    """
    rect, rotation = page.rect, page.rotation
    sides = (rect.height, rect.width) if rotation % 180 else (rect.width, rect.height)
    displayed = pymupdf.Matrix(*View(rotation).matrix(*sides))
    if view == AS_DISPLAYED:
        return displayed
    return displayed * pymupdf.Matrix(*view.matrix(rect.width, rect.height))


def place(box: Sequence[float], matrix: pymupdf.Matrix) -> Box:
    """Map a box from MuPDF's coordinates to the page's view."""
    if matrix.b == 0 and matrix.a == 1 and matrix.d == 1:
        return (box[0], box[1], box[2], box[3])
    ax, ay = box[0] * matrix.a + box[1] * matrix.c, box[0] * matrix.b + box[1] * matrix.d
    bx, by = box[2] * matrix.a + box[3] * matrix.c, box[2] * matrix.b + box[3] * matrix.d
    e, f = matrix.e, matrix.f
    return (min(ax, bx) + e, min(ay, by) + f, max(ax, bx) + e, max(ay, by) + f)


def blocks_with_chars(textpage: pymupdf.TextPage) -> Sequence[RawBlock]:
    """The blocks with a dictionary for each character, 5 ms a page: only where there is need.

    `Page.get_text` would refuse a text page that outlives its `Page`, as that of a neighbour does.
    """
    try:
        blocks: Sequence[RawBlock] = textpage.extractRAWDICT()["blocks"]
    except SystemError:  # PyMuPDF 2.0 cannot show a number beyond Unicode, of a damaged map
        _replace_non_characters(textpage)
        blocks = textpage.extractRAWDICT()["blocks"]
    return blocks


def spelled_out(textpage: pymupdf.TextPage) -> Sequence[RawBlock]:
    """The blocks with both the text and the single characters of each span."""
    blocks = blocks_with_chars(textpage)
    for span in (s for b in blocks for line in b.get("lines", ()) for s in line["spans"]):
        span["text"] = "".join(char["c"] for char in span["chars"])
    return blocks


def _replace_non_characters(textpage: pymupdf.TextPage) -> None:
    """Put U+FFFD in the place of each number that is no character of Unicode."""
    for block in textpage.this:
        if block.m_internal.type == pymupdf.mupdf.FZ_STEXT_BLOCK_TEXT:
            for char in itertools.chain.from_iterable(block):
                if not 0 <= char.m_internal.c < 0x110000:
                    char.m_internal.c = 0xFFFD


def may_cover(page: pymupdf.Page, blocks: Sequence[RawBlock]) -> bool:
    """Whether the page may draw a picture, a shading or a filled area, which may cover text.

    A picture may be the page's own, in a form or annotation, or inline. The answer is no for most
    pages of manuals, and saves the pass of `get_bboxlog`.
    """
    if not page.parent.is_pdf or has_xobjects(page):
        return True
    if any(kind != pymupdf.PDF_ANNOT_LINK for _, kind, _ in page.annot_xrefs()):
        return True
    vectors = (block["bbox"] for block in blocks if block["type"] == 3)
    if any(min(box[2] - box[0], box[3] - box[1]) > MIN_FILL_PT for box in vectors):
        return True
    contents = page.read_contents()
    return (b"BI" in contents and b"ID" in contents) or b" sh" in contents
