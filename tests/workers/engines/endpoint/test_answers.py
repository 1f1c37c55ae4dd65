"""Streams become answers: whatever the pieces, whatever is wrong with them."""

from __future__ import annotations

import contextlib
import itertools
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.pages import PageImage
from schemas.recipe import EngineSpec
from schemas.tokens import VisionTokens
from workers.engines.endpoint.answers import (
    Collected,
    TextTokens,
    bounds,
    events_of,
    reading_of,
    vision_tokens,
)
from workers.engines.endpoint.engine import plan_for_endpoint
from workers.engines.endpoint.failures import Kind, TryFailed
from workers.engines.plan import Plan

PAGE = PageImage("page", b"", 600, 800)


def event(content: str = "", finish: str | None = None, **others: Any) -> bytes:
    choice = {"delta": {"content": content}, "finish_reason": finish, **others}
    return json.dumps({"choices": [choice]}, ensure_ascii=False).encode()


def usage(prompt: int, completion: int) -> bytes:
    told = {"prompt_tokens": prompt, "completion_tokens": completion}
    return json.dumps({"choices": [], "usage": told}).encode()


def collect(*events: bytes, exempt: tuple[str, ...] = ()) -> Collected:
    collected = Collected(exempt)
    for one in events:
        collected.add(one)
    return collected


def failure(collected: Collected) -> TryFailed:
    with pytest.raises(TryFailed) as caught:
        collected.close()
    return caught.value


@pytest.fixture
def plan() -> Plan:
    return plan_for_endpoint(
        EngineSpec(name="endpoint", urls=("http://a/v1",), model="m", prompt="Read it.")
    )


def with_formula(plan: Plan, placeholders: int, valid: int) -> Plan:
    tokens = VisionTokens(placeholders, valid)
    return replace(plan, mode=replace(plan.mode, tokens=lambda width, height: tokens))


TEXTS = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), max_size=8)


@given(texts=TEXTS, cuts=st.lists(st.integers(0, 2000), max_size=12), ends=st.sampled_from("\n\r"))
def test_events_do_not_depend_on_how_the_bytes_arrive(
    texts: list[str], cuts: list[int], ends: str
) -> None:
    line = b"\r\n" if ends == "\r" else b"\n"
    stream = b"".join(b"data: " + event(text) + line + line for text in texts)
    stream = b": a comment" + line + line + stream
    places = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
    buffer, collected = bytearray(), Collected()
    for start, end in itertools.pairwise(places):
        buffer += stream[start:end]
        for one in events_of(buffer):
            collected.add(one)
    assert "".join(collected.text) == "".join(texts)


def test_line_ends_of_unicode_end_no_event() -> None:
    text = "a\u2028b\u0085c\x0bd\u2029e"
    buffer = bytearray(b"data: " + event(text) + b"\n\ndata: [DONE]\n\n")
    collected = collect(*events_of(buffer))
    assert collected.text == [text]


@given(st.binary(max_size=200))
def test_no_event_raises_anything_else(data: bytes) -> None:
    with contextlib.suppress(TryFailed):
        Collected().add(data)


@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3)),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(
                st.sampled_from(
                    [
                        *("choices", "delta", "content", "usage", "error", "logprobs"),
                        *("finish_reason", "prompt_tokens", "token", "logprob"),
                    ]
                ),
                inner,
                max_size=4,
            ),
        ),
    )
)
def test_no_json_raises_anything_else(told: Any) -> None:
    with contextlib.suppress(TryFailed):
        Collected().add(json.dumps(told).encode())


def test_a_whole_answer_has_text_cost_and_confidence(plan: Plan) -> None:
    logprobs = {"content": [{"token": "x", "logprob": -0.5}, {"token": "y", "logprob": 0.0}]}
    collected = collect(event("x", logprobs=logprobs), event("", "stop"), usage(120, 3), b"[DONE]")
    collected.close()
    reading, warning = reading_of(PAGE, plan, collected, TextTokens(5, 5))
    assert (reading.text, reading.error, warning) == ("x", None, "")
    assert (reading.vision_tokens, reading.output_tokens) == (115, 3)
    assert reading.confidence == pytest.approx((0.6065 + 1) / 2, abs=1e-3)


def test_without_probabilities_there_is_no_confidence(plan: Plan) -> None:
    collected = collect(event("words of it"), event("", "stop"), usage(9, 4))
    collected.close()
    reading, _ = reading_of(PAGE, plan, collected, bounds(plan))
    assert reading.confidence is None


def test_the_answer_of_a_server_that_does_not_stream_is_taken() -> None:
    choice = {"message": {"content": "all of it"}, "finish_reason": "stop"}
    told = {"choices": [choice], "usage": {"prompt_tokens": 9, "completion_tokens": 4}}
    collected = collect(json.dumps(told).encode())
    collected.close()
    assert collected.text == ["all of it"]


def test_an_answer_that_fills_its_room_has_no_end(plan: Plan) -> None:
    collected = collect(event("words"), event("", "length"), usage(9, 4))
    collected.close()
    reading, _ = reading_of(PAGE, plan, collected, bounds(plan))
    assert reading.error is not None
    assert reading.error.reason == "no_end"


@pytest.mark.parametrize(
    ("events", "kind", "why"),
    [
        ([], Kind.BROKEN, "the answer is empty"),
        ([b"[DONE]"], Kind.BROKEN, "the answer is empty"),
        ([event("half")], Kind.BROKEN, "cut off after"),
        ([event("", "stop")], Kind.BROKEN, "an end without any text"),
        ([event("", "stop"), usage(9, 40)], Kind.BROKEN, "an end without any text"),
        ([event("x", "abort")], Kind.FAILED, "the server ended it: abort"),
        ([event("x", "content_filter")], Kind.FAILED, "content_filter"),
    ],
)
def test_what_is_no_answer_fails(events: list[bytes], kind: Kind, why: str) -> None:
    failed = failure(collect(*events))
    assert failed.kind is kind
    assert why in failed.why


