"""A whole run with a fleet of servers behind a proxy that harms requests: the ledger is whole."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.chat_proxy import KINDS, FaultyChatProxy
from tests.chat_server import MODEL, ChatServer, Script, mark, says_mark
from tests.pipelines.datasets import problems, recipe_for, rows, run_here
from workers.engines.profiles.known import PROFILES
from workers.sample import write_sample_corpus

KEY = "sk-planted-7f3a9c"
SETTINGS = """
routing: never
rotate: false
layout: never
dedup: {exact_text: false, near: null, image: null}
quality: {min_confidence: 0, max_symbol_share: 1, max_repetition: 1, min_ink_share: 0}
raster: {longest_edge_px: 640, format: png}
placement: {shard_pages: 16, read_timeout_s: 20}
"""
FORMULA = PROFILES["olmocr-2"].modes[0].tokens
WORDS = " is the mark of this page, which says that the kiln was fired twice in the spring."


def image_tokens(width: int, height: int) -> int:
    assert FORMULA is not None
    return FORMULA(width, height).placeholders


def says(image: bytes, request: Mapping[str, Any]) -> Script:
    return Script([mark(image), *[f" {word}" for word in WORDS.split()]])


def engine(*urls: str) -> str:
    listed = ", ".join(urls)
    return (
        f"engine: {{name: endpoint, urls: [{listed}], model: {MODEL}, profile: olmocr-2, "
        "key_env: FLEET_KEY}\n"
    )


def test_a_run_through_faults_reads_every_page_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("FLEET_KEY", KEY)
    write_sample_corpus(tmp_path / "corpus")
    data = tmp_path / "data"
    with (
        ChatServer(says, image_tokens, key=KEY) as server,
        FaultyChatProxy(server.port, 1) as one,
        FaultyChatProxy(server.port, 2) as two,
    ):
        for proxy in (one, two):
            proxy.inject(*(kind for kind in KINDS if kind != "hang"), rate=0.4)
        report = run_here(
            recipe_for(data, tmp_path / "corpus", SETTINGS + engine(one.url, two.url))
        )
        assert one.faults.total() + two.faults.total() > 10
    assert problems(data) == ()
    pages = rows(data, "pages")
    assert report.counts["pages"] == len(pages) > 20
    assert len({row["page_id"] for row in pages}) == len(pages)
    assert not {"engine_error", "timeout"} & {row["reason"] for row in rows(data, "rejects")}
    for row in pages:
        assert row["text"].startswith(mark(row["image"]["bytes"]))
        assert FORMULA is not None
        assert row["vision_tokens"] == FORMULA(row["width"], row["height"]).valid
        assert (row["engine"], row["model"], row["model_revision"]) == ("endpoint", MODEL, "")
        assert [attempt["outcome"] for attempt in row["attempts"]] == ["ok"]
    # The key is in nothing that was written: no part, no commit, no receipt, no log.
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) > 20
    for path in written:
        assert KEY.encode() not in path.read_bytes(), path
    assert KEY not in caplog.text
    # Another way to the servers reads nothing again.
    with ChatServer(says, image_tokens, key=KEY) as other:
        again = run_here(recipe_for(data, tmp_path / "corpus", SETTINGS + engine(other.url)))
        assert other.requests == []
        assert again.counts["pages"] == len(pages)


def test_pages_that_fail_are_rejects_with_their_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLEET_KEY", KEY)
    write_sample_corpus(tmp_path / "corpus")
    seen: Counter[str] = Counter()

    def fails(image: bytes, request: Mapping[str, Any]) -> Script:
        place = len(seen)
        seen[mark(image)] += 1
        if place % 5 == 1:
            return Script(["The kiln", *[" again", " and"] * 900])
        if place % 5 == 2:
            return Script([f" word {n}" for n in range(5000)])
        return says_mark(image, request)

    data = tmp_path / "data"
    with ChatServer(fails, image_tokens) as server:
        text = engine(server.url).replace("}", ", max_new_tokens: 256}")
        run_here(recipe_for(data, tmp_path / "corpus", SETTINGS + text))
    assert problems(data) == ()
    reasons = Counter(row["reason"] for row in rows(data, "rejects"))
    assert reasons["loop"] > 3
    assert reasons["no_end"] > 3
