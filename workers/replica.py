"""A replica: one engine that reads the pages of a shard which their text layer does not settle.

A plain class; `cluster.session` wraps it in a Ray actor. It never raises for a page.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from schemas.errors import ShardError
from schemas.pages import Attempt, PageReading, RasteredPage, Reading
from schemas.recipe import EngineSpec
from workers.engines import Engine, load_engine

log = logging.getLogger(__name__)

EXIT_DEADLINE = 75  # EX_TEMPFAIL of sysexits.h


def load_replica(
    spec: EngineSpec, threads: int | None = None, read_timeout_s: float | None = None
) -> Replica:
    """A replica of the engine that `spec` names; `threads` is None for all cores.

    Raises ModelError where the engine cannot be loaded.
    """
    return Replica(load_engine(spec, threads), read_timeout_s)


class Replica:
    """One loaded engine.

    Args:
        engine: what reads.
        read_timeout_s: longest time for a page. A call that takes longer than this for each of
            its pages ends the whole process, as a hung native library cannot be interrupted.
            None, for a replica inside the driver's own process, never ends it.
    """

    def __init__(self, engine: Engine, read_timeout_s: float | None = None) -> None:
        self._engine = engine
        self._read_timeout_s = read_timeout_s

    def read(self, pages: Sequence[RasteredPage]) -> list[PageReading | None]:
        """Read what needs the engine; None for pages that failed before. Same length and order."""
        images = [page.image for page in pages if page.needs_engine and page.image is not None]
        with self._deadline(len(images)):
            found = self._engine.read(images) if images else []
        if len(found) != len(images):
            counts = f"{len(found)} readings of {len(images)} pages"
            raise ShardError(f"{self._engine.name} gave {counts}")
        readings = iter(found)
        return [self._settle(page, readings) for page in pages]

    def _settle(self, page: RasteredPage, readings: Iterator[Reading]) -> PageReading | None:
        if page.error is not None:
            return None
        if page.layer is not None:
            return text_layer_reading(page)
        engine = self._engine
        tried = (
            (Attempt("text_layer", "", page.layer_reason),) if page.layer_reason is not None else ()
        )
        reading = next(readings)
        outcome = reading.error.reason if reading.error else "ok"
        return PageReading(
            reading=reading,
            attempts=(*tried, Attempt(engine.name, engine.mode, outcome)),
            text_source="ocr",
            engine=engine.name,
            model=engine.model,
            model_revision=engine.revision,
            mode=engine.mode,
            task=engine.task,
        )

    @contextmanager
    def _deadline(self, page_count: int) -> Iterator[None]:
        if self._read_timeout_s is None or page_count == 0:
            yield
            return
        timer = threading.Timer(self._read_timeout_s * page_count, _end_process, [page_count])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


def _end_process(page_count: int) -> None:
    log.error("reading %d pages passed its deadline; the replica ends itself", page_count)
    os._exit(EXIT_DEADLINE)


def text_layer_reading(page: RasteredPage) -> PageReading:
    """The reading of a page whose text layer was chosen."""
    assert page.layer is not None
    return PageReading(
        reading=page.layer,
        attempts=(Attempt("text_layer", "", "ok"),),
        text_source="text_layer",
        engine="text_layer",
        model="",
        model_revision="",
        mode="",
        task="markdown",
    )
