"""E-mail addresses: as they are written, spelled out, cut by a line break, and as OCR damages them.

Each address is found from its `@`, so a text without one costs nothing. Forms that are not exactly
an address are believed only where they end in a known top-level domain.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from phonenumbers import SUPPORTED_REGIONS

from schemas.findings import Finding
from workers.policies.personal.evidence import finding

# RFC 5322's atoms without `/`, `=` and `|`, which join addresses to other things far more often
# than they stand in one. Letters of any script (RFC 6531). Markdown escapes `_` and `*`.
_LOCAL = re.compile(r"(?:[\w!#$%&'*+?^{}~.\u00ad-]|\\[_*]){1,80}\Z")
_DOMAIN = re.compile(
    r"(?:[^\W_](?:[\w\u00ad-]{0,61}[^\W_])?\.){1,8}(xn--[a-z0-9-]{2,20}|[^\W\d_]{2,24})"
)

_DAMAGED = re.compile(
    r"(?P<local>[\w+-](?:[\w.+\\-]{0,60}[\w+-])?)"
    r"(?P<at>[ ]@[ ]|@[ ]?|[\u00a9\u00ae]|[ ]?\([@aQ]\)[ ]?)"
    r"(?P<domain>[^\W_](?:[\w-]{0,40}[^\W_])?(?:[ ]?[.,][ ]?[^\W_](?:[\w-]{0,40}[^\W_])?){0,4}?)"
    r"(?P<dot>[ ]?[.,][ ]?)(?P<top>[A-Za-z]{2,6})(?![\w@-])"
)
_BROKEN = re.compile(
    r"(?P<local>[\w+-](?:[\w.+-]{0,60}[\w+-])?(?:-?\n)?)@"
    r"(?P<domain>\s?(?:[^\W_][\w-]{0,40}(?:\s?\n\s?[\w-]{1,40})?[.]){0,3}"
    r"[^\W_][\w-]{0,40}(?:\s?\n\s?[\w-]{1,40})?)(?P<dot>[.]\n?)(?P<top>[A-Za-z]{2,6})(?![\w@-])"
)
_BRACKETED = r"[\[({<]\s?(?:at|@|ät|arroba|chez|chiocciola|a|на)\s?[\])}>]"
_AT = rf"\s?{_BRACKETED}\s?"
_DOT = r"\s?[\[({<]\s?(?:dot|\.|punkt|punto|point|ponto|punt)\s?[\])}>]\s?"
_LOCAL_SPELLED = rf"(?P<local>[\w+-]{{1,40}}(?:(?:[.]|{_DOT}|\sdot\s)[\w+-]{{1,40}}){{0,3}})"
_LABEL = r"[^\W_][\w-]{0,40}"
_TOP = r"(?P<top>[A-Za-z]{2,6})\b"
_SPELLED = tuple(
    re.compile(_LOCAL_SPELLED + rest, re.IGNORECASE)
    for rest in (
        rf"{_AT}(?P<domain>{_LABEL}(?:(?:[.]|{_DOT}|\sdot\s){_LABEL}){{0,3}}?)"
        rf"(?P<dot>[.]|{_DOT}|\sdot\s){_TOP}",
        # "available at example.org" is prose, so a bare `at` needs a bare `dot`, or brackets.
        rf"\sat\s(?P<domain>{_LABEL}(?:(?:[.]|\sdot\s){_LABEL}){{0,3}}?)(?P<dot>\sdot\s){_TOP}",
    )
)
_SPELLS = re.compile(_BRACKETED, re.IGNORECASE)

_NOT_DOMAINS = frozenset(
    {
        *("png", "jpg", "jpeg", "gif", "svg", "webp", "css", "js", "ts", "py", "rb", "go", "md"),
        *("txt", "json", "yaml", "html"),
    }
)
_SURE_TOPS = frozenset(
    {
        *("com", "org", "net", "edu", "gov", "mil", "info", "biz", "eu", "uk", "fr", "ru", "pl"),
        *("jp", "cn", "kr", "br", "nl", "ch", "cz"),
    }
)
"""Top-level domains that are no words: after a full stop and a space, `in` and `at` go on a
sentence."""
_TOPS = _SURE_TOPS | {region.lower() for region in SUPPORTED_REGIONS} | {"io", "dev", "app", "name"}
"""The oldest top-level domains, and those of countries: the regions that have telephone codes."""


def emails(text: str) -> list[Finding]:
    """All e-mail addresses of a text; one that two forms find stands twice.

    >>> [f.detail for f in emails("Write to ada (at) lovelace (dot) org.")]
    ['spelled out']
    """
    found = list(_plain(text)) if "@" in text else []
    if any(sign in text for sign in "@\u00a9\u00ae") or "(a)" in text or "(Q)" in text:
        found += _misread(_DAMAGED, text, 0.7, "misread")
    if "@" in text and "\n" in text:
        found += _misread(_BROKEN, text, 0.8, "across lines")
    if _may_be_spelled(text):
        for form in _SPELLED:
            found += _misread(form, text, 0.8, "spelled out")
    return found


def _plain(text: str) -> Iterator[Finding]:
    at = text.find("@")
    while at >= 0:
        local = _LOCAL.search(text, max(at - 80, 0), at)
        domain = _DOMAIN.match(text, at + 1)
        if local and domain and domain[1].lower() not in _NOT_DOMAINS:
            start = local.start() + len(local[0]) - len(local[0].lstrip(".!#$%&'*+?^{}~-"))
            if start < at and text[at - 1] != ".":
                yield finding("email", start, domain.end(), 1.0, "written")
        at = text.find("@", at + 1)


def _misread(form: re.Pattern[str], text: str, certainty: float, detail: str) -> Iterator[Finding]:
    for match in form.finditer(text):
        top = match["top"]
        is_apart = match["dot"] not in ".,"
        tops = _SURE_TOPS if is_apart and detail != "spelled out" else _TOPS
        if top.lower() not in tops or not (top.islower() or top.isupper()):
            continue
        if match["local"].lower() == "copyright":
            continue
        start = match.start("local")
        yield finding("email", start, match.end("top"), certainty, detail)


def _may_be_spelled(text: str) -> bool:
    low = text.lower()
    return (" dot " in low and " at " in low) or _SPELLS.search(text) is not None
