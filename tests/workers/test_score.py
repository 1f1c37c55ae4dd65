"""Scoring: a page and its reading become one row of the shard, a sample or a reject with why."""

from __future__ import annotations

import math
from dataclasses import asdict

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.ids import page_id
from schemas.pages import Attempt, Block, PageError
from schemas.recipe import Quality
from schemas.tables import REJECT_REASONS, STAGED
from tests.builders import PROSE, SCORING, make_doc_id, make_rastered, make_reading
from workers.score import ScoreSettings, reject_row, score_page
from workers.signatures import minhash, shingle_hashes, words

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
            text=st.text(st.characters(codec="utf-8"), max_size=10),
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
