"""HTTP to the servers: one request, its stream, and what its failure means.

All errors of the library become `TryFailed` here. The key is in the client's headers and nowhere
else: it is taken out of what servers say, and addresses have no user and no password.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import AsyncIterator

import httpx2

from schemas.errors import NoEngineError
from schemas.lines import one_line
from schemas.retry_after import pause_s
from workers.engines.endpoint.answers import Collected, events_of
from workers.engines.endpoint.failures import Kind, TryFailed

CONNECT_TIMEOUT_S = 10.0
_KEEP_S = 3.0
"""Idle connections are closed after this: uvicorn, which vLLM runs on, closes them after 5 s, and a
request that meets such a close is lost (MinerU 4249)."""
_MOST_BYTES = 64 * 2**20
"""Of an answer: 8,192 tokens with their probabilities are some 4 MB."""
_RENEWALS = 20
"""Silence is noticed after its time or up to a twentieth less."""
_MOST_ERROR_BYTES = 64 * 2**10
_BUSY = frozenset({429, 503})
_DENIED = frozenset({401, 403})
_AGAIN = frozenset({404, 408, 409, 421, 425})
"""Gateways say these in passing, even 404 in the middle of a run (MinerU 4090)."""

# One line a request is too much, also where an application shows all that libraries say.
logging.getLogger("httpx2").setLevel(logging.WARNING)


def read_key(variable: str | None) -> str | None:
    """The key in an environment variable; None without a variable.

    Raises NoEngineError where it is not set or is no key; the message never has its value.
    """
    if variable is None:
        return None
    key = os.environ.get(variable, "").strip()
    if not key:
        raise NoEngineError(f"engine.key_env: {variable} is not set in the environment here")
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise NoEngineError(f"engine.key_env: {variable} holds no key, but spaces or other signs")
    return key


class Client:
    """The connections to all servers. Used by one event loop."""

    def __init__(self, key: str | None, most: int) -> None:
        self._key = key
        self._http = httpx2.AsyncClient(
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=httpx2.Timeout(None, connect=CONNECT_TIMEOUT_S),
            limits=httpx2.Limits(
                max_connections=None, max_keepalive_connections=most, keepalive_expiry=_KEEP_S
            ),
            follow_redirects=False,  # the key would go to another host
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def models(self, url: str, timeout_s: float) -> list[dict[str, object]]:
        """What the server at `url` says that it serves. Raises TryFailed."""
        data = b""
        try:
            async with (
                asyncio.timeout(timeout_s),
                self._http.stream("GET", f"{url}/models") as response,
            ):
                await self._require_ok(response)
                async for part in self._parts(response):
                    data += part
            listed = json.loads(data)["data"]
            return [dict(model) for model in listed]
        except TimeoutError as exc:
            raise TryFailed(Kind.DOWN, f"no answer within {timeout_s:g} s") from exc
        except httpx2.HTTPError as exc:
            raise self._translated(exc) from exc
        except httpx2.InvalidURL as exc:
            raise TryFailed(Kind.REFUSED, self._clean(str(exc))) from exc
        except (ValueError, TypeError, KeyError) as exc:
            raise TryFailed(Kind.REFUSED, "it gives no list of models") from exc

    async def ask(
        self, url: str, body: bytes, collected: Collected, deadline_s: float, stall_s: float
    ) -> float:
        """Send a request and collect its answer; returns the time of its first event.

        Times are those of the event loop. The connection is closed as soon as the answer loops, so
        that the server stops it. Raises TryFailed; TimeoutError where `deadline_s` is past.
        """
        loop = asyncio.get_running_loop()
        first_s, renewed_s = 0.0, loop.time()
        try:
            async with asyncio.timeout_at(min(deadline_s, loop.time() + stall_s)) as patience:
                async with self._http.stream(
                    "POST",
                    f"{url}/chat/completions",
                    content=body,
                    headers={"Content-Type": "application/json"},
                ) as response:
                    await self._require_ok(response)
                    async for event in self._events(response):
                        now_s = loop.time()
                        first_s = first_s or now_s
                        # Not for each token: a timer costs as much as reading one.
                        if now_s >= renewed_s + stall_s / _RENEWALS:
                            patience.reschedule(min(deadline_s, now_s + stall_s))
                            renewed_s = now_s
                        collected.add(event)
                        if collected.loop >= 0:
                            return first_s
                    collected.close()
        except TimeoutError as exc:
            if loop.time() >= deadline_s:
                raise
            raise TryFailed(Kind.SLOW, f"nothing came for {stall_s:g} s") from exc
        except httpx2.HTTPError as exc:
            raise self._translated(exc) from exc
        except TryFailed as exc:
            raise TryFailed(exc.kind, self._clean(exc.why), exc.pause_s) from exc
        return first_s

    async def _events(self, response: httpx2.Response) -> AsyncIterator[bytes]:
        """The events of a stream; the body itself where a server answers in one piece."""
        buffer = bytearray()
        is_stream = "event-stream" in response.headers.get("content-type", "")
        async for part in self._parts(response):
            buffer += part
            if is_stream:
                for event in events_of(buffer):
                    yield event
        if buffer.strip():
            yield bytes(buffer.strip().removeprefix(b"data:"))

    async def _parts(self, response: httpx2.Response) -> AsyncIterator[bytes]:
        size = 0
        async for part in response.aiter_bytes():
            size += len(part)
            if size > _MOST_BYTES:
                raise TryFailed(Kind.BROKEN, f"the answer has more than {_MOST_BYTES} bytes")
            yield part

    async def _require_ok(self, response: httpx2.Response) -> None:
        status = response.status_code
        if status == 200:
            return
        said = bytearray()
        async for part in response.aiter_bytes():
            said += part
            if len(said) > _MOST_ERROR_BYTES:
                break
        why = self._clean(f"HTTP {status}: {_said(bytes(said))}")
        if status in _BUSY:
            raise TryFailed(Kind.BUSY, why, pause_s(response.headers.get("retry-after")))
        if status in _DENIED:
            raise TryFailed(Kind.DENIED, why)
        if status >= 500 or status in _AGAIN:
            raise TryFailed(Kind.FAILED, why)
        raise TryFailed(Kind.REFUSED, why)

    def _translated(self, exc: httpx2.HTTPError) -> TryFailed:
        """What an error of the library means, most specific first."""
        why = self._clean(f"{type(exc).__name__}: {exc}".removesuffix(": "))
        if isinstance(exc, (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.ProxyError)):
            return TryFailed(Kind.DOWN, why)
        if isinstance(exc, httpx2.UnsupportedProtocol):
            return TryFailed(Kind.REFUSED, why)
        return TryFailed(Kind.FAILED, why)

    def _clean(self, why: str) -> str:
        """A message as one line, without the key: some servers repeat it."""
        return one_line(why.replace(self._key, "[key]") if self._key else why)


def _said(body: bytes) -> str:
    """The message in the body of an error, in the ways that servers write it."""
    text = body.decode("utf-8", "replace")
    try:
        told = json.loads(text)
    except ValueError:
        return text[:200] or "no message"
    if not isinstance(told, dict):
        return text[:200]
    error = told.get("error", told)
    message = error.get("message") if isinstance(error, dict) else error
    return str(message or told.get("detail") or text)[:300]
