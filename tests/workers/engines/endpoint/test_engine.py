"""Pages through a real server of the protocol: order, cost, loops, concurrency, several servers."""

from __future__ import annotations

import gc
import hashlib
import logging
import threading
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from schemas import tokens
from schemas.errors import ModelError, ServersDown
from schemas.pages import Block, PageImage
from tests.chat_server import ChatServer, Script, mark, says_mark, text_tokens
from tests.workers.engines.endpoint.conftest import (
    HEIGHT,
    WIDTH,
    Load,
    image_tokens,
    page,
    pages,
    spec,
    until,
)
from workers.engines import load_engine
from workers.engines.layout_first import in_passes
from workers.engines.profiles.known import PROFILES

LIGHTON = image_tokens("lighton-ocr")
SERVED = sorted(n for n, each in PROFILES.items() if {"vllm", "endpoint"} & set(each.engines))


def test_readings_come_in_the_order_of_the_pages(load: Load) -> None:
    def says(image: bytes, request: Mapping[str, Any]) -> Script:
        number = int(hashlib.sha256(image).hexdigest(), 16) % 100
        return Script([mark(image), *[f" word {n}" for n in range(number)]])

    with ChatServer(says, LIGHTON, token_s=0.0005) as server:
        engine = load(server.url)
        all_pages = pages(60)
        readings = engine.read(all_pages)
        assert [reading.page_id for reading in readings] == [one.page_id for one in all_pages]
        for one, reading in zip(all_pages, readings, strict=True):
            assert reading.error is None
            assert reading.text.startswith(mark(one.data))
        assert set(server.finished.values()) == {1}
        assert server.most_in_progress > 8  # side by side


@pytest.mark.parametrize("profile", SERVED)
def test_every_profile_is_asked_counted_and_parsed(
    profile: str, load: Load, caplog: pytest.LogCaptureFixture
) -> None:
    words = (
        "<|ref|>text<|/ref|><|det|>[[1, 2, 3, 4]]<|/det|>\nKiln."
        if "deepseek" in profile
        else "Kiln."
    )
    with ChatServer(lambda *_: Script([words]), image_tokens(profile), has_guard=True) as server:
        engine = load(server.url, profile=profile)
        [reading] = engine.read([page(1)])
    assert reading.error is None
    assert "Kiln." in reading.text
    mode = PROFILES[profile].modes[0]
    mode = next(m for m in PROFILES[profile].modes if m.name == engine.mode)
    assert mode.tokens is not None
    assert reading.vision_tokens == mode.tokens(WIDTH, HEIGHT).valid
    assert reading.confidence == pytest.approx(0.9048, abs=1e-3)
    assert reading.output_tokens == 2
    assert engine.guard == str(PROFILES[profile].guard or "")
    assert "image tokens" not in caplog.text


def test_pages_are_asked_for_in_two_passes(load: Load) -> None:
    """The layout is asked of the squeezed page, then each region by its kind."""
    places = {"title": "0 0 1000 100", "table": "0 100 1000 500", "text": "0 500 1000 1000"}
    layout = "".join(
        f"<|box_start|>{place}<|box_end|><|ref_start|>{kind}<|ref_end|><|rotate_up|>\n"
        for kind, place in places.items()
    )
    answers = {"Layout": layout, "Table": "<fcel>1<nl>", "Text": "Kiln."}

    def says(image: bytes, request: Mapping[str, Any]) -> Script:
        prompt = request["messages"][-1]["content"][-1]["text"]
        return Script([answers[prompt.split()[0]]])

    with ChatServer(says, image_tokens("mineru-2.5"), has_guard=True) as server:
        engine = in_passes(load(server.url, profile="mineru-2.5"))
        readings = engine.read(pages(3))
    tokens = PROFILES["mineru-2.5"].modes[0].tokens
    assert tokens is not None
    sizes = [(1036, 1036), (WIDTH, 42), (WIDTH, 168), (WIDTH, 210)]
    for one, reading in zip(pages(3), readings, strict=True):
        assert (reading.page_id, reading.error) == (one.page_id, None)
        assert reading.text == "## Kiln.\n\n<table><tr><td>1</td></tr></table>\n\nKiln."
        assert reading.vision_tokens == sum(tokens(*size).valid for size in sizes)
        assert reading.output_tokens == 2 * 4


