"""The words that stand shortly before a value, and whether one of them names it.

A word list is a set and not a pattern: one of two hundred words takes 180 us to search in 48
characters, and 4 us to look up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_NEAR_CHARS = 48
"""How far before a value the word that names it may stand: a label, a colon and a few words."""
_BREAK = re.compile(r"\n\s*\n")
_TOKEN = re.compile(r"(?<!\w)[^\W\d_]+(?!\w)")
_NUMBER = re.compile(r"(?:\d[ ()/.-]{0,2}){6}")
_FIRST_UNSPACED = "\u0590"
"""Words of Hebrew and of the scripts behind it are sought within the text: some set no spaces, and
marks divide the words of others for Python."""


@dataclass(frozen=True, slots=True)
class Near:
    """What stands before a value: in lower case, and its words with the places where they end."""

    text: str
    words: tuple[str, ...]
    ends: tuple[int, ...]


def words_before(text: str, start: int, heading: str = "") -> Near:
    """What stands shortly before `start`, in the same paragraph; `heading` stands before that.

    >>> words_before("Ring me.\\n\\nTel. no: 030", 18).words
    ('tel', 'no')
    """
    own = _BREAK.split(text[max(start - _NEAR_CHARS, 0) : start])[-1]
    low = (f"{heading} {own}" if heading else own).lower()
    tokens = [(match[0], match.end()) for match in _TOKEN.finditer(low)]
    return Near(low, tuple(word for word, _ in tokens), tuple(end for _, end in tokens))


class Words:
    """Words and short phrases in any script.

    >>> Words("tel", "phone number").last(words_before("Tel. or phone number: ", 22))
    20
    """

    def __init__(self, *entries: str) -> None:
        self._phrases: dict[str, list[tuple[str, ...]]] = {}
        self._parts: list[str] = []
        for entry in sorted({entry.lower() for entry in entries}):
            tokens = tuple(re.findall(r"[^\W\d_]+", entry))
            if not tokens or max(entry) >= _FIRST_UNSPACED:
                self._parts.append(entry)
            else:
                self._phrases.setdefault(tokens[-1], []).append(tokens)

    def __or__(self, other: Words) -> Words:
        both = Words()
        both._parts = sorted({*self._parts, *other._parts})
        for tokens in {*self._all(), *other._all()}:
            both._phrases.setdefault(tokens[-1], []).append(tokens)
        return both

    def _all(self) -> Iterable[tuple[str, ...]]:
        return (tokens for phrases in self._phrases.values() for tokens in phrases)

    def last(self, before: Near) -> int:
        """Where the last of the words ends; -1 where there is none."""
        place = -1
        for number in range(len(before.words) - 1, -1, -1):
            phrases = self._phrases.get(before.words[number], ())
            if any(
                tokens == before.words[max(number + 1 - len(tokens), 0) : number + 1]
                for tokens in phrases
            ):
                place = before.ends[number]
                break
        for part in self._parts:
            at = before.text.rfind(part)
            if at >= 0:
                place = max(place, at + len(part))
        return place


def is_named(before: Near, names: Words, others: Words | None = None) -> bool:
    """Whether one of the `names` stands there, with none of the `others` after it.

    Of a phrase and a word that end together, as in "tel. no.", the names win.
    """
    place = names.last(before)
    return place >= 0 and (others is None or place >= others.last(before))


def names_next(before: Near, place: int) -> bool:
    """Whether a word that ends at `place` names the next number: none of six digits or more stands
    between the two."""
    return place >= 0 and _NUMBER.search(before.text, place) is None
