"""Heuristics of the field: counts and shares by which others filter text for training. Pure.

    heuristics("The cat is with the dog.\nIt is 7 years old ...", "en")["words"]    # 11

They depend on a text and its language alone, so whoever needs them of another text counts anew.
What each is, and who filters by it, stands beside `schemas.heuristics.HeuristicsRow`.

- **Words** are runs of letters, digits and their marks. In scripts without spaces (Chinese,
  Japanese, Thai, Lao, Burmese, Khmer) each character is a word, as `signatures.words` has it.
- **Lines** are those with something visible. A **table line** begins with `|` or with a tag of an
  HTML table. It counts as a line and in `table_share`; the other shares of lines, and their mean
  length, are those of the lines that are none.
- The tags of HTML tables, and where a link leads, are neither words nor digits.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Sequence

from schemas.heuristics import HeuristicsRow
from workers.text.signatures import UNSPACED, WORD
from workers.text.stop_words import STOP_WORDS

_TABLE_TAG = "/?(?:table|caption|thead|tbody|tfoot|tr|td|th)"
_TAG = re.compile(rf"<(?:{_TABLE_TAG}|/?(?:su[bp]|br))\b[^<>]{{0,300}}>", re.IGNORECASE)
_TABLE_LINE = re.compile(rf"\||<{_TABLE_TAG}\b", re.IGNORECASE)
_LINK = re.compile(r"\]\([^()\s]{1,500}\)")
_ASCII_WORD = re.compile("[0-9A-Za-z]+")
_DIGIT = re.compile(r"\d")
# Signs that also begin a word or a rule of dashes need a space behind them.
_BULLET = re.compile("[-*+–—]\\s|[•‣⁃▪▫●○◦∙·►▶■□◆◇❖➢✓]")
_ELLIPSES = ("...", "…")
_CLOSERS = "\"'”’»›)]}*_」』）】"
_TERMINAL = tuple(".!?:;…。！？：；．｡؟۔؛।॥։።၊။។៕")
_SHORT_LINE_CHARS = 30


@functools.cache
def _with_marks() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """A mark, and a word with its marks: those of Indic scripts and of Arabic are vowels.

    To Python they are no letters. Made at the first call: it looks at 64,000 characters.
    """
    marks = "".join(
        chr(code) for code in range(0x300, 0xFB20) if unicodedata.category(chr(code))[0] == "M"
    )
    word = rf"[{UNSPACED}]|[^\W_{UNSPACED}](?:[^\W_{UNSPACED}]|[{marks}])*"
    return re.compile(f"[{marks}]"), re.compile(word)


def _words(text: str) -> list[str]:
    if text.isascii():
        return _ASCII_WORD.findall(text)
    mark, word = _with_marks()
    return (word if mark.search(text) else WORD).findall(text)


def heuristics(text: str, language: str) -> HeuristicsRow:
    """The heuristics of a text in a language, which is a code of ISO 639 or `und`."""
    linked = _LINK.sub("]", text) if "](" in text else text
    plain = _TAG.sub(" ", linked) if "<" in linked else linked
    words = _words(plain)
    lines = [bare for line in linked.split("\n") if (bare := line.strip())]
    own = [line for line in lines if not _TABLE_LINE.match(line)]
    lengths = list(map(len, own))
    visible = sum(map(len, plain.split()))
    return {
        **_of_words(words, language),
        "digit_share": _share(len(_DIGIT.findall(plain)), visible),
        "lines": len(lines),
        "table_share": _share(len(lines) - len(own), len(lines)),
        "mean_line_length": _share(sum(lengths), len(own)),
        "short_line_share": _share(sum(n <= _SHORT_LINE_CHARS for n in lengths), len(own)),
        "bullet_share": _share(sum(map(bool, map(_BULLET.match, own))), len(own)),
        "ellipsis_share": _share(sum(line.endswith(_ELLIPSES) for line in own), len(own)),
        "punctuated_share": _share(
            sum(line.rstrip(_CLOSERS).endswith(_TERMINAL) for line in own), len(own)
        ),
        "duplicate_line_share": _share(sum(lengths) - sum(map(len, set(own))), sum(lengths)),
    }


def _of_words(words: Sequence[str], language: str) -> HeuristicsRow:
    count = len(words)
    stops = STOP_WORDS.get(language)
    found = [] if stops is None else list(filter(stops.__contains__, map(str.lower, words)))
    return {
        "words": count,
        "mean_word_length": _share(sum(map(len, words)), count),
        "letter_share": _share(count - sum(map(str.isnumeric, words)), count),
        "capital_share": _share(sum(word.isupper() and len(word) > 1 for word in words), count),
        "stop_words": None if stops is None else len(set(found)),
        "stop_word_share": None if stops is None else _share(len(found), count),
    }


def _share(part: int, whole: int) -> float | None:
    """`part / whole`, rounded as columns have it; None of nothing."""
    return round(part / whole, 4) if whole else None
