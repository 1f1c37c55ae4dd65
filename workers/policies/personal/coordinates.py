"""Coordinates that lead to somebody's door: precise ones, beside words about a person's place.

Maps, surveys and species records are full of coordinates that are nobody's, so words decide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from schemas.findings import Finding
from workers.policies.personal.context import Words, is_named, words_before
from workers.policies.personal.evidence import Run, finding

# Four decimals are 11 metres at the equator: a house. Seconds of arc are 31 metres.
_DECIMAL = re.compile(
    r"(?<![\w.,-])[-+\u2212]?(?P<north>\d{1,2}\.\d{4,8})\u00b0?\s?[NS]?\s?[,;/\s]\s?[-+\u2212]?(?P<east>\d{1,3}\.\d{4,8})\u00b0?\s?[EWO]?(?!\w|\.\d)"
)
_SEXAGESIMAL = re.compile(
    r"(?P<north>\d{1,2})\s?\u00b0\s?[0-5]?\d\s?['\u2032\u2019]\s?[0-5]?\d(?:[.,]\d{1,4})?\s?(?:[\"\u2033\u201d]|''|\u2032\u2032)\s?[NS]"
    r"[,;/\s]{0,3}(?P<east>\d{1,3})\s?\u00b0\s?[0-5]?\d\s?['\u2032\u2019]\s?[0-5]?\d(?:[.,]\d{1,4})?\s?(?:[\"\u2033\u201d]|''|\u2032\u2032)\s?[EWO]"
)

_PERSONAL = Words(
    *("home", "house", "lives", "living at", "lives at", "residence", "resident", "address", "my"),
    *("his", "her", "their", "our", "apartment", "flat", "patient", "victim", "suspect", "witness"),
    *("last seen", "tracked", "phone location", "meet", "family", "tenant", "owner", "applicant"),
    *(
        "wohnort",
        "wohnung",
        "zuhause",
        "wohnt",
        "adresse",
        "anschrift",
        "haus",
        "domicile",
        "habite",
    ),
    *("maison", "réside", "chez", "casa", "domicilio", "vive", "residencia", "dirección", "reside"),
    *(
        "mora",
        "residência",
        "endereço",
        "abita",
        "residenza",
        "indirizzo",
        "woont",
        "huis",
        "woning",
    ),
    *(
        "mieszka",
        "dom",
        "adres",
        "дом",
        "живёт",
        "живет",
        "адрес",
        "住址",
        "家",
        "住所",
        "自宅",
        "주소",
        "집",
    ),
    *("بيت", "العنوان", "पता", "घर"),
)
_OTHERS = Words(
    *(
        "station",
        "site",
        "sample",
        "specimen",
        "epicentre",
        "epicenter",
        "well",
        "borehole",
        "summit",
    ),
    *("airport", "harbour", "lighthouse", "survey", "plot", "transect", "city", "town", "monument"),
)


def coordinates(text: str, runs: Sequence[Run], heading: str = "") -> Iterator[Finding]:
    """All precise coordinates of a text; only those of people are certain.

    >>> text = "She lives at 52.51704, 13.38886; borehole 52.5321, 13.3921"
    >>> [f.certainty for f in coordinates(text, [Run(13, 31), Run(42, 58)])]
    [0.8, 0.1]
    """
    for run in runs:
        if run.size >= 7 and "." in text[run.start : run.end]:
            match = _DECIMAL.match(text, max(run.start - 1, 0)) or _DECIMAL.match(text, run.start)
            yield from _of(match, text, heading)
    if "°" in text:
        for match in _SEXAGESIMAL.finditer(text):
            yield from _of(match, text, heading)


def _of(match: re.Match[str] | None, text: str, heading: str) -> Iterator[Finding]:
    if match is None or float(match["north"]) > 90 or float(match["east"]) > 180:
        return
    before = words_before(text, match.start(), heading)
    certainty = 0.8 if is_named(before, _PERSONAL, _OTHERS) else 0.1
    yield finding("coordinates", *match.span(), certainty, "WGS 84")
