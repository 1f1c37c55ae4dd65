"""Work of many threads runs on one loop, and its end leaves nothing running."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import CancelledError, ThreadPoolExecutor

import pytest

from workers.loop_thread import LoopThread


def test_threads_submit_work_to_one_loop() -> None:
    thread = LoopThread("test-loop")

    async def where() -> str:
        return threading.current_thread().name

    with ThreadPoolExecutor(4) as pool:
        names = set(pool.map(lambda _: thread.submit(where()).result(), range(8)))
    thread.end()
    assert names == {"test-loop"}


def test_the_end_cancels_work_and_awaits_what_comes_last() -> None:
    thread = LoopThread("test-loop")
    order: list[str] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            order.append("cancelled")

    async def last() -> None:
        order.append("last")

    begun = thread.submit(work())
    thread.submit(asyncio.sleep(0)).result()  # the work has begun
    thread.end(last)
    thread.end(last)  # nothing is left to end
    assert order == ["cancelled", "last"]
    with pytest.raises(CancelledError):
        begun.result()
    assert "test-loop" not in {each.name for each in threading.enumerate()}
