"""A page's way through its tries, in one event loop.

A try fails by the server's fault or by the page's. Only the page's own failures count, and end as
its error: before that, the server must have read another page since, or read a blank one now.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from schemas.errors import PageFoundryError
from schemas.lines import first_line
from schemas.pages import PageImage, Reading
from workers.engines.answers import failed, miscount
from workers.engines.endpoint.admission import Admission, Ticket
from workers.engines.endpoint.answers import (
    Collected,
    TextTokens,
    bounds,
    reading_of,
    refused,
    timed_out,
)
from workers.engines.endpoint.client import Client
from workers.engines.endpoint.failures import Kind, TryFailed
from workers.engines.endpoint.limits import Level, Pauses
from workers.engines.endpoint.requests import Dialect, blank_url, body, page_url
from workers.engines.endpoint.servers import Server
from workers.engines.plan import Plan

log = logging.getLogger(__name__)

TRIES = 5
_VAIN_ROUNDS = 3
"""So often a page may fail with its server. Then it is the page that makes servers fail."""
_PAUSES = Pauses()
_SHORT_TIMEOUT_S = 30.0
_COUNTS = 4


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how much.

    Args:
        most: requests under way, of all servers together.
        page_timeout_s: what the tries of a page may take together, without the waits for a server.
        patience_s: how long pages wait for servers of which none gives an answer.
    """

    most: int
    page_timeout_s: float
    patience_s: float


@dataclass(slots=True)
class _Way:
    """A page's tries so far: those that failed, the time they took, the servers that they met."""

    since_s: float
    failures: int = 0
    spent_s: float = 0.0
    vain_rounds: int = 0
    why: str = ""
    avoided: set[str] = field(default_factory=set)
    was_sent_back: bool = False


