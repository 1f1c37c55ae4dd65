"""What of two texts is compared: plain words, in one spelling of their characters. Pure.

A truth may be Markdown (a text layer, a dataset) or plain (a file beside its document), and so may
a reading. What a page shows is compared, not how an engine writes down what it shows:

1. `without_markup`: Markdown and HTML syntax goes, its words stay. List marks go too: engines
   write one bullet in ten ways, or none.
2. `normalise`: Unicode NFKC (ligatures, full-width forms, superscripts); quotes, dashes and
   ellipses in one form each; soft hyphens and other characters of no width go; white space is one
   space, and none between characters of scripts that are written without.

Case, punctuation and order count.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections import Counter
from collections.abc import Callable

_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"  # Han, kana, full-width
)
_NO_WIDTH = re.compile("[\u00ad\u034f\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]")
_FOLDED = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u00b4`", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2043", "-"),
        **dict.fromkeys("\u2022\u2219\u22c5\u30fb", "\u00b7"),
    }
)
_SPACE_BETWEEN = re.compile(rf"(?<=[{_UNSPACED}])\s+(?=[{_UNSPACED}])")
_SPACE = re.compile(r"\s+")
_WORD = re.compile(rf"[{_UNSPACED}]|[^\s{_UNSPACED}]+")

_CELL_TAGS = "table|thead|tbody|tfoot|caption|tr|td|th|p|div|br|hr|h[1-6]|ul|ol|li|pre|blockquote"
_WORD_TAGS = "a|b|i|u|s|em|strong|sub|sup|span|small|code|del|ins|mark|figure|figcaption|img"
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "nbsp": " ", "#39": "'"}

_LATEX = re.compile(r"[\\^_{=]")


def _formula(span: re.Match[str]) -> str:
    """A formula without its marks; what is none, as a price or a bracket, as it stands."""
    return span[1] if _LATEX.search(span[1]) else span[0]


_MARKUP: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"[ \t]+"), " "),  # also so that none of what follows can take long over spaces
    (re.compile(r"^ ?(?:```|~~~)[^\n`]*$", re.MULTILINE), ""),
    (re.compile(r"^ ?([-*_])(?: ?\1){2,} ?$", re.MULTILINE), ""),
    # The rule under a table's head; then the bars between cells.
    (re.compile(r"^ ?\|? ?:?-+:? ?(?:\| ?:?-+:? ?)*\|? ?$", re.MULTILINE), ""),
    (re.compile(r"^ ?\|.*$", re.MULTILINE), lambda row: re.sub(r"(?<!\\)\|", " ", row[0])),
    (re.compile(r"!\[[^\[\]\n]*\]\([^()\n]*\)"), ""),
    (re.compile(r"(?<!\\)\[([^\[\]\n]+)\]\([^()\s]+\)"), r"\1"),
    (re.compile(r"^ ?(?:> ?)+", re.MULTILINE), ""),
    (re.compile(r"^ ?(?:#{1,6}|[-*+•◦▪‣∙·●○■□]) ", re.MULTILINE), ""),
    (re.compile(rf"</?(?:{_CELL_TAGS})(?:\s[^<>]*)?/?>", re.IGNORECASE), " "),
    (re.compile(rf"</?(?:{_WORD_TAGS})(?:\s[^<>]*)?/?>", re.IGNORECASE), ""),
    (re.compile(r"&(amp|lt|gt|quot|nbsp|#39);"), lambda entity: _ENTITIES[entity[1]]),
    (re.compile(r"(?<![\w*\\])(\*{1,3})(?=\S)([^*\n]+?)(?<=\S)\1(?![\w*])"), r"\2"),
    (re.compile(r"(?<![\w\\])(_{1,2})(?=\S)([^_\n]+?)(?<=\S)\1(?!\w)"), r"\2"),
    (re.compile(r"(?<!\\)`+"), ""),
    (re.compile(r"\$\$"), ""),
    (re.compile(r"\$([^$\n]+)\$"), _formula),
    (re.compile(r"\\[(\[]((?:(?!\\[()\[\]])[^\n])+)\\[)\]]"), _formula),
    (re.compile(r"\\([\\`*_{}\[\]()#+.!|<>~$-])"), r"\1"),
)  # fmt: skip


def without_markup(text: str) -> str:
    """`text` without Markdown and HTML syntax; the words that it marks up stay.

    >>> without_markup("## A *fine* [day](x.html)")
    'A fine day'
    """
    for pattern, replacement in _MARKUP:
        text = pattern.sub(replacement, text)
    return text


def normalise(text: str) -> str:
    """One spelling for characters that look alike, and one space; idempotent.

    >>> normalise(" “ﬁve”  –  ２ ")
    '"five" - 2'
    """
    seen = _NO_WIDTH.sub("", text).translate(_FOLDED)  # NFKC cuts some of them in two
    folded = unicodedata.normalize("NFKC", seen).translate(_FOLDED)
    spaced = _SPACE.sub(" ", _SPACE_BETWEEN.sub("", folded)).strip()
    # Marks that combine may have come beside their letters only now.
    return unicodedata.normalize("NFC", spaced)


def plain(text: str) -> str:
    """What of a text is compared."""
    return normalise(without_markup(text))


def words(text: str) -> list[str]:
    """The words of a plain text; in scripts that are written without spaces, its characters."""
    return _WORD.findall(text)


_SCRIPT_OF_NAME = {
    "CJK": "Han",
    "HIRAGANA": "Kana",
    "KATAKANA": "Kana",
    "KATAKANA-HIRAGANA": "Kana",
    "IDEOGRAPHIC": "Han",
}
_JAPANESE_SHARE = 10
"""Japanese is half Han: a page is Kana where one in so many of its Han and kana is a kana."""


@functools.lru_cache(maxsize=1 << 14)
def _script_of_letter(char: str) -> str:
    """The first word of the character's Unicode name, which for letters is their script."""
    first = unicodedata.name(char, "UNKNOWN").partition(" ")[0]
    return _SCRIPT_OF_NAME.get(first, first.title())


def script(text: str) -> str:
    """The script that most letters of a text are of; `Common`, as Unicode has it, without letters.

    >>> script("Это мой page"), script("漢字かな交じり"), script("12.5")
    ('Cyrillic', 'Kana', 'Common')
    """
    counts = Counter(_script_of_letter(char) for char in text if char.isalpha())
    if counts["Kana"] * _JAPANESE_SHARE >= counts["Kana"] + counts["Han"] > 0:
        counts["Kana"] += counts.pop("Han", 0)
    if not counts.total():
        return "Common"
    return min(counts, key=lambda name: (-counts[name], name))
