"""What the steps count."""

from __future__ import annotations

from dataclasses import replace

from pipelines.steps.timed import finish_times, raster_times, read_times
from schemas.ids import page_id
from schemas.pages import Attempt, PageError, RasteredPage, Reading
from schemas.recipe import EngineSpec, Quality, Raster
from schemas.timings import ShardTimes
from tests.builders import (
    SCORING,
    make_crop,
    make_crop_rows,
    make_doc_id,
    make_rastered,
    make_reading,
)
from tests.engines import ScriptedEngine
from workers.reading import LadderSettings, Replica, ReplicaSettings, given_reading
from workers.shards import score_page
from workers.shards.score import reject_row

PAGES = [page_id(make_doc_id(1), index) for index in range(4)]


def make_replica() -> Replica:
    ladder = LadderSettings(Quality(), Raster(), rotate=True)
    engine = ScriptedEngine(lambda image: Reading(image.page_id))
    return Replica(engine, ReplicaSettings(EngineSpec(), ladder))


def test_pages_are_those_that_were_rasterised_or_failed_there() -> None:
    pages = [make_rastered(PAGES[0]), RasteredPage(PAGES[1], error=PageError("corrupt", "torn"))]
    assert raster_times(2.5, pages) == ShardTimes(raster_s=2.5, pages=2)


def test_an_engines_tries_after_the_first_are_retries() -> None:
    layer = given_reading(make_rastered(PAGES[0], layer=Reading(PAGES[0], "text")))
    once = make_reading(PAGES[1], output_tokens=100)
    after_layer = replace(once, attempts=(Attempt("text_layer", "", "garbage"), *once.attempts))
    thrice = replace(make_reading(PAGES[2], output_tokens=7), attempts=once.attempts * 3)
    readings = [layer, after_layer, thrice, None]
    assert read_times(6.0, make_replica(), readings) == ShardTimes(
        read_s=6.0, engine_pages=2, retries=2, output_tokens=107, device="cpu"
    )


def test_output_tokens_are_those_of_failed_readings_and_of_crops_too() -> None:
    loop = make_reading(PAGES[0], output_tokens=8000, error=PageError("loop", "again"))
    crops = (make_crop(PAGES[1], 0, output_tokens=20), make_crop(PAGES[1], 1, output_tokens=30))
    times = read_times(1.0, make_replica(), [loop, make_reading(PAGES[1], crops=crops)])
    assert times.output_tokens == 8050


def test_tokens_are_those_of_the_rows_that_have_a_text() -> None:
    page = make_rastered(PAGES[0])
    row = score_page(page, make_reading(PAGES[0], vision_tokens=256), SCORING)
    crops = make_crop_rows(row, [make_crop(PAGES[0], 0, vision_tokens=100)])
    crop_row = crops[0][0]
    poor = score_page(
        make_rastered(PAGES[1]),
        make_reading(PAGES[1], vision_tokens=256, confidence=0.1),
        SCORING,
    )
    assert poor["reason"] == "low_confidence"
    failed = reject_row(PAGES[2], "raster", PageError("corrupt", "torn"))
    assert finish_times(0.5, [row, crop_row, poor, failed]) == ShardTimes(
        finish_s=0.5,
        vision_tokens=256 + 100 + 256,
        text_tokens=row["text_tokens"] + crop_row["text_tokens"] + poor["text_tokens"],
    )
