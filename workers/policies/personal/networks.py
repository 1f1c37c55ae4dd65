"""IP addresses that are routed on the Internet; never private, reserved or documentation ones.

A section number or a version may look like an IPv4 address, so certainty tells them apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address

from schemas.findings import Finding
from workers.policies.personal.context import Words, is_named, words_before
from workers.policies.personal.evidence import Run, finding

_V4 = re.compile(r"(?<![\w.\-/+])(?:\d{1,3}\.){3}\d{1,3}(?![\w\-]|\.\w)")
# A literal first: text without colons costs nothing.
_COLONS = re.compile(r":[0-9A-Fa-f]{0,4}:")
_HEX_BEFORE = re.compile(r"[0-9A-Fa-f]{1,4}\Z")
_V6 = re.compile(r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:]|\.\d)")

_NAMES = Words(
    *("ip", "ips", "ipv4", "ipv6", "address", "addr", "host", "server", "client", "login", "peer"),
    *("adresse", "adresse ip", "direcci\u00f3n", "endere\u00e7o", "indirizzo", "adres", "serveur"),
    *("servidor", "remote", "from", "gateway", "dns", "ping", "ssh", "whois", "visitor", "user"),
    *("адрес", "地址", "位址", "アドレス"),
)
_OTHERS = Words(
    *(
        "version",
        "v",
        "ver",
        "release",
        "section",
        "sec",
        "chapter",
        "clause",
        "appendix",
        "kapitel",
    ),
    *("abschnitt", "paragraph", "figure", "table", "article", "firmware", "build", "oid", "§"),
    *("chapitre", "sección", "capítulo", "versione", "versión", "versão"),
)
_LINE_START = re.compile(r"(?:^|\n)[#\s]*$")

# Resolvers that manuals name; they are nobody's.
_PUBLIC_SERVICES = frozenset(
    {
        *("8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9", "149.112.112.112", "1.2.3.4"),
        *("208.67.222.222", "208.67.220.220", "4.2.2.1", "4.2.2.2", "2606:4700:4700::1111"),
        *("2001:4860:4860::8888", "2001:4860:4860::8844"),
    }
)


def networks(text: str, runs: Sequence[Run], heading: str = "") -> Iterator[Finding]:
    """All public IP addresses of a text.

    >>> text = "Host 84.17.203.9 runs version 4.17.20.9"
    >>> [f.certainty for f in networks(text, [Run(5, 16), Run(30, 39)])]
    [1.0, 0.1]
    """
    for run in runs:
        if text.count(".", run.start, run.end) >= 3:
            yield from _v4(text, run, heading)
    for colon in _COLONS.finditer(text):
        yield from _v6(text, colon.start())


def _v4(text: str, run: Run, heading: str) -> Iterator[Finding]:
    for match in _V4.finditer(text, run.start, min(run.end + 2, len(text))):
        if _is_public(match[0]):
            certainty = _certainty(text, match, heading)
            yield finding("ip", *match.span(), certainty, "IPv4")


def _certainty(text: str, match: re.Match[str], heading: str) -> float:
    before = words_before(text, match.start(), heading)
    if is_named(before, _OTHERS, _NAMES):
        return 0.1
    if is_named(before, _NAMES):
        return 1.0
    largest = max(int(part) for part in match[0].split("."))
    is_first = _LINE_START.search(text, max(match.start() - 8, 0), match.start())
    if largest >= 100:
        return 0.7 if is_first else 0.9
    return 0.2  # a section number, or a version such as 1.0.99.1


def _v6(text: str, colon: int) -> Iterator[Finding]:
    """The address around a colon that is the first of it."""
    hexadecimals = _HEX_BEFORE.search(text, max(colon - 4, 0), colon)
    start = hexadecimals.start() if hexadecimals else colon
    match = _V6.match(text, start)
    if match is None:
        return
    groups = [group for group in match[0].split(":") if group]
    # `12:34:56` is a time, and six pairs are a MAC address: neither has eight groups or a gap.
    if len(groups) >= 3 and _is_public(match[0]):
        yield finding("ip", *match.span(), 1.0, "IPv6")


def _is_public(written: str) -> bool:
    try:
        address: IPv4Address | IPv6Address = ip_address(written)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and not 0x2000 <= int(address) >> 112 <= 0x3FFF:
        return False  # nothing else is given out yet (RFC 4291): `0:1:2:3:4:5:6:7` is an example
    return address.is_global and not address.is_multicast and written not in _PUBLIC_SERVICES
