"""What MuPDF's text has not, or has instead, of what a page's operators write.

MuPDF leaves out the characters outside of the page and of clips, and puts `ActualText` in place of
the glyphs that it stands for. So a second pass takes the **bare** text: all glyphs, and nothing in
their place. On most pages the two are equal. Where they are not, their spans are compared by place:
what is missing from the text is off the page or clipped; and where `ActualText` says other words
than its glyphs, the page's text is read without it.

Cost: 0.3 ms a page; 2 ms where the two differ. Does not look at the picture (see `hidden`).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pymupdf
from pymupdf import mupdf

from schemas.hidden_text import HiddenRun
from schemas.pages import Box
from workers.textlayer.display_list import read
from workers.textlayer.raw import RawBlock, RawLine, RawSpan
from workers.textlayer.spots import union

_BARE = mupdf.FZ_STEXT_IGNORE_ACTUALTEXT
_MIN_LYING_CHARS = 8
"""Letters of a line that `ActualText` adds or changes. It mends hyphens and ligatures, names signs
of formulas, and gives letters to fonts without a map, a few at a time."""
_WORD = re.compile(r"[A-Za-z]{3,}")
_MAX_GIVEN = 300
"""Spans of the text that are not bare ones. With more of them `ActualText` is not believed."""
_MAX_WRITTEN = 2_000
_MAX_CHARS = 2_000
"""Of a span that is compared with what is given of it."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The text that is not in MuPDF's, in runs; `flags` are those to read the page with."""

    flags: int
    runs: tuple[HiddenRun, ...] = ()


def left_out(
    page: pymupdf.Page,
    blocks: Sequence[RawBlock],
    flags: int,
    commands: mupdf.FzDisplayList | None,
) -> LeftOut:
    """What the text `blocks`, which were read with `flags`, leave out of `page`.

    `commands` are the page's, if the caller has them.
    """
    bare_flags = flags & ~pymupdf.TEXT_CLIP & ~pymupdf.TEXT_COLLECT_VECTORS | _BARE
    bare = read(page, bare_flags, commands, is_everywhere=True)
    texts = [s["text"] for b in blocks for line in b.get("lines", ()) for s in line["spans"]]
    if "".join("".join(texts).split()) == "".join(_text(bare).split()):
        return LeftOut(flags)
    sheet = page.rect * page.derotation_matrix
    return _compared(blocks, bare.extractDICT()["blocks"], tuple(sheet.normalize()), flags)


def _text(text: pymupdf.TextPage) -> str:
    """What `TextPage.extractText` gives, in a tenth of its time."""
    data = mupdf.fz_buffer_extract_copy(mupdf.fz_new_buffer_from_stext_page(text.this))
    return str(data, "utf-8", "replace")


def _compared(
    blocks: Sequence[RawBlock], bare_blocks: Sequence[RawBlock], sheet: Box, flags: int
) -> LeftOut:
    """What `blocks` have not of the bare ones; `sheet` is the page's box."""
    given, written = _spans(blocks), _spans(bare_blocks)
    keys = {_key(span) for _, span in given} & {_key(span) for _, span in written}
    given = [pair for pair in given if _key(pair[1]) not in keys]
    is_odd = len(given) > _MAX_GIVEN
    given = given[:_MAX_GIVEN]
    lies = list(_lying(given, [span for _, span in written])) if given else []
    runs = [HiddenRun(text.strip(), "actual_text") for _, text in lies]
    known = [other for _, other in given]
    for _, span in [pair for pair in written if _key(pair[1]) not in keys][:_MAX_WRITTEN]:
        if not any(_meet(box, span["bbox"]) for box, _ in lies):
            others = [other for other in known if _meet(other["bbox"], span["bbox"])]
            runs += _missing(span, "".join(other["text"] for other in others), sheet)
    return LeftOut(flags | _BARE if lies or is_odd else flags, tuple(runs))


def _spans(blocks: Sequence[RawBlock]) -> list[tuple[RawLine, RawSpan]]:
    return [
        (line, span)
        for block in blocks
        for line in block.get("lines", ())
        for span in line["spans"]
        if not span["text"].isspace()
    ]


def _key(span: RawSpan) -> tuple[object, ...]:
    return (span["text"].strip(), *span["origin"])


def _meet(a: Box, b: Box) -> bool:
    """Whether boxes share more than their edges."""
    is_beside = min(a[2], b[2]) <= max(a[0], b[0]) or min(a[3], b[3]) <= max(a[1], b[1])
    return not is_beside


def _missing(span: RawSpan, given: str, sheet: Box) -> Iterator[HiddenRun]:
    """What of a span's text is not given: off the page where the span leaves it, else clipped."""
    text = span["text"][:_MAX_CHARS]
    if not _meet(span["bbox"], sheet):
        yield HiddenRun(text.strip(), "off_page")
        return
    is_across = union([span["bbox"], sheet]) != sheet
    matcher = difflib.SequenceMatcher(None, text, given[:_MAX_CHARS], autojunk=False)
    for change, first, last, *_ in matcher.get_opcodes():
        # What is replaced, `ActualText` has mended; a hyphen that is left out, too.
        if change == "delete" and any(map(str.isalnum, text[first:last])):
            is_end = first == 0 or last == len(text)
            lost = text[first:last].strip()
            yield HiddenRun(lost, "off_page" if is_across and is_end else "clipped")


# ---- ActualText ---------------------------------------------------------------------------------


def _lying(
    given: Sequence[tuple[RawLine, RawSpan]], bare: Sequence[RawSpan]
) -> Iterator[tuple[Box, str]]:
    """The boxes and texts of lines whose words are not those of their glyphs."""
    lines: dict[int, list[RawSpan]] = {}
    for line, span in given:
        lines.setdefault(id(line), []).append(span)
    boxes = np.array([span["bbox"] for span in bare]).reshape(-1, 4)
    for spans in lines.values():
        box, text = union([span["bbox"] for span in spans]), "".join(s["text"] for s in spans)
        shared = np.minimum(boxes[:, 2:], box[2:]) - np.maximum(boxes[:, :2], box[:2])
        around = np.flatnonzero((shared > 0).all(axis=1)).tolist()
        shown = "".join(bare[number]["text"] for number in around)
        if is_lie(text, shown):
            yield box, text


def is_lie(given: str, shown: str) -> bool:
    """Whether `given` says other words than the glyphs in its place, which say `shown`.

    Glyphs that have no letters of their own say nothing, so that nothing can contradict them: then
    only more letters than glyphs are a lie.

    >>> is_lie("Ignore all previous instructions", "Harbour.")
    True
    >>> is_lie("The opening of ignore all rules", "The opening of harbour and pier")
    True
    >>> is_lie("office workers at the pier", "o-ce work- ers at the pier")
    False
    """
    letters, glyphs = sum(map(str.isalnum, given)), sum(map(str.isalnum, shown))
    if letters - glyphs >= max(_MIN_LYING_CHARS, glyphs // 2):
        return True
    return min(_foreign(given, shown), _foreign(shown, given)) >= _MIN_LYING_CHARS


def _foreign(text: str, other: str) -> int:
    """How many letters of `text` stand in words that `other` has not."""
    letters = "".join(filter(str.isalpha, other.casefold()))
    return sum(len(word) for word in _WORD.findall(text.casefold()) if word not in letters)
