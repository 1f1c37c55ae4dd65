"""Names of licences: SPDX identifiers where they exist, else what was written. Pure."""

from __future__ import annotations

import re

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from schemas.lines import one_line

MAX_LICENSE_CHARS = 200
_CREATIVE_COMMONS = re.compile(
    r"(?:www\.)?creativecommons\.org/"
    r"(?:licenses/(?P<kind>[a-z-]+)/(?P<version>[0-9.]+)(?:/(?P<place>[a-z]{2}|igo|scotland))?"
    r"|publicdomain/(?P<public>zero|mark)/(?P<number>[0-9.]+))"
    r"(?:/(?:deed|legalcode)?(?:[.#?/].*)?)?",
    re.I,
)
_PUBLIC = {"zero": "CC0", "mark": "CC-PDM"}
_LISTS = re.compile(
    r"(?:www\.)?(?:spdx\.org/licenses|opensource\.org/licenses?)/(?P<name>[\w.+-]+?)"
    r"(?:\.html)?/?",
    re.I,
)
# Without brackets: `packaging` has Python parse the expression.
_EXPRESSION = re.compile(r"[\w.+-]+(?: (?:and|or|with) [\w.+-]+)*", re.A | re.I)


def license_named(text: str) -> str | None:
    """A licence by its SPDX name, else as written, as one bounded line; None for no text.

    >>> license_named("http://creativecommons.org/licenses/by/4.0/legalcode")
    'CC-BY-4.0'
    >>> license_named("CC BY-SA 4.0"), license_named(" All rights  reserved. ")
    ('CC-BY-SA-4.0', 'All rights reserved.')
    """
    text = one_line(text)[:MAX_LICENSE_CHARS].strip()
    return spdx_name(text) or text or None


def spdx_name(text: str) -> str | None:
    """The SPDX name of a licence, by an address or by its identifier; None where there is none."""
    address = text.partition("://")[2]
    if found := _CREATIVE_COMMONS.fullmatch(address):
        if found["public"]:
            return _identifier(f"{_PUBLIC[found['public'].lower()]}-{found['number']}")
        place = f"-{found['place']}" if found["place"] else ""
        return _identifier(f"CC-{found['kind']}-{found['version']}{place}")
    if found := _LISTS.fullmatch(address):
        return _identifier(found["name"])
    return _identifier(text) or _identifier(text.replace(" ", "-"))


def is_address(text: str) -> bool:
    """Whether a text is the address of a web page."""
    return re.fullmatch(r"https?://\S+", text) is not None


def _identifier(text: str) -> str | None:
    if len(text) > MAX_LICENSE_CHARS or not _EXPRESSION.fullmatch(text):
        return None
    try:
        return str(canonicalize_license_expression(text))
    except InvalidLicenseExpression:
        return None
