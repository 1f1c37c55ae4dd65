"""Who goes next: pages wait here for a server that may get one.

Runs in one event loop, and keeps these promises:

- At most `most` requests are under way, and at each server at most its level.
- Pages go in the order in which they came. One that was sent back in vain goes first.
- A page waits as long as there is hope: it gets `ServersDown` when no server has given a whole
  answer for `patience_s`, and each is left out or paused.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from schemas.errors import ServersDown
from workers.engines.endpoint.servers import Server, choose


@dataclass(frozen=True, slots=True)
class Ticket:
    """The right to send one request to a server, at the level's `epoch`."""

    server: Server
    epoch: int


@dataclass(frozen=True, slots=True)
class _Waiting:
    place: asyncio.Future[Ticket]
    avoided: Collection[str]


class Admission:
    """Gives tickets. `dice` draws the pauses of servers."""

    def __init__(
        self, servers: Sequence[Server], most: int, patience_s: float, dice: random.Random
    ) -> None:
        self.servers = servers
        self.dice = dice
        self._most = most
        self._patience_s = patience_s
        self._line: deque[_Waiting] = deque()
        self._under_way = 0
        self._pages = 0
        self._began_s = 0.0
        self._timer: asyncio.TimerHandle | None = None

    @contextmanager
    def page(self) -> Iterator[None]:
        """A page is being read; the patience of the first begins here, and ends with the last."""
        if self._pages == 0:
            self._began_s = asyncio.get_running_loop().time()
        self._pages += 1
        try:
            yield
        finally:
            self._pages -= 1

    async def enter(self, avoided: Collection[str] = (), is_first: bool = False) -> Ticket:
        """Wait for a ticket, which `leave` must give back.

        `avoided` servers are asked only if all others are left out. Raises ServersDown.
        """
        loop = asyncio.get_running_loop()
        waiting = _Waiting(loop.create_future(), avoided)
        self._line.insert(0 if is_first else len(self._line), waiting)
        self._let_in()
        try:
            return await waiting.place
        except asyncio.CancelledError:
            if waiting in self._line:
                self._line.remove(waiting)
            elif waiting.place.done() and not waiting.place.cancelled():
                self.leave(waiting.place.result())
            raise

    def leave(self, ticket: Ticket) -> None:
        """The request has ended; what is known of the server has been updated."""
        ticket.server.under_way -= 1
        self._under_way -= 1
        self._let_in()

    def _let_in(self) -> None:
        """Give tickets to those who can go now, and come back when more can."""
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        kept: deque[_Waiting] = deque()
        while self._line and self._under_way < self._most:
            waiting = self._line.popleft()
            if waiting.place.done():
                continue  # cancelled
            server = choose(self.servers, now_s, waiting.avoided)
            if server is not None:
                server.under_way += 1
                server.sent += 1
                self._under_way += 1
                waiting.place.set_result(Ticket(server, server.level.epoch))
                continue
            kept.append(waiting)
            if choose(self.servers, now_s) is None:
                break
        self._line.extendleft(reversed(kept))
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._line:
            self._give_up_or_come_back(loop, now_s)

    def _give_up_or_come_back(self, loop: asyncio.AbstractEventLoop, now_s: float) -> None:
        last_s = max(self._began_s, *(server.last_answer_s for server in self.servers))
        is_hopeless = all(s.is_left_out or s.resumes_at_s > now_s for s in self.servers)
        if is_hopeless and now_s >= last_s + self._patience_s:
            self._turn_away(now_s, now_s - last_s)
            return
        times_s = [server.resumes_at_s for server in self.servers] + [last_s + self._patience_s]
        next_s = min((time_s for time_s in times_s if time_s > now_s), default=None)
        if next_s is not None:
            self._timer = loop.call_at(next_s, self._let_in)

    def _turn_away(self, now_s: float, quiet_s: float) -> None:
        states = "; ".join(f"{server.url}: {server.why}" for server in self.servers)
        for waiting in self._line:
            if not waiting.place.done():
                waiting.place.set_exception(
                    ServersDown(
                        f"engine.urls: no server has given an answer for {quiet_s:.0f} s; {states}"
                    )
                )
        self._line.clear()
        for server in self.servers:
            if server.is_left_out:
                server.resumes_at_s = now_s  # whoever comes next has waited already
