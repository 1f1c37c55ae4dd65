"""A replica reads what needs reading, in order, and ends itself rather than hang."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from schemas.ids import page_id
from schemas.pages import Attempt, PageError, PageImage, RasteredPage, Reading
from tests.builders import make_doc_id, make_rastered
from workers.engines import Engine
from workers.replica import EXIT_DEADLINE, Replica

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass
class FakeEngine:
    """Reads each page as its own id; every page in `failing` has an error."""

    failing: frozenset[str] = frozenset()
    calls: list[list[str]] = field(default_factory=list)
    name: str = "fake"
    model: str = "fake-1"
    revision: str = "r1"
    mode: str = "plain"
    task: str = "text"
    guard: str = ""
    retries: Sequence[Engine] = ()
    figure: Engine | None = None

    def read(self, pages: Sequence[PageImage]) -> list[Reading]:
        self.calls.append([page.page_id for page in pages])
        error = PageError("engine_error", "no such luck")
        return [
            Reading(p.page_id, error=error)
            if p.page_id in self.failing
            else Reading(p.page_id, p.page_id)
            for p in pages
        ]


def rastered(kinds: Sequence[str]) -> list[RasteredPage]:
    ids = [page_id(make_doc_id(1), index) for index in range(len(kinds))]
    fields = {
        "scan": {"layer_reason": "scanned"},
        "layer": {"layer": Reading("from the layer", "layer text")},
        "image": {},
        "broken": {"image": None, "error": PageError("timeout", "too slow")},
    }
    return [make_rastered(page, **fields[kind]) for page, kind in zip(ids, kinds, strict=True)]


@given(st.lists(st.sampled_from(["scan", "layer", "image", "broken"])), st.data())
def test_each_page_gets_its_own_reading_in_order(kinds: list[str], data) -> None:
    pages = rastered(kinds)
    engine = FakeEngine(
        data.draw(st.frozensets(st.sampled_from([p.page_id for p in pages])))
        if pages
        else frozenset()
    )
    results = Replica(engine, read_timeout_s=60).read(pages)
    assert len(results) == len(pages)
    for kind, page, result in zip(kinds, pages, results, strict=True):
        if kind == "broken":
            assert result is None
            continue
        assert result is not None
        if kind == "layer":
            assert (result.reading, result.text_source) == (page.layer, "text_layer")
        else:
            assert result.reading.page_id == page.page_id
            assert (result.reading.error is not None) == (page.page_id in engine.failing)
            assert result.text_source == "ocr"
    to_read = [p.page_id for p, kind in zip(pages, kinds, strict=True) if kind in ("scan", "image")]
    assert engine.calls == ([to_read] if to_read else [])


def test_attempts_tell_who_tried_and_how_it_ended() -> None:
    pages = rastered(["scan", "image", "layer", "image"])
    results = Replica(FakeEngine(frozenset({pages[3].page_id}))).read(pages)
    assert [result and result.attempts for result in results] == [
        (Attempt("text_layer", "", "scanned"), Attempt("fake", "plain", "ok")),
        (Attempt("fake", "plain", "ok"),),
        (Attempt("text_layer", "", "ok"),),
        (Attempt("fake", "plain", "engine_error"),),
    ]


def test_a_reading_names_its_engine_and_a_text_layer_none() -> None:
    by_engine, by_layer = Replica(FakeEngine()).read(rastered(["image", "layer"]))
    assert by_engine is not None
    assert by_layer is not None
    named = (by_engine.engine, by_engine.model, by_engine.model_revision, by_engine.mode)
    assert named == ("fake", "fake-1", "r1", "plain")
    assert (by_layer.engine, by_layer.model, by_layer.mode) == ("text_layer", "", "")


HANGING = """
import threading
from tests.workers.test_replica import FakeEngine, rastered
from workers.engines import Engine
from workers.replica import Replica
class Hanging(FakeEngine):
    def read(self, pages):
        threading.Event().wait()
Replica(Hanging(), read_timeout_s=0.05).read(rastered(["image"]))
"""


def test_a_hung_engine_ends_its_process_with_the_code_for_try_again() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", HANGING],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == EXIT_DEADLINE
    assert "reading 1 pages passed its deadline" in ended.stderr
