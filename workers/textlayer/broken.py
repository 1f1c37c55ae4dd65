"""Characters of a text layer without a meaning: U+FFFD, noncharacters, private-use ones. Pure.

`symbols`, `scripts` and `maps` mend what fonts tell. What is left here is a bullet where it opens a
line, and else is left out and counted. A word that lost a letter is a wrong word: a page that has
many is better read by OCR.
"""

from __future__ import annotations

import re

from workers.textlayer.private_use import KNOWN_PRIVATE, NONCHARACTERS

_KNOWN = "".join(map(chr, KNOWN_PRIVATE))
BROKEN = re.compile(f"(?![{_KNOWN}])[\ue000-\uf8ff\ufffd{NONCHARACTERS}\U000f0000-\U0010ffff]")
_OPENING = re.compile(
    rf"\s*(?:{BROKEN.pattern}\s+(?=[\"“‘(]?[^\W_])|{BROKEN.pattern}(?=[A-Z][a-z]))"
)
_WORD_CHARS = 4  # a line of a font that is not embedded is one long run
_LOST = re.compile(rf"[^\W\d_]{BROKEN.pattern}|{BROKEN.pattern}(?:[^\W\d_]|{BROKEN.pattern})")


def with_bullets(text: str) -> str:
    """The line `text` with a bullet for a broken character that opens it before a word.

    >>> with_bullets("\\uf0d1 First, the \\uf0d1 sign")
    '• First, the \\uf0d1 sign'
    """
    return _OPENING.sub("• ", text, count=1) if _OPENING.match(text) else text


def lost_words(text: str) -> int:
    """How many words of `text` have lost a letter: a sign that stands at none is no letter.

    >>> lost_words("the di\\ufffderence \\ufffd(between \\ufffd\\ufffd\\ufffd)")
    2
    """
    return sum(
        max(len(BROKEN.findall(word)) // _WORD_CHARS, 1)
        for word in text.split()
        if _LOST.search(word)
    )


def without_broken(text: str) -> str:
    """`text` without broken characters, nor the space that stood on both sides of one."""
    return _WITH_SPACE.sub("", BROKEN.sub("\ufffd", text)).replace("\ufffd", "")


_WITH_SPACE = re.compile("(?<= )(?:\ufffd)+ ")
