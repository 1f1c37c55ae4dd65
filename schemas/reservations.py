"""What the server of a document reserves, by the headers of its response. Pure.

- `tdm-reservation: 1`: TDMRep, https://www.w3.org/community/reports/tdmrep/CG-FINAL-tdmrep-20240510/
  ("TDM Header Field in HTTP Responses"). Any other value says nothing.
- `X-Robots-Tag: noai`, `noimageai`: DeviantArt's words of 2022, beside those of search engines. A
  word behind the name of a robot speaks to that robot only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

TDM_RESERVATION = "tdm-reservation"
AGENT = "PageFoundry"
"""The name that servers may speak to."""

NO_AI = re.compile(r"\bno-?(?:image-?)?ai\b", re.I)
_ROBOT = re.compile(r"([a-z0-9_-]+)\s*:\s*(.*)", re.I | re.S)
# Words of X-Robots-Tag that have a value of their own.
_WITH_VALUE = {"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"}


def reserved_by_headers(headers: Iterable[tuple[str, str]]) -> str | None:
    """What the headers of a response reserve, in one line as `source.reserved` has it.

    >>> reserved_by_headers([("TDM-Reservation", "1"), ("X-Robots-Tag", "noindex, noai")])
    'tdm-reservation; noai'
    """
    words: dict[str, None] = {}
    for name, value in headers:
        if name.lower() == TDM_RESERVATION and value.strip() == "1":
            words[TDM_RESERVATION] = None
        elif name.lower() == "x-robots-tag":
            words |= dict.fromkeys(_of_robots(value))
    return "; ".join(words) or None


def _of_robots(value: str) -> Iterable[str]:
    """The words against AI that speak to every robot, or to ours."""
    robot = ""
    for part in value.split(","):
        word = part.strip()
        named = _ROBOT.fullmatch(word)
        if named and named[1].lower() not in _WITH_VALUE:
            robot, word = named[1].lower(), named[2].strip()
        if robot in ("", "*", AGENT.lower()) and NO_AI.fullmatch(word):
            yield word.lower()
