"""What is sent: the profile's prompt, its sizes and its guard, to those who take them."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import numpy as np
import pytest
from PIL import Image

from schemas.pages import PageImage
from schemas.recipe import EngineSpec
from workers.engines.endpoint.engine import plan_for_endpoint
from workers.engines.endpoint.requests import Dialect, body, page_url
from workers.engines.plan import Plan
from workers.engines.profiles.known import PROFILES

VLLM = Dialect("vllm", 8192)
SERVED = sorted(n for n, each in PROFILES.items() if {"vllm", "endpoint"} & set(each.engines))
_STANDARD = {"model", "messages", "max_tokens", "temperature", "stream", "stream_options"}


def plan_of(profile: str, **fields: Any) -> Plan:
    return plan_for_endpoint(
        EngineSpec(name="endpoint", urls=("http://a/v1",), model="m", profile=profile, **fields)
    )


def sent(plan: Plan, dialect: Dialect = VLLM, image: str | None = "data:x") -> dict[str, Any]:
    told: dict[str, Any] = json.loads(body("m", plan, dialect, 99, image))
    return told


def page(width: int, height: int, kind: str = "JPEG") -> PageImage:
    grey = np.random.default_rng(0).integers(0, 255, (height, width), np.uint8)
    out = io.BytesIO()
    Image.fromarray(grey).save(out, kind)
    return PageImage("page", out.getvalue(), width, height)


@pytest.mark.parametrize("profile", SERVED)
def test_a_request_has_the_image_and_then_the_profiles_prompt(profile: str) -> None:
    plan = plan_of(profile)
    request = sent(plan)
    *system, message = request["messages"]
    told = PROFILES[profile].system
    assert system == ([] if told is None else [{"role": "system", "content": told}])
    image, *text = message["content"]
    assert image == {"type": "image_url", "image_url": {"url": "data:x"}}
    prompt = next(iter(PROFILES[profile].prompts.values()))
    assert text == ([{"type": "text", "text": prompt}] if prompt else [])
    assert (request["model"], request["max_tokens"], request["temperature"]) == ("m", 99, 0)
    assert request["logprobs"] is True
    assert request["repetition_penalty"] == 1.0
    # A parser that needs special tokens gets them.
    assert request["skip_special_tokens"] is not plan.profile.special_tokens


@pytest.mark.parametrize("software", ["", "openai", "some gateway"])
def test_unknown_servers_get_the_protocol_and_no_more(software: str) -> None:
    request = sent(plan_of("deepseek-ocr"), Dialect(software, gives_logprobs=False))
    assert set(request) == _STANDARD


def test_a_mode_is_asked_for_where_a_request_can_choose_it() -> None:
    native, small = (sent(plan_of("paddleocr-vl", mode=mode)) for mode in ("native", "small"))
    assert native["mm_processor_kwargs"]["size"] != small["mm_processor_kwargs"]["size"]
    for profile in ("deepseek-ocr", "deepseek-ocr-2", "unlimited-ocr", "lighton-ocr"):
        assert "mm_processor_kwargs" not in sent(plan_of(profile))
    assert "mm_processor_kwargs" not in sent(plan_of("paddleocr-vl"), Dialect("sglang"))
    assert "mm_processor_kwargs" not in sent(plan_of("paddleocr-vl"), image=None)


def test_the_guard_goes_to_servers_that_apply_it() -> None:
    plan = plan_of("deepseek-ocr")
    assert "vllm_xargs" not in sent(plan)
    request = sent(plan, Dialect("vllm", has_guard=True))
    assert request["vllm_xargs"] == {
        "ngram_size": 20,
        "window_size": 50,
        "whitelist_token_ids": [128821, 128822],
    }
    assert "vllm_xargs" not in sent(plan_of("lighton-ocr"), Dialect("vllm", has_guard=True))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_page_is_sent_as_it_is(kind: str) -> None:
    image = page(60, 80, kind)
    told = page_url(image, plan_of("lighton-ocr").mode)
    expected = base64.b64encode(image.data).decode()
    assert told == f"data:image/{kind.lower()};base64,{expected}"


def test_a_page_is_reduced_to_what_the_mode_takes() -> None:
    told = page_url(page(1000, 2000), plan_of("olmocr-2").mode)
    assert told.startswith("data:image/png;base64,")
    with Image.open(io.BytesIO(base64.b64decode(told.partition(",")[2]))) as picture:
        assert picture.size == (644, 1288)


def test_a_broken_image_is_told_before_it_is_sent() -> None:
    mode = plan_of("olmocr-2").mode
    with pytest.raises(OSError, match="no JPEG, PNG or WebP"):
        page_url(PageImage("page", b"GIF89a", 10, 10), mode)
    with pytest.raises(OSError, match="truncated"):
        page_url(PageImage("page", page(1000, 2000).data[:2000], 1000, 2000), mode)
