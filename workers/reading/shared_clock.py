"""Wall time shared among calls that run side by side, so that their times add up to the clock's."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class Share:
    """A call's part of the time, in seconds; complete when the call has ended."""

    seconds: float = 0.0


@dataclass(slots=True)
class SharedClock:
    """Splits each moment evenly among the calls that run in it."""

    _running: dict[int, Share] = field(default_factory=dict)
    _since_s: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def running(self) -> Iterator[Share]:
        """The part of the time that belongs to the body."""
        share = Share()
        with self._lock:
            self._split()
            self._running[id(share)] = share
        try:
            yield share
        finally:
            with self._lock:
                self._split()
                del self._running[id(share)]

    def _split(self) -> None:
        now_s = time.perf_counter()
        for share in self._running.values():
            share.seconds += (now_s - self._since_s) / len(self._running)
        self._since_s = now_s
