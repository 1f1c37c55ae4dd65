"""A replica: engines that read the pages of a shard whose text layer cannot be used.

A plain class; `cluster.session` wraps it in a Ray actor. It never raises for a page.

    replica = load_replica(ReplicaSettings(EngineSpec(), ladder))
    readings = replica.read(pages)      # one a page; None for a page that failed before
"""

from __future__ import annotations

import functools
import logging
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

from schemas.engine_spec import EngineSpec
from schemas.errors import EngineDied, NoEngineError, ShardError
from schemas.pages import Attempt, Crop, PageImage, PageReading, RasteredPage, Reading
from workers.engines import Engine, load_engine
from workers.reading.deadlines import EXIT_TRY_AGAIN, Deadlines
from workers.reading.deep import cut_regions, parse_regions
from workers.reading.doubted import bears_out
from workers.reading.ladder import LARGE, Climb, LadderSettings, RankedReading, ToRead, climb
from workers.reading.shared_clock import Share, SharedClock

log = logging.getLogger(__name__)

_LINE_ENGINES = ("rapidocr", "ppocr")
"""They give the words of every region with the page, so that no crop is read again."""

_OWN_DEADLINES = ("endpoint",)
"""Nothing in this process can hang in them: their waits for servers have deadlines."""


@dataclass(frozen=True, slots=True)
class ReplicaSettings:
    """What a replica is made of.

    `layout` is the recipe's: with `never` an engine that finds lines does without the layout model.
    `threads` is None for all cores, `batch_pages` None for the engine's own batch size. A call of
    an engine may take `read_timeout_s` for each page that the engine has when it begins. A longer
    call ends the whole process, because a hung native library cannot be interrupted. A replica in
    the driver's own process has None, and never ends it. `page_timeout_s` is the
    time that servers get for a page.
    """

    engine: EngineSpec
    ladder: LadderSettings
    fallback: EngineSpec | None = None
    deep: bool = False
    layout: str = "auto"
    threads: int | None = None
    batch_pages: int | None = None
    read_timeout_s: float | None = None
    page_timeout_s: float | None = None


def load_replica(settings: ReplicaSettings) -> Replica:
    """Load the engine and the fallback, so that a missing one fails before any page is read.

    Raises ModelError where either cannot be loaded.
    """
    has_layout = settings.layout != "never"
    rest = settings.threads, settings.batch_pages, has_layout, settings.page_timeout_s
    engine = load_engine(settings.engine, *rest)
    fallback = load_engine(settings.fallback, *rest) if settings.fallback else None
    return Replica(engine, settings, fallback)


