"""The retry ladder: a rung reads only pages with bad readings, and every try is recorded."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from schemas.ids import page_id
from schemas.pages import Attempt, PageError, PageImage, Reading
from schemas.recipe import Quality, Raster
from tests.builders import PROSE, make_doc_id
from tests.engines import ScriptedEngine
from workers.engines import Engine
from workers.rasterising import pictures
from workers.reading.ladder import Climb, LadderSettings, ToRead, climb

SETTINGS = LadderSettings(Quality(), Raster(format="png"), rotate=True)
OUTCOMES = ("ok", "loop", "no_end", "engine_error", "low_confidence", "no_text")


def picture(index: int = 0, turned: int = 0) -> PageImage:
    """A page that is black at its top, then turned clockwise."""
    pixels = np.full((60, 40), 255, np.uint8)
    pixels[:20] = 0
    image = Image.fromarray(pixels)
    page = page_id(make_doc_id(1), index)
    upright = PageImage(page, pictures.encode(image, SETTINGS.raster), 40, 60)
    return pictures.turn(upright, turned, SETTINGS.raster) if turned else upright


def is_upright(page: PageImage) -> bool:
    pixels = np.asarray(pictures.decode(page.data).convert("L"))
    return pixels.shape == (60, 40) and int(pixels[0, 0]) == 0


def reading(page: PageImage, outcome: str) -> Reading:
    """A reading that is judged as `outcome`."""
    if outcome in ("loop", "no_end", "engine_error"):
        return Reading(page.page_id, error=PageError(outcome, "so it is"))
    texts = {"ok": PROSE, "no_text": "", "low_confidence": PROSE}
    confidence = 0.1 if outcome == "low_confidence" else 0.9
    return Reading(page.page_id, texts[outcome], confidence=confidence)


def scripted(outcomes: dict[str, str] | str, **fields: object) -> ScriptedEngine:
    def answer(page: PageImage) -> Reading:
        return reading(page, outcomes if isinstance(outcomes, str) else outcomes[page.page_id])

    return ScriptedEngine(answer, **fields)  # type: ignore[arg-type]


def call(engine: Engine, images: Sequence[PageImage]) -> list[Reading]:
    return engine.read(images)


def run(images: Sequence[PageImage], *engines: Engine) -> list[Climb]:
    return climb([ToRead(image, 0.1) for image in images], engines, SETTINGS, call)


def test_a_page_that_reads_well_is_read_once() -> None:
    engine = scripted("ok", retries=(scripted("ok"),))
    [done] = run([picture()], engine, scripted("ok"))
    assert done.attempts == [Attempt("fake", "plain", "ok")]
    assert done.best is not None
    assert done.best.engine is engine


def test_rungs_are_tried_in_turn_until_one_reads_well() -> None:
    stronger = scripted("no_end", guard="20/90")
    larger = scripted("ok", mode="large", guard="20/90")
    engine = scripted("loop", guard="20/50", retries=(stronger, larger))
    [done] = run([picture()], engine)
    assert done.attempts == [
        Attempt("fake", "plain", "loop", "20/50"),
        Attempt("fake", "plain", "no_end", "20/90"),
        Attempt("fake", "large", "ok", "20/90"),
    ]
    assert done.best is not None
    assert done.best.engine is larger


def test_the_fallback_reads_what_the_engine_could_not() -> None:
    fallback = scripted("ok", name="other")
    [done] = run([picture()], scripted("engine_error", retries=(scripted("loop"),)), fallback)
    assert [(a.engine, a.outcome) for a in done.attempts] == [
        ("fake", "engine_error"),
        ("fake", "loop"),
        ("other", "ok"),
    ]
    assert done.best is not None
    assert done.best.engine is fallback


def test_a_page_that_nobody_reads_well_keeps_its_best_reading_and_all_reasons() -> None:
    engine = scripted("loop", retries=(scripted("low_confidence"),))
    [done] = run([picture()], engine, scripted("no_end", name="other"))
    assert done.best is not None
    assert (done.best.outcome, done.best.reading.text) == ("low_confidence", PROSE)
    assert {a.outcome for a in done.attempts} == {"loop", "low_confidence", "no_end"}


@pytest.mark.parametrize("turned", [90, 180, 270])
def test_a_page_that_reads_badly_is_tried_turned_and_stored_upright(turned: int) -> None:
    def answer(page: PageImage) -> Reading:
        return reading(page, "ok" if is_upright(page) else "low_confidence")

    [done] = run([picture(turned=turned)], ScriptedEngine(answer))
    assert done.best is not None
    assert done.best.outcome == "ok"
    assert done.best.rotation == 360 - turned == done.attempts[-1].rotation
    assert is_upright(done.best.image)


def test_an_engine_that_sees_how_a_page_lies_reads_it_once_more_only() -> None:
    def answer(page: PageImage) -> Reading:
        return Reading(page.page_id, PROSE, confidence=0.9, turn=0 if is_upright(page) else 270)

    [done] = run([picture(turned=90)], ScriptedEngine(answer))
    assert [(a.outcome, a.rotation) for a in done.attempts] == [("ok", 0), ("ok", 270)]
    assert done.best is not None
    assert done.best.rotation == 270
    assert is_upright(done.best.image)


def test_a_page_that_reads_well_only_as_it_lies_stays_so() -> None:
    def answer(page: PageImage) -> Reading:
        if is_upright(page):
            return reading(page, "low_confidence")
        return Reading(page.page_id, PROSE, confidence=0.9, turn=180)

    [done] = run([picture(turned=180)], ScriptedEngine(answer))
    assert done.best is not None
    assert (done.best.rotation, done.best.outcome) == (0, "ok")


@pytest.mark.parametrize("outcome", ["no_text", "loop", "engine_error"])
def test_pages_without_text_or_end_are_not_turned(outcome: str) -> None:
    [done] = run([picture()], scripted(outcome))
    assert [a.rotation for a in done.attempts] == [0]


def test_nothing_is_turned_where_the_recipe_says_so() -> None:
    settings = LadderSettings(Quality(), Raster(), rotate=False)
    [done] = climb([ToRead(picture(), 0.1)], [scripted("low_confidence")], settings, call)
    assert len(done.attempts) == 1


def test_small_print_is_read_from_the_larger_image_and_the_stored_one_is_kept() -> None:
    large = pictures.decode(picture().data).resize((400, 600))
    larger = PageImage(picture().page_id, pictures.encode(large, SETTINGS.raster), 400, 600)

    def answer(page: PageImage) -> Reading:
        return Reading(page.page_id, PROSE, confidence=0.9, coverage=1 if page == larger else 0.1)

    [done] = climb([ToRead(picture(), 0.1, larger)], [ScriptedEngine(answer)], SETTINGS, call)
    assert [(a.mode, a.outcome) for a in done.attempts] == [
        ("plain", "incomplete"),
        ("large", "ok"),
    ]
    assert done.best is not None
    assert (done.best.image, done.best.is_large) == (picture(), True)


@pytest.mark.parametrize("coverage", [None, 0.9])
def test_a_page_that_misses_nothing_is_not_read_larger(coverage: float | None) -> None:
    def answer(page: PageImage) -> Reading:
        confidence = 0.1 if coverage is None else 0.9
        return Reading(page.page_id, PROSE, confidence=confidence, coverage=coverage)

    settings = LadderSettings(Quality(), Raster(), rotate=False)
    pages = [ToRead(picture(), 0.1, picture())]
    [done] = climb(pages, [ScriptedEngine(answer)], settings, call)
    assert [a.mode for a in done.attempts] == ["plain"]


tables = st.lists(
    st.lists(st.sampled_from(OUTCOMES), min_size=4, max_size=4), min_size=1, max_size=6
)


@given(tables)
def test_each_rung_reads_exactly_the_pages_that_were_bad_on_all_before(
    table: list[list[str]],
) -> None:
    images = [picture(index) for index in range(len(table))]
    rungs = [
        scripted({image.page_id: row[number] for image, row in zip(images, table, strict=True)})
        for number in range(4)
    ]
    engine, stronger, fallback, last = rungs
    engine.retries, fallback.retries = (stronger,), (last,)
    settings = LadderSettings(Quality(), Raster(), rotate=False)
    done = climb([ToRead(image, 0.1) for image in images], [engine, fallback], settings, call)
    for number, rung in enumerate(rungs):
        expected = [
            image.page_id
            for image, row in zip(images, table, strict=True)
            if "ok" not in row[:number]
        ]
        assert rung.calls == ([expected] if expected else [])
    for one, row in zip(done, table, strict=True):
        tried = row[: row.index("ok") + 1] if "ok" in row else row
        assert [a.outcome for a in one.attempts] == tried
        assert one.best is not None
        assert (one.best.outcome == "ok") == ("ok" in row)
