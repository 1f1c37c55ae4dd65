"""Fetch the links of one host: its pace, its robots.txt, its redirects, and its bad days."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx2

from schemas.links import Links
from schemas.reservations import reserved_by_headers
from schemas.retry_after import pause_s
from workers import store
from workers.sources.kept_links import Kept, Record
from workers.sources.links.addresses import checked
from workers.sources.links.outcomes import ForNowError, GoneError, Link, NeverError, Outcome
from workers.sources.links.requests import Answer, Connections, Outside
from workers.sources.links.robots import MAX_BYTES, Robots

MAX_REDIRECTS = 5
MAX_PAUSE_S = 120.0
"""The longest `Retry-After` that a run waits for; after a longer one the next run asks."""

TRIES = 2
MAX_FAILURES = 5
"""After so many links in a row that failed, a host's other links are left for the next run."""

_BUSY_PAUSE_S = 10.0
_REDIRECTS = (301, 302, 303, 307, 308)
_GONE = (404, 410)
_BUSY = (429, 503)
_FOR_NOW = (408, 425)
_MAX_VALUE_CHARS = 1024


def host_of(address: str) -> str:
    """The host of a URL that is `checked`, whose bounds are shared by all its ports."""
    return httpx2.URL(address).host.lower().rstrip(".")


class Host:
    """One host, as one event loop asks it. `close` it at the end."""

    def __init__(self, name: str, settings: Links, kept: Kept, outside: Outside) -> None:
        self._name = name
        self._settings = settings
        self._kept = kept
        self._outside = outside
        self._connections = Connections(settings, outside)
        self._robots: dict[str, Robots | ForNowError | NeverError] = {}
        self._robots_lock = asyncio.Lock()
        self._interval_s = settings.interval_s
        self._next_s = outside.now_s()
        self._failures = 0
        self._closed = ""

    async def close(self) -> None:
        """Close its connections."""
        await self._connections.close()

    async def fetch(self, link: Link) -> Outcome:
        """Ask for a link. Raises StorageError where the kept folder fails."""
        if self._closed:
            return Outcome(link, "failed", detail=self._closed)
        try:
            outcome = await self._followed(link)
        except NeverError as exc:
            outcome = Outcome(link, "refused", reason=exc.reason, detail=exc.detail)
        except GoneError as exc:
            outcome = Outcome(link, "gone", reason="not_fetched", detail=str(exc))
        except ForNowError as exc:
            self._failures += 1
            if self._failures >= MAX_FAILURES and not self._closed:
                self._closed = f"its host failed {MAX_FAILURES} times in a row: {exc.detail}"
            return Outcome(link, "failed", detail=exc.detail)
        self._failures = 0
        return outcome

    async def _followed(self, link: Link) -> Outcome:
        """The outcome of a link behind its redirects, as far as they stay on this host."""
        record = await asyncio.to_thread(self._kept.record, link.url)
        at, hops, max_bytes = link.at, link.hops, self._settings.max_bytes
        while True:
            url = checked(at)
            if hops > MAX_REDIRECTS:
                raise NeverError(f"it is redirected more than {MAX_REDIRECTS} times")
            if host_of(str(url)) != self._name:
                return Outcome(Link(link.url, str(url), hops), "moved")
            if not (await self._robots_of(url)).allows(str(url)):
                raise NeverError("the robots.txt of its host forbids it")
            known = record if record is not None and record.final == str(url) else None
            with store.temporary_folder() as folder:
                target = folder / "body"
                answer = await self._asked(url, _conditions(known), target, max_bytes)
                if answer.status in _REDIRECTS:
                    at, hops = _target(url, answer), hops + 1
                    continue
                if known is not None and answer.status == 304:
                    known = await self._noted(known, answer)
                    return Outcome(
                        *(link, "kept", known.sha256, known.size), reserved=known.reserved
                    )
                _require_ok(answer)
                new = _record(link.url, str(url), answer)
                await asyncio.to_thread(self._kept.keep, new, target)
            return Outcome(
                *(link, "kept", answer.sha256, answer.size),
                bytes_read=answer.bytes_read,
                reserved=new.reserved,
            )

    async def _noted(self, known: Record, answer: Answer) -> Record:
        """The record of a document that is the same: its host may reserve something only now."""
        reserved = _reserved(answer)
        if not reserved or reserved == known.reserved:
            return known
        known = replace(known, reserved=reserved)
        await asyncio.to_thread(self._kept.note, known)
        return known

    async def _asked(
        self,
        url: httpx2.URL,
        headers: Mapping[str, str],
        target: Path,
        most: int,
        cut: bool = False,
    ) -> Answer:
        """The answer to a request in its turn, which is sent once more where it fails for now."""
        for left in reversed(range(TRIES)):
            await self._turn()
            try:
                async with self._connected(url) as connections:
                    answer = await connections.get(url, headers, target, most, cut)
                _require_time(answer)
                return answer
            except ForNowError as exc:
                self._heed(exc)
                if not left or self._closed:
                    raise
        raise AssertionError("the last try returns or raises")

    @asynccontextmanager
    async def _connected(self, url: httpx2.URL) -> AsyncIterator[Connections]:
        """Connections to this host, or to another one to which its robots.txt is redirected."""
        if host_of(str(url)) == self._name:
            yield self._connections
            return
        other = Connections(self._settings, self._outside)
        try:
            yield other
        finally:
            await other.close()

    def _heed(self, exc: ForNowError) -> None:
        """Pause, for all links of the host, as long as it has asked for."""
        if exc.pause_s is None:
            return
        if exc.pause_s > MAX_PAUSE_S:
            self._closed = f"its host asks for a pause of more than {MAX_PAUSE_S:g} s"
        self._next_s = max(self._next_s, self._outside.now_s() + min(exc.pause_s, MAX_PAUSE_S))

    async def _turn(self) -> None:
        """Wait until the host may be asked again."""
        now_s = self._outside.now_s()
        start_s = max(now_s, self._next_s)
        self._next_s = start_s + self._interval_s
        if start_s > now_s:
            await self._outside.pause(start_s - now_s)

    # ---- robots.txt ---------------------------------------------------------------------------

    async def _robots_of(self, url: httpx2.URL) -> Robots:
        """The rules for a URL. Raises ForNowError where they cannot be had, then nothing is asked,
        and NeverError where the host must not be.

        RFC 9309, 2.3.1: a host that says that there are none allows all, one that fails nothing.
        """
        place = url.copy_with(raw_path=b"/robots.txt")
        async with self._robots_lock:
            known = self._robots.get(str(place))
            if known is None:
                try:
                    known = await self._load_robots(place)
                    self._interval_s = max(self._interval_s, known.delay_s)
                except ForNowError as exc:
                    known = ForNowError(f"{place} cannot be read: {exc.detail}")
                except NeverError as exc:
                    known = exc
                self._robots[str(place)] = known
        if not isinstance(known, Robots):
            raise known
        return known

    async def _load_robots(self, place: httpx2.URL) -> Robots:
        for _ in range(MAX_REDIRECTS + 1):
            with store.temporary_folder() as folder:
                target = folder / "robots.txt"
                answer = await self._asked(place, {}, target, MAX_BYTES, cut=True)
                if answer.status not in _REDIRECTS:
                    return Robots.parsed(target.read_bytes() if answer.status == 200 else b"")
            place = checked(_target(place, answer))
        return Robots.parsed(b"")


