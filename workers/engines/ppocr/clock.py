"""What the stages of the `ppocr` engine cost: CPU time on the host, and time on the device.

Owns adding up. Does not: print or judge; `tests.benchmarks.ppocr_host` does.

    clock = engine.models.clock
    clock.restart(has_events=True)
    engine.read(pages)
    clock.host_ms, clock.device_ms()          # {"decoding": 812.5, ...}, {"detection": 301.2, ...}
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

import torch

LAUNCHING = "launching"
"""The host's stage for all that it does to start work on a CUDA device."""


class Clock:
    """Adds up by stage, over all threads.

    On CUDA a stage of the device lasts from one event on its stream to another; the events are
    kept, so they are made only after `restart(has_events=True)`. On the CPU device it is the CPU
    time of the thread that computes.
    """

    def __init__(self, is_cuda: bool) -> None:
        self._is_cuda = is_cuda
        self._lock = Lock()
        self.restart()

    def restart(self, has_events: bool = False) -> None:
        """Begin at zero."""
        self._has_events = has_events and self._is_cuda
        self.host_ms: defaultdict[str, float] = defaultdict(float)
        self._device_ms: defaultdict[str, float] = defaultdict(float)
        self._events: list[tuple[str, torch.cuda.Event, torch.cuda.Event]] = []

    @contextmanager
    def host(self, stage: str) -> Iterator[None]:
        """Add the CPU time of this thread inside to `stage`; stages do not hold each other."""
        with self._thread(self.host_ms, stage):
            yield

    @contextmanager
    def device(self, stage: str) -> Iterator[None]:
        """Add what the device does for the calls inside, on the current stream, to `stage`."""
        if not self._is_cuda:
            with self._thread(self._device_ms, stage):
                yield
            return
        with self._thread(self.host_ms, LAUNCHING):
            if not self._has_events:
                yield
                return
            make: Callable[..., torch.cuda.Event] = torch.cuda.Event
            start, end = make(enable_timing=True), make(enable_timing=True)
            start.record()
            yield
            end.record()
        with self._lock:
            self._events.append((stage, start, end))

    def device_ms(self) -> dict[str, float]:
        """Milliseconds by stage; waits until the device is done."""
        total = defaultdict(float, self._device_ms)
        for stage, start, end in self._events:
            end.synchronize()
            total[stage] += start.elapsed_time(end)
        return dict(total)

    @contextmanager
    def _thread(self, stages: defaultdict[str, float], stage: str) -> Iterator[None]:
        started_ns = time.thread_time_ns()
        try:
            yield
        finally:
            spent_ms = (time.thread_time_ns() - started_ns) / 1e6
            with self._lock:
                stages[stage] += spent_ms
