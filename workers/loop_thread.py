"""An event loop in a thread of its own, for whatever works in one and is called from any thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

Result = TypeVar("Result")


class LoopThread:
    """Runs coroutines that any thread submits.

    It holds no reference to what it runs for, so that an owner can end it by `weakref.finalize`.
    """

    def __init__(self, name: str) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, work: Coroutine[Any, Any, Result]) -> Future[Result]:
        """Begin `work`. Raises RuntimeError where the loop has ended."""
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    def end(
        self, last: Callable[[], Awaitable[object]] | None = None, timeout_s: float | None = None
    ) -> None:
        """Cancel all work, await `last` and end the thread. Does nothing where it has ended."""
        if self.loop.is_closed():
            return
        self.submit(self._ended(last)).result(timeout_s)
        self.loop.call_soon_threadsafe(self.loop.stop)
        if self._thread is not threading.current_thread():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
        finally:
            self.loop.close()

    async def _ended(self, last: Callable[[], Awaitable[object]] | None) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        if last is not None:
            await last()
        await self.loop.shutdown_asyncgens()
        await self.loop.shutdown_default_executor()
