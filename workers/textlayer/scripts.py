"""Mend the text of 8-bit fonts that draw another script under a Latin encoding.

Old programs drew Cyrillic, Greek and Thai by fonts of 256 glyphs. Where the PDF does not say so,
«Привет» is read as «Ïðèâåò». Such text shows itself: most of its letters are those of the upper
half of Latin-1, which in no language are more than a third. It is decoded by the encoding under
which its words are words. Where none fits, its letters become U+FFFD: what they are is not known.
"""

from __future__ import annotations

import itertools
import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from workers.textlayer.raw import RawBlock, RawSpan, copied, translate

_MIN_SHARE = 0.6
"""Of the characters of a foreign word are not ASCII. Vietnamese, which has most, has a third."""
_MIN_WORD = 3
_MIN_CHARS = 12  # in foreign words, before a page is judged
_MIN_FOREIGN_SHARE = 0.5  # of a font's upper characters, in foreign words
_MIN_PLAUSIBLE = 0.8  # of the foreign words; right decodings have 0.95, others at most 0.3
_MIN_LOST_CHARS = 100  # with fewer it may be a table of accented letters
_MIN_LOST_WORDS = 20

_UPPER = re.compile("[\xa1-\xff]")
_WORD = re.compile("[A-Za-z\x7f-\xff\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc]+")
_EDGES = "«»¡¿·°§¨´¸¹²³ªº\xa0\x7f"
# TeX has one i for Latin and Cyrillic.
_LATIN_I = re.compile(
    "(?<=[\u0400-\u04ff])[iI]|[iI](?=[\u0400-\u04ff])|(?<=[\u0400-\u04ff] )i(?= [\u0400-\u04ff])"
)
_CYRILLIC_I = {"i": "і", "I": "І"}
_TEX_CONTROLS = re.compile("[\x10\x11\x15\x16\x7f]")


def with_mended_scripts(blocks: Sequence[RawBlock]) -> Sequence[RawBlock]:
    """`blocks` with the text of fonts of another script; `blocks` themselves where none is."""
    tables = _tables(_spans(blocks))
    if not tables:
        return blocks
    mended = copied(blocks)
    for span in _spans(mended):
        table = tables.get(span["font"])
        if table is not None:
            translate(span, table)
            if table is _T2A and _LATIN_I.search(span["text"]):
                _put(span, _LATIN_I.sub(lambda i: _CYRILLIC_I[i[0]], span["text"]))
    return mended


def _spans(blocks: Sequence[RawBlock]) -> list[RawSpan]:
    return [s for block in blocks for line in block.get("lines", ()) for s in line["spans"]]


def _tables(spans: Sequence[RawSpan]) -> dict[str, Mapping[int, str]]:
    """What to write for the characters of each font whose script is another."""
    # Few pages come further: 30 µs for the others.
    if len(_UPPER.findall("".join([span["text"] for span in spans]))) < _MIN_CHARS:
        return {}
    of_fonts: dict[str, list[str]] = defaultdict(list)
    for span in spans:
        of_fonts[span["font"]].append(span["text"])
    texts = {name: " ".join(part) for name, part in of_fonts.items()}
    words = {name: found for name, text in texts.items() if (found := _words_of_font(text))}
    everything = [word for found in words.values() for word in found]
    if sum(map(len, everything)) < _MIN_CHARS:
        return {}
    has_controls = any(_TEX_CONTROLS.search(texts[name]) for name in words)
    of_page = _table_of(everything, has_controls)
    tables: dict[str, Mapping[int, str]] = {}
    for name, found in words.items():
        # A heading has too few letters to be judged alone.
        is_long = sum(map(len, found)) >= 4 * _MIN_CHARS
        table = (_table_of(found, has_controls) if is_long else None) or of_page
        if table is None and _are_lost(found):
            table = {ord(c): "\ufffd" for word in found for c in word}
        if table is not None:
            tables[name] = table
    return tables


def _put(span: RawSpan, text: str) -> None:
    """Give `span` another text of the same length."""
    if len(span.get("chars", ())) == len(text):
        for char, sign in zip(span["chars"], text, strict=True):
            char["c"] = sign
    span["text"] = text


def _words_of_font(text: str) -> list[str]:
    """The words of a font whose letters are those of another script; none if others prevail."""
    words = foreign_words(text)
    inside = sum(len(_UPPER.findall(word)) for word in words)
    return words if inside >= _MIN_FOREIGN_SHARE * len(_UPPER.findall(text)) else []


def foreign_words(text: str) -> list[str]:
    """The words of `text` that are written in the upper half of Latin-1.

    >>> foreign_words("Ïðèâåò, señor, été")
    ['Ïðèâåò']
    """
    words = (word.strip(_EDGES) for word in _WORD.findall(text))
    return [
        word
        for word in words
        if len(word) >= _MIN_WORD
        and (upper := len(_UPPER.findall(word))) >= _MIN_WORD
        and upper >= _MIN_SHARE * len(word)
        and not _is_row(word)
    ]


def _is_row(word: str) -> bool:
    """Whether most characters follow each other as in a table of an encoding."""
    steps = sum(ord(b) - ord(a) == 1 for a, b in itertools.pairwise(word))
    return 2 * steps >= len(word)


def _are_lost(words: Sequence[str]) -> bool:
    """Whether there is enough text to say that it is none that a reader knows."""
    return sum(map(len, words)) >= _MIN_LOST_CHARS and len(set(words)) >= _MIN_LOST_WORDS


