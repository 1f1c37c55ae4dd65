"""Words in which letters of another script stand for Latin ones that look the same. Pure.

A word is a finding if it has at least two Latin letters, and all its other letters are ones that
look like Latin ones: `pаypal` with a Cyrillic `а`, but not `μm` or `Δx`. So a unit, a formula or a
name in another script is none. Source of the pairs: Unicode's `confusables.txt` (UTS 39), those of
Cyrillic, Greek, Armenian and Cherokee that are one letter long and look the same in most fonts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from schemas.findings import Finding

_LOOKALIKES = (
    "аеорсухіјѕԁһӏԛԝәҮАВЕІЈКМНОРЅТХҮԌԚԜ"  # Cyrillic
    "οΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹϳ"  # Greek
    "օսհոցՕՏԼ"  # Armenian
    "ᎪᎬᎳᎻᏃᏆᏒᏢᏦᏟᎷᏚᏴ"  # Cherokee
)
_LATIN = "A-Za-z\u00c0-\u024f"
_WORD = re.compile(rf"[{_LATIN}{_LOOKALIKES}]*[{_LOOKALIKES}][{_LATIN}{_LOOKALIKES}]*")
_LOOKALIKE = re.compile(f"[{_LOOKALIKES}]")
_LETTER = re.compile(r"[^\W\d_]")
_LATIN_LETTER = re.compile(f"[{_LATIN}]")
_FEWEST_LATIN = 2


def mixed_scripts(text: str) -> Iterator[Finding]:
    """A finding for each word that mixes Latin letters with ones that only look Latin."""
    if text.isascii() or _LOOKALIKE.search(text) is None:
        return
    for word in _WORD.finditer(text):
        start, end = word.span()
        if len(_LATIN_LETTER.findall(word[0])) < _FEWEST_LATIN:
            continue
        # Part of a longer word: what stands beside it is a letter that looks like no Latin one.
        if _LETTER.match(text[start - 1 : start]) or _LETTER.match(text[end : end + 1]):
            continue
        others = sorted({char for char in word[0] if not _LATIN_LETTER.match(char)})
        detail = " ".join(f"U+{ord(char):04X}" for char in others)
        yield Finding(start, end, "trust", "mixed_scripts", 1.0, detail)