class Desk:
    """Reads pages from the servers at `urls`. `dialect` is set once the servers are known."""

    def __init__(self, urls: Sequence[str], model: str, client: Client, limits: Limits) -> None:
        self.model = model
        self.client = client
        self.limits = limits
        self.dialect = Dialect()
        self.servers = [Server(url, Level(limits.most)) for url in urls]
        # Pauses change no byte of a dataset; equal ones would make many clients come at once.
        self._dice = random.Random()
        self._line = Admission(self.servers, limits.most, limits.patience_s, self._dice)
        self._text_tokens: dict[str, asyncio.Task[TextTokens]] = {}
        self._has_warned = False

    def leave_out(self, server: Server, why: str) -> None:
        """The server is down."""
        server.leave_out(asyncio.get_running_loop().time(), why, self._dice)

    async def read(self, page: PageImage, plan: Plan) -> Reading:
        """Read a page. Raises ServersDown, and nothing that is the page's fault."""
        try:
            with self._line.page():
                return await self._read(page, plan)
        except PageFoundryError:
            raise
        except Exception as exc:  # a worker's boundary: becomes a typed reject
            log.debug("reading %s failed", page.page_id, exc_info=True)
            return failed(page, f"endpoint: {type(exc).__name__}: {first_line(exc)}")

    async def _read(self, page: PageImage, plan: Plan) -> Reading:
        counted = plan.mode.tokens(page.width, page.height).placeholders if plan.mode.tokens else 0
        if plan.mode.tokens is not None and counted == 0:
            return refused(page, miscount(page, plan, 0, "") or "")
        text = await self._text(plan)
        room = self._room(plan, counted, text)
        if room <= 0:
            return refused(
                page,
                f"{counted} image tokens leave no room for an answer in a context of "
                f"{self.dialect.context_tokens} tokens",
            )
        way = _Way(asyncio.get_running_loop().time())
        while True:
            done = await self._try(page, plan, room, text, way)
            if done is not None:
                return done

    def _room(self, plan: Plan, image_tokens: int, text: TextTokens) -> int:
        """The most tokens of an answer. A server refuses a request that asks for more than its
        context has left."""
        context = self.dialect.context_tokens
        if context is None:
            return plan.max_new_tokens
        # A sixteenth of the image's tokens mark its rows and tiles, at most.
        return min(
            plan.max_new_tokens, context - image_tokens - image_tokens // 16 - text.most - 16
        )

    async def _try(
        self, page: PageImage, plan: Plan, room: int, text: TextTokens, way: _Way
    ) -> Reading | None:
        """One try of a page: its reading, or None if it must be tried again."""
        loop = asyncio.get_running_loop()
        ticket = await self._line.enter(way.avoided, way.was_sent_back)
        began_s = loop.time()
        collected = Collected(plan.profile.stronger.exempt)
        try:
            url = await self._image(page, plan)
            request = body(self.model, plan, self.dialect, room, url)
            await self._ask(ticket, request, collected, began_s + self._left_s(way))
        except TimeoutError:
            failure = TryFailed(Kind.SLOW, way.why or "the answer went on and on")
            self._failed(ticket, page, way, failure, loop.time() - began_s)
        except OSError as exc:
            return refused(page, f"its image is broken: {first_line(exc)}")
        except TryFailed as exc:
            if exc.kind is Kind.REFUSED:
                return refused(page, exc.why)
            self._failed(ticket, page, way, exc, loop.time() - began_s)
        else:
            reading, warning = reading_of(page, plan, collected, text)
            self._warn(warning)
            return reading
        finally:
            self._line.leave(ticket)
        return await self._settle(page, plan, ticket.server, way)

    async def _ask(
        self, ticket: Ticket, request: bytes, collected: Collected, deadline_s: float
    ) -> None:
        loop = asyncio.get_running_loop()
        sent_s, server = loop.time(), ticket.server
        stall_s = self.limits.page_timeout_s / 2
        first_s = await self.client.ask(server.url, request, collected, deadline_s, stall_s)
        now_s = loop.time()
        server.answered(now_s, ticket.epoch, first_s - sent_s, now_s - first_s)

    def _left_s(self, way: _Way) -> float:
        return self.limits.page_timeout_s - way.spent_s

    async def _image(self, page: PageImage, plan: Plan) -> str:
        longest_px = plan.mode.longest_edge_px
        if longest_px is None or max(page.width, page.height) <= longest_px:
            return page_url(page, plan.mode)
        return await asyncio.to_thread(page_url, page, plan.mode)

    def _failed(
        self, ticket: Ticket, page: PageImage, way: _Way, exc: TryFailed, took_s: float
    ) -> None:
        """Note a failed try, on the server and on the page's way."""
        now_s, server = asyncio.get_running_loop().time(), ticket.server
        log.debug("%s at %s: %s: %s", page.page_id, server.url, exc.kind.value, exc.why)
        way.was_sent_back = exc.kind in (Kind.BUSY, Kind.DOWN, Kind.DENIED)
        if exc.kind is Kind.BUSY:
            server.refused(now_s, ticket.epoch, exc.why, exc.pause_s, self._dice)
            return
        if exc.kind in (Kind.DOWN, Kind.DENIED):
            self.leave_out(server, exc.why)
            return
        if exc.kind is Kind.SLOW:
            server.level.refused(ticket.epoch)
        server.failed(now_s, page.page_id, exc.why, self._dice)
        way.failures += 1
        way.spent_s += took_s
        way.why = exc.why
        way.avoided.add(server.url)
        if len(way.avoided) == len(self.servers):
            way.avoided = {server.url} if len(self.servers) > 1 else set()

    async def _settle(
        self, page: PageImage, plan: Plan, server: Server, way: _Way
    ) -> Reading | None:
        """After a failed try: the page's error if it has used up its tries or its time."""
        if way.was_sent_back:
            return None
        is_late = self._left_s(way) <= 0
        if not is_late and way.failures < TRIES:
            await asyncio.sleep(_PAUSES.draw(way.failures, self._dice))
            return None
        way.vain_rounds += 1
        if way.vain_rounds < _VAIN_ROUNDS and not await self._is_well(server, plan, way.since_s):
            self.leave_out(server, way.why)
            way.failures, way.spent_s = 0, 0.0
            return None
        if is_late:
            return timed_out(page, self.limits.page_timeout_s, way.why)
        return refused(page, f"{way.failures} tries failed; the last: {way.why}")

    async def _is_well(self, server: Server, plan: Plan, since_s: float) -> bool:
        """Whether the server has answered since then, or else reads a blank page now."""
        if server.last_answer_s >= since_s:
            return True
        try:
            await self.ask_shortly(server.url, plan, blank_url())
        except TryFailed as exc:
            log.debug("%s reads no blank page either: %s", server.url, exc.why)
            return False
        return True

    async def ask_shortly(
        self, url: str, plan: Plan, image_url: str | None = None, **others: object
    ) -> Collected:
        """Ask for one token, beside the line. Raises TryFailed."""
        collected, loop = Collected(), asyncio.get_running_loop()
        request = body(self.model, plan, self.dialect, 1, image_url, **others)
        deadline_s = loop.time() + _SHORT_TIMEOUT_S
        try:
            await self.client.ask(url, request, collected, deadline_s, _SHORT_TIMEOUT_S)
        except TimeoutError as exc:
            raise TryFailed(Kind.SLOW, f"no answer within {_SHORT_TIMEOUT_S:g} s") from exc
        except TryFailed:
            # A token that is no text is an end without any text, which is enough here.
            if collected.finish is None:
                raise
        return collected

    async def _text(self, plan: Plan) -> TextTokens:
        """The text tokens of the plan's prompt, which servers count once."""
        task = self._text_tokens.get(plan.prompt)
        if task is None or (task.done() and task.exception() is not None):
            task = asyncio.create_task(self._count_text(plan))
            self._text_tokens[plan.prompt] = task
        return await asyncio.shield(task)

    async def _count_text(self, plan: Plan) -> TextTokens:
        """What two servers, or one of them twice, count alike; else the bounds."""
        counts: set[int] = set()
        widest = bounds(plan)
        for _ in range(_COUNTS):
            ticket = await self._line.enter()
            try:
                told = (await self.ask_shortly(ticket.server.url, plan)).prompt_tokens
            except TryFailed as exc:
                log.debug("%s counts no prompt without an image: %s", ticket.server.url, exc.why)
                if exc.kind is Kind.REFUSED:
                    break
                continue
            finally:
                self._line.leave(ticket)
            if told is None or not 0 < told <= widest.most:
                continue
            if told in counts:
                return TextTokens(told, told)
            counts.add(told)
        return widest

    def _warn(self, warning: str) -> None:
        """The first warning about vision tokens is logged; the others are of the same kind."""
        if warning and not self._has_warned:
            self._has_warned = True
            log.warning("%s. The rows of all such pages have what the servers count.", warning)
