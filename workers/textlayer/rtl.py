"""Lines of Hebrew and Arabic from the places of their glyphs. Pure.

MuPDF 1.28 reverses such text in part: words, but not brackets, numbers of some scripts and the
order of the words between them; it turns ligatures round (لا becomes ال), ends a line where the
direction changes, and puts vowel signs and spaces of its own in wrong places. The places of the
glyphs are right, so a line is put together anew from them: glyphs from left to right, each with
its marks, and `bidi` gives the order in which they were typed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from schemas.pages import Box
from workers.textlayer.bidi import MIRRORED, RIGHT_TO_LEFT, logical_order
from workers.textlayer.raw import RawBlock, RawLine, RawSpan

_MAX_SHIFT = 0.2  # of the size, between the baselines of one row's pieces
_MAX_GAP = 1.5  # of the size; further apart are cells, or a running head and its page number
_MIN_SPACE = 0.13  # of the size; Persian is set with spaces of 0.15, and its letters touch
_MIXED = (0.25, 0.75)  # shares of letters to the left that do not tell a paragraph's direction
_ARABIC_NUMBER = re.compile("[\u0660-\u0669\u066b\u066c]{2,}")
_EDGE = 0.05  # of the size, for the rounding of coordinates


@dataclass(slots=True)
class _Glyph:
    """A glyph's letters, with its marks, and where it lies along the writing direction."""

    text: str
    start: float
    end: float
    span: RawSpan
    box: Box


def in_logical_order(blocks: Sequence[RawBlock]) -> list[RawBlock]:
    """Blocks with characters (of "rawdict") as blocks with text (of "dict"), in logical order.

    A paragraph's direction is that of most of its letters, or of the page's where it is mixed.
    """
    out: list[RawBlock] = []
    page_share = _share([line for block in blocks for line in block.get("lines", ())])
    for block in blocks:
        if "lines" not in block:
            out.append(block)
            continue
        share = _share(block["lines"])
        is_rtl = (page_share if _MIXED[0] < share < _MIXED[1] else share) > 0.5
        lines: list[RawLine] = []
        for row in _rows(block["lines"]):
            if RIGHT_TO_LEFT.search("".join(map(_text, row))):
                lines += _logical_lines(row, is_rtl)
            else:
                lines += [_plain(line) for line in row]
        out.append({**block, "lines": lines})
    return out


def mended_word(word: str) -> str:
    """A word as MuPDF gives it, with its number of Arabic-Indic digits turned round."""
    return _ARABIC_NUMBER.sub(lambda found: found[0][::-1], word)


def _text(line: RawLine) -> str:
    return "".join(char["c"] for span in line["spans"] for char in span["chars"])


def _share(lines: Sequence[RawLine]) -> float:
    """The share of letters that go to the left."""
    letters = [letter for line in lines for letter in _text(line) if letter.isalpha()]
    return len(RIGHT_TO_LEFT.findall("".join(letters))) / max(len(letters), 1)


def _plain(line: RawLine) -> RawLine:
    spans = [_span(span, "".join(char["c"] for char in span["chars"])) for span in line["spans"]]
    return {**line, "spans": spans}


def _span(span: RawSpan, text: str, bbox: Box | None = None) -> RawSpan:
    return {**span, "text": text, "bbox": bbox or span["bbox"], "chars": []}


def _rows(lines: Sequence[RawLine]) -> list[list[RawLine]]:
    """Lines that follow each other on one baseline: MuPDF ends a line where direction changes."""
    rows: list[list[RawLine]] = []
    for line in lines:
        if rows and _is_beside(rows[-1][-1], line):
            rows[-1].append(line)
        else:
            rows.append([line])
    return rows


def _is_beside(a: RawLine, b: RawLine) -> bool:
    if a["dir"] != b["dir"] or a["wmode"] or b["wmode"] or not (a["spans"] and b["spans"]):
        return False
    size = max(a["spans"][0]["size"], b["spans"][0]["size"])
    cosine, sine = a["dir"]
    (ax, ay), (bx, by) = a["spans"][0]["origin"], b["spans"][0]["origin"]
    shift = abs((by - ay) * cosine - (bx - ax) * sine)
    (a0, a1), (b0, b1) = _extent(a["bbox"], a["dir"]), _extent(b["bbox"], b["dir"])
    return shift <= _MAX_SHIFT * size and max(a0, b0) - min(a1, b1) <= _MAX_GAP * size


