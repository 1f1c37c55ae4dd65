"""Marks in a text's HTML what a search found in it. Pure.

    marked_hits("<p>The old <em>kiln</em></p>", Search.of('"old kiln"').hits)
    # '<p>The <mark>old </mark><em><mark>kiln</mark></em></p>'

The HTML is that of this package: no `<` or `>` stands in an attribute.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from html import unescape
from itertools import chain

Hits = Callable[[str], Sequence[tuple[int, int]]]
"""Where words stand in a text, `text[start:end]`, in order and without overlaps."""

_PIECE = re.compile(
    r"(?P<break>"
    r'<math\b.*?</math>|<a class="place".*?</a>'  # a formula and a block's number are no text
    r"|<(?!/?(?:a|b|code|del|em|i|ins|s|span|strong|sub|sup)\b)[^>]*>)"
    r"|(?P<within><[^>]*>)"  # words go on across these
    r"|(?P<char>&[^;\s]*;|.)",
    re.DOTALL,
)


def marked_hits(html: str, hits: Hits) -> str:
    """The HTML with each hit in `mark`, or in several where tags stand within a hit."""
    pieces = list(_pieces(html))
    found = hits("".join(text for _, text in pieces))
    places = set(chain.from_iterable(range(start, end) for start, end in found))
    written, place, is_open = [], 0, False
    for piece, text in pieces:
        is_hit = place in places and not piece.startswith("<")
        if is_hit != is_open:
            written.append("<mark>" if is_hit else "</mark>")
        is_open = is_hit
        written.append(piece)
        place += len(text)
    return "".join(written) + "</mark>" * is_open


def _pieces(html: str) -> Iterator[tuple[str, str]]:
    """The tags and characters of HTML, each with the text that it stands for."""
    for match in _PIECE.finditer(html):
        yield match[0], unescape(match[0]) if match["char"] else "\n" * bool(match["break"])
