"""The language of a text: by its script where one language has that script, else by a model.

Owns: what of a text is prose, which script its letters are of, and when the answer is `und`
(undetermined, ISO 639-2). Does not: say where in a page of two languages each begins.

    language("Ein kurzer Satz.")          # ("de", 0.94)
    language("R12 470k  C3 100n  GND")    # ("und", 0.0)

1. Code, formulas, tags, numbers and part numbers are left out. What stays is prose.
2. A script that one language has settles the language: Greek, Thai, Korean, Japanese by its kana.
3. Otherwise prose of too few words is `und`, and the model says the rest.
4. Where the model calls its own answer unreliable, the answer is `und`.

The model is CLD2 (Sites, "Compact Language Detection 2", 2013). Its tables are read-only and of
whole numbers, so that it needs no loading, runs in any thread, and answers the same everywhere.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections import Counter
from itertools import islice

import pycld2

UNDETERMINED = ("und", 0.0)

_SCANNED_CHARS = 8_000  # bounds the time of hostile texts; a full page has 3,000
_PROSE_CHARS = 2_000  # more prose does not change the answer and costs time
_FEWEST_WORDS = 3  # different ones; a drawing repeats its few
_FEWEST_LETTERS = 4  # of a script that settles the language, often written without spaces

# ---- prose --------------------------------------------------------------------------------------

# Every branch begins with its own sign, so that text without them is skipped at the speed of C, and
# every repeat is bounded, so that openings without ends stay cheap.
_NOT_PROSE = re.compile(
    r"""
      ```.{0,4000}?``` | ~~~.{0,4000}?~~~                   # fenced code
    | `[^`\n]{1,200}`                                       # code within a line
    | \$\$.{1,2000}?\$\$ | \\\[.{1,2000}?\\\] | \\\(.{1,500}?\\\)
    | \$(?=\S)[^$\n]{1,300}(?<=\S)\$(?!\d)                  # a formula, not "from $5 to $10"
    | \\begin\{(equation|align|gather|array|verbatim|lstlisting|tabular)\*?\}
      .{0,4000}?\\end\{\1\*?\}
    | \\[A-Za-z]{1,40}\*?                                   # a command of LaTeX
    | </?[A-Za-z!][^<>]{0,300}>                             # a tag with its attributes
    | \]\([^()\s]{1,500}\)                                  # where a Markdown link leads
    """,
    re.VERBOSE | re.DOTALL,
)

# Cells of a table stand between bars. East Asia sets no space after its punctuation, Tibetan and
# Ethiopic set their own marks between words.
_SEPARATORS = re.compile(
    r"[|\u0f0b-\u0f14\u1361-\u1368\u3000-\u3004\u3008-\u3020\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40]+"
    r"|(?<=[\u2e80-\ud7ff])[,.:;!?()]"
)

_EDGES = "!\"'()*,-./:;<>?[]_`{}#~«»‹›„“”‘’‚…‐–—•·¡¿،؛؟۔।॥։՝՞;·་།๏"

# Marks of Indic scripts are no letters to Python, so a word is told by what it does not hold:
# numbers, the signs of code, addresses and formulas, and what is no character, which the model
# refuses.
_WORD = re.compile(
    r"(?!.*[a-z][A-Z])"  # `getValue` is code
    r"[^\x00-\x20\s\d_!-&(-,./:-@\[-`{-\xa9\xab-\xb4\xb6-\xb9\xbb-\xbf\xd7\xf7"
    r"\u2000-\u200b\u200e-\u200f\u2011-\u2018\u201a-\u2bff\ud800-\uf8ff\ufdd0-\ufdef\ufff0-\uffff"
    r"\U0001f000-\U0001ffff\U0002fffe-\U0002ffff\U0003fffe-\U0010ffff]+"
)

_VOWELS = frozenset("aeiouyAEIOUY")


def prose(text: str) -> list[str]:
    """The words of the lines of `text` that are prose: at least half of their pieces are words."""
    words: list[str] = []
    chars = 0
    for line in _NOT_PROSE.sub(" ", text[:_SCANNED_CHARS]).splitlines():
        found = _words_of(_SEPARATORS.sub(" ", line[:_PROSE_CHARS]))
        words += found
        chars += sum(map(len, found)) + len(found)
        if chars >= _PROSE_CHARS:
            break
    return words


def _words_of(line: str) -> list[str]:
    pieces = [bare for piece in line.split() if (bare := piece.strip(_EDGES))]
    words = [piece for piece in pieces if _is_word(piece)]
    # Single letters count against a line: they label drawings, and stand in lists and formulas.
    return words if 2 * sum(map(_is_long, words)) >= len(pieces) else []


