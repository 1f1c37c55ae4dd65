"""Give TeX's fonts of large signs the characters that they draw: tall brackets, sums, integrals.

The glyphs of such a font have names that stand for no character («parenleftbigg»), and most PDFs
give it no ToUnicode map, so MuPDF has U+FFFD for all of them; a page of formulas then looks
garbled. Their codes tell the sign, since these fonts share one encoding: that of the extension font
of The TeXbook, appendix F, figure 5. Brackets of every size become the plain ones; pieces of
extensible ones become Unicode's pieces.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence

from workers.textlayer.raw import RawBlock, RawSpan, copied, plain_name

_FONT = re.compile(
    r"((LM|Fourier-)?Math-?Extension|(CM|[PT]X|[NR]TX)EXs?|(MathDesign|Kp)-.*-Ex)(?![a-z])", re.I
)
_PAIRS = "()[]⌊⌋⌈⌉{}⟨⟩"
_ENCODING = (
    f"{_PAIRS}|‖/\\"  # 0x00: of the first size
    f"(){_PAIRS}/\\"  # 0x10: of the second and the third
    f"{_PAIRS}/\\/\\"  # 0x20: of the fourth
    "⎛⎞⎡⎤⎣⎦⎢⎥⎧⎫⎩⎭⎨⎬⎪⏐"  # 0x30: pieces
    "⎝⎠⎜⎟⟨⟩⨆⨆∮∮⨀⨀⨁⨁⨂⨂"  # 0x40: large operators, small and large
    "∑∏∫⋃⋂⨄⋀⋁∑∏∫⋃⋂⨄⋀⋁"  # 0x50
    "∐∐ˆˆˆ˜˜˜[]⌊⌋⌈⌉{}"  # 0x60: wide accents; brackets of the second size
    "√√√√√  ‖↑↓    ⇑⇓"  # 0x70: roots, and without a sign of their own the lines of roots and braces
)
_SECOND_PLACES = (*range(0xA1, 0xAB), *range(0xAD, 0xC4))
"""Where Type 1 versions of the fonts have the codes 0 to 32 once more."""

SIGNS = {code: sign.strip() for code, sign in enumerate(_ENCODING)}
SIGNS |= {second: SIGNS[code] for code, second in enumerate(_SECOND_PLACES)}
"""The character of each code, empty for lines that are no sign of their own."""
_BARS = frozenset("|‖")


def with_math_signs(
    blocks: Sequence[RawBlock], with_codes: Callable[[], Sequence[RawBlock]]
) -> Sequence[RawBlock]:
    """`blocks` with the large signs of formulas; `blocks` themselves where all signs are known.

    `with_codes` gives the blocks of the same page with the code of a character where MuPDF knows
    none. It is asked only where such a font has unknown characters.
    """
    spans = (s for b in blocks for line in b.get("lines", ()) for s in line["spans"])
    if not any(map(_is_unknown, spans)):
        return blocks
    lines = (line for block in with_codes() for line in block.get("lines", ()))
    codes = {
        (span["font"], span["origin"]): span["text"]
        for line in lines
        for span in line["spans"]
        if _is_math(span["font"])
    }
    mended = copied(blocks)
    for span in (s for b in mended for line in b.get("lines", ()) for s in line["spans"]):
        if _is_unknown(span):
            _mend(span, codes.get((span["font"], span["origin"]), ""))
    return mended


def _is_unknown(span: RawSpan) -> bool:
    return "\ufffd" in span["text"] and _is_math(span["font"])


@functools.lru_cache(maxsize=1024)
def _is_math(font: str) -> bool:
    return _FONT.match(plain_name(font)) is not None


def _mend(span: RawSpan, codes: str) -> None:
    """Put the signs of `codes` in the place of the unknown characters of `span`."""
    if len(codes) != len(span["text"]):
        return  # the rest of the span is hidden
    signs = [
        _sign(code, before) if known == "\ufffd" else known
        for known, code, before in zip(span["text"], codes, f" {codes}", strict=False)
    ]
    span["text"] = "".join(signs)
    for char, sign in zip(span.get("chars", ()), signs, strict=False):
        char["c"] = sign


def _sign(code: str, before: str) -> str:
    """The sign for a code: a tall bar is made of many short ones, and is one sign."""
    sign = SIGNS.get(ord(code), "\ufffd")
    return "" if sign in _BARS and code == before else sign
