"""Which countries' national telephone numbers a text of a language may have. Data.

International numbers need no country. The countries are those where the language is spoken by most,
the largest first; more countries would find more numbers and take more other numbers for one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

REGIONS: Mapping[str, tuple[str, ...]] = {
    "en": ("US", "GB", "AU", "IN", "IE", "ZA", "NZ"),
    "de": ("DE", "AT", "CH"),
    "fr": ("FR", "BE", "CH", "CA"),
    "es": ("ES", "MX", "AR", "CO", "CL", "PE"),
    "pt": ("BR", "PT"),
    "it": ("IT", "CH"),
    "nl": ("NL", "BE"),
    "ru": ("RU", "KZ", "BY"),
    "zh": ("CN", "TW", "HK"),
    "ja": ("JP",),
    "ko": ("KR",),
    "ar": ("EG", "SA", "AE", "MA", "DZ", "IQ", "JO"),
    "hi": ("IN",),
    "pl": ("PL",),
    "uk": ("UA",),
    "cs": ("CZ",),
    "sk": ("SK",),
    "sv": ("SE", "FI"),
    "no": ("NO",),
    "nb": ("NO",),
    "nn": ("NO",),
    "da": ("DK",),
    "fi": ("FI",),
    "hu": ("HU",),
    "ro": ("RO", "MD"),
    "bg": ("BG",),
    "el": ("GR", "CY"),
    "tr": ("TR",),
    "he": ("IL",),
    "iw": ("IL",),
    "fa": ("IR",),
    "ur": ("PK",),
    "bn": ("BD", "IN"),
    "th": ("TH",),
    "vi": ("VN",),
    "id": ("ID",),
    "ms": ("MY",),
    "hr": ("HR",),
    "sr": ("RS",),
    "sl": ("SI",),
    "lt": ("LT",),
    "lv": ("LV",),
    "et": ("EE",),
    "ca": ("ES",),
    "ka": ("GE",),
    "hy": ("AM",),
}
"""By ISO 639-1 code."""

_SCRIPTS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile("[ぁ-ヿ]"), "ja"),
    (re.compile("[가-힣]"), "ko"),
    (re.compile("[一-鿿]"), "zh"),
    (re.compile("[Ѐ-ӿ]"), "ru"),
    (re.compile("[\u0600-\u06ff]"), "ar"),
    (re.compile("[ऀ-ॿ]"), "hi"),
    (re.compile("[Ͱ-Ͽ]"), "el"),
    (re.compile("[֐-׿]"), "he"),
    (re.compile("[฀-๿]"), "th"),
)
_WIDEST = ("US", "GB", "DE", "FR", "ES", "IT")
"""For a text in Latin letters of unknown language, such as a form or a table of numbers."""


def regions_of(text: str, language: str) -> Sequence[str]:
    """The countries, by the language or, where that is not known, by the script.

    >>> regions_of("", "de-CH"), regions_of("電話", "und")[0]
    (('DE', 'AT', 'CH'), 'CN')
    """
    of_language = REGIONS.get(language.replace("_", "-").split("-")[0].lower())
    if of_language is not None:
        return of_language
    of_script = next((name for script, name in _SCRIPTS if script.search(text)), None)
    return _WIDEST if of_script is None else REGIONS[of_script]