def _is_word(piece: str) -> bool:
    # The first test settles most words at a third of the time of the second.
    return (piece.isalpha() and piece[1:].islower()) or _WORD.fullmatch(piece) is not None


def _is_long(word: str) -> bool:
    """Whether a word can be of a sentence: no single letter, and no `GND` without a vowel."""
    if word.isascii():
        return len(word) > 1 and word[1] not in "-'" and not _VOWELS.isdisjoint(word)
    return len(word) > 1 or word >= "\u2e80"  # a sign of East Asia is a word


# ---- the answer ---------------------------------------------------------------------------------

_BY_SCRIPT = {
    "GREEK": "el", "ARMENIAN": "hy", "GEORGIAN": "ka", "THAI": "th", "LAO": "lo", "KHMER": "km",
    "MYANMAR": "my", "GUJARATI": "gu", "GURMUKHI": "pa", "ORIYA": "or", "TAMIL": "ta",
    "TELUGU": "te", "KANNADA": "kn", "MALAYALAM": "ml", "SINHALA": "si", "THAANA": "dv",
    "MONGOLIAN": "mn", "CHEROKEE": "chr", "YI": "ii", "NKO": "nqo", "VAI": "vai",
    "HAN": "zh", "KANA": "ja", "HANGUL": "ko",
}  # fmt: skip
"""What a script says by itself, by the first word of its letters' Unicode names."""

_EAST_ASIA = {"CJK": "HAN", "IDEOGRAPHIC": "HAN", "BOPOMOFO": "HAN",
              "HIRAGANA": "KANA", "KATAKANA": "KANA", "HANGUL": "HANGUL"}  # fmt: skip
_KANA_SHARE = 0.05  # of the signs of East Asia; Japanese prose has half, Chinese has none
_HANGUL_SHARE = 0.2

_CODES = {"iw": "he", "jw": "jv", "bh": "bho", "sr-ME": "cnr", "zh-Hant": "zh"}
"""Codes of the model that ISO 639 has withdrawn, or that are none of its own."""

_NO_LANGUAGES = ("un", "xx", "zz", "tlh")  # unknown, a script, jokes


def language(text: str) -> tuple[str, float]:
    """ISO 639-1 code of the text's language (639-3 where there is none), and a score of 0 to 1.

    The score is the share of the letters that are of the script, or the share of the prose that the
    model gives to the language; it gives a sentence or two in another language to the first.
    """
    words = prose(text)
    main, letters, share = _main_script("".join(words))
    if main in _BY_SCRIPT:
        return (_BY_SCRIPT[main], share) if letters >= _FEWEST_LETTERS else UNDETERMINED
    return _by_model(" ".join(words)) if _are_enough(words) else UNDETERMINED


def _are_enough(words: list[str]) -> bool:
    long_words = filter(_is_long, dict.fromkeys(words))
    return sum(1 for _ in islice(long_words, _FEWEST_WORDS)) == _FEWEST_WORDS


def _by_model(line: str) -> tuple[str, float]:
    _, _, details = pycld2.detect(line.encode(), isPlainText=True)
    _, code, percent, _ = details[0]
    if code.startswith(_NO_LANGUAGES):
        return UNDETERMINED
    return _CODES.get(code, code), percent / 100


def _main_script(letters: str) -> tuple[str, int, float]:
    """The script of most letters, as the first word of their Unicode names: its count and share."""
    counts: Counter[str] = Counter()
    for char, count in Counter(letters).items():
        counts[_script(char)] += count
    del counts[""]
    total = counts.total()
    signs = {name: counts.pop(name, 0) for name in ("HAN", "KANA", "HANGUL")}
    if all_signs := sum(signs.values()):
        counts[_of_east_asia(signs)] = all_signs
    if not counts:
        return "", 0, 0.0
    main, count = max(counts.items(), key=lambda pair: (pair[1], pair[0]))
    return main, count, round(count / total, 4)


def _of_east_asia(signs: dict[str, int]) -> str:
    """The script that names the language: Japanese and Korean are written with Han signs, too."""
    total = sum(signs.values())
    if signs["HANGUL"] >= _HANGUL_SHARE * total:
        return "HANGUL"
    return "KANA" if signs["KANA"] >= _KANA_SHARE * total else "HAN"


@functools.lru_cache(maxsize=8192)
def _script(char: str) -> str:
    if not char.isalpha():
        return ""
    first = unicodedata.name(char, "").replace("-", " ").split(" ")[0]
    return _EAST_ASIA.get(first, first)
