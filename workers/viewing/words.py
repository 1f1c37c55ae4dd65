"""Words and phrases that a person searches for: how they are read, and where they stand in a text.

Pure. Upper and lower case are the same, and so are letters with and without accents. Scripts that
are written without spaces have no words to look up, so each of their signs is a word by itself, and
a run of them a phrase.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from dataclasses import dataclass

_SIGNS = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f\u1780-\u17ff"  # Burmese, Khmer
    "\u3040-\u30ff\u31f0-\u31ff"  # kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
    "\uac00-\ud7af"  # Hangul
)
_SIGN = re.compile(f"[{_SIGNS}]")
_LETTER = rf"[^\W_{_SIGNS}]"
_TOKEN = re.compile(rf"{_LETTER}+|(?=[^\W_])[{_SIGNS}]")
_ACCENT = re.compile("[\u0300-\u036f]")
_TERM = re.compile(r'"([^"]*)"?|([^\s"]+)')


@dataclass(frozen=True, slots=True)
class Search:
    """Terms that must all be in a text; each is a phrase of one word or more, in their order."""

    terms: tuple[tuple[str, ...], ...]

    @staticmethod
    def of(text: str) -> Search:
        """The words and "phrases" that a person typed. What has no letter or digit is left out.

        >>> Search.of('Kiln "second firing"').terms
        (('kiln',), ('second', 'firing'))
        """
        composed = unicodedata.normalize("NFC", text)
        typed = (phrase or word for phrase, word in _TERM.findall(composed))
        terms = (tuple(_TOKEN.findall(folded(term))) for term in typed)
        return Search(tuple(dict.fromkeys(term for term in terms if term)))

    def for_index(self) -> str:
        """The search in the language of SQLite's FTS5: quoted phrases, which never fail."""
        return " ".join(f'"{" ".join(term)}"' for term in self.terms)

    def is_in(self, text: str) -> bool:
        """Whether all terms are in a text. A search without terms is in none."""
        if not self.terms:
            return False
        searched = folded(text)
        # A word that is not even a part of the text saves the slower pattern.
        return all(word in searched for term in self.terms for word in term) and all(
            pattern.search(searched) for pattern in _patterns(self.terms)
        )

    def hits(self, text: str) -> list[tuple[int, int]]:
        """Where the terms stand in a text, `text[start:end]`, in order and without overlaps."""
        searched = folded(text)
        found = sorted(
            match.span()
            for pattern in _patterns(self.terms)
            for match in pattern.finditer(searched)
        )
        hits: list[tuple[int, int]] = []
        for start, end in found:
            if not hits or start >= hits[-1][1]:
                hits.append((start, end))
        return hits


def folded(text: str) -> str:
    """A text in lower case and without accents, character by character: of the same length."""
    return text.lower() if text.isascii() else text.translate(_FOLDED)


def for_index(text: str) -> str:
    """A text as it is indexed: folded, and with a space around each sign that is a word."""
    if text.isascii():
        return text
    return _SIGN.sub(r" \g<0> ", _ACCENT.sub("", folded(text)))


class _Folded(dict[int, int]):
    """The folded character of each, made when it is first asked for."""

    def __missing__(self, code: int) -> int:
        parts = unicodedata.normalize("NFD", chr(code))
        has_accents = len(parts) > 1 and all(map(unicodedata.combining, parts[1:]))
        lower = (parts[0] if has_accents else chr(code)).lower()
        self[code] = ord(lower) if len(lower) == 1 else code
        return self[code]


_FOLDED = _Folded()


@functools.lru_cache(maxsize=256)
def _patterns(terms: tuple[tuple[str, ...], ...]) -> tuple[re.Pattern[str], ...]:
    return tuple(map(_pattern, terms))


def _pattern(term: tuple[str, ...]) -> re.Pattern[str]:
    """The words of a phrase with nothing but spaces and punctuation between them."""
    pattern = "" if _SIGN.match(term[0]) else f"(?<!{_LETTER})"
    for word, after in zip(term, [*term[1:], None], strict=True):
        pattern += re.escape(word)
        if after is not None:
            touches = _SIGN.match(word) or _SIGN.match(after)
            pattern += r"[\W_]*" if touches else r"[\W_]+"
    return re.compile(pattern if _SIGN.match(term[-1]) else f"{pattern}(?!{_LETTER})")