class Replica:
    """An engine, and a fallback if the recipe names one. Threads may call `read` side by side.

    Raises NoEngineError where pages are to be parsed deeply by an engine that cannot.
    """

    def __init__(
        self, engine: Engine, settings: ReplicaSettings, fallback: Engine | None = None
    ) -> None:
        if settings.deep and engine.figure is None and engine.name not in _LINE_ENGINES:
            raise NoEngineError(
                f"`deep: true` needs a prompt for figures, and {engine.name} {engine.model} has "
                "none; take another engine or profile, or leave `deep` out"
            )
        self._engines = (engine, fallback) if fallback else (engine,)
        self._settings = settings
        self._clock = SharedClock()
        self._one_call = threading.Lock()  # of engines that read one call after the other
        self._deadlines = Deadlines(settings.read_timeout_s)

    def clock(self) -> AbstractContextManager[Share]:
        """Counts the time of the body; of calls side by side each has its part."""
        return self._clock.running()

    @property
    def gpu_memory_bytes(self) -> int:
        """The most memory that torch allocated on one GPU in this process; 0 without a GPU.

        Also 0 for vLLM, whose engine core is another process.
        """
        torch = sys.modules.get("torch")  # an engine that needs it has loaded it
        if torch is None or not torch.cuda.is_initialized():
            return 0
        devices = range(torch.cuda.device_count())
        return int(max(torch.cuda.max_memory_allocated(device) for device in devices))

    @property
    def device(self) -> str:
        """The name of the GPU that torch uses in this process; else `vllm`, `endpoint` or `cpu`."""
        torch = sys.modules.get("torch")
        if torch is not None and torch.cuda.is_initialized():
            return str(torch.cuda.get_device_name())
        name = self._settings.engine.name
        return name if name in ("vllm", "endpoint") else "cpu"

    def read(self, pages: Sequence[RasteredPage]) -> list[PageReading | None]:
        """Read the pages that need an engine; None for pages that failed. Same length and order."""
        todo = [
            ToRead(p.image, p.ink_share, p.large)
            for p in pages
            if p.needs_engine and p.image is not None
        ]
        climbs = iter(climb(todo, self._engines, self._settings.ladder, self._read))
        readings = [self._settle(page, climbs) for page in pages]
        return self._parse_deeply(pages, readings) if self._settings.deep else readings

    def _settle(self, page: RasteredPage, climbs: Iterator[Climb]) -> PageReading | None:
        if page.error is not None:
            return None
        if page.layer is not None:
            return given_reading(page)
        return self._engine_reading(page, next(climbs))

    def _engine_reading(self, page: RasteredPage, done: Climb) -> PageReading:
        best = done.best
        assert best is not None  # the first rung reads every page
        layer = () if page.layer_reason is None else (_layer_attempt(page, page.layer_reason),)
        turned = (
            replace(attempt, rotation=(page.rotation + attempt.rotation) % 360)
            for attempt in done.attempts
        )
        attempts = (*layer, *turned)
        if page.doubted is not None and _is_borne_out(page.doubted, best):
            return _layer_reading(page, page.doubted, attempts)
        return PageReading(
            reading=best.reading,
            attempts=attempts,
            text_source="ocr",
            engine=best.engine.name,
            model=best.engine.model,
            model_revision=best.engine.revision,
            mode=LARGE if best.is_large else best.engine.mode,
            task=best.engine.task,
            is_fallback=self._is_fallback(best.engine),
            rotation=(page.rotation + best.rotation) % 360,
            image=best.image if best.rotation else None,
        )

    def _parse_deeply(
        self, pages: Sequence[RasteredPage], readings: Sequence[PageReading | None]
    ) -> list[PageReading | None]:
        """The same readings; good ones have crops and links to them."""
        todo: dict[int, tuple[PageImage, Reading]] = {}
        for place, (page, result) in enumerate(zip(pages, readings, strict=True)):
            if result is not None and any(attempt.outcome == "ok" for attempt in result.attempts):
                image = result.image or page.image
                assert image is not None
                todo[place] = image, result.reading
        figure = self._engines[0].figure
        # Imported here: OpenCV and ONNX Runtime, which most replicas of models never need.
        from workers.layout.regions import shared_layout_model

        layout = shared_layout_model(self._settings.threads)
        raster = self._settings.ladder.raster
        if figure is None:
            parsed = cut_regions(list(todo.values()), layout, raster)
        else:
            read = functools.partial(self._read, figure)
            parsed = parse_regions(list(todo.values()), read, layout, raster)
        deep = list(readings)
        for place, (reading, crops) in zip(todo, parsed, strict=True):
            before = deep[place]
            assert before is not None
            named = tuple(_named(crop, before, figure) for crop in crops)
            deep[place] = replace(before, reading=reading, crops=named)
        return deep

    def _is_fallback(self, engine: Engine) -> bool:
        return any(engine in (other, *other.retries) for other in self._engines[1:])

    def _read(self, engine: Engine, images: Sequence[PageImage]) -> list[Reading]:
        """Call an engine, within its deadline."""
        takes_turns = nullcontext() if engine.is_continuous else self._one_call
        is_watched = engine.name not in _OWN_DEADLINES
        deadline = self._deadlines.call(len(images)) if is_watched else nullcontext()
        with takes_turns, deadline:
            try:
                readings = engine.read(images)
            except EngineDied:
                if self._settings.read_timeout_s is None:
                    raise
                log.exception("%s died; the replica ends itself", engine.name)
                os._exit(EXIT_TRY_AGAIN)
        if len(readings) != len(images):
            raise ShardError(f"{engine.name} gave {len(readings)} readings of {len(images)} pages")
        return readings


def _named(crop: Crop, page: PageReading, figure: Engine | None) -> Crop:
    """The crop with who read it: the engine for figures, else whoever read the page."""
    if figure is None:
        return replace(
            crop,
            engine=page.engine,
            model=page.model,
            model_revision=page.model_revision,
            mode=page.mode,
        )
    return replace(
        crop,
        engine=figure.name,
        model=figure.model,
        model_revision=figure.revision,
        mode=figure.mode,
    )


def given_reading(page: RasteredPage) -> PageReading:
    """The reading of a page that needs no engine: copied with the page, made with it, or its text
    layer."""
    assert page.layer is not None
    if page.taken is not None:
        return page.taken
    if page.maker is not None:
        return PageReading(
            reading=page.layer,
            attempts=(Attempt(page.maker.kind, page.maker.mode, "ok"),),
            text_source=page.maker.text_source,
            engine=page.maker.kind,
            model="",
            model_revision="",
            mode=page.maker.mode,
            task=page.maker.task,
        )
    return _layer_reading(page, page.layer)


def _is_borne_out(layer: Reading, best: RankedReading) -> bool:
    is_good = best.outcome == "ok" and best.rotation == 0
    return is_good and bears_out(layer.text, best.reading.text)


def _layer_reading(
    page: RasteredPage, layer: Reading, before: tuple[Attempt, ...] = ()
) -> PageReading:
    """The reading of a page's text layer, after the attempts that bore it out."""
    return PageReading(
        reading=layer,
        attempts=(*before, _layer_attempt(page, "ok")),
        text_source="text_layer",
        engine="text_layer",
        model="",
        model_revision="",
        mode="",
        task="markdown",
        rotation=page.rotation,
    )


def _layer_attempt(page: RasteredPage, outcome: str) -> Attempt:
    mode = "mirrored" if page.is_mirrored else ""
    return Attempt("text_layer", mode, outcome, rotation=page.rotation)
