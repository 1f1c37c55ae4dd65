"""Through a proxy that harms requests: every page is read once or has the right error."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import pytest

from schemas.errors import ServersDown
from schemas.pages import RasteredPage
from schemas.recipe import Quality, Raster
from tests.chat_proxy import KINDS, LIE, FaultyChatProxy
from tests.chat_server import ChatServer, Script, mark, says_mark
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
from workers.engines.endpoint.desk import TRIES
from workers.reading import LadderSettings, ReplicaSettings, load_replica

LIGHTON = image_tokens("lighton-ocr")
KEY = "sk-planted-7f3a9c"


@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_of_each_kind_is_tried_again(kind: str, load: Load) -> None:
    with ChatServer(image_tokens=LIGHTON) as server, FaultyChatProxy(server.port) as proxy:
        # Half of the page's time without a byte is a hang.
        engine = load(proxy.url, page_timeout_s=2 if kind == "hang" else 30)
        proxy.inject(kind, rate=0.3)
        all_pages = pages(20)
        readings = engine.read(all_pages)
        assert proxy.faults[kind] > 0
        for one, reading in zip(all_pages, readings, strict=True):
            if reading.error is None:
                assert reading.text.startswith(mark(one.data))
            else:  # five faults in a row for one page, or two hangs
                assert reading.error.reason in ("engine_error", "timeout")
        assert sum(reading.error is None for reading in readings) >= 17


def test_all_faults_together_cost_no_page(load: Load) -> None:
    with ChatServer(image_tokens=LIGHTON) as server, FaultyChatProxy(server.port, 1) as proxy:
        engine = load(proxy.url, page_timeout_s=20)
        proxy.inject(*(kind for kind in KINDS if kind != "hang"), rate=0.25)
        all_pages = pages(120)
        readings = engine.read(all_pages)
        assert proxy.faults.total() > 20
        assert [reading.error for reading in readings] == [None] * 120
        assert [reading.text[:12] for reading in readings] == [mark(one.data) for one in all_pages]
        assert {reading.vision_tokens for reading in readings} == {LIGHTON(WIDTH, HEIGHT)}


def test_a_page_that_a_server_fails_on_is_its_own_fault(load: Load) -> None:
    poison = page(5)

    def says(image: bytes, request: Mapping[str, Any]) -> Script:
        if image == poison.data:
            raise ConnectionError("the engine fails on it")
        return says_mark(image, request)

    with ChatServer(says, LIGHTON) as server:
        readings = load(server.url).read(pages(9))
        errors = [reading.error and reading.error.reason for reading in readings]
        assert errors == [None] * 5 + ["engine_error"] + [None] * 3
        [alone] = load(server.url).read([poison])
    for error in (readings[5].error, alone.error):
        assert error is not None
        assert f"{TRIES} tries failed; the last: " in error.detail


def test_a_server_that_fails_on_all_pages_is_not_their_fault(load: Load) -> None:
    with ChatServer(image_tokens=LIGHTON) as server, FaultyChatProxy(server.port) as proxy:
        engine = load(proxy.url, patience_s=3)
        proxy.inject("error")
        for count in (1, 30):
            with pytest.raises(ServersDown, match=r"HTTP 500: CUDA error"):
                engine.read(pages(count))
        proxy.inject("busy")
        with pytest.raises(ServersDown, match=r"HTTP 429: slow down"):
            engine.read(pages(3))
        proxy.inject(rate=0)
        assert all(reading.error is None for reading in engine.read(pages(30)))


def test_an_answer_that_goes_on_and_on_ends_at_its_deadline(load: Load) -> None:
    def says(image: bytes, request: Mapping[str, Any]) -> Script:
        if image == page(1).data:
            return Script([f" word {number}" for number in range(5000)])
        return says_mark(image, request)

    with ChatServer(says, LIGHTON, token_s=0.05) as server:
        readings = load(server.url, page_timeout_s=3).read(pages(3))
        assert [reading.error and reading.error.reason for reading in readings] == [
            None, "timeout", None,
        ]  # fmt: skip
        assert readings[1].error is not None
        assert readings[1].error.detail.startswith("endpoint: no whole answer within 3 s")
        until(lambda: not server.in_progress)  # its connection was closed
        assert server.tokens_made < 500


def test_lies_about_usage_are_told_and_counted(
    load: Load, caplog: pytest.LogCaptureFixture
) -> None:
    with ChatServer(image_tokens=LIGHTON) as server, FaultyChatProxy(server.port) as proxy:
        engine = load(proxy.url)
        assert engine.read([page(0)])[0].vision_tokens == LIGHTON(WIDTH, HEIGHT)
        proxy.inject(LIE, rate=0.5)
        readings = engine.read(pages(40))
        honest = LIGHTON(WIDTH, HEIGHT)
        lies = proxy.faults[LIE]
        assert 0 < lies < 40
        told = [reading.vision_tokens for reading in readings]
        assert told.count(honest) == 40 - lies
        assert told.count(999 - 3) == lies  # three tokens of the prompt are text
        warnings = [one for one in caplog.records if "image tokens" in one.getMessage()]
        assert len(warnings) == 1
        assert f"makes {honest} image tokens of {WIDTH} x {HEIGHT}" in warnings[0].getMessage()
        assert "the server counts 999 tokens" in warnings[0].getMessage()


def test_the_key_is_in_no_log_and_no_error(
    load: Load, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("FLEET_KEY", KEY + "\n")
    with (
        ChatServer(image_tokens=LIGHTON, key=KEY) as server,
        FaultyChatProxy(server.port) as proxy,
    ):
        engine = load(proxy.url, key_env="FLEET_KEY")
        proxy.inject(*(kind for kind in KINDS if kind != "hang"), rate=0.4)
        readings = engine.read(pages(20))
        proxy.inject(rate=0)
        engine = load(proxy.url, key_env="FLEET_KEY", patience_s=2)
        server.key = "another"  # which repeats the key in its refusal
        with pytest.raises(ServersDown, match=r"HTTP 401.*\[key\]") as caught:
            engine.read(pages(3))
    assert server.requests
    assert len(caplog.records) > 20
    for text in (caplog.text, repr(readings), str(caught.value), repr(engine), repr(vars(engine))):
        assert KEY not in text


def test_a_replica_outlives_a_fleet_that_is_down() -> None:
    ladder = LadderSettings(Quality(), Raster(), rotate=False)
    with ChatServer(image_tokens=LIGHTON) as server:
        settings = ReplicaSettings(spec(server.url), ladder, read_timeout_s=1, page_timeout_s=1)
        replica = load_replica(settings)
        server.close()
        rastered = [RasteredPage(one.page_id, one) for one in pages(3)]
        # The environment's fault: the pool waits and hands the pages in again.
        with pytest.raises(ServersDown):
            replica.read(rastered)
        server.open()
        readings = replica.read(rastered)
    texts = [reading.reading.text for reading in readings if reading]
    assert [text[:12] for text in texts] == [mark(one.data) for one in pages(3)]
    assert replica.device == "endpoint"
