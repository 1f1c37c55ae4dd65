"""Answers: a page's cost, and the readings of answers that ended, looped or never ended."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from schemas.pages import PageImage
from schemas.recipe import EngineSpec, Raster
from schemas.tokens import VisionTokens
from workers.engines.answers import (
    Answer,
    failed,
    finished,
    miscount,
    page_picture,
    spent,
    token_ids,
)
from workers.engines.checkpoint import Checkpoint
from workers.engines.plan import Plan, make_plan
from workers.rasterising import pictures

PAGE = PageImage("page", b"", 600, 800)


class Letters:
    """A tokenizer whose tokens are letters; `<end>` is the special one, numbered 0."""

    def encode(self, text: str, add_special_tokens: bool) -> list[int]:
        assert not add_special_tokens
        return [0] if text == "<end>" else [ord(letter) for letter in text]

    def decode(self, tokens: list[int], skip_special_tokens: bool, **_: Any) -> str:
        special = "" if skip_special_tokens else "<end>"
        return "".join(chr(token) if token else special for token in tokens)


@pytest.fixture
def plan() -> Plan:
    """The plan for a checkpoint without a profile: no formula, and the output unparsed."""
    spec = EngineSpec(name="transformers", model="nobody", prompt="Read.")
    return make_plan(spec, Checkpoint("nobody", "0", None, "nobodys", ()))


def with_formula(plan: Plan, valid: int, placeholders: int) -> Plan:
    tokens = VisionTokens(placeholders=placeholders, valid=valid)
    return replace(plan, mode=replace(plan.mode, tokens=lambda width, height: tokens))


def test_only_strings_of_one_token_have_a_number() -> None:
    assert token_ids(Letters(), ["a", "ab", "<end>", ""]) == [97, 0]


@pytest.mark.parametrize(("longest_px", "size"), [(None, (60, 80)), (80, (60, 80)), (40, (30, 40))])
def test_a_picture_is_reduced_to_what_the_mode_takes(
    plan: Plan, longest_px: int | None, size: tuple[int, int]
) -> None:
    data = pictures.encode(Image.new("RGB", (60, 80), "white"), Raster())
    mode = replace(plan.mode, longest_edge_px=longest_px)
    assert page_picture(PageImage("page", data, 60, 80), mode).size == size


def test_image_tokens_count_by_the_formula_or_else_as_they_came(plan: Plan) -> None:
    assert spent(PAGE, plan, 120, Answer()).vision_tokens == 120
    assert spent(PAGE, with_formula(plan, 100, 120), 120, Answer()).vision_tokens == 100
    assert miscount(PAGE, plan, 7, "it") is None
    assert miscount(PAGE, with_formula(plan, 100, 120), 120, "it") is None
    error = miscount(PAGE, with_formula(plan, 100, 120), 7, "the processor")
    assert error == (
        "mode native of profile plain makes 120 image tokens of 600 x 800 pixels, the processor 7"
    )


def test_a_reading_has_the_cost_and_the_text_of_its_answer(plan: Plan) -> None:
    answer = Answer([111, 107, 0], [0.5, 1.0, 0.75], ended=True)
    cost = spent(PAGE, plan, 9, answer)
    assert (cost.output_tokens, cost.confidence, cost.text) == (3, 0.75, "")
    reading = finished(PAGE, cost, plan, answer, Letters())
    assert reading == replace(cost, text="ok")
    special = replace(plan, profile=replace(plan.profile, special_tokens=True))
    assert finished(PAGE, cost, special, answer, Letters()).text == "ok<end>"
    assert spent(PAGE, plan, 9, Answer()).confidence is None


@pytest.mark.parametrize(
    ("answer", "reason", "detail"),
    [
        (Answer([1] * 9, loop=4), "loop", "9 tokens, the same again and again from 4 on"),
        (
            Answer([1] * 9, loop=0, ended=True),
            "loop",
            "9 tokens, the same again and again from 0 on",
        ),
        (Answer([1] * 9), "no_end", "no end within 9 tokens"),
    ],
)
def test_an_answer_with_an_error_keeps_its_cost(
    plan: Plan, answer: Answer, reason: str, detail: str
) -> None:
    reading = finished(PAGE, spent(PAGE, plan, 3, answer), plan, answer, Letters())
    assert reading.error is not None
    assert (reading.error.reason, reading.error.detail) == (reason, detail)
    assert (reading.vision_tokens, reading.output_tokens, reading.text) == (3, 9, "")


def test_an_engines_error_is_cut_to_500_characters() -> None:
    reading = failed(PAGE, "x" * 9000)
    assert reading.error is not None
    assert (reading.page_id, reading.error.reason) == ("page", "engine_error")
    assert len(reading.error.detail) == 500


def test_a_page_too_small_for_any_image_token_is_an_error(plan: Plan) -> None:
    error = miscount(PAGE, with_formula(plan, 0, 0), 0, "the processor")
    assert error is not None
    assert "600 x 800 pixels are too few for mode native" in error
