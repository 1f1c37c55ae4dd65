"""A link, and what came of asking for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Link:
    """A link of a list: its URL, where its document is to be asked for, and how it came there."""

    url: str
    at: str
    hops: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a link.

    - `kept`: its document lies in the kept folder, under `sha256`; `bytes_read` of it came now, and
      its host has `reserved` something.
    - `moved`: it is at another host, where `link` asks for it.
    - `gone`: the host says that it has no such document.
    - `refused`: it must not be fetched, or never can; `reason` is one of REJECT_REASONS.
    - `failed`: it may be had another time.
    """

    link: Link
    kind: Literal["kept", "moved", "gone", "refused", "failed"]
    sha256: str = ""
    size: int = 0
    reason: str = ""
    detail: str = ""
    bytes_read: int = 0
    reserved: str = ""


class NeverError(Exception):
    """A link that is refused, today and tomorrow. `reason` is one of REJECT_REASONS."""

    def __init__(self, detail: str, reason: str = "not_fetched") -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class GoneError(Exception):
    """A document that is no longer at its link."""


class ForNowError(Exception):
    """A link that cannot be had now. `pause_s` is what the host has asked for, if it has."""

    def __init__(self, detail: str, pause_s: float | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.pause_s = pause_s
