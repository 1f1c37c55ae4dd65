"""A replica reads the pages that need an engine, in order, and ends itself instead of hanging."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from schemas.errors import EngineDied, ModelError, ShardError
from schemas.ids import page_id
from schemas.pages import (
    Attempt,
    Block,
    PageError,
    PageImage,
    RasteredPage,
    Reading,
    crop_link,
    own_text,
)
from schemas.recipe import EngineSpec, Quality, Raster
from tests.builders import PROSE, make_doc_id, make_rastered
from tests.engines import ScriptedEngine
from workers.engines import Engine
from workers.rasterising import pictures
from workers.reading.ladder import LadderSettings
from workers.reading.replica import EXIT_TRY_AGAIN, Replica, ReplicaSettings

REPOSITORY = Path(__file__).resolve().parents[3]


def make_replica(
    engine: Engine,
    fallback: Engine | None = None,
    read_timeout_s: float | None = None,
    deep: bool = False,
) -> Replica:
    ladder = LadderSettings(Quality(), Raster(), rotate=True)
    settings = ReplicaSettings(EngineSpec(), ladder, deep=deep, read_timeout_s=read_timeout_s)
    return Replica(engine, settings, fallback)


def reader(failing: frozenset[str] = frozenset(), **fields: object) -> ScriptedEngine:
    """Reads each page as its own id; every page in `failing` has an error."""

    def answer(page: PageImage) -> Reading:
        if page.page_id in failing:
            return Reading(page.page_id, error=PageError("engine_error", "no such luck"))
        return Reading(page.page_id, page.page_id)

    return ScriptedEngine(answer, **fields)


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
    ids = [p.page_id for p in pages]
    failing = data.draw(st.frozensets(st.sampled_from(ids))) if ids else frozenset()
    engine = reader(failing)
    results = make_replica(engine, read_timeout_s=60).read(pages)
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
            assert (result.reading.error is not None) == (page.page_id in failing)
            assert result.text_source == "ocr"
    to_read = [p.page_id for p, kind in zip(pages, kinds, strict=True) if kind in ("scan", "image")]
    assert engine.calls == ([to_read] if to_read else [])


def test_attempts_tell_who_tried_and_how_it_ended() -> None:
    pages = rastered(["scan", "image", "layer", "image"])
    results = make_replica(reader(frozenset({pages[3].page_id}))).read(pages)
    assert [result and result.attempts for result in results] == [
        (Attempt("text_layer", "", "scanned"), Attempt("fake", "plain", "ok")),
        (Attempt("fake", "plain", "ok"),),
        (Attempt("text_layer", "", "ok"),),
        (Attempt("fake", "plain", "engine_error"),),
    ]


def test_a_reading_names_its_engine_and_a_text_layer_none() -> None:
    by_engine, by_layer = make_replica(reader()).read(rastered(["image", "layer"]))
    assert by_engine is not None
    assert by_layer is not None
    named = (by_engine.engine, by_engine.model, by_engine.model_revision, by_engine.mode)
    assert named == ("fake", "fake-1", "r1", "plain")
    assert (by_layer.engine, by_layer.model, by_layer.mode) == ("text_layer", "", "")


def test_the_fallback_is_named_where_it_read() -> None:
    (page,) = rastered(["image"])
    fallback = reader(name="other", model="other-1")
    [result] = make_replica(reader(frozenset({page.page_id})), fallback).read([page])
    assert result is not None
    assert (result.engine, result.model, result.is_fallback) == ("other", "other-1", True)
    assert [a.outcome for a in result.attempts] == ["engine_error", "ok"]
    [result] = make_replica(reader(), fallback).read([page])
    assert result is not None
    assert (result.engine, result.is_fallback) == ("fake", False)


def half_black(page: str, turned: int) -> PageImage:
    pixels = np.full((200, 100), 255, np.uint8)
    pixels[:60] = 0
    image = PageImage(page, pictures.encode(Image.fromarray(pixels), Raster()), 100, 200)
    return pictures.turn(image, turned, Raster()) if turned else image


def test_a_turned_page_is_parsed_deeply_as_it_stands_upright() -> None:
    blocks = (Block("figure", (0.0, 0.0, 1.0, 0.3), ""), Block("paragraph", (0, 0.5, 1, 1), PROSE))

    def read_page(page: PageImage) -> Reading:
        turn = 270 if page.width > page.height else 0
        return Reading(page.page_id, own_text(blocks), blocks, turn=turn)

    def read_crop(crop: PageImage) -> Reading:
        grey = np.asarray(pictures.decode(crop.data).convert("L")).mean()
        return Reading(crop.page_id, "black" if grey < 30 else "white")

    engine = ScriptedEngine(read_page, figure=ScriptedEngine(read_crop, task="figure"))
    pages = rastered(["image", "broken"])
    turned = replace(pages[0], image=half_black(pages[0].page_id, 90))
    result, missing = make_replica(engine, deep=True).read([turned, pages[1]])
    assert missing is None
    assert result is not None
    assert result.image is not None
    assert (result.rotation, result.image.height) == (270, 200)
    [crop] = result.crops
    assert (crop.text, crop.bbox[:3]) == ("black", (0, 0, 1))
    assert result.reading.text == f"{crop_link(crop)}\n\n{PROSE}"


def test_a_page_that_reads_badly_is_not_parsed_deeply() -> None:
    def read_page(page: PageImage) -> Reading:
        return Reading(page.page_id, "", (Block("figure", (0.0, 0.0, 1.0, 0.3), ""),))

    figures = ScriptedEngine(lambda crop: Reading(crop.page_id, "a figure"), task="figure")
    [page] = rastered(["image"])
    page = replace(page, image=half_black(page.page_id, 0))
    [result] = make_replica(ScriptedEngine(read_page, figure=figures), deep=True).read([page])
    assert result is not None
    assert (result.crops, figures.calls) == ((), [])


def test_deep_parsing_needs_an_engine_that_reads_figures() -> None:
    with pytest.raises(ModelError, match="fake fake-1 has none"):
        make_replica(reader(), deep=True)


def test_an_engine_that_answers_for_fewer_pages_fails_its_shard() -> None:
    class Lazy(ScriptedEngine):
        def read(self, pages: Sequence[PageImage]) -> list[Reading]:
            return super().read(pages)[1:]

    lazy = Lazy(reader().answer)
    with pytest.raises(ShardError, match="1 readings of 2 pages"):
        make_replica(lazy).read(rastered(["image", "image"]))


def test_a_dead_engine_in_this_process_is_an_error_of_the_shard() -> None:
    def answer(page: PageImage) -> Reading:
        raise EngineDied("its core is gone")

    with pytest.raises(EngineDied):
        make_replica(ScriptedEngine(answer)).read(rastered(["image"]))


ENDING = """
import logging, sys, threading
from schemas.errors import EngineDied
from tests.engines import ScriptedEngine
from tests.workers.reading.test_replica import make_replica, rastered
logging.basicConfig()
def hang(page):
    threading.Event().wait()
