"""A web server on loopback for tests of links: documents by path, and whatever a host may do."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping

from tests.loopback import Exchange, LoopbackServer, Request

Answer = Callable[[Exchange], Awaitable[None]]


class Web(LoopbackServer):
    """Serves `files` by their paths with an etag each, and `answers` where a path has one.

    All files are sent with `headers`.
    """

    def __init__(self, files: Mapping[str, bytes] | None = None) -> None:
        super().__init__()
        self.files = {f"/{name}": data for name, data in (files or {}).items()}
        self.answers: dict[str, Answer] = {"/robots.txt": says(404)}
        self.headers: dict[str, str] = {}
        self.requests: list[Request] = []
        self.body_bytes = 0
        self.under_way = self.most_under_way = 0

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def links(self) -> str:
        """A list of links to all files."""
        return "".join(f"{self.root}{path}\n" for path in self.files)

    def asked(self, path: str) -> int:
        return sum(request.path == path for request in self.requests)

    async def answer(self, exchange: Exchange) -> None:
        self.requests.append(exchange.request)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await self._answer(exchange)
        finally:
            self.under_way -= 1

    async def _answer(self, exchange: Exchange) -> None:
        path = exchange.request.path
        if path in self.answers:
            await self.answers[path](exchange)
        elif path not in self.files:
            await exchange.send(404, b"nothing here")
        else:
            data = self.files[path]
            etag = f'"{hashlib.sha256(data).hexdigest()[:16]}"'
            if exchange.request.headers.get("if-none-match") == etag:
                await exchange.send(304, b"", {"ETag": etag} | self.headers)
                return
            self.body_bytes += len(data)
            headers = {"ETag": etag, "Content-Type": "application/pdf"} | self.headers
            await exchange.send(200, data, headers)


def says(status: int, body: bytes = b"", **headers: str) -> Answer:
    """An answer that is always the same; `_` in the names of headers stands for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def answer(exchange: Exchange) -> None:
        await exchange.send(status, body, named)

    return answer


def in_turn(*answers: Answer) -> Answer:
    """One answer after the other; the last one stays."""
    left = list(answers)

    async def answer(exchange: Exchange) -> None:
        await (left.pop(0) if len(left) > 1 else left[0])(exchange)

    return answer


def leads_to(url: str, status: int = 302) -> Answer:
    """A redirect."""
    return says(status, location=url)


async def drips(exchange: Exchange) -> None:
    """A body that never ends, a byte at a time."""
    await exchange.begin_stream()
    while True:
        await exchange.send_chunk(b"x")
        await asyncio.sleep(0.01)


async def drips_headers(exchange: Exchange) -> None:
    """A head that never ends."""
    exchange.writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        exchange.writer.write(b"X-More: x\r\n")
        await exchange.writer.drain()
        await asyncio.sleep(0.01)


async def pours(exchange: Exchange) -> None:
    """A body without end, and without a word on its length."""
    await exchange.begin_stream()
    while True:
        await exchange.send_chunk(bytes(2**16))


def cut_short(data: bytes, promised: int) -> Answer:
    """Fewer bytes than the length that is promised."""

    async def answer(exchange: Exchange) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {promised}\r\n\r\n"
        exchange.writer.write(head.encode() + data)
        await exchange.writer.drain()
        exchange.cut()

    return answer
