"""What a PDF page draws, as plain values: lines of text, ruling lines, pictures.

Owns the text layer's calls into PyMuPDF, except those for tables, and the step from MuPDF's
coordinates, which ignore the page's rotation, to the view of the page. Does not order or judge.

The page's operators are interpreted once (`display_list`). From them comes the text with styles
and vector boxes; where the page may have pictures, `get_bboxlog` runs them again, 1.1 ms, because
the dictionary would carry each picture encoded. The places of single characters, 5 ms, are asked
for only in right-to-left scripts and where spaces are missing.
"""

from __future__ import annotations

import functools
import itertools
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import pymupdf
from pymupdf import mupdf

from schemas.pages import Box
from workers.layout.tables.ruled import THICK
from workers.textlayer import repairs, rtl, spacing
from workers.textlayer.bidi import RIGHT_TO_LEFT
from workers.textlayer.broken import BROKEN, lost_words, with_bullets, without_broken
from workers.textlayer.display_list import display_list, has_xobjects, read
from workers.textlayer.hidden import MIN_FILL_PT, Log, Sources, drawn_over, without_hidden
from workers.textlayer.maps import with_mended_maps
from workers.textlayer.mask import draw_text_alone
from workers.textlayer.math_signs import with_math_signs
from workers.textlayer.orientation import AS_DISPLAYED, View, upright_view_of
from workers.textlayer.picture import Picture
from workers.textlayer.private_use import KNOWN_PRIVATE
from workers.textlayer.raw import MONO_FONT, RawBlock, RawLine, RawSpan, line_texts
from workers.textlayer.scripts import with_mended_scripts
from workers.textlayer.symbols import dingbats_have_codes, with_mended_symbols

MAX_LINES = 5_000
"""A full broadsheet page has about 1,500 lines; further lines of a hostile page are not read."""

_MIN_RUN_IN_CHARS = 4  # a sign for a footnote, a symbol and the like may be of other type

MAX_RULES = 4_000
"""Paths kept as ruling lines and areas; all paths are counted. A table of 60 x 12 cells, each drawn
as a box with four edges of its own, has 3,600."""

# No TEXT_PRESERVE_LIGATURES: MuPDF then writes "fi" for U+FB01. No TEXT_CID_FOR_UNKNOWN_UNICODE:
# an unmapped glyph must show as U+FFFD, not as an arbitrary character. No TEXT_COLLECT_STYLES: it
# doubles the time of a page, and is quadratic (MuPDF 1.28: 54 s for 100,000 rectangles, without it
# 0.1 s); what it adds is strike-outs and bold made by double printing.
TEXT_FLAGS = pymupdf.TEXT_PRESERVE_WHITESPACE | pymupdf.TEXT_CLIP | pymupdf.TEXT_COLLECT_VECTORS
_CODE_FLAGS = TEXT_FLAGS & ~pymupdf.TEXT_COLLECT_VECTORS | pymupdf.TEXT_CID_FOR_UNKNOWN_UNICODE
MIN_SIZE_PT = 1.0
"""Type 3 fonts of Ghostscript have a scale of their own: MuPDF gives their letters a size of 0.1
points and boxes that reach as far below the line as above it."""
_CHAR_PAINTED = 16 | 32  # FZ_STEXT_FILLED, FZ_STEXT_STROKED; render mode 3 has neither
_BOLD_FONT = re.compile(r"bold|cmbx|sfbx|black|heavy", re.I)
_SIZES = range(0xFE00, 0xFE06)  # TeX writes them after brackets, for their sizes
_CLEAN: dict[int, str | None] = {
    **dict.fromkeys((*range(32), *range(127, 160), 0x200B, 0xFEFF, *_SIZES)),
    **dict.fromkeys((9, 10, 13, 0x85, 0xA0), " "),
    **KNOWN_PRIVATE,
}
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_COMPATIBILITY = re.compile("[\u2f00-\u2fdf\ufb00-\ufb06\ufb50-\ufdfb\ufe70-\ufefc]")
"""Kangxi radicals that stand for ideographs, ligatures, shaped Arabic: NFKC gives the letters."""

_SUPERSCRIPT = str.maketrans("0123456789+-\u2212=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱ")


