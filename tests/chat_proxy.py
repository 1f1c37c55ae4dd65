"""A proxy before a chat server that harms requests as busy fleets and bad networks do.

A seeded generator chooses the requests to harm, and the fault. Lists of models pass unharmed.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter

from tests.loopback import Exchange, LoopbackServer, Request

# busy: 429 with Retry-After. error: 500. unavailable: 503. gateway: a page of HTML with 404.
# reset: the request never arrives. lost: it arrives, the answer does not. hang: nothing comes.
# cut: the connection closes in the middle of the answer. mid_json: an event is cut and the stream
# ends as if it was whole. empty: a whole stream without an event. garbage: no JSON.
KINDS = (
    *("busy", "error", "unavailable", "gateway", "reset", "lost", "hang"),
    *("cut", "mid_json", "empty", "garbage"),
)
# lie: the prompt tokens of an answer's usage are false.
LIE = "lie"
_USAGE = re.compile(rb'("prompt_tokens": ?)(\d+)')


class FaultyChatProxy(LoopbackServer):
    """A proxy in front of the server on `upstream_port`; harmless until `inject` is called."""

    def __init__(self, upstream_port: int, seed: int = 0) -> None:
        super().__init__()
        self.upstream_port = upstream_port
        self.faults: Counter[str] = Counter()
        self.passed = 0
        self._kinds: tuple[str, ...] = ()
        self._rate = 0.0
        self._dice = random.Random(seed)

    def __enter__(self) -> FaultyChatProxy:
        super().__enter__()
        return self

    def inject(self, *kinds: str, rate: float = 1) -> None:
        """From now on, harm the share `rate` of the requests in these ways; reset the counts."""
        self._kinds, self._rate = kinds, rate
        self.faults.clear()

    async def answer(self, exchange: Exchange) -> None:
        is_chat = exchange.request.path.endswith("/chat/completions")
        harmed = is_chat and self._kinds and self._dice.random() < self._rate
        kind = self._dice.choice(self._kinds) if harmed else ""
        self.faults[kind] += bool(kind)
        if kind == "busy":
            await exchange.send(429, b'{"error": "slow down"}', {"Retry-After": "0.05"})
        elif kind == "error":
            await exchange.send(500, b'{"error": {"message": "CUDA error"}}')
        elif kind == "unavailable":
            await exchange.send(503, b"no healthy upstream", {"Content-Type": "text/plain"})
        elif kind == "gateway":
            await exchange.send(404, b"<!DOCTYPE html>", {"Content-Type": "text/html"})
        elif kind == "reset":
            exchange.reset()
        elif kind == "hang":
            await asyncio.sleep(3600)
        elif kind in ("empty", "garbage"):
            await exchange.begin_stream()
            if kind == "garbage":
                await exchange.send_chunk(b'data: {"choices": oops}\n\n')
            await exchange.send_chunk(b"data: [DONE]\n\n")
            await exchange.end_stream()
        else:
            await self._forward(exchange, kind)

    async def _forward(self, exchange: Exchange, kind: str) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.upstream_port)
        try:
            writer.write(_closing(exchange.request))
            await writer.drain()
            self.passed += 1
            told = bytearray()
            while part := await reader.read(2**16):
                told += part
                if kind in ("", LIE) and LIE not in self._kinds:
                    exchange.writer.write(part)
                    await exchange.writer.drain()
            if kind == "lost":
                exchange.reset()
            elif kind == "cut":
                exchange.writer.write(bytes(told[: len(told) // 2]))
                exchange.cut()
            elif kind == "mid_json":
                await _mid_json(exchange, bytes(told))
            elif LIE in self._kinds:
                exchange.writer.write(_lied(bytes(told)) if kind == LIE else bytes(told))
                await exchange.writer.drain()
        finally:
            writer.close()


def _closing(request: Request) -> bytes:
    """The request, after which the upstream server closes the connection."""
    head = re.sub(rb"(?im)^connection:.*\r\n", b"", request.head)
    return head.removesuffix(b"\r\n") + b"Connection: close\r\n\r\n" + request.body


async def _mid_json(exchange: Exchange, told: bytes) -> None:
    """Half of the answer's events, the last one cut within its JSON, in a stream that ends well."""
    events = [part for part in told.split(b"\r\n") if part.startswith(b"data:")]
    kept = events[: max(1, len(events) // 2)]
    await exchange.begin_stream()
    for event in kept[:-1]:
        await exchange.send_chunk(event)
    await exchange.send_chunk(kept[-1][: len(kept[-1]) // 2] + b"\n\n")
    await exchange.end_stream()


def _lied(told: bytes) -> bytes:
    """The answer with prompt tokens of the same number of digits, so that its chunks keep sizes."""
    return _USAGE.sub(lambda found: found[1] + b"9" * len(found[2]), told)
