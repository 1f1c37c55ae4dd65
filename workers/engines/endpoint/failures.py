"""How a request can fail, and whose fault that is."""

from __future__ import annotations

from enum import Enum


class Kind(Enum):
    """What a failed try says.

    BUSY: the server has too much to do (429, 503); neither is at fault.
    DOWN: no connection; not the page's fault.
    FAILED, BROKEN: it failed, or its answer is none: the server's fault or the page's.
    SLOW: nothing came for too long: as FAILED, and the server may have too much to do.
    DENIED: it does not take the key.
    REFUSED: it does not take the request, so that trying again is useless.
    """

    BUSY = "busy"
    DOWN = "down"
    FAILED = "failed"
    BROKEN = "broken"
    SLOW = "slow"
    DENIED = "denied"
    REFUSED = "refused"


class TryFailed(Exception):
    """A request failed. `pause_s` is the pause that the server asked for, if it did.

    Never leaves this room: it becomes a page's error or an `EnvironmentFault`.
    """

    def __init__(self, kind: Kind, why: str, pause_s: float | None = None) -> None:
        super().__init__(why)
        self.kind = kind
        self.why = why
        self.pause_s = pause_s
