"""What is known of each server: its level, whether it is left out for now, and who is asked next.

Pure: times are given, in seconds of any clock that only goes forward.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Container, Sequence
from dataclasses import dataclass, field

from workers.engines.endpoint.limits import Level, Pauses

log = logging.getLogger(__name__)

_LEFT_OUT = Pauses(base_s=2, cap_s=60)
_REFUSED = Pauses(base_s=0.1, cap_s=30)
_MOST_PAUSE_S = 600.0
"""A server that asks for a longer pause is asked again after this."""
_FAILURES_IN_A_ROW = 4
_PAGES_THAT_FAILED = 3
"""A page can make a server fail; so many different pages in a row do not."""


@dataclass(slots=True)
class Server:
    """One server, by its base URL.

    `failures` are the failed tries since its last whole answer, of the pages `failed_pages`. One
    that is left out gets one page at a time once `resumes_at_s` has passed, until it answers.
    """

    url: str
    level: Level
    under_way: int = 0
    sent: int = 0
    resumes_at_s: float = 0.0
    is_left_out: bool = False
    last_answer_s: float = float("-inf")
    why: str = ""
    failures: int = 0
    failed_pages: set[str] = field(default_factory=set)
    times_left_out: int = 0
    times_refused: int = 0

    def has_room(self, now_s: float) -> bool:
        """Whether it may get a page now."""
        return now_s >= self.resumes_at_s and self.under_way < (
            1 if self.is_left_out else self.level.room
        )

    def answered(self, now_s: float, epoch: int, waited_s: float, served_s: float) -> None:
        """A whole answer came, whatever it says."""
        if self.is_left_out:
            log.info("%s answers again", self.url)
        self.level.answered(epoch, self.under_way, waited_s, served_s)
        self.last_answer_s = now_s
        self.is_left_out, self.why = False, ""
        self.failures = self.times_left_out = self.times_refused = 0
        self.failed_pages.clear()

    def refused(
        self, now_s: float, epoch: int, why: str, asked_s: float | None, dice: random.Random
    ) -> None:
        """It has too much to do. `asked_s` is the pause that it asked for, if it did."""
        self.why = why
        pause_s = min(asked_s or 0.0, _MOST_PAUSE_S)
        if self.level.refused(epoch):
            # Also where it asks for no pause: one that refuses all would be asked without end.
            self.times_refused += 1
            pause_s = max(pause_s, _REFUSED.draw(self.times_refused, dice))
        self.resumes_at_s = max(self.resumes_at_s, now_s + pause_s)

    def failed(self, now_s: float, page_id: str, why: str, dice: random.Random) -> None:
        """A try failed by the server's fault or the page's, which one is not clear yet."""
        self.failures += 1
        self.failed_pages.add(page_id)
        self.why = why
        is_streak = self.failures >= _FAILURES_IN_A_ROW
        if self.is_left_out or (is_streak and len(self.failed_pages) >= _PAGES_THAT_FAILED):
            self.leave_out(now_s, why, dice)

    def leave_out(self, now_s: float, why: str, dice: random.Random) -> None:
        """It is down: nothing is sent there for a while."""
        if self.is_left_out and now_s < self.resumes_at_s:
            return  # sent before it was left out
        if not self.is_left_out:
            log.warning("%s is left out for now: %s", self.url, why)
        self.is_left_out, self.why = True, why
        self.times_left_out += 1
        # Never at once: half of the pause is sure.
        pause_s = _LEFT_OUT.draw(self.times_left_out, dice)
        sure_s = min(_LEFT_OUT.cap_s, _LEFT_OUT.base_s * 2 ** min(self.times_left_out - 1, 32))
        self.resumes_at_s = now_s + (sure_s + pause_s) / 2


def choose(servers: Sequence[Server], now_s: float, avoided: Container[str] = ()) -> Server | None:
    """The server with the fewest requests under way that may get one; None if none may.

    Those of `avoided` URLs are taken only if all others are left out. Of equals it takes the one
    that has got the fewest.
    """
    others = [server for server in servers if server.url not in avoided]
    if all(server.is_left_out for server in others):
        others = list(servers)
    free = [server for server in others if server.has_room(now_s)]
    return min(free, key=lambda server: (server.under_way, server.sent), default=None)
