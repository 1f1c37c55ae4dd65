"""The retry ladder: how often, by whom and which way up a page is read until it reads well.

    engine ─► its retries (stronger guard, larger mode) ─► turned ─► fallback, likewise ─► reject

A rung is one engine; all pages that still read badly are read on it together. Every try is an
`Attempt`. Which reading of a page is kept is decided here; what becomes of a bad one (a reject,
with the reason of its last try) in `workers.shards.score`.
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
_MAY_BE_TURNED = {"low_confidence", "repetition", "garbage"}
"""A page without any text is not tried turned: text is seen whichever way up it is. One that
loops or never ends has cost a page's tokens already, and has its stronger guard to try."""


@dataclass(frozen=True, slots=True)
class LadderSettings:
    """What the ladder takes from the recipe."""

    floors: Quality
    raster: Raster
    rotate: bool


@dataclass(frozen=True, slots=True)
class Found:
    """A reading, what it was made of and by whom; `outcome` is `ok` or why it is bad.

    `rank` orders readings of one page: good before bad, upright before turned, then by score.
    """

    reading: Reading
    image: PageImage
    rotation: int
    engine: Engine
    outcome: str
    rank: tuple[bool, bool, float]


@dataclass(slots=True)
class Climb:
    """A page on its way up: the rasterised page, its tries, and the best reading so far."""

    image: PageImage
    ink_share: float
    attempts: list[Attempt] = field(default_factory=list)
    best: Found | None = None

    @property
    def is_bad(self) -> bool:
        """Whether the next rung is for this page."""
        return self.best is None or self.best.outcome != "ok"


ReadWith = Callable[[Engine, Sequence[PageImage]], Sequence[Reading]]
"""Calls an engine under its deadline; as many readings as pages, in their order."""
Try = tuple[Climb, int]
"""A page, and the degrees clockwise by which it is turned for its next reading."""


def climb(
    pages: Sequence[tuple[PageImage, float]],
    engines: Sequence[Engine],
    settings: LadderSettings,
    read_with: ReadWith,
) -> list[Climb]:
    """Read pages, given with their ink shares, on rung after rung; same length and order.

    `engines` are the engine and, if there is one, the fallback; their `retries` are rungs too.
    """
    climbs = [Climb(image, ink_share) for image, ink_share in pages]

    def read(engine: Engine, tries: Sequence[Try]) -> None:
        _read(engine, tries, settings, read_with)

    for engine in engines:
        for rung in (engine, *engine.retries):
            read(rung, [(one, 0) for one in climbs if one.is_bad])
        if settings.rotate:
            told = _told_turns(engine, climbs)
            read(engine, told)
            for turn in _TURNS:
                read(engine, [(one, turn) for one in _maybe_turned(climbs, told)])
    return climbs


def _told_turns(engine: Engine, climbs: Sequence[Climb]) -> list[Try]:
    """The pages that the engine, or one of its retries, saw to be turned."""
    own = (engine, *engine.retries)
    return [
        (one, one.best.reading.turn)
        for one in climbs
        if one.best and one.best.engine in own and one.best.reading.turn
    ]


def _maybe_turned(climbs: Sequence[Climb], told: Sequence[Try]) -> list[Climb]:
    """The pages that still read badly, though nobody said which way up they are."""
    is_told = {id(one) for one, _ in told}
    return [
        one
        for one in climbs
        if one.best and one.best.outcome in _MAY_BE_TURNED and id(one) not in is_told
    ]


def _read(
    engine: Engine, tries: Sequence[Try], settings: LadderSettings, read_with: ReadWith
) -> None:
    """One rung: read each page, note the attempt, keep the better reading."""
    if not tries:
        return
    images = [
        pictures.turn(one.image, turn, settings.raster) if turn else one.image
        for one, turn in tries
    ]
    readings = read_with(engine, images)
    for (one, turn), image, reading in zip(tries, images, readings, strict=True):
        outcome, score = _judge(reading, one.ink_share, settings.floors)
        one.attempts.append(Attempt(engine.name, engine.mode, outcome, engine.guard, turn))
        rank = (outcome == "ok", reading.turn == 0, score)
        if one.best is None or rank > one.best.rank:
            one.best = Found(reading, image, turn, engine, outcome, rank)


def _judge(reading: Reading, ink_share: float, floors: Quality) -> tuple[str, float]:
    """`ok` or why the reading is bad, and its score; an error scores below any text."""
    if reading.error is not None:
        return reading.error.reason, -1.0
    cleaned = clean(reading.text)
    scores = quality.measure(cleaned, signatures.words(cleaned), reading.confidence, ink_share)
    error = quality.judge(scores, measures.count_up_to(cleaned, floors.min_text_tokens), floors)
    return (error.reason if error else "ok"), scores.score
