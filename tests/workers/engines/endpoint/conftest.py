"""Pages, and engines that are closed after their test."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PIL import Image

from schemas.pages import PageImage
from schemas.recipe import EngineSpec
from tests.chat_server import MODEL
from workers.engines.endpoint.engine import EndpointEngine, load_endpoint
from workers.engines.profiles.known import PROFILES

Load = Callable[..., EndpointEngine]
WIDTH, HEIGHT = 300, 420


def page(number: int) -> PageImage:
    """A page whose bytes are like those of no other number."""
    out = io.BytesIO()
    Image.new("RGB", (WIDTH, HEIGHT), (number % 256, number // 256, 7)).save(out, "PNG")
    return PageImage(f"page {number}", out.getvalue(), WIDTH, HEIGHT)


def pages(count: int, first: int = 0) -> list[PageImage]:
    return [page(number) for number in range(first, first + count)]


def image_tokens(profile: str, mode: str | None = None) -> Callable[[int, int], int]:
    """The profile's formula, for a server that counts by it."""
    known = PROFILES[profile]
    tokens = next(m.tokens for m in known.modes if m.name == (mode or known.default_mode))
    assert tokens is not None
    return lambda width, height: tokens(width, height).placeholders


def spec(*urls: str, **fields: Any) -> EngineSpec:
    given = {"model": MODEL, "profile": "lighton-ocr", **fields}
    return EngineSpec(name="endpoint", urls=urls, **given)


def until(is_so: Callable[[], bool]) -> None:
    """Wait for something that happens soon; fail where it does not."""
    for _ in range(3000):
        if is_so():
            return
        time.sleep(0.02)
    pytest.fail("it never happened")


@pytest.fixture
def load() -> Iterator[Load]:
    """Loads an engine: URLs, then `page_timeout_s`, `patience_s` and fields of the recipe."""
    loaded: list[EndpointEngine] = []

    def make(
        *urls: str,
        page_timeout_s: float | None = 30,
        patience_s: float | None = 30,
        **fields: Any,
    ) -> EndpointEngine:
        engine = load_endpoint(spec(*urls, **fields), page_timeout_s, patience_s)
        loaded.append(engine)
        return engine

    yield make
    for engine in loaded:
        engine.fleet.close()
