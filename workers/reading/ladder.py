"""The retry ladder: a page is read again, by stronger settings, turned, or by another engine,
until its reading is good.

    engine ─► its retries (stronger guard, larger mode) ─► from a larger image ─► turned
           ─► fallback, likewise ─► reject

A rung is one engine; it reads all pages together whose reading is still bad. Every try is an
`Attempt`. This module decides which reading of a page is kept; `workers.shards.score` makes a bad
one a reject, with the reason of its last try.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from schemas.pages import Attempt, PageImage, Reading
from schemas.recipe_sections import Quality, Raster
from workers.engines import Engine
from workers.rasterising import pictures
from workers.text import clean, measures, quality, signatures

LARGE = "large"
"""The mode of an attempt that read a page's larger image."""
_TURNS = (90, 270, 180)
_TURNED_OUTCOMES = {"low_confidence", "repetition", "garbage"}
"""Outcomes that a turned page may have. A page without any text is not tried turned, because
engines see text whichever way up it is. One that loops or never ends has already cost a page's
tokens, and its remedy is the stronger guard."""


@dataclass(frozen=True, slots=True)
class LadderSettings:
    """The recipe's settings for the ladder."""

    floors: Quality
    raster: Raster
    rotate: bool


@dataclass(frozen=True, slots=True)
class RankedReading:
    """A reading, the page's image as it lay, and the engine; `outcome` is `ok` or why it is bad.

    With `is_large` it was read from the larger image; `image` is the one that is stored.

    The reading of a page with the highest `rank` is kept: good before bad, upright before turned,
    then by score.
    """

    reading: Reading
    image: PageImage
    rotation: int
    engine: Engine
    outcome: str
    rank: tuple[bool, bool, float]
    is_large: bool = False


class ToRead(NamedTuple):
    """A page for the ladder: its image, its share of ink, and a larger image for small print."""

    image: PageImage
    ink_share: float
    large: PageImage | None = None


@dataclass(slots=True)
class Climb:
    """A page on the ladder: its image, its attempts, and the best reading so far."""

    image: PageImage
    ink_share: float
    large: PageImage | None = None
    attempts: list[Attempt] = field(default_factory=list)
    best: RankedReading | None = None

    @property
    def is_bad(self) -> bool:
        """Whether the page has no good reading yet, so that the next rung reads it."""
        return self.best is None or self.best.outcome != "ok"


ReadWith = Callable[[Engine, Sequence[PageImage]], Sequence[Reading]]
"""Calls an engine under its deadline: one reading for each page, in the same order."""


class Try(NamedTuple):
    """A page, the degrees clockwise by which it is turned first, and whether it is the large one
    that is read."""

    page: Climb
    turn: int = 0
    is_large: bool = False


def climb(
    pages: Sequence[ToRead],
    engines: Sequence[Engine],
    settings: LadderSettings,
    read_with: ReadWith,
) -> list[Climb]:
    """Read pages rung after rung. Same length and order.

    `engines` are the engine and the fallback, if there is one; their `retries` are rungs too.
    """
    climbs = [Climb(*page) for page in pages]

    def read(engine: Engine, tries: Sequence[Try]) -> None:
        _read(engine, tries, settings, read_with)

    for engine in engines:
        for rung in (engine, *engine.retries):
            read(rung, [Try(page) for page in climbs if page.is_bad])
        read(engine, [Try(page, is_large=True) for page in climbs if _lacks_pixels(page)])
        if settings.rotate:
            known = _known_turns(engine, climbs)
            read(engine, known)
            for turn in _TURNS:
                read(engine, [Try(page, turn) for page in _maybe_turned(climbs, known)])
    return climbs


def _lacks_pixels(page: Climb) -> bool:
    """Whether a page with a larger image was read badly by an engine that says what it missed.

    Others scale every page to a size of their own. Without any text no engine says.
    """
    best = page.best
    return bool(
        page.large is not None
        and best is not None
        and best.outcome != "ok"
        and (best.reading.coverage is not None or best.outcome == "no_text")
    )


def _known_turns(engine: Engine, climbs: Sequence[Climb]) -> list[Try]:
    """The pages that the engine, or one of its retries, recognised as turned."""
    own = (engine, *engine.retries)
    return [
        Try(page, page.best.reading.turn, page.best.is_large)
        for page in climbs
        if page.best and page.best.engine in own and page.best.reading.turn
    ]


def _maybe_turned(climbs: Sequence[Climb], known: Sequence[Try]) -> list[Climb]:
    """The pages that may be turned by their bad reading, and were not recognised as turned."""
    known_ids = {id(tried.page) for tried in known}
    return [
        page
        for page in climbs
        if page.best and page.best.outcome in _TURNED_OUTCOMES and id(page) not in known_ids
    ]


def _read(
    engine: Engine, tries: Sequence[Try], settings: LadderSettings, read_with: ReadWith
) -> None:
    """Climb one rung: read each page, record the attempt, keep the better reading."""
    if not tries:
        return
    images = [_turned(tried, settings.raster) for tried in tries]
    readings = read_with(engine, images)
    for tried, image, reading in zip(tries, images, readings, strict=True):
        page, turn, is_large = tried
        outcome, score = _judge(reading, page.ink_share, settings.floors)
        mode = LARGE if is_large else engine.mode
        page.attempts.append(Attempt(engine.name, mode, outcome, engine.guard, turn))
        rank = (outcome == "ok", reading.turn == 0, score)
        if page.best is None or rank > page.best.rank:
            stored = _turned(Try(page, turn), settings.raster) if is_large else image
            page.best = RankedReading(reading, stored, turn, engine, outcome, rank, is_large)


def _turned(tried: Try, raster: Raster) -> PageImage:
    image = tried.page.large if tried.is_large else tried.page.image
    assert image is not None
    return pictures.turn(image, tried.turn, raster) if tried.turn else image


def _judge(reading: Reading, ink_share: float, floors: Quality) -> tuple[str, float]:
    """`ok` or why the reading is bad, and its score. An error scores less than any text."""
    if reading.error is not None:
        return reading.error.reason, -1.0
    cleaned = clean(reading.text)
    scores = quality.measure(
        cleaned, signatures.words(cleaned), reading.confidence, ink_share, reading.coverage
    )
    error = quality.judge(scores, measures.count_up_to(cleaned, floors.min_text_tokens), floors)
    return (error.reason if error else "ok"), scores.score
