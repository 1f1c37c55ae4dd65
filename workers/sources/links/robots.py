"""What a host's robots.txt allows (RFC 9309), and how slowly it wants to be asked."""

from __future__ import annotations

from dataclasses import dataclass

from protego import Protego

from schemas.reservations import AGENT

MAX_BYTES = 512 * 2**10
"""What is read of a robots.txt: RFC 9309, 2.5, asks for 500 KiB at least. The rest is ignored."""

MAX_DELAY_S = 60.0
"""The longest `Crawl-delay` that is heeded, which is no part of the RFC."""


@dataclass(frozen=True, slots=True)
class Robots:
    """The rules of a host.

    >>> Robots.parsed(b"User-agent: *\\nDisallow: /private/").allows("https://e.org/private/a.pdf")
    False
    """

    rules: Protego
    delay_s: float

    @staticmethod
    def parsed(data: bytes) -> Robots:
        """The rules in the bytes of a robots.txt; whatever is no rule is left out."""
        rules = Protego.parse(data[:MAX_BYTES].decode("utf-8", "replace"))
        return Robots(rules, min(rules.crawl_delay(AGENT) or 0.0, MAX_DELAY_S))

    def allows(self, url: str) -> bool:
        """Whether a URL of the host may be asked."""
        return bool(self.rules.can_fetch(url, AGENT))
