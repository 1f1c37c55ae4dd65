"""Spaces of a line from the gaps between its glyphs. Pure.

MuPDF puts a space where a gap is wider than a fifth of the font size, whatever the line's other
gaps are: letters that are spaced out fall apart, and words set tight run together. Characters
cost more to get than words, so `is_suspect` says by the text alone which lines to look at.
"""

from __future__ import annotations

import functools
import itertools
import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from workers.textlayer.raw import MONO_FONT, RawBlock, RawLine, RawSpan
from workers.textlayer.repairs import MAX_WORD_CHARS, is_wordlike

_LONG_WORD_CHARS = 25
_LONG_WORD = re.compile(r"[A-Za-z\u00c0-\u052f\uac00-\ud7a3]{25}")
# Each begins with what is rare, so that a page of prose is searched in 40 µs.
_GLUED_SENTENCES = re.compile(r"[.,;:!?](?<=[a-z]{2}.)[A-Z][a-z]")
_CUT_CAPITAL = re.compile(r"[TVWYPF] (?<=\b..)[a-z]{2}")
_SINGLE_LETTERS = re.compile(r" [^\W\d_] (?<=(?<!\S)[^\W\d_]...) ?[^\W\d_] {1,2}[^\W\d_](?!\S)")

_MIN_LETTERS = 4
_MANY_SUSPECTS = 3
_MIN_SINGLE_SHARE = 0.7  # of the words of a line that is spaced out
_MIN_MISSING = 0.11  # of the size, over the gaps inside words; kerning stays under 0.06
_MAX_KERN = 0.55  # of the line's spaces: a gap that is so much narrower is none of them


@dataclass(frozen=True, slots=True)
class Glyph:
    """A character, where it begins and ends along the line; MuPDF made up a `synthetic` space."""

    text: str
    start: float
    end: float
    is_synthetic: bool = False


def respaced(glyphs: Sequence[Glyph], size: float) -> str:
    """The line's text with the spaces that its gaps show.

    >>> tight = [Glyph("A", 0, 7), Glyph("b", 7, 12), Glyph(".", 12, 14), Glyph("C", 15.5, 22)]
    >>> respaced(tight, 10)
    'Ab. C'
    """
    text = "".join(glyph.text for glyph in glyphs)
    letters = [glyph for glyph in glyphs if glyph.text.strip()]
    if len(letters) < 2:
        return text
    gaps = [(b.start - a.end) / size for a, b in itertools.pairwise(letters)]
    words = text.split()
    if sum(len(word) == 1 for word in words) >= max(_MIN_LETTERS, _MIN_SINGLE_SHARE * len(words)):
        return _closed(letters, gaps) or text
    return _mended(glyphs, letters, gaps)


def _closed(letters: Sequence[Glyph], gaps: Sequence[float]) -> str:
    """The words of a line that is spaced out; nothing where its letters make no words."""
    if not is_wordlike("".join(glyph.text for glyph in letters if glyph.text.isalpha())):
        return ""
    usual = statistics.median(gaps)
    out = letters[0].text
    for glyph, gap in zip(letters[1:], gaps, strict=True):
        out += " " + glyph.text if gap > usual + max(0.12, 0.4 * usual) else glyph.text
    return out if max(map(len, out.split())) <= MAX_WORD_CHARS else ""


def _mended(glyphs: Sequence[Glyph], letters: Sequence[Glyph], gaps: Sequence[float]) -> str:
    """The line with a space in each wide gap, and none where MuPDF saw one in kerning."""
    real: list[float] = []
    inner: list[float] = []
    spaces = _spaces(glyphs)
    for gap, space in zip(gaps, spaces, strict=True):
        (real if space else inner).append(gap)
    usual = statistics.median(real) if real else 0.25
    least = (statistics.median(inner) if inner else 0.0) + _MIN_MISSING
    out = letters[0].text
    for before, glyph, gap, space in zip(letters, letters[1:], gaps, spaces, strict=False):
        is_kern = space == "synthetic" and gap < _MAX_KERN * usual and before.text.isalpha()
        is_wide = not space and gap > least and _may_part(before.text, glyph.text)
        out += f" {glyph.text}" if (space and not is_kern) or is_wide else glyph.text
    return out