def test_a_loop_is_cut_and_the_server_stops_it(load: Load) -> None:
    def says(image: bytes, request: Mapping[str, Any]) -> Script:
        if image == page(3).data:
            return Script(["The", " kiln", *[" again", " and"] * 3000])
        return says_mark(image, request)

    with ChatServer(says, LIGHTON, token_s=0.001) as server:
        readings = load(server.url).read(pages(8))
        errors = [reading.error.reason if reading.error else None for reading in readings]
        assert errors == [None] * 3 + ["loop"] + [None] * 4
        assert "the same again and again from 2 on" in readings[3].error.detail  # type: ignore[union-attr]
        until(lambda: not server.in_progress)
        assert server.aborted == 1
        assert server.tokens_made < 1000


@pytest.mark.parametrize(("interval", "takes_logprobs"), [(10, True), (10, False), (1, False)])
def test_several_tokens_may_come_at_once(interval: int, takes_logprobs: bool, load: Load) -> None:
    def says(image: bytes, request: Mapping[str, Any]) -> Script:
        if image == page(1).data:
            return Script(["The", " kiln", *[" again", " and"] * 300])
        return says_mark(image, request)

    with ChatServer(
        says, LIGHTON, interval=interval, takes_logprobs=takes_logprobs, software="other"
    ) as server:
        first, loop, last = load(server.url).read(pages(3))
    assert first.text == f"{mark(page(0).data)} was read here."
    assert (first.error, last.error) == (None, None)
    assert loop.error is not None
    assert loop.error.reason == "loop"
    assert loop.output_tokens < 250


def test_an_answer_that_fills_its_room_is_no_end(load: Load) -> None:
    says = lambda *_: Script([f" word {n}" for n in range(900)])  # noqa: E731
    with ChatServer(says, LIGHTON) as server:
        [reading] = load(server.url, max_new_tokens=100).read([page(1)])
    assert reading.error is not None
    assert reading.error.reason == "no_end"
    assert reading.output_tokens == 100
    assert reading.vision_tokens == tokens.pixtral(1540, WIDTH, HEIGHT).valid


def test_no_more_tokens_are_asked_for_than_the_context_has_left(load: Load) -> None:
    with ChatServer(image_tokens=LIGHTON, context_tokens=1000) as server:
        [reading] = load(server.url).read([page(1)])
        assert reading.error is None
        asked = server.requests[-1]["max_tokens"]
        assert 700 < asked <= 1000 - LIGHTON(WIDTH, HEIGHT) - text_tokens("")
    with ChatServer(image_tokens=LIGHTON, context_tokens=320) as server:
        small = load(server.url, profile="deepseek-ocr")
        [reading] = small.read([PageImage("large", page(1).data, 1600, 2000)])
        assert reading.error is not None
        assert "leave no room for an answer in a context of 320" in reading.error.detail


def test_a_broken_image_costs_its_page_only(load: Load) -> None:
    with ChatServer(image_tokens=LIGHTON) as server:
        broken = PageImage("broken", b"GIF89a", 10, 10)
        readings = load(server.url).read([page(1), broken, page(2)])
    assert [reading.error and reading.error.reason for reading in readings] == [
        None, "engine_error", None,
    ]  # fmt: skip
    tiny = PageImage("tiny", page(1).data, 5, 400)
    with ChatServer(image_tokens=LIGHTON) as server:
        [reading] = load(server.url).read([tiny])
    assert reading.error is not None
    assert "the model would see nothing" in reading.error.detail


def test_a_page_that_a_server_refuses_is_not_tried_again(load: Load) -> None:
    with ChatServer(image_tokens=lambda w, h: 40_000 if w == WIDTH else 300) as server:
        [reading] = load(server.url).read([page(1)])
        assert reading.error is not None
        assert reading.error.reason == "engine_error"
        assert "maximum context length" in reading.error.detail
        assert "HTTP 400" in reading.error.detail