def _require_time(answer: Answer) -> None:
    """Raises ForNowError for an answer that says: another time."""
    status = answer.status
    if status in _BUSY:
        pause = pause_s(answer.headers.get("retry-after"))
        raise ForNowError(f"HTTP {status}", _BUSY_PAUSE_S if pause is None else pause)
    if status in _FOR_NOW or status >= 500:
        raise ForNowError(f"HTTP {status}")


def _require_ok(answer: Answer) -> None:
    status = answer.status
    if status in _GONE:
        raise GoneError(f"HTTP {status}: its host has no such document")
    if status != 200:
        raise NeverError(f"HTTP {status}")


def _target(url: httpx2.URL, answer: Answer) -> str:
    """Where a redirect leads. Raises NeverError where it says nothing of it."""
    location = answer.headers.get("location", "")
    if not location:
        raise NeverError("it is redirected nowhere")
    try:
        return str(url.join(location))
    except (httpx2.InvalidURL, ValueError) as exc:
        raise NeverError(f"it is redirected to what is no URL ({exc})") from exc


def _conditions(known: Record | None) -> dict[str, str]:
    """The headers that ask for a body only if it is another one."""
    if known is None:
        return {}
    conditions = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified}
    return {name: value for name, value in conditions.items() if value}


def _record(url: str, final: str, answer: Answer) -> Record:
    def value(name: str) -> str:
        word = str(answer.headers.get(name, "")).strip()
        return (
            word if word.isascii() and word.isprintable() and len(word) < _MAX_VALUE_CHARS else ""
        )

    return Record(
        url=url,
        final=final,
        status=answer.status,
        etag=value("etag"),
        last_modified=value("last-modified"),
        media_type=value("content-type"),
        fetched=datetime.now(UTC).isoformat(timespec="seconds"),
        sha256=answer.sha256,
        size=answer.size,
        reserved=_reserved(answer),
    )


def _reserved(answer: Answer) -> str:
    return reserved_by_headers(answer.headers.multi_items()) or ""