@dataclass(frozen=True, slots=True)
class Line:
    """One line as MuPDF found it; `box` is in points of the page's view.

    `quadrant` is the writing direction in quarter turns clockwise: 0 reads across the page, 1
    downwards, 3 upwards. `block` numbers MuPDF's paragraphs in content-stream order. `upright` is
    the view in which the line's glyphs stand upright, of the view that `box` is in. A line that
    `is_run_in` begins in bold and goes on in other type, as a heading within a paragraph does.
    """

    text: str
    box: Box
    size: float
    block: int
    is_bold: bool = False
    is_mono: bool = False
    quadrant: int = 0
    upright: View = AS_DISPLAYED
    is_run_in: bool = False


@dataclass(frozen=True, slots=True)
class PageContent:
    """Everything the text layer looks at. Boxes are in points of the page's view.

    `matrix` maps MuPDF's coordinates, which ignore the page's rotation, to that view. `rules` are
    paths that could be ruling lines or cell borders. `hidden_chars` counts characters that are not
    painted, `garbled_chars` painted ones that have no meaning as Unicode. `covered_share` is the
    share of the text, by length, that a later picture covers. `lost_words` counts words in which a
    character is garbled. The lines have no garbled characters any more.
    """

    width: float
    height: float
    matrix: pymupdf.Matrix
    lines: tuple[Line, ...]
    hidden_chars: int
    garbled_chars: int
    rules: tuple[Box, ...]
    fills: tuple[Box, ...]
    images: tuple[Box, ...]
    path_count: int
    covered_share: float
    lost_words: int


@dataclass(frozen=True, slots=True)
class FirstRead:
    """A displayed page that was read without its picture: what MuPDF gave, and what it means.

    `commands` draw the page, while its document is open (see `display_list`).
    `blocks` have the spaces that the page shows. With `is_rtl` they are not in logical order, for
    which their single characters are needed.
    """

    text: PageText
    log: Log
    blocks: Sequence[RawBlock]
    is_rtl: bool
    content: PageContent
    commands: mupdf.FzDisplayList | None = None


def first_read(page: pymupdf.Page) -> FirstRead:
    """Read the displayed page; nothing is left out as hidden."""
    commands = display_list(page)
    text = read_text(page, commands=commands)
    log = page.get_bboxlog() if _may_cover(page, text.blocks) else ()
    shown = _shown(text, _hide_nothing)
    content = _content(page, AS_DISPLAYED, text, log, _readable(page, AS_DISPLAYED, shown))
    # Single characters take 50 times the memory of their text, so they are not kept.
    blocks = text.blocks if shown.with_chars else shown.blocks
    return FirstRead(text, log, blocks, shown.with_chars, content, commands)


def read_page(
    page: pymupdf.Page,
    view: View = AS_DISPLAYED,
    picture: Picture | None = None,
    first: FirstRead | None = None,
) -> PageContent:
    """Read the lines, ruling lines and pictures that lie on the page, as they lie in `view`.

    Text that `picture`, the page as displayed, does not show is left out. `first` is what
    `first_read` gave for the displayed page, if the caller has it; it is used once.
    """
    if view == AS_DISPLAYED:
        return _read_again(page, picture, first or first_read(page))
    text = read_text(page, view)
    log: Log = page.get_bboxlog() if _may_cover(page, text.blocks) else ()
    hide: Hide = _hide_nothing
    if picture is not None:
        hide = _hider(page, view, picture.turned(view), text.matrix, log)
    return _content(page, view, text, log, _readable(page, view, _shown(text, hide)))


def _read_again(page: pymupdf.Page, picture: Picture | None, first: FirstRead) -> PageContent:
    """What `first` has, without what `picture` does not show."""
    if picture is None:
        return first.content
    text, log = first.text, first.log
    hide = _hider(page, AS_DISPLAYED, picture, text.matrix, log)
    if not hide(first.blocks, lambda: blocks_with_chars(text.textpage)):
        return first.content
    shown = _Shown(first.blocks, False)
    if first.is_rtl:
        shown = _Shown(_spelled_out(text.textpage), True)
        hide(shown.blocks, lambda: shown.blocks)
    return _content(page, AS_DISPLAYED, text, log, _readable(page, AS_DISPLAYED, shown))


