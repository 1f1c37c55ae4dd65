"""What every page would fail on fails before any page is read, in a line that names the field."""

from __future__ import annotations

import pytest

from schemas.errors import ModelError, NoEngineError
from tests.chat_proxy import KINDS, FaultyChatProxy
from tests.chat_server import ChatServer
from tests.loopback import Exchange, LoopbackServer
from tests.workers.engines.endpoint.conftest import Load, image_tokens, page, spec
from workers.engines.requirements import examine_engine

LIGHTON = image_tokens("lighton-ocr")
KEY = "sk-planted-7f3a9c"


def refusal(load: Load, *urls: str, **fields: str) -> str:
    with pytest.raises(NoEngineError) as caught:
        load(*urls, **fields)
    return str(caught.value)


def test_a_model_that_is_not_served_is_refused_with_those_that_are(load: Load) -> None:
    with ChatServer(image_tokens=LIGHTON) as server:
        line = refusal(load, server.url, model="org/other")
    assert line == f"engine.model: {server.url} does not serve 'org/other'; it serves test/reader"


def test_one_server_with_another_model_is_enough(load: Load) -> None:
    with ChatServer(image_tokens=LIGHTON) as one, ChatServer(model="org/other") as other:
        assert refusal(load, one.url, other.url).startswith(f"engine.model: {other.url} does not")


def test_a_key_that_is_missing_wrong_or_none_is_refused_without_it(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ChatServer(image_tokens=LIGHTON, key="right") as server:
        line = refusal(load, server.url)
        assert line.startswith(f"engine.key_env: {server.url} does not take the key: HTTP 401")
        monkeypatch.delenv("FLEET_KEY", raising=False)
        line = refusal(load, server.url, key_env="FLEET_KEY")
        assert line == "engine.key_env: FLEET_KEY is not set in the environment here"
        for wrong in (KEY, f"{KEY} {KEY}", f"{KEY}\nX-Other: 1", f"{KEY}ä"):
            monkeypatch.setenv("FLEET_KEY", wrong)
            line = refusal(load, server.url, key_env="FLEET_KEY")
            assert line.startswith("engine.key_env: ")
            assert KEY not in line
        monkeypatch.setenv("FLEET_KEY", "right")
        assert load(server.url, key_env="FLEET_KEY").read([page(1)])[0].error is None


def test_a_url_without_its_v1_is_refused_with_the_remedy(load: Load) -> None:
    with ChatServer(image_tokens=LIGHTON) as server:
        line = refusal(load, server.url.removesuffix("/v1"))
    assert line.startswith("engine.urls: there is no list of models at http://127.0.0.1:")
    assert line.endswith("which mostly ends in /v1")


def test_what_is_no_chat_server_is_refused(load: Load) -> None:
    class Site(LoopbackServer):
        async def answer(self, exchange: Exchange) -> None:
            await exchange.send(200, b"<html>welcome</html>", {"Content-Type": "text/html"})

    with Site() as site:
        assert "it gives no list of models" in refusal(load, site.url)


def test_a_server_that_takes_no_images_is_refused_with_its_own_words(load: Load) -> None:
    class Blind(ChatServer):
        def _problem(self, request: object) -> str:
            return "test/reader is not a multimodal model" if "image_url" in str(request) else ""

    with Blind() as server:
        line = refusal(load, server.url)
    assert line.startswith("engine: the servers refuse a page for test/reader: HTTP 400")
    assert line.endswith("test/reader is not a multimodal model")


def test_no_server_at_all_may_pass(load: Load) -> None:
    with ChatServer() as server:
        url = server.url
    with pytest.raises(ModelError, match=rf"^engine.urls: no server answers: {url}: Connect"):
        load(url)


def test_a_busy_server_is_waited_for(load: Load) -> None:
    with ChatServer(image_tokens=LIGHTON) as server, FaultyChatProxy(server.port, 3) as proxy:
        proxy.inject(*(kind for kind in KINDS if kind != "hang"), rate=0.3)
        engine = load(proxy.url)
        proxy.inject(rate=0)
        assert engine.read([page(1)])[0].error is None


def test_without_logprobs_readings_have_no_confidence(
    load: Load, caplog: pytest.LogCaptureFixture
) -> None:
    with ChatServer(image_tokens=LIGHTON, takes_logprobs=False, software="other") as server:
        [reading] = load(server.url).read([page(1)])
    assert reading.error is None
    assert reading.confidence is None
    assert "the servers give no logprobs" in caplog.text


@pytest.mark.parametrize("has_guard", [True, False])
def test_a_guard_is_believed_only_if_it_acts(
    has_guard: bool, load: Load, caplog: pytest.LogCaptureFixture
) -> None:
    tokens = image_tokens("deepseek-ocr")
    with ChatServer(image_tokens=tokens, has_guard=has_guard) as server:
        engine = load(server.url, profile="deepseek-ocr")
        assert engine.read([page(1)])[0].error is None
        assert engine.guard == ("20/50" if has_guard else "")
        assert ("vllm_xargs" in server.requests[-1]) == has_guard
    assert ("have no n-gram guard" in caplog.text) == (not has_guard)


def test_what_only_some_servers_take_is_sent_to_none(load: Load) -> None:
    with ChatServer(image_tokens=LIGHTON) as one, ChatServer(software="other") as other:
        engine = load(one.url, other.url)
        assert engine.fleet.dialect.software == ""
        one.context_tokens, other.context_tokens = 900, 800
        assert load(one.url, other.url).fleet.dialect.context_tokens == 800


def test_a_check_looks_at_the_servers_and_sends_no_page(monkeypatch: pytest.MonkeyPatch) -> None:
    with ChatServer(image_tokens=LIGHTON, key=KEY) as server:
        monkeypatch.setenv("FLEET_KEY", KEY)
        asked = spec(server.url, key_env="FLEET_KEY")
        assert examine_engine(asked) == (
            "endpoint: 1 of 1 servers answer (vllm); test/reader: profile lighton-ocr, mode "
            "native, task markdown"
        )
        assert server.requests == []
        monkeypatch.delenv("FLEET_KEY")
        assert "the cluster must reach them" in examine_engine(asked, is_here=False)
        with pytest.raises(NoEngineError, match="FLEET_KEY is not set"):
            examine_engine(asked)
        with pytest.raises(NoEngineError, match="needs a prompt for figures"):
            examine_engine(asked, deep=True, is_here=False)
    with pytest.raises(ModelError, match="no server answers"):
        examine_engine(spec(server.url))


@pytest.mark.parametrize("profile", ["got-ocr-2"])
def test_a_profile_that_no_server_runs_is_refused(profile: str, load: Load) -> None:
    line = refusal(load, "http://127.0.0.1:9/v1", profile=profile)
    assert line == "profile got-ocr-2 runs on transformers, not on endpoint"
