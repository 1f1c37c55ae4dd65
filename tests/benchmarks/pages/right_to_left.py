"""Arabic as older makers of PDFs write it: shaped letters in the order in which they are seen.

MuPDF's own setter shapes as well, but gives letters without a code point of their own (a lam within
a word) the numbers of their glyphs in the text layer, so the layer of its pages has wrong letters.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_FORMS = range(0xFE80, 0xFEFD)  # Arabic Presentation Forms-B, without its marks
_LEFT_TO_RIGHT = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z:., ]*[0-9A-Za-z])?")
_MIRRORED = str.maketrans("()", ")(")
_LAM = "\u0644"


@lru_cache
def _shapes() -> dict[tuple[str, str], str]:
    """The shaped character for a letter, or lam with alef, and its place in the word."""
    found = {}
    for code in _FORMS:
        place, *letters = unicodedata.decomposition(chr(code)).split()
        found["".join(chr(int(letter, 16)) for letter in letters), place.strip("<>")] = chr(code)
    return found


def shaped(text: str) -> str:
    """Arabic letters in the shapes that their neighbours ask for, still in logical order."""
    shapes, units = _shapes(), list[str]()
    for char in text:
        if units and units[-1] == _LAM and (_LAM + char, "isolated") in shapes:
            units[-1] += char
        else:
            units.append(char)
    out = []
    for number, unit in enumerate(units):
        before, after = units[max(number - 1, 0)], units[min(number + 1, len(units) - 1)]
        joins_before = number > 0 and (before, "initial") in shapes and (unit, "final") in shapes
        joins_after = (
            number + 1 < len(units) and (unit, "initial") in shapes and (after, "final") in shapes
        )
        place = {
            (False, False): "isolated",
            (False, True): "initial",
            (True, True): "medial",
            (True, False): "final",
        }[joins_before, joins_after]
        out.append(shapes.get((unit, place), unit))
    return "".join(out)


def seen(line: str) -> str:
    """A line of Arabic from left to right as it is seen; numbers and Latin keep their order."""
    parts, at = list[str](), 0
    for run in _LEFT_TO_RIGHT.finditer(line):
        parts += [_turned(line[at : run.start()]), run[0]]
        at = run.end()
    parts.append(_turned(line[at:]))
    return "".join(reversed(parts))


def _turned(text: str) -> str:
    return shaped(text)[::-1].translate(_MIRRORED)
