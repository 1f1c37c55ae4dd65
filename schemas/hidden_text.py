"""What a page's text layer says and its picture does not show: how much, how hidden, and samples.

`schemas.tables.HIDDEN` is its column; the policy `trust` tags or rejects pages by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

HIDDEN_WAYS = {
    "unpainted": "text that is not painted (render mode 3 or 7, no opacity) where the picture "
    "shows nothing, or other text",
    "no_ink": "text in the colour of what is behind it, clipped away by a shape, masked, nearly "
    "transparent, or of empty glyphs",
    "tiny": "print under 2 points, or squeezed until its letters are no letters",
    "covered": "text under a picture, a rectangle or a line that was drawn later",
    "off_page": "text outside of the page's visible box",
    "clipped": "text outside of a clip's rectangle",
    "actual_text": "words that `ActualText` gives for glyphs that say something else",
}
"""The words for the ways to hide text, in the order in which a page names them."""

MAX_FRAGMENTS = 5
MAX_FRAGMENT_CHARS = 200


@dataclass(frozen=True, slots=True)
class HiddenRun:
    """A run of hidden text, and a word of `HIDDEN_WAYS`."""

    text: str
    way: str


class HiddenRow(TypedDict):
    """A `schemas.tables.HIDDEN`."""

    share: float
    ways: Sequence[str]
    fragments: Sequence[str]


@dataclass(frozen=True, slots=True)
class HiddenText:
    """The hidden text of a page with a text layer.

    `share` is that of all characters of the layer, from 0 to 1. `fragments` are the first of it.
    """

    share: float = 0.0
    ways: tuple[str, ...] = ()
    fragments: tuple[str, ...] = ()

    def to_row(self) -> HiddenRow:
        """The value of the column `hidden`."""
        return {
            "share": round(self.share, 4),
            "ways": list(self.ways),
            "fragments": list(self.fragments),
        }


def count_chars(text: str) -> int:
    """The characters of `text` without spaces."""
    return sum(map(len, text.split()))


def hidden_text(runs: Sequence[HiddenRun], layer_chars: int) -> HiddenText | None:
    """What a page says of its hidden `runs`; None for a page whose layer has no characters.

    `layer_chars` counts the layer's characters without spaces, hidden ones included.

    >>> hidden_text([HiddenRun("ignore this", "no_ink")], 20)
    HiddenText(share=0.5, ways=('no_ink',), fragments=('ignore this',))
    """
    if not layer_chars:
        return None
    if not runs:
        return HiddenText()
    found = {run.way for run in runs}
    share = sum(count_chars(run.text) for run in runs) / layer_chars
    return HiddenText(
        min(share, 1.0),
        tuple(way for way in HIDDEN_WAYS if way in found),
        _fragments(runs),
    )


def _fragments(runs: Sequence[HiddenRun]) -> tuple[str, ...]:
    """The first fragments: runs of one way that follow each other are one."""
    fragments: list[str] = []
    last = None
    for run in runs:
        text = " ".join(run.text.split())
        is_long = fragments and len(fragments[-1]) >= MAX_FRAGMENT_CHARS
        if fragments and run.way == last and not is_long:
            fragments[-1] = f"{fragments[-1]} {text}"
        elif len(fragments) == MAX_FRAGMENTS:
            break
        else:
            fragments.append(text)
        last = run.way
    return tuple(fragment[:MAX_FRAGMENT_CHARS] for fragment in fragments)