def _content(
    page: pymupdf.Page, view: View, text: PageText, log: Log, blocks: Sequence[RawBlock]
) -> PageContent:
    """The lines, ruling lines and pictures of `blocks` and `log`."""
    matrix = text.matrix if view == AS_DISPLAYED else view_matrix(page, view)
    rect = page.rect
    width, height = view.size(float(rect.width), float(rect.height))
    lines: list[Line] = []
    rules: list[Box] = []
    fills: list[Box] = []
    hidden_chars = garbled_chars = lost_word_count = vector_count = 0
    for block in blocks:
        if block["type"] == 3:
            vector_count += 1
            if block["isrect"] and len(rules) + len(fills) < MAX_RULES:
                box = place(block["bbox"], text.matrix)
                is_area = not block["stroked"] and min(box[2] - box[0], box[3] - box[1]) > THICK
                (fills if is_area else rules).append(box)
        elif block["type"] == 0:
            for raw in block["lines"][: MAX_LINES - len(lines)]:
                line, hidden, garbled, lost = _line(raw, block["number"], text)
                hidden_chars += hidden
                garbled_chars += garbled
                lost_word_count += lost
                if line is not None:
                    lines.append(line)
    return PageContent(
        width,
        height,
        matrix,
        tuple(lines),
        hidden_chars,
        garbled_chars,
        tuple(rules),
        tuple(fills),
        *_pictures(log, matrix, width, height, vector_count),
        lost_word_count,
    )


Hide = Callable[[Sequence[RawBlock], Callable[[], Sequence[RawBlock]]], bool]
"""Takes out of blocks what the page does not show, and says whether there was any. The second
argument gives the same blocks with `chars` for each span."""


def _hide_nothing(_: Sequence[RawBlock], __: Callable[[], Sequence[RawBlock]]) -> bool:
    return False


def _hider(
    page: pymupdf.Page, view: View, picture: Picture, matrix: pymupdf.Matrix, log: Log
) -> Hide:
    """Takes out of blocks what `picture`, which shows `view`, does not show.

    `matrix` leads from the blocks to the view.
    """
    to_view = matrix if view == AS_DISPLAYED else view_matrix(page, view)
    rect = page.rect
    to_pixels = pymupdf.Matrix(*view.matrix(rect.width, rect.height))
    to_pixels *= pymupdf.Matrix(picture.zoom, picture.zoom)

    def hide(blocks: Sequence[RawBlock], with_chars: Callable[[], Sequence[RawBlock]]) -> bool:
        height, width = picture.grey.shape
        return without_hidden(
            blocks,
            matrix,
            picture,
            drawn_over(log, to_view),
            Sources(
                draw=lambda wanted: draw_text_alone(page, wanted, to_pixels, (height, width)),
                chars=with_chars,
            ),
        )

    return hide


def count_glyphs(page: pymupdf.Page, view: View, first: FirstRead | None = None) -> Counter[View]:
    """How many characters, painted or not, stand upright in each view.

    These views are relative to the page as `view` shows it. `first` is what `first_read` gave for
    the displayed page, if the caller has it.
    """
    if first is not None and view == AS_DISPLAYED:
        text = first.text.fresh()
    else:
        text = read_text(page, view, TEXT_FLAGS & ~pymupdf.TEXT_COLLECT_VECTORS)
    counts: Counter[View] = Counter()
    for block in _readable(page, view, _shown(text, _hide_nothing)):
        for raw in block.get("lines", ()):
            if not all(map(math.isfinite, (*raw["bbox"], *raw["dir"]))):
                continue
            chars = sum(len(span["text"]) - span["text"].count(" ") for span in raw["spans"])
            counts[_upright(raw, _quadrant(raw, text.quarter_turns))] += chars
    return counts


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
        if commands is None:
            textpage = page.get_textpage(flags=flags)
        else:
            textpage = read(commands, page, flags)
        turns, matrix = page.rotation // 90, view_matrix(page, view)
    else:
        sides = view.size(page.rect.width, page.rect.height)
        turned = view_matrix(page, view)
        textpage = page.get_textpage(clip=(0, 0, *sides), flags=flags, matrix=turned)
        turns, matrix = 0, pymupdf.Identity
    blocks = textpage.extractDICT()["blocks"]
    return PageText(blocks, turns, matrix, textpage)


@dataclass(frozen=True, slots=True)
class _Shown:
    """What the page shows of its text; `with_chars` where it must be put in logical order."""

    blocks: Sequence[RawBlock]
    with_chars: bool


def _shown(text: PageText, hide: Hide) -> _Shown:
    """The blocks with the spaces that they show, without what `hide` takes out."""
    texts = line_texts(text.blocks)
    if RIGHT_TO_LEFT.search("\n".join(texts)):
        with_chars = _spelled_out(text.textpage)
        hide(with_chars, lambda: with_chars)
        return _Shown(with_chars, True)
    blocks = text.blocks
    if chosen := spacing.suspects(blocks, texts):
        blocks = spacing.with_spaces(blocks, blocks_with_chars(text.textpage), chosen)
    hide(blocks, lambda: blocks_with_chars(text.textpage))
    return _Shown(blocks, False)


