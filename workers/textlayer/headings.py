"""Which segments of a born-digital page are headings, and of what level. Pure.

By size against the body's, by bold type, by the number of a section, and by what a layout model
says. Run-in headings, which go on as a sentence, stay in their paragraphs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from schemas.pages import Block

MAX_HEADING_CHARS = 200
_MAX_BOLD_CHARS = 100
_LEVEL_RATIOS = ((1.6, 1), (1.3, 2), (1.15, 3))
"""Least size over the body's and the level. Sizes of LaTeX's article class at 10 pt: 17.28, 14.4,
12; \\large is 1.2 times the body, rounded to half points at 9 pt still 1.17."""
_SMALLEST_LEVEL = 4
_SENTENCE_WORDS = 6  # a page may have more small print than text, which is then not large
_NUMBERED_RATIO = 1.08  # a number in front and type half a point larger
_SEEN_RATIO = 0.85  # small capitals have 0.8 of the size that they stand for
_BOLD_RATIO = 0.88  # an abstract's heading at 9 points over 10

_LETTER = re.compile(r"[^\W\d_]")
_WORD = re.compile(
    r"[^\W\d_]{3}|[^\W\d_]{2}\s[^\W\d_]{2}|[IVX]{2}|[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[\u0e00-\u0eff]"
)
_LOWER = re.compile(r"[a-zà-öø-ÿ](?![.)]\s)")
_MARK = re.compile(r"\s*(?:[•◦▪▫‣●○■□➢➤✓∙⁃·–*\\|<>=+$%&{}~^-]|\[[^\d\]]*\])")
"""Bullets, commands, operators: what bold items of lists and lines of code begin with."""
_SECTION = re.compile(r"(?:§\s?)?(?:\d{1,2}|[A-Z])(?:\.\d{1,3}){1,4}\.?\s+\S")
_SECTION_LINE = re.compile(r"\d{1,2}\.\d{1,2}(?:\.\d{1,2}){0,2}\.?\s+[^\W\d_].{0,60}(?<![\d\s])")
"""A section's number and name on a line of its own, such as `6.5.2 Splices`; entries of a list of
contents end in a number."""
_NUMBERED = re.compile(r"(?:\d{1,2}|[A-Z]|[IVX]{1,5})[.)]?\s+[^\W\d_a-zà-öø-ÿ].{0,80}(?<![\d\s])")
_DATED = re.compile(r"(?=.*[./-])(?=.*\s)(?:\d{1,2}(?:\.\d{1,2}){0,3}\.?\s+)?\[?v?\d[\d./-]{2,}.*")
"""`[2009/12/08 v1.0]`, `9.1.3 2005`, `v1.1, 2020-12-15`: headings of lists of changes."""
_ENTRY = re.compile(r"(?:\d{1,2}|[A-Z])(?:\.\d{1,3}){0,4}\.?\s.*[^\W\d_]\s+\d{1,3}")
"""A number, a name and a number, which is apart in a line of a list of contents."""
_CAPITALS = re.compile(r"[^\W\d_]{4}")
_MAX_CAPITALS = 60
_DEPTH = re.compile(r"#+ (?:§\s?)?((?:\d{1,2}|[A-Z])(?:\.\d{1,3}){0,5})\.?\s+\S")
_ENDS_OF_SENTENCES = (".", ",", ";", ":", "。", "،", "；", "：")


@dataclass(frozen=True, slots=True)
class Look:
    """How a segment looks: the texts of its rows, its size over the body's, its type, and what a
    layout model calls it (empty where none did). `ends_apart`: its last row has several pieces;
    `is_centred`: it stands on the axis of the text, with space on both sides; `is_first`: nothing
    but furniture comes before it."""

    rows: Sequence[str]
    ratio: float
    is_bold: bool
    is_mono: bool
    kind: str = ""
    ends_apart: bool = False
    is_centred: bool = False
    is_first: bool = False


def heading_level(look: Look) -> int:
    """1 to 4, and 0 for no heading.

    >>> heading_level(Look(["Knots"], 1.44, False, False))
    2
    >>> heading_level(Look(["3.2 Bends"], 1.0, True, False))
    4
    >>> heading_level(Look(["end of the loop"], 1.0, True, False))
    0
    """
    text = " ".join(look.rows)
    if len(text) > MAX_HEADING_CHARS or look.ratio < _SEEN_RATIO * 0.8:
        return 0
    if look.is_bold and _DATED.fullmatch(text):
        return _by_size(look)
    if len(_LETTER.findall(text)) < 2:
        return 0
    is_sentence = text.endswith(_ENDS_OF_SENTENCES)
    if look.ratio >= _LEVEL_RATIOS[-1][0]:
        is_long = len(text.split()) >= _SENTENCE_WORDS and look.ratio < _LEVEL_RATIOS[0][0]
        is_prose = is_sentence and (len(look.rows) > 1 or (is_long and not look.is_bold))
        return _by_size(look) if not is_prose and _WORD.search(text) else 0
    is_named = (
        _is_seen(look, text) or _is_bold_heading(look, text, is_sentence) or _is_numbered(look)
    )
    return _SMALLEST_LEVEL if is_named else 0


def _by_size(look: Look) -> int:
    return next((level for least, level in _LEVEL_RATIOS if look.ratio >= least), _SMALLEST_LEVEL)


def _is_seen(look: Look, text: str) -> bool:
    """Whether a layout model's word is to be believed."""
    if look.kind not in ("title", "heading", "running_head") or len(look.rows) > 3:
        return False
    least = _SEEN_RATIO * (0.8 if text.isupper() else 1.0)
    if look.ratio < least or look.is_mono or _MARK.match(text):
        return False
    if not look.is_bold and _LOWER.match(text):
        return False
    return not text.endswith((",", ";", "،") if look.is_bold else _ENDS_OF_SENTENCES)


