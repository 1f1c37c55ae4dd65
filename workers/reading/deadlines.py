"""Ends this process where an engine does not answer, since a hung native library cannot be."""

from __future__ import annotations

import logging
import math
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

log = logging.getLogger(__name__)

EXIT_TRY_AGAIN = 75  # EX_TEMPFAIL of sysexits.h


class Deadlines:
    """Deadlines of the calls of an engine, which may run side by side.

    A call has `page_s` seconds for each page that the engine has when the call begins, those of
    other calls included. With None for `page_s` no call has a deadline.
    """

    def __init__(self, page_s: float | None) -> None:
        self._page_s = page_s
        self._pages = 0
        self._lock = threading.Lock()

    @contextmanager
    def call(self, pages: int) -> Iterator[float]:
        """The body reads `pages` pages within the seconds that it gets, or the process ends."""
        with self._lock:
            self._pages += pages
            with_others = self._pages
        try:
            if self._page_s is None:
                yield math.inf
                return
            timer = threading.Timer(self._page_s * with_others, _end_process, [with_others])
            timer.daemon = True
            timer.start()
            try:
                yield timer.interval
            finally:
                timer.cancel()
        finally:
            with self._lock:
                self._pages -= pages


def _end_process(page_count: int) -> None:
    log.error("reading %d pages passed its deadline; the replica ends itself", page_count)
    os._exit(EXIT_TRY_AGAIN)
