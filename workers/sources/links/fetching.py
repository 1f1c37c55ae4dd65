"""Fetch links of several hosts at once, each host at its own pace."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence

from schemas.links import Links
from workers.loop_thread import LoopThread
from workers.sources.kept_links import Kept
from workers.sources.links.hosts import Host, host_of
from workers.sources.links.outcomes import Link, Outcome
from workers.sources.links.requests import Outside


def fetch_links(
    links: Sequence[Link], settings: Links, kept: Kept, outside: Outside | None = None
) -> list[Outcome]:
    """Ask for all links and keep what they give; what came of each, in any order.

    The bounds of a host hold for one call, so its links are never in two calls at one time. The
    loop has a thread of its own, because the caller may be in one, as in a notebook or an actor.

    Raises StorageError where the folder fails.
    """
    thread = LoopThread("links")
    try:
        return thread.submit(_fetched(links, settings, kept, outside or Outside())).result()
    finally:
        thread.end()  # what is under way is cancelled where the caller is interrupted


def by_host(links: Iterable[Link]) -> dict[str, list[Link]]:
    """The links that are to be asked of each host."""
    hosts: dict[str, list[Link]] = {}
    for link in links:
        hosts.setdefault(host_of(link.at), []).append(link)
    return hosts


async def _fetched(
    links: Sequence[Link], settings: Links, kept: Kept, outside: Outside
) -> list[Outcome]:
    outcomes: list[Outcome] = []

    async def work(host: Host, left: deque[Link]) -> None:
        while left:
            outcomes.append(await host.fetch(left.popleft()))

    async def ask(name: str, of_host: list[Link]) -> None:
        host, left = Host(name, settings, kept, outside), deque(of_host)
        try:
            await asyncio.gather(*(work(host, left) for _ in range(settings.connections)))
        finally:
            await host.close()

    await asyncio.gather(*(ask(name, part) for name, part in by_host(links).items()))
    return outcomes
