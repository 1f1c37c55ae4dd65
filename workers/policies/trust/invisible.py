"""Characters that show nothing: of no width, of direction, tags, selectors of variants. Pure.

Some scripts need them. No finding are joiners between letters of scripts that join, marks of
direction in a text that has letters written from right to left, what an emoji is made of, a
selector behind a character that has variants, and soft hyphens.

Sources: Unicode Standard 17.0, section 23.2 (layout controls) and 23.4 (variation selectors);
UTS 51 (emoji sequences); UTS 55 (bidirectional controls in source code).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from schemas.findings import Finding

_JOINERS = "\u200c\u200d"
_DIRECTIONS = "\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069"
_NO_WIDTH = "\u200b\u2060-\u2064\u206a-\u206f\ufeff\u180e\u115f\u1160\u3164\uffa0\u034f"
_TAGS = "\U000e0000-\U000e007f"
_SELECTORS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
_RUN = re.compile(f"[{_JOINERS}{_DIRECTIONS}{_NO_WIDTH}{_TAGS}{_SELECTORS}]+")

# Hebrew to Arabic Extended-A, and the presentation forms.
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
# Arabic to Mongolian: all scripts of these blocks that join letters or stack them.
_JOINING = re.compile("[\u0600-\u109f\u1700-\u18af\u1a00-\u1cff\ua800-\uabff\U00010a00-\U00011fff]")
_DIRECTION = re.compile(f"[{_DIRECTIONS}]+")
_BLACK_FLAG = "\U0001f3f4"
_TAG_FLAG = re.compile("[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,7}\U000e007f")


def invisible(text: str) -> Iterator[Finding]:
    """A finding for each run of characters that show nothing and that its script does not need."""
    if text.isascii():
        return
    is_rtl: bool | None = None
    for run in _RUN.finditer(text):
        start, end = run.span()
        before = text[start - 1] if start else ""
        if _DIRECTION.fullmatch(run[0]):
            if is_rtl is None:
                is_rtl = _RIGHT_TO_LEFT.search(text) is not None
            if is_rtl:
                continue
        elif _is_needed(run[0], before, text[end : end + 1]):
            continue
        yield Finding(start, end, "trust", "invisible", 1.0, _name(run[0]))


def _is_needed(run: str, before: str, after: str) -> bool:
    """Whether a run belongs to the characters around it."""
    if run in _JOINERS:
        return bool(_JOINING.match(before)) or (run == "\u200d" and _is_symbol(before + after))
    if before == _BLACK_FLAG:
        return _TAG_FLAG.fullmatch(run) is not None
    if run[0] in "\ufe0e\ufe0f":  # a selector, and perhaps a joiner to the next emoji
        return run[1:] in ("", "\u200d", "\u20e3") and before != ""
    is_selector = len(run) == 1 and ("\ufe00" <= run <= "\ufe0d" or run >= "\U000e0100")
    return is_selector and unicodedata.category(before or " ") in ("Lo", "Sm", "So")


def _is_symbol(around: str) -> bool:
    """Whether the characters on both sides can be parts of an emoji."""
    kinds = {unicodedata.category(char) for char in around}
    return len(around) == 2 and kinds <= {"So", "Sk", "Mn", "Sm"}


def _name(run: str) -> str:
    """How many there are of which character: `3 × U+200B`, or of several."""
    first = f"U+{ord(run[0]):04X}"
    return f"{len(run)} × {first}" if len(set(run)) == 1 else f"{len(run)} from {first} on"
