"""The line before the servers: order, bounds, cancelled pages, and an end to waiting."""

from __future__ import annotations

import asyncio
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import ServersDown
from workers.engines.endpoint.admission import Admission
from workers.engines.endpoint.limits import Level
from workers.engines.endpoint.servers import Server

DICE = random.Random(0)


def line(*levels: int, most: int = 64, patience_s: float = 30) -> Admission:
    servers = [
        Server(f"http://{number}/v1", Level(64, value=level)) for number, level in enumerate(levels)
    ]
    return Admission(servers, most, patience_s, random.Random(0))


def test_pages_go_in_the_order_in_which_they_came() -> None:
    async def run() -> list[int]:
        admission, went = line(1), list[int]()

        async def page(number: int) -> None:
            ticket = await admission.enter()
            went.append(number)
            await asyncio.sleep(0)
            admission.leave(ticket)

        async with asyncio.TaskGroup() as group:
            for number in range(20):
                group.create_task(page(number))
        return went

    assert asyncio.run(run()) == list(range(20))


@settings(max_examples=40)
@given(
    levels=st.lists(st.integers(1, 6), min_size=1, max_size=4),
    most=st.integers(1, 12),
    cancelled=st.sets(st.integers(0, 59)),
    seed=st.integers(0, 99),
)
def test_no_bound_is_passed_and_no_ticket_is_lost(
    levels: list[int], most: int, cancelled: set[int], seed: int
) -> None:
    dice = random.Random(seed)

    async def run() -> None:
        admission = line(*levels, most=most)
        servers = admission.servers

        async def page(number: int) -> None:
            ticket = await admission.enter(is_first=dice.random() < 0.3)
            try:
                assert sum(server.under_way for server in servers) <= most
                assert all(
                    server.under_way <= level for server, level in zip(servers, levels, strict=True)
                )
                for _ in range(dice.randrange(4)):
                    await asyncio.sleep(0)
            finally:
                admission.leave(ticket)

        tasks = [asyncio.create_task(page(number)) for number in range(60)]
        for number in sorted(cancelled):
            await asyncio.sleep(0)
            tasks[number].cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert not [one for one in results if isinstance(one, Exception)]
        assert [server.under_way for server in servers] == [0] * len(servers)

    asyncio.run(run())


@pytest.mark.parametrize("pages", [1, 2, 9])
@pytest.mark.parametrize("way", ["down", "busy"])
def test_waiting_ends_when_no_server_answers(way: str, pages: int) -> None:
    """Also for a single page, which leaves the line empty each time that it is tried."""

    async def page(admission: Admission) -> None:
        loop = asyncio.get_running_loop()
        with admission.page():
            while True:
                ticket = await admission.enter(is_first=True)
                server = ticket.server
                if way == "down":
                    server.leave_out(loop.time(), "ConnectError", DICE)
                    server.resumes_at_s = loop.time() + 0.01
                else:
                    server.refused(loop.time(), ticket.epoch, "HTTP 429", 0.01, DICE)
                admission.leave(ticket)

    async def run() -> list[object]:
        admission = line(4, 4, patience_s=0.1)
        tasks = [asyncio.create_task(page(admission)) for _ in range(pages)]
        return list(await asyncio.gather(*tasks, return_exceptions=True))

    for result in asyncio.run(run()):
        assert isinstance(result, ServersDown)
        assert "http://0/v1: " in str(result)
        assert "http://1/v1: " in str(result)
