"""The torch engine reads what the ONNX engine reads, in any batches; a bad page fails alone."""

from __future__ import annotations

import pymupdf
import pytest
import torch

from schemas.errors import ModelError
from schemas.pages import PageImage, Reading
from tests.workers.engines.test_rapidocr import (
    BLANK_PAGE,
    BROKEN_PAGE,
    CHINESE,
    PROSE,
    PROSE_PAGE,
    accuracy,
    page_image,
    set_page,
)
from tests.workers.layout.tables.drawn import KINDS, draw
from workers.engines import Engine
from workers.engines.ppocr.device import Precision
from workers.engines.ppocr.engine import PpOcrEngine
from workers.engines.rapidocr import RapidOcrEngine

TURNED_PAGE = page_image("turned", set_page([((40, 40, 380, 120), PROSE[:120], 11)]), turn=180)
CHINESE_PAGE = page_image("zh", set_page([((40, 40, 300, 200), CHINESE, 12)], font="china-s"))


def scrap(number: int) -> PageImage:
    pdf = pymupdf.open()
    page = pdf.new_page(width=360, height=100)
    page.insert_textbox((10 + number, 10, 350, 90), PROSE[:60], fontsize=11 + number % 2)
    return page_image(f"scrap {number}", pdf)


def wide_page() -> PageImage:
    pdf = pymupdf.open()
    page = pdf.new_page(width=842, height=420)
    page.insert_textbox((40, 30, 800, 70), "A Large Heading", fontsize=24)
    for x0 in (40, 440):
        page.insert_textbox((x0, 90, x0 + 360, 400), PROSE, fontsize=10, fontname="tiro")
    return page_image("wide", pdf)


# Whose rows neither rules nor alignment part, but the grid model does.
TABLE_PAGE = page_image("table", draw(*KINDS["open_padded_wrapped"]).page.parent)
PAGES = [CHINESE_PAGE, wide_page(), TURNED_PAGE, TABLE_PAGE]
SCRAPS = [scrap(number) for number in range(2)]
WIDE, TURNED, TABLE = 1, 2, 3


@pytest.fixture(scope="module")
def engine() -> PpOcrEngine:
    return PpOcrEngine(threads=2, device="cpu")


def assert_same(readings: list[Reading], truths: list[Reading], tolerance: float) -> None:
    """The same pages, texts and boxes, and confidences that differ by at most `tolerance`."""
    for reading, truth in zip(readings, truths, strict=True):
        assert (reading.page_id, reading.text, reading.turn) == (
            truth.page_id,
            truth.text,
            truth.turn,
        )
        assert reading.error is truth.error is None
        assert [(b.label, b.bbox, b.text) for b in reading.blocks] == [
            (b.label, b.bbox, b.text) for b in truth.blocks
        ]
        assert reading.confidence == pytest.approx(truth.confidence, abs=tolerance)
        assert [b.confidence for b in reading.blocks] == pytest.approx(
            [b.confidence for b in truth.blocks], abs=tolerance
        )


@pytest.fixture(scope="module")
def readings(engine: PpOcrEngine) -> list[Reading]:
    return engine.read(PAGES)


def test_reads_what_onnx_runtime_reads(readings: list[Reading]) -> None:
    # Of a slanted line, 1 byte in 1,000 is cut 1 lighter or darker than OpenCV cuts it.
    assert_same(readings, RapidOcrEngine(threads=2).read(PAGES), tolerance=3e-4)
    # And that is what the pages say: right side up, turned, and in Chinese.
    assert accuracy(readings[0].text.replace("，", ","), CHINESE) > 0.95
    assert f"{PROSE[:40]}" in " ".join(readings[WIDE].text.split())
    assert accuracy(readings[TURNED].text, PROSE[:120]) > 0.95
    row = "| open | Opens the file that is named and reads its head | 1.0 |"
    assert row in readings[TABLE].text


def test_a_page_reads_alone_as_among_others(engine: PpOcrEngine, readings: list[Reading]) -> None:
    some = (WIDE, TABLE)
    alone = [engine.read([PAGES[number]])[0] for number in some]
    assert_same(alone, [readings[number] for number in some], tolerance=1e-4)


@pytest.mark.slow
def test_pages_and_lines_in_large_batches_read_as_in_small_ones(readings: list[Reading]) -> None:
    batched = PpOcrEngine(threads=1, device="cpu")
    batched.page_budget.pixels = batched.line_budget.pixels = 10**8
    some = (TURNED, WIDE, TURNED)
    again = batched.read([PAGES[number] for number in some])
    assert_same(again, [readings[number] for number in some], tolerance=1e-4)


def test_a_repeated_call_gives_the_same_reading(engine: PpOcrEngine) -> None:
    """A page on each of two threads."""
    first, second = engine.read(SCRAPS), engine.read(SCRAPS)
    assert first == second
    assert all(accuracy(reading.text, PROSE[:60]) > 0.95 for reading in first)


def test_a_page_that_does_not_decode_costs_only_itself(engine: PpOcrEngine) -> None:
    truncated = PageImage("short", PROSE_PAGE.data[:200], PROSE_PAGE.width, PROSE_PAGE.height)
    empty = PageImage("empty", b"", 10, 10)
    readings = engine.read([BROKEN_PAGE, PROSE_PAGE, truncated, BLANK_PAGE, empty])
    assert [r.page_id for r in readings] == ["broken", "prose", "short", "blank", "empty"]
    for reading in (readings[0], readings[2], readings[4]):
        assert reading.error is not None
        assert reading.error.reason == "engine_error"
        assert reading.error.detail.startswith("ppocr: ValueError: not an image")
        assert (reading.text, reading.blocks, reading.confidence) == ("", (), None)
    assert readings[1].error is readings[3].error is None
    assert accuracy(readings[1].text, PROSE) > 0.98
    assert readings[3].text == ""


@pytest.mark.parametrize("size_px", [(1, 1), (3000, 4), (5, 1200), (40, 16)])
def test_odd_shapes_are_read(engine: PpOcrEngine, size_px: tuple[int, int]) -> None:
    image = pymupdf.Pixmap(pymupdf.csRGB, pymupdf.IRect(0, 0, *size_px))
    image.clear_with(255)
    odd = PageImage("odd", image.tobytes("png"), *size_px)
    assert engine.read([odd]) == [Reading("odd")]


def test_the_clock_tells_what_the_stages_cost(engine: PpOcrEngine) -> None:
    clock = engine.models.clock
    clock.restart()
    engine.read([TURNED_PAGE])
    assert {"decoding", "boxes", "transcripts", "blocks"} <= set(clock.host_ms)
    assert {"detection", "recognition", "layout"} <= set(clock.device_ms())


def test_no_pages_is_no_readings(engine: PpOcrEngine) -> None:
    assert engine.read([]) == []


def test_names_what_a_row_needs(engine: PpOcrEngine) -> None:
    as_engine: Engine = engine
    assert (as_engine.name, as_engine.model, as_engine.mode) == (
        "ppocr",
        "PP-OCRv6-small",
        "native",
    )
    assert as_engine.revision == RapidOcrEngine.revision


@pytest.mark.parametrize("device", ["cuda:99", "abacus"])
def test_a_device_that_is_not_there_is_refused(device: str) -> None:
    with pytest.raises(ModelError, match=device):
        PpOcrEngine(device=device)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_reads_the_same_on_cuda(readings: list[Reading], precision: Precision) -> None:
    on_cuda = PpOcrEngine(device="cuda", precision=precision)
    for reading, truth in zip(on_cuda.read(PAGES), readings, strict=True):
        assert accuracy(reading.text, truth.text) > 0.995
