"""The retry ladder: a page is read again, by stronger settings, turned, or by another engine,
until its reading is good.

    engine ─► its retries (stronger guard, larger mode) ─► turned ─► fallback, likewise ─► reject

A rung is one engine; it reads all pages together whose reading is still bad. Every try is an
`Attempt`. This module decides which reading of a page is kept; `workers.shards.score` makes a bad
one a reject, with the reason of its last try.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from schemas.pages import Attempt, PageImage, Reading
from schemas.recipe import Quality, Raster
from workers.engines import Engine
from workers.rasterising import pictures
from workers.text import clean, measures, quality, signatures

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
    """A reading, the image and the engine that it comes from; `outcome` is `ok` or why it is bad.

    The reading of a page with the highest `rank` is kept: good before bad, upright before turned,
    then by score.
    """

    reading: Reading
    image: PageImage
    rotation: int
    engine: Engine
    outcome: str
    rank: tuple[bool, bool, float]


@dataclass(slots=True)
class Climb:
    """A page on the ladder: its image, its attempts, and the best reading so far."""

    image: PageImage
    ink_share: float
    attempts: list[Attempt] = field(default_factory=list)
    best: RankedReading | None = None

    @property
    def is_bad(self) -> bool:
        """Whether the page has no good reading yet, so that the next rung reads it."""
        return self.best is None or self.best.outcome != "ok"


ReadWith = Callable[[Engine, Sequence[PageImage]], Sequence[Reading]]
"""Calls an engine under its deadline: one reading for each page, in the same order."""
Try = tuple[Climb, int]
"""A page, and the degrees clockwise by which it is turned before this reading."""


def climb(
    pages: Sequence[tuple[PageImage, float]],
    engines: Sequence[Engine],
    settings: LadderSettings,
    read_with: ReadWith,
) -> list[Climb]:
    """Read pages, given with their ink shares, rung after rung. Same length and order.

    `engines` are the engine and the fallback, if there is one; their `retries` are rungs too.
    """
    climbs = [Climb(image, ink_share) for image, ink_share in pages]

    def read(engine: Engine, tries: Sequence[Try]) -> None:
        _read(engine, tries, settings, read_with)

    for engine in engines:
        for rung in (engine, *engine.retries):
            read(rung, [(page, 0) for page in climbs if page.is_bad])
        if settings.rotate:
            known = _known_turns(engine, climbs)
            read(engine, known)
            for turn in _TURNS:
                read(engine, [(page, turn) for page in _maybe_turned(climbs, known)])
    return climbs


def _known_turns(engine: Engine, climbs: Sequence[Climb]) -> list[Try]:
    """The pages that the engine, or one of its retries, recognised as turned."""
    own = (engine, *engine.retries)
    return [
        (page, page.best.reading.turn)
        for page in climbs
        if page.best and page.best.engine in own and page.best.reading.turn
    ]


def _maybe_turned(climbs: Sequence[Climb], known: Sequence[Try]) -> list[Climb]:
    """The pages that may be turned by their bad reading, and were not recognised as turned."""
    known_ids = {id(page) for page, _ in known}
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
    images = [
        pictures.turn(page.image, turn, settings.raster) if turn else page.image
        for page, turn in tries
    ]
    readings = read_with(engine, images)
    for (page, turn), image, reading in zip(tries, images, readings, strict=True):
        outcome, score = _judge(reading, page.ink_share, settings.floors)
        page.attempts.append(Attempt(engine.name, engine.mode, outcome, engine.guard, turn))
        rank = (outcome == "ok", reading.turn == 0, score)
        if page.best is None or rank > page.best.rank:
            page.best = RankedReading(reading, image, turn, engine, outcome, rank)


def _judge(reading: Reading, ink_share: float, floors: Quality) -> tuple[str, float]:
    """`ok` or why the reading is bad, and its score. An error scores less than any text."""
    if reading.error is not None:
        return reading.error.reason, -1.0
    cleaned = clean(reading.text)
    scores = quality.measure(cleaned, signatures.words(cleaned), reading.confidence, ink_share)
    error = quality.judge(scores, measures.count_up_to(cleaned, floors.min_text_tokens), floors)
    return (error.reason if error else "ok"), scores.score
