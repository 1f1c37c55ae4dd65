"""Scoring: a page and its reading become one row of the shard, a sample or a reject with why."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import NotRequired, get_origin, get_type_hints

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.ids import page_id
from schemas.pages import Attempt, Block, Crop, PageError, crop_link
from schemas.recipe import Quality
from schemas.reject_reasons import REJECT_REASONS
from schemas.rows import StagedCrop, StagedRow
from schemas.tables import STAGED, STAGED_CROPS
from tests.builders import (
    PROSE,
    SCORING,
    make_crop,
    make_crop_rows,
    make_doc_id,
    make_rastered,
    make_reading,
    make_row,
)
from workers.shards.score import ScoreSettings, reject_row, score_crops, score_page
from workers.text import clean
from workers.text.signatures import minhash, shingle_hashes, words

PAGE = page_id(make_doc_id(1), 7)


def score(text: str, **reading: object) -> dict:
    return score_page(make_rastered(PAGE), make_reading(PAGE, text, **reading), SCORING)


def test_good_text_is_a_sample_with_everything_counted() -> None:
    row = score(PROSE)
    assert (row["stage"], row["reason"]) == (None, None)
    assert (row["doc_id"], row["page_index"]) == (make_doc_id(1), 7)
    assert (row["language"], row["text_source"]) == ("en", "ocr")
    assert row["vision_tokens"] == 205  # ceil(256 x 800 / 1000)
    assert row["compression"] == pytest.approx(row["text_tokens"] / 205, abs=1e-4)
    signature = np.frombuffer(row["minhash"], "<u8")
    assert np.array_equal(signature, minhash(shingle_hashes(words(PROSE)), 128))


def test_rows_have_the_columns_that_their_types_require_and_no_other() -> None:
    failed = make_reading(PAGE, error=PageError("loop", "cut"))
    samples = [make_row(1, 7), score_page(make_rastered(PAGE), failed, SCORING)]
    crops = [row for row, _ in make_crop_rows(samples[0], [make_crop(PAGE, 0)])]
    for shape, rows in ((StagedRow, samples), (StagedCrop, crops)):
        hints = get_type_hints(shape, include_extras=True)
        required = {name for name, hint in hints.items() if get_origin(hint) is not NotRequired}
        for row in rows:
            assert required <= row.keys() <= hints.keys()


def test_what_breaks_consumers_is_cleaned_from_text_and_blocks_and_counted() -> None:
    block = Block("te\0xt", (0, 0, 1, 1), "ki\ud800ln\0")
    row = score(f"{PROSE}\0 \udcff", blocks=(block,))
    assert row["text"] == PROSE
    assert row["quality"]["cleaned_chars"] == 2
    assert (row["blocks"][0]["label"], row["blocks"][0]["text"]) == ("text", "kiln")
    assert score(f"\n{PROSE}\r\n ")["quality"]["cleaned_chars"] == 0


def test_why_a_page_failed_is_one_line_that_a_table_can_hold() -> None:
    row = reject_row(PAGE, "read", PageError("engine_error", "a\nb\0c \udcff" + "x" * 9999))
    assert row["detail"].startswith("a b c \\udcffxxx")
    assert len(row["detail"]) == 500


def test_an_engines_own_vision_tokens_are_kept() -> None:
    assert score(PROSE, vision_tokens=64)["vision_tokens"] == 64


@pytest.mark.parametrize(
    ("text", "confidence", "reason"),
    [
        ("", 0.9, "no_text"),
        (" \x00\x1b\n", 0.9, "no_text"),
        (PROSE, 0.2, "low_confidence"),
        ("again and again " * 50, 0.9, "repetition"),
        ("#@%&*!?^~+=" * 10, 0.9, "garbage"),
    ],
)
def test_a_reading_below_a_floor_is_a_reject_that_keeps_its_scores(text, confidence, reason):
    row = score(text, confidence=confidence)
    assert (row["stage"], row["reason"]) == ("quality", reason)
    assert row["quality"]["confidence"] == confidence
    assert row["detail"]


def test_floors_come_from_the_recipe() -> None:
    strict = ScoreSettings(Quality(min_text_tokens=1000), "base", 128)
    assert score_page(make_rastered(PAGE), make_reading(PAGE), strict)["reason"] == "no_text"


@pytest.mark.parametrize(("reason", "stage"), [("blank", "quality"), ("timeout", "raster")])
def test_a_page_without_an_image_is_a_reject_of_its_stage(reason: str, stage: str) -> None:
    failed = make_rastered(PAGE, image=None, error=PageError(reason, "why"))
    row = score_page(failed, None, SCORING)
    assert (row["stage"], row["reason"], row["detail"]) == (stage, reason, "why")


def test_a_failed_reading_is_a_reject_with_its_attempts() -> None:
    row = score("", error=PageError("engine_error", "out of luck"))
    assert (row["stage"], row["reason"]) == ("read", "engine_error")
    attempt = Attempt("fake", "plain", "engine_error", guard="", rotation=0)
    assert row["attempts"] == [asdict(attempt)]


@given(
    text=st.text(st.characters()),
    confidence=st.none() | st.floats(0, 1),
    blocks=st.lists(
        st.builds(
            Block,
            label=st.sampled_from(["text", "figure"]),
            bbox=st.tuples(*[st.floats(0, 1, width=32)] * 4),
            text=st.text(st.characters(), max_size=10),
            confidence=st.none() | st.floats(0, 1, width=32),
        ),
        max_size=3,
    ).map(tuple),
)
def test_any_reading_makes_a_row_that_its_table_can_hold(text, confidence, blocks) -> None:
    row = score(text, confidence=confidence, blocks=blocks)
    assert row.keys() <= set(STAGED.names)
    (stored,) = pa.Table.from_pylist([row], schema=STAGED).to_pylist()
    assert stored["text"] == row["text"]
    assert [tuple(block["bbox"]) for block in stored["blocks"]] == [b.bbox for b in blocks]
    assert row["reason"] is None or row["reason"] in REJECT_REASONS
    assert 0 <= row["quality"]["score"] <= 1
    assert math.isfinite(row["compression"])


def test_a_reject_row_fits_its_table() -> None:
    row = reject_row(PAGE, "read", PageError("crashed", "twice"), (Attempt("a", "b", "c"),))
    (stored,) = pa.Table.from_pylist([row], schema=STAGED).to_pylist()
    assert (stored["page_id"], stored["page_index"], stored["text"]) == (PAGE, 7, None)


def with_crops(page: str, *crops: Crop, text: str = PROSE) -> tuple[dict, list]:
    """The row of a page that links the crops after its text, and the rows of these."""
    linked = "\n\n".join([text, *map(crop_link, crops)])
    reading = make_reading(page, linked, crops)
    row = score_page(make_rastered(page), reading, SCORING)
    return row, score_crops(row, reading, SCORING)


def test_a_crop_is_counted_as_a_page_is() -> None:
    crop = make_crop(PAGE, 3, label="table", text="  <table><tr><td>a\x00 kiln</td></tr></table>")
    _, [(made, image)] = with_crops(PAGE, crop)
    assert image == crop.image.data
    assert (made["crop_id"], made["page_id"]) == (f"{PAGE}-03", PAGE)
    assert (made["doc_id"], made["page_index"]) == (make_doc_id(1), 7)
    assert made["text"] == "<table><tr><td>a kiln</td></tr></table>"
    assert made["vision_tokens"] == 171  # ceil(256 x 200 / 300)
    assert made["compression"] == pytest.approx(made["text_tokens"] / 171, abs=1e-4)
    named = [made[name] for name in ("engine", "model", "model_revision", "mode")]
    assert named == ["eye", "eye-1", "r2", "near"]


def test_a_crop_that_was_not_read_has_its_reason_and_no_text() -> None:
    crop = make_crop(
        PAGE, 0, text="again and again", vision_tokens=64, error=PageError("loop", "cut")
    )
    _, [(made, image)] = with_crops(PAGE, crop)
    assert (made["text"], made["text_tokens"], made["compression"]) == ("", 0, 0.0)
    assert (made["reason"], made["detail"], made["vision_tokens"]) == ("loop", "cut", 64)
    assert image


def test_a_reject_has_no_crops() -> None:
    reading = make_reading(PAGE, "", (make_crop(PAGE, 0),))
    row = score_page(make_rastered(PAGE), reading, SCORING)
    assert row["reason"] == "no_text"
    assert score_crops(row, reading, SCORING) == []
    assert score_crops(reject_row(PAGE, "raster", PageError("blank", "")), None, SCORING) == []


def test_equal_pages_are_equal_though_their_links_name_their_documents() -> None:
    other_page = page_id(make_doc_id(2), 0)
    one, _ = with_crops(PAGE, make_crop(PAGE, 0))
    same, _ = with_crops(other_page, make_crop(other_page, 0))
    assert one["text"] != same["text"]
    assert (one["text_hash"], one["minhash"]) == (same["text_hash"], same["minhash"])


def test_pages_of_two_pictures_are_not_equal() -> None:
    first, second = make_crop(PAGE, 0), make_crop(PAGE, 1)
    one, _ = with_crops(PAGE, first, text="")
    other, _ = with_crops(PAGE, second, text="")
    assert one["reason"] is None
    assert one["text_hash"] != other["text_hash"]
    assert not np.array_equal(one["minhash"], other["minhash"])


def test_a_printed_link_to_a_crop_that_is_not_the_pages_own_is_only_its_label() -> None:
    elsewhere = make_crop(page_id(make_doc_id(2), 0), 0, label="a forged figure")
    mine = make_crop(PAGE, 0)
    row, crops = with_crops(PAGE, mine, text=f"{PROSE} {crop_link(elsewhere)}")
    assert row["text"] == f"{PROSE} a forged figure\n\n{crop_link(mine)}"
    assert len(crops) == 1


@given(
    label=st.text(st.characters()),
    text=st.text(st.characters()),
    box=st.tuples(*[st.floats(0, 1, width=32)] * 4),
    error=st.none() | st.builds(PageError, st.sampled_from(sorted(REJECT_REASONS)), st.just("")),
)
def test_any_crop_makes_a_row_that_its_table_can_hold(label, text, box, error) -> None:
    crop = make_crop(PAGE, 0, label=label, text=text, bbox=box, error=error)
    _, [(row, _)] = with_crops(PAGE, crop)
    placed = {"image_offset", "image_bytes", "recipe_digest", "findings"}
    assert row.keys() | placed == set(STAGED_CROPS.names)
    (stored,) = pa.Table.from_pylist([row], schema=STAGED_CROPS).to_pylist()
    assert (stored["label"], stored["text"]) == (clean(label), "" if error else clean(text))
    assert tuple(stored["bbox"]) == box
    assert (stored["reason"] is None) == (error is None)
