"""Tables of a born-digital page, by `workers.layout.tables`.

Owns what that room asks of a PDF: the page's lines as pieces, its ruling lines in points, and
the places of words, which MuPDF is asked for only where a line reaches over a column's border.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import pymupdf
from pymupdf import mupdf

from schemas.pages import Box
from workers.layout.tables import Piece, Table, find, runs_of
from workers.layout.tables.words import PageWords, cut_in_proportion
from workers.textlayer.content import PageContent
from workers.textlayer.display_list import read
from workers.textlayer.lines import Line, clean
from workers.textlayer.page_text import TEXT_FLAGS, place
from workers.textlayer.rtl import mended_word

_MAX_PATHS = 20_000
"""A page with more is a map or a drawing, whose lines are not worth 10 ms."""


def word_reader(
    page: pymupdf.Page, content: PageContent, commands: mupdf.FzDisplayList | None = None
) -> Callable[[], PageWords]:
    """What gives the words of a page: MuPDF is asked for them at the first call.

    `commands` are the displayed page's, if the caller has them and `content` is of that view.
    """

    @functools.cache
    def words() -> PageWords:
        # Vector boxes would cut the words that they lie between.
        text = read(page, TEXT_FLAGS & ~pymupdf.TEXT_COLLECT_VECTORS, commands)
        return PageWords(
            [
                Piece(place(word[:4], content.matrix), clean(mended_word(word[4])))
                for word in text.extractWORDS()
            ]
        )

    return words


def find_tables(
    page_words: Callable[[], PageWords],
    content: PageContent,
    lines: Sequence[Line],
    regions: Sequence[Box] = (),
) -> list[Table]:
    """The tables of the page, from top to bottom, in points.

    `page_words` is what `word_reader` gave for the page. `Table.pieces` are numbers of `lines`,
    which belong to no other block.

    Args:
        regions: boxes in points that a layout model calls tables.
    """
    pieces = [
        Piece(line.box, line.text, line.size, line.quadrant, line.is_bold, line.is_mono)
        for line in lines
    ]
    rules = content.rules if content.path_count <= _MAX_PATHS else ()
    runs = runs_of(pieces, [i for i, line in enumerate(lines) if _may_be_cell(line)])
    fills = content.fills if content.path_count <= _MAX_PATHS else ()
    if len(rules) < 2 and len(fills) < 2 and not regions and not runs:
        return []

    @functools.lru_cache(maxsize=len(pieces))
    def words(number: int) -> Sequence[Piece]:
        return page_words().of(pieces[number]) or cut_in_proportion(pieces[number])

    return find(pieces, words, rules, regions, runs, fills=fills)


def _may_be_cell(line: Line) -> bool:
    """Code is aligned too, and lines across the page's direction are axis labels."""
    return not line.is_mono and not line.quadrant % 2
