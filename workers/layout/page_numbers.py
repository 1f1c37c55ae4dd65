"""What counts as a page number, and whether those of two pages count on. Pure."""

from __future__ import annotations

import functools
import re

_ROMAN = re.compile(r"m{0,3}(?:cm|cd|d?c{0,3})(?:xc|xl|l?x{0,3})(?:ix|iv|v?i{0,3})")
_DIGITS = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100, "d": 500, "m": 1000}
_WORDS = (
    r"(?:page|seite|p\.|pg\.?|pagina|página|strona|strana|sida|side|sivu|oldal|страница|стр\.|第)"
)
_OF = r"(?:of|von|de|di|sur|av|af|van|z|/|из|\|)"
_EDGES = r"[-–—~*\[\](){}|·•.\s]*"
_NUMBER = r"(?:(?:[A-Za-z]|\d{1,3})\s?[-–.:]\s?)?\d{1,4}|[ivxlcdm]{1,9}|[IVXLCDM]{1,9}"
_ALONE = re.compile(
    rf"^{_EDGES}(?:{_WORDS}\s*)?(?P<number>{_NUMBER})(?:\s*(?:頁|页|ページ))?"
    rf"(?:\s*{_OF}\s*\d{{1,5}})?{_EDGES}$",
    re.IGNORECASE,
)
_FIRST = re.compile(r"^\W*(\d{1,4})(?=[\s|·•])")
_LAST = re.compile(r"(?<=[\s|·•–—.:-])(\d{1,4})\W*$")
_DIGIT_FOLD = str.maketrans(dict.fromkeys("123456789٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "0"))
_ASCII = {ord(char): str(i % 10) for i, char in enumerate("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹")}


def page_number(text: str) -> int | None:
    """The number of a text that is nothing but a page number, such as `Page 3 of 10` or `- iv -`.

    Of a number by chapters (`A-12`, `3.12`) it is the last part.

    >>> [page_number(text) for text in ("- 3 -", "3 / 10", "xiv", "A-12", "Page", "mild", "1.")]
    [3, 3, 14, 12, None, None, 1]
    """
    found = _ALONE.match(text.translate(_ASCII).strip())
    if found is None:
        return None
    number = found["number"]
    if number[-1].isdigit():
        return int(re.split(r"\D+", number)[-1])
    return _roman(number)


def first_number(text: str) -> int | None:
    """The number that begins a line of text, as in `12 Chapter 1`."""
    found = _FIRST.search(text.translate(_ASCII))
    return int(found[1]) if found else None


def last_number(text: str) -> int | None:
    """The number that ends a line of text, as in `Manual of ropes 12`."""
    found = _LAST.search(text.translate(_ASCII))
    return int(found[1]) if found else None


@functools.lru_cache(maxsize=4096)  # a page's edges are compared with those of four others
def folded(text: str) -> str:
    """`text` with one `0` for each run of digits, one space for spaces, in lower case."""
    return re.sub("0+", "0", " ".join(text.translate(_DIGIT_FOLD).lower().split()))


def _roman(text: str) -> int | None:
    letters = text.lower()
    if (text != letters and text != text.upper()) or not _ROMAN.fullmatch(letters):
        return None
    values = [_DIGITS[letter] for letter in letters]
    following = [*values[1:], 0]
    return sum(-a if a < b else a for a, b in zip(values, following, strict=True))
