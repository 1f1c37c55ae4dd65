"""From lines of a born-digital page to Markdown paragraphs, headings, lists and code.

Pure. Owns what makes a paragraph, a list item, a note and a caption. `headings` tells headings,
`join` joins lines to text, `order` puts blocks in reading order.
"""

from __future__ import annotations

import itertools
import re
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from schemas.pages import Box
from workers.layout.captions import is_caption
from workers.textlayer.headings import Look, heading_level
from workers.textlayer.join import (
    UNSPACED,
    are_entries,
    join_lines,
    listing,
    without_leaders,
)
from workers.textlayer.lines import Line

_BULLET = re.compile(r"^\s*(?:[•◦▪▫‣●○■□➢➤✓]\s*|[∙⁃·–*-]\s+)(?=\S)")

_NUMBERED = re.compile(r"^\s*(?:\(?\d{1,3}[.)]|\(?[a-z][.)]|\[\d{1,3}\])\s+(?=\S)")
_DASH = re.compile(r"^\s*—\s+(?=\S)")
"""Items of French lists; speech begins so, too, and the dash stays."""
_RTL = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")
_MIN_SCRIPT_CHARS = 200
_FEW_CHARS = 60
_USUAL_PT = 12.0
_WORD_GAP = 0.8  # font sizes; columns are further apart
_SMALL_PRINT = 0.92  # of the body's size: 9 points under 10
_CUTTING = frozenset({"title", "heading", "caption", "footnote", "table", "figure"})
"""Labels of a layout model that no segment has beside another."""

_FOOTNOTE = re.compile(r"^(?:[⁰¹²³⁴-⁹]+|[*∗†‡§¶])\s*\S")


@dataclass(frozen=True, slots=True)
class Segment:
    """Consecutive lines of one block in one style; `box` in points of the displayed page.

    `kind` is the label that a layout model gave the first line; empty where none did.
    """

    lines: tuple[Line, ...]
    box: Box
    kind: str = ""

    @property
    def size(self) -> float:
        """The font size of the longest line."""
        return max(self.lines, key=lambda line: len(line.text)).size


def union(boxes: Iterable[Box]) -> Box:
    """The least box around `boxes`."""
    x0s, y0s, x1s, y1s = zip(*boxes, strict=True)
    return (min(x0s), min(y0s), max(x1s), max(y1s))


def body_sizes(lines: Sequence[Line]) -> dict[str, float]:
    """The font size that most characters of prose have, by script.

    Arabic and Chinese are set at other nominal sizes than the Latin beside them. A script with few
    characters, such as a heading, has no size of its own: key `""` holds the page's. Code counts a
    quarter.
    """
    chars: dict[str, dict[float, float]] = {"": {}}
    for line in lines:
        weight = len(line.text) * (0.25 if line.is_mono else 1.0)
        for key in ("", _script(line.text)):
            sizes = chars.setdefault(key, {})
            sizes[line.size] = sizes.get(line.size, 0.0) + weight
    if 0 < len(lines) <= 2 and sum(chars[""].values()) < _FEW_CHARS:  # a title alone on its page
        return {"": min(max(chars[""], key=lambda size: chars[""][size]), _USUAL_PT)}
    return {
        script: max(sizes, key=lambda size: (sizes[size], -size))
        for script, sizes in chars.items()
        if sizes and (not script or sum(sizes.values()) >= _MIN_SCRIPT_CHARS)
    }


def _script(text: str) -> str:
    """`rtl` or `unspaced` where over a fifth of the characters are so, else `spaced`."""
    if text.isascii():
        return "spaced"
    if len(_RTL.findall(text)) * 5 > len(text):
        return "rtl"
    return "unspaced" if len(UNSPACED.findall(text)) * 5 > len(text) else "spaced"