def test_text_that_a_server_took_for_reasoning_is_named() -> None:
    told = {"delta": {"content": None, "reasoning_content": "The page says"}}
    collected = collect(json.dumps({"choices": [told]}).encode(), event("", "stop"))
    assert "reasoning" in failure(collected).why


def test_a_model_that_ends_at_once_has_read_an_empty_page() -> None:
    collected = collect(event("", "stop"), usage(9, 1))
    collected.close()
    assert collected.answer.ended


def test_halves_of_a_character_in_two_events_are_one(plan: Plan) -> None:
    halves = [
        json.dumps({"choices": [{"delta": {"content": part}}]}).encode()
        for part in ("fired \ud83d", "\ude00 twice", " or \ud83d")
    ]
    collected = collect(*halves, event("", "stop"))
    collected.close()
    reading, _ = reading_of(PAGE, plan, collected, bounds(plan))
    assert reading.text == "fired \U0001f600 twice or \ufffd"


@pytest.mark.parametrize("told", [-1, 2**31, 10**30, 1.5, "12", None, [3]])
def test_counts_that_are_none_count_as_none(told: Any, plan: Plan) -> None:
    usage = {"prompt_tokens": told, "completion_tokens": told}
    end = json.dumps({"choices": [], "usage": usage}).encode()
    collected = collect(event("words of it"), event("", "stop"), end)
    collected.close()
    reading, warning = reading_of(PAGE, with_formula(plan, 273, 182), collected, bounds(plan))
    assert (reading.vision_tokens, warning) == (182, "")
    assert 0 < reading.output_tokens < 12


def test_a_probability_that_is_none_is_none(plan: Plan) -> None:
    told = b'{"token": "x", "logprob": %s}'
    logprobs = b", ".join(told % value for value in (b"NaN", b"-Infinity", b"3", b"0"))
    choice = b'{"delta": {"content": "x"}, "logprobs": {"content": [' + logprobs + b"]}}"
    collected = collect(b'{"choices": [' + choice + b"]}", event("", "stop"))
    collected.close()
    reading, _ = reading_of(PAGE, plan, collected, bounds(plan))
    assert reading.confidence == 0.5


@pytest.mark.parametrize(
    "error", [{"message": "EngineCore died", "code": 500}, "EngineCore died", ["EngineCore died"]]
)
def test_an_error_in_a_stream_is_one(error: object) -> None:
    with pytest.raises(TryFailed, match="EngineCore died") as caught:
        Collected().add(json.dumps({"error": error}).encode())
    assert caught.value.kind is Kind.FAILED


@pytest.mark.parametrize("has_logprobs", [True, False])
def test_a_loop_is_found_where_it_begins(has_logprobs: bool) -> None:
    collected = Collected()
    words = ["The", "kiln", "was"] + ["again", "and"] * 400
    for word in words:
        told = {"content": [{"token": word, "logprob": -1.0}]} if has_logprobs else None
        collected.add(event(word, logprobs=told))
        if collected.loop >= 0:
            break
    assert collected.loop == 3
    assert len(collected.answer.tokens) < 199


def test_cells_of_a_table_are_no_loop() -> None:
    cells = [event("<td>"), event("</td>")] * 150
    assert collect(*cells, exempt=("<td>", "</td>")).loop < 0
    assert collect(*cells).loop >= 0


# ---- vision tokens -------------------------------------------------------------------------


@pytest.mark.parametrize("prompt", [5 + 273, 5 + 273 + 2, 5 + 273 + 33])
def test_a_servers_count_that_fits_the_formula_leaves_it(plan: Plan, prompt: int) -> None:
    base = with_formula(plan, 273, 182)
    assert vision_tokens(PAGE, base, TextTokens(5, 5), prompt) == (182, "")


@pytest.mark.parametrize("prompt", [5 + 111, 5 + 272, 5 + 421, 5 + 903])
def test_a_servers_other_count_is_written_and_told(plan: Plan, prompt: int) -> None:
    base = with_formula(plan, 273, 182)
    counted, warning = vision_tokens(PAGE, base, TextTokens(5, 5), prompt)
    assert counted == prompt - 5
    assert "makes 273 image tokens of 600 x 800 pixels" in warning
    assert f"the server counts {prompt} tokens in the prompt, of which 5 are text" in warning
    assert warning.endswith(f"its count is written: {counted}")


def test_a_count_that_cannot_be_is_told_and_not_written(plan: Plan) -> None:
    base = with_formula(plan, 273, 182)
    counted, warning = vision_tokens(PAGE, base, TextTokens(5, 5), 3)
    assert counted == 182
    assert "cannot be" in warning


def test_where_the_text_is_not_counted_its_bounds_decide(plan: Plan) -> None:
    base, text = with_formula(plan, 273, 182), bounds(plan)
    assert text == TextTokens(0, 8 + 64)
    assert vision_tokens(PAGE, base, text, 273 + 60) == (182, "")
    assert "0 to 72 are text" in vision_tokens(PAGE, base, text, 903)[1]


def test_without_usage_the_formula_counts(plan: Plan) -> None:
    assert vision_tokens(PAGE, with_formula(plan, 273, 182), bounds(plan), None) == (182, "")
    assert vision_tokens(PAGE, plan, bounds(plan), None) == (0, "")
