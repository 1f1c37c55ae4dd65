"""Repairs of one line's text: what a font or a typesetting program leaves wrong in it. Pure.

Each repair is a function of its own, does nothing to a line that is right, and says what it must
leave alone. `repaired` runs them all on a line of prose, after tests that cost 1 µs on a plain
line. Listings keep every sign, so they are not for here.
"""

from __future__ import annotations

import itertools
import re
import unicodedata

_TEX_LIGATURES = dict(zip("\x0b\x0c\x0d\x0e\x0f", ("ff", "fi", "fl", "ffi", "ffl"), strict=True))
_TEX_LIGATURES |= dict(zip("\x1b\x1c\x1d\x1e\x1f", _TEX_LIGATURES.values(), strict=True))
_TEX_LIGATURE = re.compile("(?<=[a-z])[\x0b-\x0f\x1b-\x1f]|[\x0b-\x0f\x1b-\x1f](?=[a-z])")

_COMBINING = dict(
    zip(
        "`´¨ˆ˜ˇ˘¯˙˚¸˛˝",
        "\u0300\u0301\u0308\u0302\u0303\u030c\u0306\u0304\u0307\u030a\u0327\u0328\u030b",
        strict=True,
    )
)
_ACCENT = re.compile("[´¨ˆ˜ˇ˘¯˙˚¸˛˝]|(?<=[^\\W\\d_])`(?=[^\\W\\d_])|`(?=[aeiouAEIOU]\\b)")
_DOTLESS = {"ı": "i", "ȷ": "j"}
_OPENING_QUOTES = re.compile(r"(?<![`‘\w])(?:``|‘‘|‘ ‘)(?=[^\s`‘])")
_CLOSING_QUOTES = re.compile(r"(?<=[^\s’=(;{\[])(?:’’|’ ’)(?![’\w])")
_CLOSING_ASCII = re.compile(r"(?:(?<=[^\W\d_]{2})|(?<=[.,!?…)]))''(?!['\w])")
_LOW_QUOTES = re.compile(r"(?<![\w,\\]),,(?=\w)")
_LOW_CLOSING = re.compile(r"(?<=[\w.!?])(?:``|‘‘)(?!\w)")

_CJK = "\u2e80-\u312f\u31a0-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003ffff"
_CJK_MARKS = "、。，．：；！？）」』】》〉（「『【《〈·…"
_CJK_SPACE = re.compile(f"(?<=[{_CJK}]) +(?=[{_CJK}])")
_SPACED_CJK = re.compile(f"(?<![{_CJK}])[{_CJK}](?: +[{_CJK}](?![{_CJK}])){{2,}}")
_TWO_CJK = re.compile(f"\\s*[{_CJK}] +[{_CJK}]\\s*")
_SPACE_AT_MARK = re.compile(f"(?<=[{_CJK_MARKS}]) +(?=[{_CJK}])|(?<=[{_CJK}]) +(?=[{_CJK_MARKS}])")

_SPACED_RUN = re.compile(r"(?<!\S)[^\W\d_](?: {1,2}[^\W\d_](?!\w)){3,}(?!\S)")
MAX_WORD_CHARS = 20  # more letters in a row are a line whose words cannot be told apart
_VOWEL = re.compile("[aeiouyàáâäãåèéêëìíîïòóôöõùúûüýæœαεηιουωάέήίόύώаеиоуыэюяё]")


def repaired(text: str) -> str:
    """`text`, a line of prose, with all repairs of this module that need nothing but the text."""
    if not text.isascii():
        text = without_cjk_spaces(composed(text))
        text = double_quotes(text)
    elif "`" in text or "''" in text or ",," in text:
        text = double_quotes(composed(text))
    return closed(text) if text.count(" ") * 3 > len(text) else text


def with_ligatures(text: str) -> str:
    """Control characters beside letters as the ligatures at their place in TeX's fonts.

    >>> with_ligatures("the \\x0crst e\\x0bect")
    'the first effect'
    """
    return _TEX_LIGATURE.sub(lambda found: _TEX_LIGATURES[found[0]], text)