def segments(lines: Sequence[Line], kinds: Sequence[str] = ()) -> list[Segment]:
    """Cut the lines where MuPDF's block ends, the style changes or a layout model's label does.

    `kinds` are the model's labels, empty where it gave none.

    This separates a heading from its paragraph. Blocks that continue in the next line are joined:
    MuPDF ends a block at each blank line of a listing and at each line of sideways text.
    """
    groups: list[list[Line]] = []
    boxes: list[Box] = []
    leading = _leading(lines)
    firsts: list[str] = []
    for line, kind in zip(lines, kinds or [""] * len(lines), strict=True):
        is_cut = firsts and kind != firsts[-1] and not {kind, firsts[-1]}.isdisjoint(_CUTTING)
        if groups and not is_cut and _continues(groups[-1], boxes[-1], line, leading):
            groups[-1].append(line)
            boxes[-1] = union((boxes[-1], line.box))
        else:
            groups.append([line])
            boxes.append(line.box)
            firsts.append(kind)
    parts = zip(groups, boxes, firsts, strict=True)
    return [Segment(tuple(group), box, kind) for group, box, kind in parts]


def _leading(lines: Sequence[Line]) -> float:
    """The widest gap between two lines of one paragraph, in font sizes.

    A line's box is 1.2 to 1.4 font sizes high, so solid text has a gap near 0; Chinese is set
    wider, at 0.5 or so, and MuPDF then makes a block of each line.
    """
    gaps = [
        (b.box[1] - a.box[3]) / b.size
        for a, b in itertools.pairwise(lines)
        if a.box[0] < b.box[2] and b.box[0] < a.box[2]
    ]
    near = [gap for gap in gaps if -0.5 < gap < 1.0]
    return min(max(statistics.median(near) + 0.15, 0.3), 1.0) if near else 0.3


def _continues(group: Sequence[Line], box: Box, line: Line, leading: float) -> bool:
    last = group[-1]
    is_alike = _is_alike(group[0], line) or _is_alike(last, line)
    if same_row(last, line):
        is_word = -0.1 * line.size < line.box[0] - last.box[2] < _WORD_GAP * line.size
        return line.block == last.block or (is_word and is_alike)
    if line.block != last.block:
        gap = line.box[1] - last.box[3]
        most = 1.2 if last.is_mono and line.is_mono else leading
        overlap = min(box[2], line.box[2]) - max(box[0], line.box[0])
        if not -0.5 * line.size < gap < most * line.size or overlap <= 0:
            return False
        near = [*(other.box for other in group[-3:]), line.box]
        is_rtl = _script(line.text) == "rtl"
        if not line.is_mono and had_room(near, len(near) - 1, line.text, line.size, is_rtl):
            return False
    is_same_weight = line.is_bold == last.is_bold or (last.is_run_in and not line.is_bold)
    return is_alike and (is_same_weight or line.is_mono)


def _is_alike(a: Line, b: Line) -> bool:
    return abs(a.size - b.size) <= 0.1 * a.size and a.is_mono == b.is_mono


def same_row(a: Line, b: Line) -> bool:
    """Whether two lines stand beside each other: over half of the lower one's height overlaps."""
    overlap = min(a.box[3], b.box[3]) - max(a.box[1], b.box[1])
    return overlap > 0.5 * min(a.box[3] - a.box[1], b.box[3] - b.box[1])


def to_markdown(
    segment: Segment, bodies: Mapping[str, float], is_centred: bool = False, is_first: bool = False
) -> tuple[str, str]:
    """The segment's label, a word of `schemas.labels`, and its Markdown.

    `bodies` is what `body_sizes` gave for the page. The segment `is_centred` on the axis of the
    text, or `is_first` on its page.
    """
    rows = _rows(segment.lines)
    if all(line.is_mono for line in segment.lines) and len(rows) > 1:
        return "code", "```\n" + listing(rows) + "\n```"
    texts = [_row_text(row) for row in rows]
    note = _note_label(segment, texts[0], bodies[""])
    if note:
        return note, join_lines(texts)
    level = heading_level(
        replace(_look(segment, texts, bodies), is_centred=is_centred, is_first=is_first)
    )
    if level:
        return ("title" if level == 1 else "heading"), "#" * level + " " + join_lines(texts)
    if are_entries(rows):
        return "paragraph", "\n".join(texts)
    items = _paragraphs(rows, texts)
    texts_of_items = [_item_markdown(item) for item in items]
    is_list = sum(_is_item(item[0]) for item in items) * 2 > len(items)
    label = "list" if is_list else "formula" if segment.kind == "formula" else "paragraph"
    return label, _joined(texts_of_items, items)