def test_pages_of_several_calls_are_read_side_by_side(load: Load) -> None:
    with ChatServer(image_tokens=LIGHTON, token_s=0.02) as server:
        engine = load(server.url, concurrency=64)
        results: dict[int, list[str]] = {}

        def call(number: int) -> None:
            readings = engine.read(pages(4, first=4 * number))
            results[number] = [reading.page_id for reading in readings]

        threads = [threading.Thread(target=call, args=[number]) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert results == {
            number: [one.page_id for one in pages(4, first=4 * number)] for number in range(6)
        }
        assert server.most_in_progress > 4


@pytest.mark.parametrize("at_once", [1, 5, 16])
def test_the_number_of_pages_that_a_server_takes_is_found(at_once: int, load: Load) -> None:
    def says(image: bytes, request: Mapping[str, Any]) -> Script:
        number = int(hashlib.sha256(image).hexdigest(), 16) % 20
        return Script([mark(image), *[f" word {n}" for n in range(number)]])

    with ChatServer(says, LIGHTON, at_once=at_once, token_s=0.02) as server:
        count = 20 * at_once
        readings = load(server.url).read(pages(count))
        assert all(reading.error is None for reading in readings)
        assert server.most_in_progress <= at_once
        assert set(server.finished.values()) == {1}
        # In the middle of the call the level is found: most places are in use, and a round costs
        # about one refusal.
        levels = server.levels[count // 4 : -2 * at_once]
        assert sum(levels) / len(levels) >= 0.7 * at_once
        assert server.refused <= 1.5 * count / at_once + 16


def test_no_more_pages_are_asked_for_than_the_recipe_says(load: Load) -> None:
    with ChatServer(image_tokens=LIGHTON, token_s=0.002) as server:
        load(server.url, concurrency=5).read(pages(40))
        assert server.most_in_progress == 5


def test_several_servers_share_the_pages(load: Load) -> None:
    with (
        ChatServer(image_tokens=LIGHTON, token_s=0.002) as one,
        ChatServer(image_tokens=LIGHTON, token_s=0.002) as two,
        ChatServer(image_tokens=LIGHTON, token_s=0.002) as three,
    ):
        load(one.url, two.url, three.url).read(pages(90))
        shares = [sum(server.finished.values()) for server in (one, two, three)]
        assert sum(shares) == 90
        assert min(shares) >= 15
        assert all(set(s.finished.values()) == {1} for s in (one, two, three))


def test_a_slow_server_gets_fewer_pages(load: Load) -> None:
    with (
        ChatServer(image_tokens=LIGHTON, token_s=0.001) as quick,
        ChatServer(image_tokens=LIGHTON, token_s=0.05) as slow,
    ):
        load(quick.url, slow.url, concurrency=8).read(pages(80))
        assert sum(quick.finished.values()) > 2 * sum(slow.finished.values())


def test_a_server_that_dies_costs_no_page_and_comes_back(load: Load) -> None:
    with (
        ChatServer(image_tokens=LIGHTON, token_s=0.01) as one,
        ChatServer(image_tokens=LIGHTON, token_s=0.01) as two,
    ):
        engine = load(one.url, two.url)
        futures = [engine.fleet.submit(each, engine.plan) for each in pages(40)]
        until(lambda: bool(two.finished))
        two.close()
        readings = [future.result(60) for future in futures]
        assert all(reading.error is None for reading in readings)
        before = sum(two.finished.values())
        two.open()
        number = 100
        while sum(two.finished.values()) == before:
            assert all(r.error is None for r in engine.read(pages(8, first=number)))
            number += 8
        # A page may have been read there just before the connection was lost.
        read = Counter(one.finished) + Counter(two.finished)
        assert set(read.values()) <= {1, 2}


def test_when_all_servers_are_dead_it_is_not_the_pages_fault(load: Load) -> None:
    with ChatServer(image_tokens=LIGHTON) as one, ChatServer(image_tokens=LIGHTON) as two:
        engine = load(one.url, two.url, patience_s=0.5)
        assert all(reading.error is None for reading in engine.read(pages(4)))
        one.close()
        two.close()
        with pytest.raises(ServersDown) as caught:
            engine.read(pages(20))
        line = str(caught.value)
        assert line.startswith("engine.urls: no server has given an answer for ")
        assert f"{one.url}: ConnectError" in line
        assert f"{two.url}: ConnectError" in line
        one.open()
        assert all(reading.error is None for reading in engine.read(pages(20)))


def test_one_of_several_servers_may_be_down_from_the_start(
    load: Load, caplog: pytest.LogCaptureFixture
) -> None:
    with ChatServer(image_tokens=LIGHTON) as one, ChatServer(image_tokens=LIGHTON) as two:
        two.close()
        engine = load(one.url, two.url)
        assert all(reading.error is None for reading in engine.read(pages(10)))
        assert f"{two.url} is left out for now: ConnectError" in caplog.text
        one.close()
        with pytest.raises(ModelError, match=r"^engine.urls: no server answers: .*ConnectError"):
            load(one.url, two.url)


# ---- vision tokens -------------------------------------------------------------------------


def test_another_mode_of_the_server_is_told_once_and_its_count_written(
    load: Load, caplog: pytest.LogCaptureFixture
) -> None:
    with ChatServer(image_tokens=image_tokens("deepseek-ocr", "tiny")) as server:
        engine = load(server.url, profile="deepseek-ocr", mode="base")
        readings = engine.read(pages(9))
    assert {reading.vision_tokens for reading in readings} == {73 + 2}
    warnings = [one for one in caplog.records if "image tokens" in one.getMessage()]
    assert [one.levelno for one in warnings] == [logging.WARNING]
    text = warnings[0].getMessage()
    assert "mode base of profile deepseek-ocr makes 273 image tokens of 300 x 420 pixels" in text
    assert "its count is written: 75" in text


def test_without_a_profile_the_server_counts(load: Load) -> None:
    with ChatServer(image_tokens=lambda w, h: 77, context_tokens=None, software="x") as server:
        engine = load(server.url, profile=None, prompt="Read this page.")
        [reading] = engine.read([page(1)])
        assert (reading.vision_tokens, engine.mode, engine.guard) == (77 + 2, "native", "")
        assert server.requests[-1]["max_tokens"] == 8192


# ---- the ladder, the thread ---------------------------------------------------------------------


def test_only_what_a_request_can_change_is_tried_again(load: Load) -> None:
    with ChatServer(image_tokens=image_tokens("deepseek-ocr"), has_guard=True) as server:
        engine = load(server.url, profile="deepseek-ocr")
        [retry] = engine.retries
        assert (engine.guard, retry.guard, retry.retries) == ("20/50", "12/1024", ())
        [reading] = retry.read([page(1)])
        assert reading.error is None
        assert server.requests[-1]["vllm_xargs"]["ngram_size"] == 12
        figure = engine.figure
        assert figure is not None
        figure.read([page(2)])
        assert server.requests[-1]["messages"][0]["content"][1]["text"] == "Parse the figure."
    with ChatServer(image_tokens=image_tokens("paddleocr-vl", "spotting")) as server:
        engine = load(server.url, profile="paddleocr-vl", mode="spotting")
        assert [(one.mode, one.guard) for one in engine.retries] == [("native", "")]
    with ChatServer(image_tokens=LIGHTON, software="sglang") as server:
        assert load(server.url).retries == ()
        assert load(server.url).figure is None


def test_the_thread_ends_with_the_last_engine() -> None:
    def threads() -> list[str]:
        return [thread.name for thread in threading.enumerate() if thread.name == "endpoint"]

    with ChatServer(image_tokens=LIGHTON) as server:
        engine = load_engine(spec(server.url))
        assert engine.name == "endpoint"
        assert threads() == ["endpoint"]
        del engine
        gc.collect()
        assert threads() == []


def test_boxes_in_pixels_are_of_the_picture_that_the_model_sees(load: Load) -> None:
    """dots.ocr sees 300 x 420 pixels as 308 x 420, whole tokens."""
    words = '[{"bbox": [77, 42, 308, 420], "category": "Text", "text": "Kiln."}]'
    with ChatServer(lambda *_: Script([words]), image_tokens("dots-ocr")) as server:
        [reading] = load(server.url, profile="dots-ocr").read([page(1)])
    assert reading.blocks == (Block("paragraph", (0.25, 0.1, 1.0, 1.0), "Kiln."),)
    assert reading.text == "Kiln."
