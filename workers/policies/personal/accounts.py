"""Bank accounts (IBAN, ISO 13616) and payment cards (ISO/IEC 7812), both by their checksums."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from stdnum import iban, luhn

from schemas.findings import Finding
from workers.policies.personal.context import Near, Words, is_named, words_before
from workers.policies.personal.evidence import Run, finding

_LENGTHS: Mapping[str, int] = {
    **{"NO": 15, "BE": 16, "DK": 18, "FI": 18, "FK": 18, "FO": 18, "GL": 18, "NL": 18, "SD": 18},
    **{"MK": 19, "SI": 19, "AT": 20, "BA": 20, "EE": 20, "KZ": 20, "LT": 20, "LU": 20, "MN": 20},
    **{"XK": 20, "CH": 21, "HR": 21, "LI": 21, "LV": 21, "BG": 22, "BH": 22, "CR": 22, "DE": 22},
    **{"GB": 22, "GE": 22, "IE": 22, "ME": 22, "RS": 22, "VA": 22, "AE": 23, "GI": 23, "IL": 23},
    **{"IQ": 23, "OM": 23, "SO": 23, "TL": 23, "AD": 24, "CZ": 24, "ES": 24, "MD": 24, "PK": 24},
    **{"RO": 24, "SA": 24, "SE": 24, "SK": 24, "TN": 24, "VG": 24, "LY": 25, "PT": 25, "ST": 25},
    **{"IS": 26, "TR": 26, "BI": 27, "DJ": 27, "FR": 27, "GR": 27, "IT": 27, "MC": 27, "MR": 27},
    **{"SM": 27, "AL": 28, "AZ": 28, "BY": 28, "CY": 28, "DO": 28, "GT": 28, "HU": 28, "LB": 28},
    **{"NI": 28, "PL": 28, "BR": 29, "EG": 29, "PS": 29, "QA": 29, "UA": 29, "JO": 30, "KW": 30},
    **{"MU": 30, "YE": 30, "MT": 31, "SC": 31, "LC": 32, "RU": 33},
}
"""Characters of an IBAN by country, from the SWIFT registry, release 99."""

_LEAST_RUN = 6
_REACH = 20
"""How far before a run of digits an IBAN may begin: `MT84 MALT 0110 0001 ...` has ten signs."""
_IBAN_START = re.compile(r"[A-Za-z]{2}[ ]?[0-9OoIl]{2}")
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}[ ]?[0-9OoIl]{2}(?:[\s-]{0,2}[A-Za-z0-9]){11,40}")
_DIGITS_FOR = str.maketrans("OoIlSB", "001158")

# A number in groups may wrap, also from one block to the next.
_GAP = r"(?:[ -]|\s{1,2})"
_CARD = re.compile(
    r"(?<![\w.,+#!?%@&*=/-])(?:"
    rf"(?P<grouped>\d{{4}}(?:{_GAP}\d{{4}}){{3}}(?P<more>[ -]\d{{3}})?"  # 16 or 19 digits
    rf"|3\d{{3}}{_GAP}\d{{6}}{_GAP}\d{{4,5}})"  # American Express and Diners
    r"|\d{13,19}"
    r")(?![\w-]|[.,]\d)"
)
_MOST_CARD_CHARS = 28
_CARD_NAMES = Words(
    *("card", "cards", "credit card", "credit", "debit", "visa", "mastercard", "maestro", "amex"),
    *("american express", "discover", "diners", "jcb", "unionpay", "pan", "card no", "card number"),
    *(
        "karte",
        "kreditkarte",
        "kartennummer",
        "carte",
        "carte bancaire",
        "cb",
        "tarjeta",
        "cart\u00e3o",
    ),
    *("carta", "carta di credito", "creditcard", "kaart", "karta", "карта", "карты"),
    *("卡号", "信用卡", "银行卡", "カード", "カード番号", "카드", "카드번호"),
    *("بطاقة", "कार्ड"),
)
_OTHER_NUMBERS = Words(
    *(
        "isbn",
        "issn",
        "ean",
        "gtin",
        "upc",
        "imei",
        "iccid",
        "serial",
        "serial no",
        "s/n",
        "tracking",
    ),
    *("order", "invoice", "doi", "barcode", "timestamp", "sscc", "sscc-18", "lot", "batch", "pmid"),
)


def ibans(text: str, runs: Sequence[Run]) -> Iterator[Finding]:
    """All IBANs of a text; letters that OCR took for digits are allowed for.

    >>> [f.detail for f in ibans("IBAN GB29 NWBK 6016 1331 9268 19", [Run(15, 32)])]
    ['GB']
    """
    starts = {
        match.start()
        for run in runs
        if run.size >= _LEAST_RUN
        for match in _IBAN_START.finditer(text, max(run.start - _REACH, 0), run.start + 4)
    }
    for start in sorted(starts):
        match = _IBAN.match(text, start)
        if match is None:
            continue
        country = match[0][:2].upper()
        length = _LENGTHS.get(country, 0)
        end = _end_of(match[0], length)
        if not end or match[0][end : end + 1].isalnum():
            continue
        written = "".join(filter(str.isalnum, match[0][:end])).upper()
        if iban.is_valid(written):
            yield finding("iban", match.start(), match.start() + end, 1.0, country)
        elif iban.is_valid(written[:2] + written[2:].translate(_DIGITS_FOR)):
            yield finding("iban", match.start(), match.start() + end, 0.9, country)


def _end_of(text: str, count: int) -> int:
    """Where the first `count` letters and digits end; 0 where there are fewer."""
    for at, sign in enumerate(text):
        count -= sign.isalnum()
        if count == 0:
            return at + 1
    return 0


def cards(text: str, runs: Sequence[Run], heading: str = "") -> Iterator[Finding]:
    """All numbers of payment cards.

    >>> text = "Visa 4111 1111 1111 1111"
    >>> [(f.detail, f.certainty) for f in cards(text, [Run(5, 24)])]
    [('Visa', 1.0)]
    """
    for run in runs:
        # The whole text behind it, because a number may go on in the next run.
        for match in _CARD.finditer(text, run.start, run.end + _MOST_CARD_CHARS):
            if match.start() >= run.end:
                break
            # A number of 16 digits may stand before another one.
            for end in (match.end(), max(match.start("more"), 0)):
                issuer = _checked_issuer(text[match.start() : end])
                if issuer is not None:
                    before = words_before(text, match.start(), heading)
                    certainty = _card_certainty(before, bool(match["grouped"]))
                    yield finding("card", match.start(), end, certainty, issuer)
                    break


def _checked_issuer(written: str) -> str | None:
    """The issuer of a card of this number; None where it is none."""
    digits = "".join(sign for sign in written if sign.isdigit())
    is_whole = len(digits) >= 13 and digits.isascii()
    return _issuer(digits) if is_whole and luhn.is_valid(digits) else None


def _card_certainty(before: Near, is_grouped: bool) -> float:
    if is_named(before, _OTHER_NUMBERS, _CARD_NAMES):
        return 0.1
    if is_named(before, _CARD_NAMES):
        return 1.0
    # One in ten numbers has a right check digit; groups of four tell a card from an IMEI.
    return 0.9 if is_grouped else 0.6


_ISSUERS: tuple[tuple[str, range, Sequence[range]], ...] = (
    ("Visa", range(13, 20, 3), [range(4000, 5000)]),
    ("Mastercard", range(16, 17), [range(5100, 5600), range(2221, 2721)]),
    ("American Express", range(15, 16), [range(3400, 3500), range(3700, 3800)]),
    ("Diners Club", range(14, 15), [range(3000, 3060), range(3600, 3700), range(3800, 4000)]),
    ("Discover", range(16, 20), [range(6011, 6012), range(6440, 6600)]),
    ("JCB", range(16, 20), [range(3528, 3590)]),
    ("UnionPay", range(16, 20), [range(6200, 6300)]),
    ("Maestro", range(16, 20), [range(5000, 5100), range(5600, 5900), range(6700, 6800)]),
)
"""Who issues cards of which lengths and first four digits (ISO/IEC 7812-1; the ranges that the
issuers publish)."""


def _issuer(digits: str) -> str | None:
    first = int(digits[:4])
    for issuer, lengths, ranges in _ISSUERS:
        if len(digits) in lengths and any(first in one for one in ranges):
            return issuer
    return None