def _note_label(segment: Segment, text: str, body: float) -> str:
    """`caption` or `footnote` where the first row or the model says so; else empty."""
    if segment.kind == "footnote":
        return "footnote"
    if segment.kind == "caption" or is_caption(text):
        return "caption"
    is_small = segment.size <= _SMALL_PRINT * body
    return "footnote" if is_small and _FOOTNOTE.match(text) else ""


def _rows(lines: Sequence[Line]) -> list[list[Line]]:
    rows: list[list[Line]] = []
    for line in lines:
        if rows and same_row(rows[-1][-1], line):
            rows[-1].append(line)
        else:
            rows.append([line])
    return rows


def _row_text(row: Sequence[Line]) -> str:
    if len(row) == 1:
        return without_leaders(row[0].text).strip()
    is_rtl = bool(_RTL.search(row[0].text))
    ordered = sorted(row, key=lambda line: -line.box[2] if is_rtl else line.box[0])
    return without_leaders(" ".join(line.text.strip() for line in ordered))


def _look(segment: Segment, texts: Sequence[str], bodies: Mapping[str, float]) -> Look:
    body = bodies.get(_script(" ".join(texts)), bodies[""])
    is_bold = all(line.is_bold and not line.is_run_in for line in segment.lines)
    is_mono = all(line.is_mono for line in segment.lines)
    ends_apart = len(segment.lines) > 1 and same_row(*segment.lines[-2:])
    ratio = segment.size / body
    return Look(texts, ratio, is_bold, is_mono, segment.kind, ends_apart)


def _paragraphs(rows: Sequence[Sequence[Line]], texts: Sequence[str]) -> list[list[str]]:
    """Rows of text as paragraphs.

    One begins at a list item; at an indented row, or at the margin where most rows hang; and after
    a row that ended although the next row's first word had room in it.
    """
    boxes = [union(line.box for line in row) for row in rows]
    is_rtl = sum(bool(_RTL.search(text)) for text in texts) * 2 > len(texts)
    margin = max(b[2] for b in boxes) if is_rtl else min(b[0] for b in boxes)
    size = statistics.median(row[0].size for row in rows)
    indents = [(margin - b[2] if is_rtl else b[0] - margin) > 0.8 * size for b in boxes]
    hangs = not indents[0] and sum(indents[1:]) * 2 >= max(len(indents) - 1, 1)
    items: list[list[str]] = []
    for i, (text, indent) in enumerate(zip(texts, indents, strict=True)):
        is_new = not items or _is_item(text) or (indent != hangs and not _in_item(items, hangs))
        # by the width of the rows around it: text beside a picture is narrower than below
        if is_new or had_room(boxes[max(i - 3, 0) : i + 3], min(i, 3), text, size, is_rtl):
            items.append([text])
        else:
            items[-1].append(text)
    return items


def had_room(boxes: Sequence[Box], at: int, text: str, size: float, is_rtl: bool = False) -> bool:
    """Whether the first word of `text`, at `boxes[at]`, would have fitted in the row above it.

    Typesetting fills a row as long as words fit, so a row that is left short ends its paragraph.
    One font size is allowed for stretched spaces and for words that are not divided.
    """
    before, box = boxes[at - 1], boxes[at]
    left, right = min(b[0] for b in boxes), max(b[2] for b in boxes)
    room = before[0] - left if is_rtl else right - before[2]
    word = text.split(maxsplit=1)[0]
    chars = 2 if UNSPACED.match(word) else len(word)
    return room > (box[2] - box[0]) * chars / len(text) + size


def _in_item(items: Sequence[Sequence[str]], hangs: bool) -> bool:
    """Whether the last item is a list item, to which an indented row belongs."""
    return not hangs and _is_item(items[-1][0])


def _is_item(text: str) -> bool:
    return bool(_BULLET.match(text) or _NUMBERED.match(text) or _DASH.match(text))


def _item_markdown(item: Sequence[str]) -> str:
    text = join_lines(item)
    if _BULLET.match(text):
        return _BULLET.sub("- ", text, count=1)
    return "\\" + text if text.startswith(("# ", "## ", "### ", "```")) else text


def _joined(texts: Sequence[str], items: Sequence[Sequence[str]]) -> str:
    out = texts[0]
    for i in range(1, len(texts)):
        both = _is_item(items[i - 1][0]) and _is_item(items[i][0])
        out += ("\n" if both else "\n\n") + texts[i]
    return out