def die(page):
    raise EngineDied("its core is gone")
engine = ScriptedEngine({"hang": hang, "die": die}[sys.argv[1]])
make_replica(engine, read_timeout_s=float(sys.argv[2])).read(rastered(["image"]))
"""


@pytest.mark.parametrize(
    ("how", "timeout_s", "says"),
    [
        ("hang", "0.05", "reading 1 pages passed its deadline"),
        ("die", "60", "fake died; the replica ends itself"),
    ],
)
def test_an_engine_that_hangs_or_dies_ends_its_process(how: str, timeout_s: str, says: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", ENDING, how, timeout_s],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == EXIT_TRY_AGAIN
    assert says in ended.stderr


@dataclass(eq=False)
class MeetingEngine(ScriptedEngine):
    """Counts the calls that run at once; a call goes on when the two have met, or soon."""

    met: threading.Barrier = field(default_factory=lambda: threading.Barrier(2))
    patience_s: float = 60
    inside: int = 0
    most_inside: int = 0

    def read(self, pages: Sequence[PageImage]) -> list[Reading]:
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        with suppress(threading.BrokenBarrierError):
            self.met.wait(self.patience_s)
        self.inside -= 1
        return super().read(pages)


@pytest.mark.parametrize(("is_continuous", "patience_s", "most"), [(True, 60, 2), (False, 0.1, 1)])
def test_only_an_engine_that_batches_over_calls_gets_two(is_continuous, patience_s, most) -> None:
    engine = MeetingEngine(reader().answer, is_continuous=is_continuous, patience_s=patience_s)
    replica = make_replica(engine)
    with ThreadPoolExecutor(2) as threads:
        pages = rastered(["image", "image"])
        results = list(threads.map(lambda page: replica.read([page]), pages))
    assert engine.most_inside == most
    assert [result[0] and result[0].reading.page_id for result in results] == [
        page.page_id for page in pages
    ]


def test_a_replica_without_a_gpu_says_that_it_has_used_none() -> None:
    assert make_replica(reader()).gpu_memory_bytes == 0


def test_a_replica_loads_the_libraries_of_its_own_engine_only() -> None:
    """160 replicas start on 20 nodes: each library costs its time and memory in all of them."""
    libraries = ("cv2", "huggingface_hub", "onnxruntime", "rapidocr", "torch", "transformers")
    code = (
        f"import sys; import workers.reading; print([m for m in {libraries} if m in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert found.strip() == "[]"