def _extent(box: Box, direction: tuple[float, float]) -> tuple[float, float]:
    """Where a box begins and ends along the writing direction."""
    cosine, sine = direction
    a = box[0] * cosine + box[1] * sine
    b = box[2] * cosine + box[3] * sine
    return min(a, b), max(a, b)


def _logical_lines(row: Sequence[RawLine], is_rtl: bool) -> list[RawLine]:
    """The row as one line, or as several where wide gaps part it."""
    glyphs = sorted(_glyphs(row), key=lambda glyph: glyph.start + glyph.end)
    parts: list[list[_Glyph]] = []
    for glyph in glyphs:
        size = glyph.span["size"]
        gap = glyph.start - parts[-1][-1].end if parts else 0.0
        if not parts or gap > _MAX_GAP * size:
            parts.append([glyph])
            continue
        before = parts[-1][-1]
        if gap > _MIN_SPACE * size and not (glyph.text == " " or before.text == " "):
            parts[-1].append(_Glyph(" ", before.end, glyph.start, before.span, before.box))
        parts[-1].append(glyph)
    lines = [_line(row[0], part, is_rtl) for part in parts if any(g.text != " " for g in part)]
    return lines[::-1] if is_rtl else lines


def _line(like: RawLine, glyphs: Sequence[_Glyph], is_rtl: bool) -> RawLine:
    texts = [glyph.text for glyph in glyphs]
    has_letters = any(map(str.isalpha, "".join(texts)))
    order, mirrored = logical_order(texts, is_rtl if has_letters else None)
    spans: list[RawSpan] = []
    run: list[int] = []
    for i in [*order, -1]:
        if run and (i < 0 or glyphs[i].span is not glyphs[run[0]].span):
            text = "".join(MIRRORED[texts[j]] if j in mirrored else texts[j] for j in run)
            spans.append(_span(glyphs[run[0]].span, text))
            run = []
        run.append(i)
    x0s, y0s, x1s, y1s = zip(*(glyph.box for glyph in glyphs), strict=True)
    return {**like, "spans": spans, "bbox": (min(x0s), min(y0s), max(x1s), max(y1s))}


def _glyphs(row: Sequence[RawLine]) -> list[_Glyph]:
    """The glyphs in MuPDF's order, each with the marks and letters that have no width of their own.

    Spaces that MuPDF adds stand where the text was drawn after a jump, so they are left out.
    """
    glyphs: list[_Glyph] = []
    loose: list[tuple[int, _Glyph]] = []
    for line in row:
        for span in line["spans"]:
            for char in span["chars"]:
                if char["synthetic"]:
                    continue
                start, end = _extent(char["bbox"], line["dir"])
                glyph = _Glyph(char["c"], start, end, span, char["bbox"])
                if end - start > _EDGE * span["size"]:
                    glyphs.append(glyph)
                else:
                    loose.append((len(glyphs), glyph))
    if not glyphs:
        return [glyph for _, glyph in loose]
    drawn_before: dict[int, str] = {}
    for at, glyph in loose:
        owner = _owner(glyphs, at, glyph)
        if owner < at:  # in the order typed
            glyphs[owner].text += glyph.text
        else:
            drawn_before[owner] = glyph.text + drawn_before.get(owner, "")
    for owner, text in drawn_before.items():
        glyphs[owner].text += text
    return glyphs


def _owner(glyphs: Sequence[_Glyph], at: int, loose: _Glyph) -> int:
    """The glyph to which a letter or mark without width belongs; it stood before `glyphs[at]`.

    Shaping puts a mark on the left of its letter, as drawn; where MuPDF has turned the text
    round, it follows its letter. Its place tells less: marks overhang. MuPDF puts the further
    letters of a ligature at the ligature's right end.
    """
    near = [i for i in (at - 1, at) if 0 <= i < len(glyphs)]

    def distance(i: int) -> float:
        return abs(loose.start - glyphs[i].end)

    if not unicodedata.combining(loose.text[0]):
        return min(near, key=distance)
    letters = [i for i in near if RIGHT_TO_LEFT.match(glyphs[i].text)] or near
    goes_left = len(letters) == 2 and glyphs[at - 1].start > glyphs[at].start
    owner = letters[0] if goes_left else letters[-1]
    far = 0.5 * loose.span["size"]
    if glyphs[owner].start - far <= loose.start <= glyphs[owner].end + far:
        return owner
    others = (i for i, glyph in enumerate(glyphs) if glyph.text[0].isalpha())
    return min(others, key=distance, default=owner)
