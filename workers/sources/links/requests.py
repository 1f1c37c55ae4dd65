"""One request over HTTP: to an address that was checked, within limits of bytes and of time.

The transport of httpx2 is used without its client: nothing follows redirects, keeps cookies, or
takes proxies and passwords from the environment. All its errors become those of `outcomes`.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import ssl
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from schemas.lines import first_line
from schemas.links import Links
from schemas.reservations import AGENT
from workers.sources.links.addresses import Resolve, allowed, networks_of, resolve
from workers.sources.links.outcomes import ForNowError, NeverError

CONNECT_TIMEOUT_S = 10.0
_OK = 200
_DRAINED_BYTES = 64 * 2**10
_PIECE_BYTES = 2**18
_PACKED = ("gzip", "x-gzip", "deflate")

# One line a request is too much, also where an application shows all that libraries say.
logging.getLogger("httpx2").setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Outside:
    """What a fetch takes from the world: names, time, and which certificates it trusts."""

    resolve: Resolve = resolve
    pause: Callable[[float], Awaitable[Any]] = asyncio.sleep
    now_s: Callable[[], float] = time.monotonic
    tls: ssl.SSLContext | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a request; the body is in the file that was named, for status 200."""

    status: int
    headers: httpx2.Headers
    sha256: str
    size: int
    bytes_read: int


class Connections:
    """The connections to one host. They are used by one event loop.

    A connection is shared by all names that have its address, so each host has a set of its own.
    """

    def __init__(self, settings: Links, outside: Outside) -> None:
        self._settings = settings
        self._outside = outside
        self._networks = networks_of(settings.networks)
        self._transport = httpx2.AsyncHTTPTransport(
            verify=outside.tls or True,
            trust_env=False,
            limits=httpx2.Limits(max_connections=settings.connections, keepalive_expiry=5.0),
        )
        contact = f" (+{settings.contact})" if settings.contact else ""
        # Packed answers are not asked for: most documents are packed already.
        self._headers = {"User-Agent": f"{AGENT}{contact}", "Accept-Encoding": "identity"}

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.aclose()

    async def get(
        self,
        url: httpx2.URL,
        headers: Mapping[str, str],
        target: Path,
        most: int,
        cut: bool = False,
    ) -> Answer:
        """Ask for a URL that is `checked`; the body of a 200 goes to `target`.

        A body of more than `most` bytes is cut there, or refused.

        Raises NeverError for an address that is not allowed or a body that is too large, and
        ForNowError where no whole answer came in time.
        """
        timeout_s = self._settings.timeout_s
        try:
            async with asyncio.timeout(timeout_s):
                found = await allowed(url, self._networks, self._outside.resolve)
                response = await self._connected(url, found, headers)
                try:
                    return await _received(response, target, most, cut)
                finally:
                    await response.aclose()
        except TimeoutError as exc:
            raise ForNowError(f"no whole answer within {timeout_s:g} s") from exc
        except (httpx2.TransportError, ssl.SSLError) as exc:
            raise ForNowError(f"{type(exc).__name__}: {first_line(exc)}") from exc

    async def _connected(
        self, url: httpx2.URL, found: list[str], headers: Mapping[str, str]
    ) -> httpx2.Response:
        """The answer of the first of the addresses that lets us connect."""
        *others, last = found
        for address in others:
            try:
                return await self._transport.handle_async_request(
                    self._request(url, address, headers)
                )
            except (httpx2.ConnectError, httpx2.ConnectTimeout):
                continue
        return await self._transport.handle_async_request(self._request(url, last, headers))

    def _request(self, url: httpx2.URL, address: str, headers: Mapping[str, str]) -> httpx2.Request:
        host = url.raw_host.decode("ascii")
        timeout_s = self._settings.timeout_s
        times = dict.fromkeys(("read", "write", "pool"), timeout_s)
        return httpx2.Request(
            "GET",
            url.copy_with(host=address),
            headers={"Host": url.netloc.decode("ascii"), **self._headers, **headers},
            extensions={
                "sni_hostname": host,
                "timeout": {**times, "connect": min(CONNECT_TIMEOUT_S, timeout_s)},
            },
        )


async def _received(response: httpx2.Response, target: Path, most: int, cut: bool) -> Answer:
    status, headers = response.status_code, response.headers
    if status != _OK:
        read = 0
        async for chunk in response.aiter_raw():  # so that the connection can be used again
            read += len(chunk)
            if read > _DRAINED_BYTES:
                break
        return Answer(status, headers, "", 0, read)
    length = headers.get("content-length", "")
    too_large = NeverError(f"it has more than {most:,} bytes (`links.max_bytes`)", "too_large")
    if not cut and length.isdigit() and int(length) > most:
        raise too_large
    counted = _Counted(response)
    state, size = hashlib.sha256(), 0
    with target.open("wb") as file:
        async for unpacked in counted.unpacked():
            piece = unpacked[: most - size] if cut else unpacked
            size += len(piece)
            if size > most:
                raise too_large
            state.update(piece)
            file.write(piece)
            if cut and size == most:
                break
    return Answer(status, headers, state.hexdigest(), size, counted.bytes_read)


class _Counted:
    """The body of an answer, unpacked in small pieces; `bytes_read` counts what came."""

    def __init__(self, response: httpx2.Response) -> None:
        self._response = response
        self.bytes_read = 0

    async def unpacked(self) -> AsyncIterator[bytes]:
        packing = self._response.headers.get("content-encoding", "identity").strip().lower()
        if packing not in ("", "identity", *_PACKED):
            raise NeverError(f"its host packs it by {packing[:40]!r}, which was not asked for")
        unpacker = _Unpacker()
        async for chunk in self._response.aiter_raw():
            self.bytes_read += len(chunk)
            for piece in unpacker.pieces(chunk) if packing in _PACKED else (chunk,):
                yield piece
        if packing in _PACKED and not unpacker.is_done:
            raise ForNowError("its answer ends within packed bytes")


class _Unpacker:
    """Unpacks gzip and deflate, a quarter of a megabyte at most at a time."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=47)  # 32 + 15: gzip or zlib, by their first bytes

    @property
    def is_done(self) -> bool:
        return self._inner.eof

    def pieces(self, chunk: bytes) -> Iterator[bytes]:
        while chunk:
            if self._inner.eof:  # gzip may have several members
                self._inner = zlib.decompressobj(wbits=47)
            try:
                piece = self._inner.decompress(chunk, _PIECE_BYTES)
            except zlib.error as exc:
                raise ForNowError(f"its answer is packed wrongly ({exc})") from exc
            chunk = self._inner.unconsumed_tail or self._inner.unused_data
            if piece:
                yield piece
