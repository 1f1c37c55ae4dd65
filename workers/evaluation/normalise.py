"""Makes two texts comparable: without markup, with one spelling for each character. Pure.

Truths and readings may be Markdown (a text layer, a dataset) or plain (a file beside a document).
The studies compare what a page shows, not how an engine writes it:

1. `without_markup` removes the syntax of Markdown and HTML and keeps the words. It also removes
   list marks, since engines write a bullet in ten ways or not at all.
2. `normalise` applies Unicode NFKC (ligatures, full-width forms, superscripts), gives quotes,
   dashes and ellipses one form each, removes soft hyphens and other characters without width, and
   makes white space one space, or none in scripts that are written without spaces.

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
    """A formula without its delimiters; other text between them (a price, a bracket) unchanged."""
    return span[1] if _LATEX.search(span[1]) else span[0]


_MARKUP: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"[ \t]+"), " "),  # first, so that no later pattern is slow on runs of spaces
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
    """`text` without Markdown and HTML syntax; its words stay.

    >>> without_markup("## A *fine* [day](x.html)")
    'A fine day'
    """
    for pattern, replacement in _MARKUP:
        text = pattern.sub(replacement, text)
    return text


def normalise(text: str) -> str:
    """`text` with one spelling for characters that look alike, and single spaces; idempotent.

    >>> normalise(" “ﬁve”  –  ２ ")
    '"five" - 2'
    """
    translated = _NO_WIDTH.sub("", text).translate(_FOLDED)  # first: NFKC splits some marks in two
    folded = unicodedata.normalize("NFKC", translated).translate(_FOLDED)
    spaced = _SPACE.sub(" ", _SPACE_BETWEEN.sub("", folded)).strip()
    # With spaces gone, combining marks may stand beside letters that they combine with.
    return unicodedata.normalize("NFC", spaced)


def plain(text: str) -> str:
    """`text` as the studies compare it: without markup, normalised."""
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
"""Japanese mixes Han and kana: a page is Kana if at least one in ten of these letters is kana."""


@functools.lru_cache(maxsize=1 << 14)
def _script_of_letter(char: str) -> str:
    """The first word of the letter's Unicode name, which is its script."""
    first = unicodedata.name(char, "UNKNOWN").partition(" ")[0]
    return _SCRIPT_OF_NAME.get(first, first.title())


def script(text: str) -> str:
    """The script of most letters of a text; without letters `Common`, as in Unicode.

    >>> script("Это мой page"), script("漢字かな交じり"), script("12.5")
    ('Cyrillic', 'Kana', 'Common')
    """
    counts = Counter(_script_of_letter(char) for char in text if char.isalpha())
    if counts["Kana"] * _JAPANESE_SHARE >= counts["Kana"] + counts["Han"] > 0:
        counts["Kana"] += counts.pop("Han", 0)
    if not counts.total():
        return "Common"
    return min(counts, key=lambda name: (-counts[name], name))