def _spelled_out(textpage: pymupdf.TextPage) -> Sequence[RawBlock]:
    """The blocks with both the text and the single characters of each span."""
    blocks = blocks_with_chars(textpage)
    for span in (s for b in blocks for line in b.get("lines", ()) for s in line["spans"]):
        span["text"] = "".join(char["c"] for char in span["chars"])
    return blocks


def _readable(page: pymupdf.Page, view: View, shown: _Shown) -> Sequence[RawBlock]:
    """The blocks with the text that their fonts draw, in logical order."""
    blocks = with_math_signs(shown.blocks, lambda: read_text(page, view, _CODE_FLAGS).blocks)
    blocks = with_mended_maps(page, blocks)
    blocks = with_mended_symbols(blocks, lambda: dingbats_have_codes(page))
    blocks = with_mended_scripts(blocks)
    return rtl.in_logical_order(blocks) if shown.with_chars else blocks


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


def _replace_non_characters(textpage: pymupdf.TextPage) -> None:
    """Put U+FFFD in the place of each number that is no character of Unicode."""
    for block in textpage.this:
        if block.m_internal.type == pymupdf.mupdf.FZ_STEXT_BLOCK_TEXT:
            for char in itertools.chain.from_iterable(block):
                if not 0 <= char.m_internal.c < 0x110000:
                    char.m_internal.c = 0xFFFD


def _quadrant(raw: RawLine, quarter_turns: int) -> int:
    cosine, sine = raw["dir"]
    if cosine == 1.0:
        return quarter_turns % 4
    return (round(math.atan2(sine, cosine) / (math.pi / 2)) + quarter_turns) % 4


def _upright(raw: RawLine, quadrant: int) -> View:
    is_vertical = raw["wmode"] == 1
    is_mirrored = not is_vertical and _is_mirrored(raw)
    return upright_view_of(quadrant, is_mirrored, is_vertical)


def _is_mirrored(raw: RawLine) -> bool:
    """Whether the tops of the letters lie to the right of the writing direction.

    Letters rise further above their baseline than they reach below it.
    """
    spans = raw["spans"]
    span = spans[0] if len(spans) == 1 else max(spans, key=lambda span: len(span["text"]))
    if span["size"] < MIN_SIZE_PT:
        return False
    (x, y), (x0, y0, x1, y1) = span["origin"], span["bbox"]
    cosine, sine = raw["dir"]
    if abs(cosine) >= abs(sine):
        above, below = (y - y0, y1 - y) if cosine > 0 else (y1 - y, y - y0)
    else:
        above, below = (x1 - x, x - x0) if sine > 0 else (x - x0, x1 - x)
    return bool(above < below)


def place(box: Sequence[float], matrix: pymupdf.Matrix) -> Box:
    """Map a box from MuPDF's coordinates to the page's view."""
    if matrix.b == 0 and matrix.a == 1 and matrix.d == 1:
        return (box[0], box[1], box[2], box[3])
    ax, ay = box[0] * matrix.a + box[1] * matrix.c, box[0] * matrix.b + box[1] * matrix.d
    bx, by = box[2] * matrix.a + box[3] * matrix.c, box[2] * matrix.b + box[3] * matrix.d
    e, f = matrix.e, matrix.f
    return (min(ax, bx) + e, min(ay, by) + f, max(ax, bx) + e, max(ay, by) + f)


def clean(text: str) -> str:
    """`text` without control and broken characters, with base letters for shaped ones."""
    if text.isascii() and text.isprintable():
        return text
    text = text.translate(_CLEAN)
    if BROKEN.search(text):
        text = without_broken(text)
    if _COMPATIBILITY.search(text):
        text = text.replace("\u0627\ufdf2", "\ufdf2")  # fonts draw it without its first letter
        text = _COMPATIBILITY.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)
    return text