def _is_bold_heading(look: Look, text: str, is_sentence: bool) -> bool:
    """Whether bold type of the body's size heads something: a number in front, or a name."""
    if not look.is_bold or look.is_mono or len(look.rows) > 2 or len(text) > _MAX_BOLD_CHARS:
        return False
    if look.ends_apart and _ENTRY.fullmatch(text):
        return False
    if _SECTION.match(text):
        return look.ratio >= _BOLD_RATIO and not text.endswith((",", ";", "،"))
    is_name = not _MARK.match(text) and not _LOWER.match(text)
    ends_well = not is_sentence or (text.endswith(".") and look.ratio >= _NUMBERED_RATIO)
    return is_name and ends_well and look.ratio >= _BOLD_RATIO


def _is_numbered(look: Look) -> bool:
    """Whether a line of its own has a section's number and name, or is in capitals."""
    if len(look.rows) != 1 or look.is_mono:
        return False
    text = look.rows[0]
    if text.endswith(_ENDS_OF_SENTENCES):
        return False
    return bool(
        _SECTION_LINE.fullmatch(text)
        or (look.ratio >= _NUMBERED_RATIO and (_NUMBERED.fullmatch(text) or _SECTION.match(text)))
        or (look.is_centred and _NUMBERED.fullmatch(text))
        or ((look.is_centred or look.is_first) and _is_in_capitals(text) and look.ratio >= 0.95)
        or (look.ratio >= _NUMBERED_RATIO and _is_in_capitals(text))
    )


def _is_in_capitals(text: str) -> bool:
    return text.isupper() and len(text) <= _MAX_CAPITALS and bool(_CAPITALS.search(text))


def with_numbered_levels(blocks: Sequence[Block]) -> list[Block]:
    """The blocks with a lower level for `3.2.1` than for the `3.2` above it.

    Sizes differ by too little to tell, or not at all. Other headings keep their levels.
    """
    numbers = {
        i: found[1]
        for i, block in enumerate(blocks)
        if block.label == "heading" and (found := _DEPTH.match(block.text))
    }
    out = list(blocks)
    levels: dict[str, int] = {}
    for i, number in sorted(numbers.items(), key=lambda item: item[1].count(".")):
        above = number.rsplit(".", 1)[0]
        level = min(max(_level(blocks[i]), levels.get(above, 0) + 1 if above != number else 0), 6)
        levels[number] = level
        out[i] = replace(blocks[i], text="#" * level + blocks[i].text.lstrip("#"))
    return out


def _level(heading: Block) -> int:
    return len(heading.text) - len(heading.text.lstrip("#"))


def as_title(block: Block) -> Block:
    """A large heading that opens a page without a running head is a title; others stay.

    Sections are numbered or stand under a head.
    """
    if block.label == "heading" and block.text.startswith("## ") and not block.text[3].isdigit():
        return replace(block, label="title", text=block.text[1:])
    return block
