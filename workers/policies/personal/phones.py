"""Telephone numbers, by libphonenumber's plans of numbers and by what stands around them.

A page has many numbers, and many of them would be somebody's telephone in some country: so a
national number counts only where words name it, or where it is written as its country writes it.
What users of other finders suffer is left out first: dates, page ranges, ISBNs, versions, amounts,
parts of identifiers (libphonenumber's issue 708; Presidio's and Dolma's patterns).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Literal

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat

from schemas.findings import Finding
from workers.policies.personal.context import Near, names_next, words_before
from workers.policies.personal.evidence import Run, finding
from workers.policies.personal.phone_regions import regions_of
from workers.policies.personal.phone_words import OTHERS, STRONG, WEAK

_Naming = Literal["named", "hinted", "unnamed", "refused"]

_MOST_DIGITS = 17
_MOST_GROUPS = 9
"""`+49 (0) 30 12 34 56 78 90` has nine; without a bound, hostile texts take minutes."""
_LEAST_CHARS = 6
_LEAST_HINTED_CHARS = 9
_BESIDE_CHARS = 3
"""A word that stands before other numbers, too, counts where a colon and a space are between."""
_DECIMAL = re.compile(r"\+ ?\d+\.\d+")
_NO_COMMA = re.compile(r"[^,]+")
_GROUP = re.compile(r"\d+")
_LEAD = re.compile(r"\(?\+ ?\(?\Z|\(\Z")
_EXTENSION = re.compile(
    r"[ ,;]{0,2}(?:ext|extension|x|#|durchwahl|dw|poste|int|доб|分机|内线|内線)[ .:]{0,2}\d{1,6}"
    r"|[-/]\d{1,5}(?![\d./-])",
    re.IGNORECASE,
)

_NOT_PHONES = re.compile(
    r"(?:"
    r"\d{1,2}([./-])\d{1,2}\1(?:\d{2}|\d{4})(?:\s*-\s*\d{1,2}\1\d{1,2}\1(?:\d{2}|\d{4}))?"  # dates
    r"|(?:1[5-9]|20)\d\d([./-])[01]?\d\2[0-3]?\d(?:[ T.-]+[0-2]?\d)?"  # dates, the year first
    r"|(?:1[5-9]|20)\d\d(?:\s*[-/,]\s*(?:(?:1[5-9]|20)\d\d|\d\d))+"  # years
    r"|\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,3}(?:\.\d{3})+(?:,\d+)?"  # amounts
    r"|[^+]*(?:  |\d\d\. ).*"  # numbers of a table or a list
    r"|0[.,]\d{3,}|(?:\d{1,3}\.){3}\d{1,3}"  # shares, IPv4 addresses
    r"|97[89][ -]?(?:\d[ -]?){9}\d"  # an ISBN
    r")"
)
_RARELY_PHONES = re.compile(
    r"(?:"
    r"[1-9]\d{0,2}(?: \d{3}){1,3}(?:[.,]\d+)?"  # amounts
    r"|\d+[.,]\d+(?:\s*[-/,]\s*\d+[.,]\d+)*"  # decimals
    r"|\d{1,5}\s*-+\s*\d{1,5}(?:\s{0,4}\(\d{1,4})?"  # pages
    r"|(?:\d[ -]){1,4}\d*(?:[ -]\d+)*[ -]\d"  # an ISBN of ten digits; single digits
    r"|(?!0\d\.(?:\d\d\.){3}\d\d$)(?:\d{1,4}\.){2,6}\d{1,4}"  # versions, sections, addresses
    r")"
)
"""What counts only where a word for telephone stands before it."""
_CHINESE_MOBILE = re.compile(r"1[3-9]\d(?: ?\d{4}){2}|1[3-9]\d(?:-\d{4}){2}")
_NORTH_AMERICAN = re.compile(r"\(\d{3}\)[ -]?\d{3}[-. ]\d{4}|(?:1[-. ])?\d{3}([-.])\d{3}\1\d{4}")


def phones(
    text: str, runs: Sequence[Run], language: str = "und", heading: str = ""
) -> Iterator[Finding]:
    """All telephone numbers of a text.

    >>> text = "Tel. 030 901820, published 2010-2012, ISBN 3-16-148410-0"
    >>> [text[f.start:f.end] for f in phones(text, [Run(5, 15)], "de")]
    ['030 901820']
    """
    regions = regions_of(text, language) if runs else ()
    for run in runs:
        for part in _NO_COMMA.finditer(text, run.start, run.end):
            if part.end() - part.start() >= _LEAST_CHARS:
                yield from _of_run(text, part.span(), regions, heading)


def _of_run(
    text: str, span: tuple[int, int], regions: Sequence[str], heading: str
) -> Iterator[Finding]:
    """The numbers of one run: from each group on, the longest number that is valid."""
    groups = [match.span() for match in _GROUP.finditer(text, *span)]
    first = 0
    while first < len(groups):
        found = _from(text, groups[first:], regions, heading)
        first += 1
        if found is not None:
            yield found
            first += sum(start < found.end for start, _ in groups[first:])
        # Without one, no other number begins at the next group: only after a wide gap or a mark.
        while found is None and first < len(groups) and not _may_begin(text, groups, first):
            first += 1


def _may_begin(text: str, groups: Sequence[tuple[int, int]], number: int) -> bool:
    between = text[groups[number - 1][1] : groups[number][0]]
    return len(between) > 1 or between in "/("


def _from(
    text: str, groups: Sequence[tuple[int, int]], regions: Sequence[str], heading: str
) -> Finding | None:
    """The longest number that begins with the first group and ends with one of the others."""
    lead = _LEAD.search(text, max(groups[0][0] - 3, 0), groups[0][0])
    begin = lead.start() if lead else groups[0][0]
    begin += text[begin] == " "
    if _goes_on(text, begin):
        return None
    naming = _naming(words_before(text, begin, heading))
    for last in range(_most_groups(groups), 0, -1):
        end = groups[last - 1][1]
        if groups[last - 1][1] - begin < _LEAST_CHARS or _is_cut(text, end):
            continue
        goes_on = last < len(groups) and not _may_begin(text, groups, last)
        if goes_on and naming == "unnamed" and "+" not in text[begin:end]:
            continue  # the beginning of a longer number is none by its form alone
        certainty, country = _judged(text[begin:end], regions, naming)
        if certainty:
            tail = _end_of_extension(text, groups[last - 1 :], end)
            return finding("phone", begin, tail, certainty, country)
    return None


def _most_groups(groups: Sequence[tuple[int, int]]) -> int:
    """How many of the groups a number may have at most."""
    sums = accumulate(end - start for start, end in groups[:_MOST_GROUPS])
    return sum(total <= _MOST_DIGITS for total in sums)


def _end_of_extension(text: str, groups: Sequence[tuple[int, int]], end: int) -> int:
    """The end with an extension: a short group that a word, a hyphen or a stroke joins to the
    number. `groups` are its last one and those behind."""
    if len(groups) == 1:
        extension = _EXTENSION.match(text, end)
        return extension.end() if extension else end
    start, stop = groups[1]
    return stop if text[end:start] in ("-", "/") and stop - start <= 5 else end


def _goes_on(text: str, start: int) -> bool:
    """Whether the digits go on a word, a path, a decimal or an identifier."""
    sign = text[start - 1 : start]
    if sign == ":":  # `tel:`, but not the minutes of a time
        return text[max(start - 2, 0) : start - 1].isdigit()
    return bool(sign) and ((sign.isalnum() and sign.isascii()) or sign in "_/=#&.,-@\\%$€£¥")


def _is_cut(text: str, end: int) -> bool:
    """Whether a word, a decimal or a unit goes on after the digits."""
    sign, next_sign = text[end : end + 1], text[end + 1 : end + 2]
    if sign in (".", ",", ":"):
        return next_sign.isdigit()
    return bool(sign) and (
        (sign.isalpha() and sign.isascii() and sign not in "xX") or sign in "_=@%€$*^"
    )


def _naming(before: Near) -> _Naming:
    """What the words before a number say of it; the nearest word counts."""
    other = OTHERS.last(before)
    if (strong := STRONG.last(before)) >= 0 and strong >= other:
        # After a number that the word names, another one needs the form of a telephone number.
        return "named" if names_next(before, strong) else "unnamed"
    if other >= 0 and other > WEAK.last(before):
        return "refused"
    weak = WEAK.last(before)
    return "hinted" if weak >= 0 and weak >= len(before.text) - _BESIDE_CHARS else "unnamed"


def _judged(written: str, regions: Sequence[str], naming: _Naming) -> tuple[float, str]:
    """How surely this is a telephone number, and of which country; 0 where it is none."""
    if written[0] == "+":
        number = None if _DECIMAL.fullmatch(written) else _valid(written, None)
        return (1.0 if naming == "named" else 0.95, _country(number)) if number else (0.0, "")
    is_other = _NOT_PHONES.fullmatch(written) or (
        naming != "named" and _RARELY_PHONES.fullmatch(written)
    )
    if naming == "refused" or is_other:
        return 0.0, ""
    is_dialled = written.startswith("00") and (naming == "named" or not written.isdigit())
    if is_dialled and (number := _valid("+" + written[2:], None)):
        return (1.0 if naming == "named" else 0.7), _country(number)
    for region in regions:
        # The form is looked at first: to parse a number takes 30 us.
        if naming == "unnamed" and not _may_be_unnamed(written, region):
            continue
        number = _valid(written, region)
        if number is not None and (certainty := _national(written, number, region, naming)):
            return certainty, _country(number)
    return 0.0, ""


def _national(written: str, number: PhoneNumber, region: str, naming: _Naming) -> float:
    """How surely a valid number of a country is one: as words name it, or as it is written."""
    if naming == "named":
        return 0.9
    is_as_usual = _may_be_unnamed(written, region) and _is_grouped_as_usual(written, number, region)
    if naming == "hinted":
        return 0.8 if is_as_usual else 0.6 if len(written) >= _LEAST_HINTED_CHARS else 0.0
    return 0.6 if is_as_usual else 0.0


def _may_be_unnamed(written: str, region: str) -> bool:
    """Whether it begins as its country's numbers do where they stand alone: with a zero, with a
    bracket, in North America with three groups and dashes, in China as its mobile numbers."""
    if region in ("US", "CA"):
        return bool(_NORTH_AMERICAN.fullmatch(written))
    if region == "CN" and _CHINESE_MOBILE.fullmatch(written):
        return True
    has_one_bracket = written.count("(") == written.count(")") <= 1
    return has_one_bracket and written[0] in "0(" and not written.isdigit()


def _is_grouped_as_usual(written: str, number: PhoneNumber, region: str) -> bool:
    if region in ("US", "CA", "CN"):
        return True
    national = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    return _GROUP.findall(national) == _GROUP.findall(written)


def _valid(written: str, region: str | None) -> PhoneNumber | None:
    try:
        number = phonenumbers.parse(written, region)
    except NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) else None


def _country(number: PhoneNumber) -> str:
    return phonenumbers.region_code_for_number(number) or f"+{number.country_code}"