@dataclass(frozen=True, slots=True)
class _Encoding:
    """What each character that was read stands for, and whether a decoded word can be one.

    `shares` has the percentages of the commonest letters in text of the script.
    """

    table: Mapping[int, str]
    is_word: Callable[[str], bool]
    shares: Mapping[str, float]


def _is_cased(word: str, first: str, last: str) -> bool:
    """Whether all letters lie from `first` to `last`, in small letters, capitals or as a title."""
    plain = unicodedata.normalize("NFD", word)
    letters = [c for c in plain if not unicodedata.combining(c)]
    if not all(first <= c <= last and c.isalpha() for c in letters):
        return False
    return word.islower() or word.isupper() or word[1:].islower()


def _is_cyrillic(word: str) -> bool:
    return _is_cased(word, "\u0400", "\u04ff")


def _is_greek(word: str) -> bool:
    return _is_cased(word, "\u0386", "\u03ce")


_THAI = re.compile(
    "(?:[\u0e40-\u0e44]?[\u0e01-\u0e2e][\u0e31\u0e34-\u0e3a\u0e47-\u0e4e]{0,2}"
    "[\u0e30\u0e32\u0e33\u0e45]?|[\u0e2f\u0e46\u0e50-\u0e59])+"
)


def _is_thai(word: str) -> bool:
    return _THAI.fullmatch(word) is not None


def _table(codec: str) -> dict[int, str]:
    """What `codec` has for each byte of the upper half, by the character it was read as."""
    table: dict[int, str] = {}
    for code in range(0x80, 0x100):
        meant = bytes([code]).decode(codec, "replace")
        if meant != "\ufffd":
            table[code] = table[ord(bytes([code]).decode("cp1252", "replace"))] = meant
    table.pop(0xFFFD, None)
    return table


# TeX's own Cyrillic encoding (T2A of the fontenc package): its letters of Russian as Windows'.
_T2A = {code: sign for code, sign in _table("cp1251").items() if 0xC0 <= code <= 0xFF}
_T2A |= {0xA0: "ґ", 0xA8: "ї", 0xB9: "є", 0xBC: "ё", 0x9D: "№", 0x9F: "§"}
_T2A |= {0x80: "Ґ", 0x88: "Ї", 0x99: "Є", 0x9C: "Ё", 0xBD: "„", 0xBE: "«", 0xBF: "»"}
_T2A |= {ord(bytes([c]).decode("cp1252")): _T2A[c] for c in (0x80, 0x88, 0x99, 0x9C, 0x9F)}
_T2A |= {0x10: "“", 0x11: "”", 0x15: "–", 0x16: "—", 0x7F: "-"}


def _shares(letters: str, *percent: float) -> dict[str, float]:
    return dict(zip(letters, percent, strict=True))


_RUSSIAN = _shares(
    "оеаинтсрвлкмдпуягз",
    11,
    8.5,
    8,
    7.8,
    6.7,
    6.3,
    5.5,
    4.7,
    4.5,
    4.4,
    3.5,
    3.2,
    3,
    2.8,
    2.6,
    2,
    2,
    2,
)
_GREEK = _shares("αοιετσνηυρπκμλωδ", 12, 10, 9, 8.5, 8.5, 8, 7, 6, 5, 4.5, 4, 4, 3.5, 3, 2, 2)
_COMMON_THAI = _shares(
    "านรอกเงมยวทลสดตะ", 9, 7, 7, 6, 5.5, 4.8, 4.5, 4, 4, 3.5, 3.5, 3.2, 3.2, 3, 3, 3
)
_TEX = _Encoding(_T2A, _is_cyrillic, _RUSSIAN)
_ENCODINGS = (
    *(_Encoding(_table(codec), _is_cyrillic, _RUSSIAN) for codec in ("cp1251", "koi8-u")),
    _TEX,
    *(_Encoding(_table(codec), _is_greek, _GREEK) for codec in ("cp1253", "iso8859-7")),
    _Encoding(_table("cp874"), _is_thai, _COMMON_THAI),
)
_MIN_LIKENESS = 0.73
"""Cosine between the letters of the text and those of the script: 0.75 to 0.91 in texts of one
line; Hebrew and Arabic read as Cyrillic or Greek have 0.3 to 0.71."""
_MIN_LETTERS = 6  # different ones: notes and ornaments are drawn by a few


def _table_of(words: Sequence[str], has_controls: bool) -> Mapping[int, str] | None:
    """The table of the encoding under which `words` are most plausible; None where none fits."""
    encodings = (_TEX, *_ENCODINGS) if has_controls else _ENCODINGS
    best = max(encodings, key=lambda encoding: _plausibility(words, encoding))
    return best.table if _plausibility(words, best) >= _MIN_PLAUSIBLE else None


def _plausibility(words: Sequence[str], encoding: _Encoding) -> float:
    """The share of `words` that are words under `encoding`; 0 where its letters are not common."""
    decoded = [_LATIN_I.sub("і", word.translate(encoding.table)) for word in words]
    plain = unicodedata.normalize("NFD", "".join(decoded).lower())
    counts = Counter(plain.translate(_VARIANTS))
    counts = Counter({c: count for c, count in counts.items() if c.isalpha()})
    if len(counts) < _MIN_LETTERS:
        return 0.0
    shared = sum(count * encoding.shares.get(c, 0.0) for c, count in counts.items())
    if shared < _MIN_LIKENESS * math.hypot(*counts.values()) * math.hypot(
        *encoding.shares.values()
    ):
        return 0.0
    return sum(map(encoding.is_word, decoded)) / len(decoded)


_VARIANTS = str.maketrans("ςіїй", "σиии")