def _line(raw: RawLine, block: int, read: PageText) -> tuple[Line | None, int, int, int]:
    """One visible line, its hidden and garbled characters, and the words that lost a letter."""
    parts: list[str] = []
    hidden = bold = mono = total = plain = 0
    sizes: dict[float, int] = {}
    for span in raw["spans"]:
        text: str = span["text"]
        count = len(text.strip())
        if not span["char_flags"] & _CHAR_PAINTED or span["alpha"] == 0:
            hidden += count
            continue
        flags = span["flags"]
        if flags & pymupdf.TEXT_FONT_SUPERSCRIPT and (parts or _is_note_mark(raw, span)):
            text = _superscript(text)
        parts.append(text)
        total += count
        is_bold, is_mono = _font_style(span["font"], flags)
        bold += count * is_bold
        plain = 0 if is_bold else plain + count * (not is_mono)  # after all bold type
        mono += count * is_mono
        size = round(span["size"] * 2) / 2
        sizes[size] = sizes.get(size, 0) + count
    raw_text = "".join(parts)
    garbled = lost = 0
    if not (raw_text.isascii() and raw_text.isprintable()):
        raw_text = with_bullets(repairs.with_ligatures(raw_text))
        garbled = len(_CONTROL.findall(raw_text)) + len(BROKEN.findall(raw_text))
        lost = lost_words(raw_text) if garbled else 0
    text = clean(raw_text)
    is_mono = mono * 10 > total * 8
    if not is_mono:
        text = repairs.repaired(text)
    if not text.strip() or not math.isfinite(sum(raw["bbox"])):
        return None, hidden, garbled, lost
    quadrant = _quadrant(raw, read.quarter_turns)
    line = Line(
        text=text,
        box=place(raw["bbox"], read.matrix),
        size=max(max(sizes, key=sizes.__getitem__), MIN_SIZE_PT),
        block=block,
        is_bold=bold * 2 > total,
        is_mono=is_mono,
        quadrant=quadrant,
        upright=_upright(raw, quadrant),
        is_run_in=0 < bold < total and plain >= _MIN_RUN_IN_CHARS,
    )
    return line, hidden, garbled, lost


@functools.lru_cache(maxsize=1024)
def _font_style(font: str, flags: int) -> tuple[bool, bool]:
    """Whether a font is bold, and whether its letters are of one width."""
    return (
        bool(flags & pymupdf.TEXT_FONT_BOLD or _BOLD_FONT.search(font)),
        bool(flags & pymupdf.TEXT_FONT_MONOSPACED or MONO_FONT.search(font)),
    )


def _is_note_mark(raw: RawLine, first: RawSpan) -> bool:
    """Whether a line begins with the raised number of a footnote, and goes on in larger type."""
    sizes = [span["size"] for span in raw["spans"][1:2]]
    return first["text"].strip().isdecimal() and any(first["size"] < 0.85 * s for s in sizes)


def _superscript(text: str) -> str:
    """Raised digits as Unicode superscripts; other raised text as it is."""
    raised = text.translate(_SUPERSCRIPT)
    is_whole = all(a != b or a == " " for a, b in zip(text, raised, strict=True))
    return raised if is_whole and len(text) <= 4 else text


def _may_cover(page: pymupdf.Page, blocks: Sequence[RawBlock]) -> bool:
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


def _pictures(
    log: Log, matrix: pymupdf.Matrix, width: float, height: float, vector_count: int
) -> tuple[tuple[Box, ...], int, float]:
    """Picture boxes cut to the page, the number of paths, and the share of covered text.

    Some scanners write the recognised words in plain sight and paint the scan over them, so text
    before a picture of over half the page counts as covered; after it, it is a background.
    `log` is empty for a page that draws no picture; `vector_count` then stands for its paths. MuPDF
    parts a path into its rectangles, so of 332 such pages 15 have another number of paths.
    """
    if not log:
        return (), vector_count, 0.0
    images: list[Box] = []
    path_count = 0
    text_pt = covered_pt = 0.0
    for kind, raw in log:
        if kind.endswith("path"):
            path_count += 1
        elif kind in ("fill-text", "stroke-text"):
            text_pt += min(max(raw[2] - raw[0], raw[3] - raw[1]), width + height)
        elif kind == "fill-image":
            x0, y0, x1, y1 = place(raw, matrix)
            box = (max(x0, 0.0), max(y0, 0.0), min(x1, width), min(y1, height))
            if box[2] > box[0] and box[3] > box[1]:
                images.append(box)
                if (box[2] - box[0]) * (box[3] - box[1]) > 0.5 * width * height:
                    covered_pt = text_pt
    return tuple(images), path_count, covered_pt / text_pt if text_pt > 0 else 0.0