def double_quotes(text: str) -> str:
    """Pairs of single quotation marks as double ones, where they stand at a word.

    Left alone: empty strings of code (`ne ’’`), three in a row, inches (`5''`), primes (`f''`).

    >>> double_quotes("‘‘Yes,’’ ``No,'' ,,Ja``")
    '“Yes,” “No,” „Ja“'
    """
    if ",," in text:
        text, low = _LOW_QUOTES.subn("„", text)
        if low:
            text = _LOW_CLOSING.sub("“", text)
    text = _OPENING_QUOTES.sub("“", text)
    return _CLOSING_ASCII.sub("”", _CLOSING_QUOTES.sub("”", text))


def composed(text: str) -> str:
    """Accents that are drawn as glyphs of their own, put on their letters.

    TeX's old fonts draw the accent before its letter, other programs after it; the letter on
    which it makes a letter of Unicode has it, and the usual side in this line where both do. Left
    alone: a grave that opens a quotation (`x'), an apostrophe (it´s), a tilde in an address (/˜x).

    >>> composed("f¨ur, pu`o, Mu¨nchen, d´eja")
    'für, può, München, déja'
    """
    accents = list(_ACCENT.finditer(text))
    if not accents:
        return text
    sides = [_sides(text, found.start()) for found in accents]
    prefers_before = sum(b > a == "" for b, a in sides) > sum(a > b == "" for b, a in sides)
    out: list[str] = []
    at = 0
    for found, (before, after) in zip(accents, sides, strict=True):
        place = found.start()
        if place < at or (_is_apostrophe(text, place) and len(accents) < 3):
            continue
        takes_before = before and (prefers_before or not after) and place > at
        if takes_before:
            out += [text[at : place - 1], before]
            at = place + 1
        elif after:
            out += [text[at:place], after]
            at = place + 2
    return "".join([*out, text[at:]])


def _sides(text: str, place: int) -> tuple[str, str]:
    """The accent at `place` put on the letter before it and on the one after it, where it can."""
    mark = _COMBINING[text[place]]
    before, after = text[max(place - 1, 0) : place], text[place + 1 : place + 2]
    if (before == "/" or before.isdigit()) or (text[place] == "`" and before == " " == after):
        return "", ""
    return _on(before, mark), _on(after, mark)


def _on(letter: str, mark: str) -> str:
    both = unicodedata.normalize("NFC", _DOTLESS.get(letter, letter) + mark)
    return both if letter.isalpha() and len(both) == 1 else ""


def _is_apostrophe(text: str, place: int) -> bool:
    return text[place] == "´" and bool(re.match(r"s(?!\w)", text[place + 1 : place + 3]))


def without_cjk_spaces(text: str) -> str:
    """Without the spaces between ideographs or kana that are set apart one by one.

    Left alone: a space between two words, as after the number of a chapter.

    >>> without_cjk_spaces("い つ も お 世 話"), without_cjk_spaces("第一章 绪论")
    ('いつもお世話', '第一章 绪论')
    """
    if " " not in text or not _CJK_SPACE.search(text):
        return text
    if _TWO_CJK.fullmatch(text):
        return text.replace(" ", "")
    text = _SPACED_CJK.sub(lambda found: found[0].replace(" ", ""), text)
    return _SPACE_AT_MARK.sub("", text)


def closed(text: str) -> str:
    """Words whose letters are spaced out, closed: two spaces part words, one parts letters.

    Left alone: initials (J. R. R.), fewer than four letters, an alphabet (a b c d), letters that
    make no word (x y z w).

    >>> closed("P R E F A C E"), closed("C h a p t e r  O n e"), closed("a b c d e")
    ('PREFACE', 'Chapter One', 'a b c d e')
    """
    return _SPACED_RUN.sub(_closed_run, text)


def _closed_run(found: re.Match[str]) -> str:
    words = [word.replace(" ", "") for word in found[0].split("  ")]
    is_right = max(map(len, words)) <= MAX_WORD_CHARS and is_wordlike("".join(words))
    return " ".join(words) if is_right else found[0]


def is_wordlike(letters: str) -> bool:
    """Whether letters set one by one make up words, not a list of variables."""
    if not letters:
        return False
    lower = letters.lower()
    steps = sum(ord(b) - ord(a) in (0, 1) for a, b in itertools.pairwise(lower))
    vowels = len(_VOWEL.findall(lower)) / len(lower)
    varied = len(set(lower)) > len(lower) // 3
    return 0.2 <= vowels <= 0.75 and steps * 3 <= len(lower) and varied