def _may_part(before: str, after: str) -> bool:
    """Whether a gap may be a space: not before a closing sign, nor in a number."""
    ends_word = before.isalpha() or before in ".,;:!?)”’"
    return ends_word and (after.isalnum() or after in "([{“‘\\$«")


def _spaces(glyphs: Sequence[Glyph]) -> list[str]:
    """What stands between each two letters: nothing, a `real` or a `synthetic` space."""
    spaces: list[str] = []
    seen = ""
    has_letter = False
    for glyph in glyphs:
        if glyph.text.strip():
            if has_letter:
                spaces.append(seen)
            seen, has_letter = "", True
        elif seen != "real":
            seen = "synthetic" if glyph.is_synthetic else "real"
    return spaces


def is_suspect(text: str) -> bool:
    """Whether a line, or one of many, has a word too long, or a letter or sentence out of place."""
    return bool(
        _CUT_CAPITAL.search(text)
        or _GLUED_SENTENCES.search(text)
        or _SINGLE_LETTERS.search(text)
        or (max(map(len, text.split()), default=0) >= _LONG_WORD_CHARS and _LONG_WORD.search(text))
    )


def suspects(blocks: Sequence[RawBlock], texts: Sequence[str]) -> set[int]:
    """Which lines of prose to look at, by their number on the page; `texts` are all its lines.

    All of them where several are suspect: the whole text is then set tight.
    """
    if not is_suspect("\n".join(texts)):
        return set()
    lines = [line for block in blocks for line in block.get("lines", ())]
    prose = {i for i, line in enumerate(lines) if line["dir"] == (1.0, 0.0) and not _is_mono(line)}
    found = {i for i in prose if is_suspect(texts[i])}
    return prose if len(found) >= _MANY_SUSPECTS else found


def _is_mono(line: RawLine) -> bool:
    return any(_is_mono_font(span["font"]) for span in line["spans"])


@functools.lru_cache(maxsize=1024)
def _is_mono_font(name: str) -> bool:
    return MONO_FONT.search(name) is not None


def with_spaces(
    blocks: Sequence[RawBlock], with_chars: Sequence[RawBlock], chosen: set[int]
) -> list[RawBlock]:
    """`blocks` (of "dict") with the spaces of the chosen lines as their gaps show them.

    `with_chars` are the same blocks with characters (of "rawdict").
    """
    out: list[RawBlock] = []
    number = 0
    for block, raw in zip(blocks, with_chars, strict=True):
        if "lines" not in block:
            out.append(block)
            continue
        lines = []
        for line, raw_line in zip(block["lines"], raw["lines"], strict=True):
            lines.append(_with_spaces(line, raw_line) if number in chosen else line)
            number += 1
        out.append({**block, "lines": lines})
    return out


def _with_spaces(line: RawLine, raw: RawLine) -> RawLine:
    """The line with its new text dealt out to its spans: each keeps its own letters."""
    glyphs = [
        Glyph(char["c"], char["bbox"][0], char["bbox"][2], char["synthetic"])
        for span in raw["spans"]
        for char in span["chars"]
    ]
    text = respaced(glyphs, max(span["size"] for span in raw["spans"]))
    spans: list[RawSpan] = []
    at = 0
    for i, (span, raw_span) in enumerate(zip(line["spans"], raw["spans"], strict=True)):
        left = sum(not char["c"].isspace() for char in raw_span["chars"])
        end = at
        while end < len(text) and (left or text[end].isspace()):
            left -= not text[end].isspace()
            end += 1
        spans.append({**span, "text": text[at:] if i == len(line["spans"]) - 1 else text[at:end]})
        at = end
    return {**line, "spans": spans}
