"""Texts of any length are sent to the child that sets them once, and their pages come back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from schemas.pages import PageError, RasteredPage
from schemas.recipe import Raster, TextLayer
from schemas.sources import record_id
from schemas.text_source import TextSource
from schemas.typography import Typography
from tests.hostile.processes import rasterising_children
from tests.pipelines.corpora import prose
from workers.rasterising import ChildLimits, Rasterizer, RasterSettings
from workers.synthetic import making
from workers.synthetic.corpora.reading import MAX_TEXT_BYTES
from workers.synthetic.fenced import RecordMaker

# A small type in one column of a plain font is laid out twenty times as fast as some others.
FAST = Typography(family=("Nimbus Sans",), columns=(1,), font_size_pt=9, alignment=("left",))
SOURCE = TextSource(text=("/a.txt",), typography=FAST)
SETTINGS = RasterSettings(Raster(longest_edge_px=512), "never", TextLayer(), 1e-4)
SHARD_PAGES = 32


@contextmanager
def open_maker() -> Iterator[RecordMaker]:
    rasterizer = Rasterizer(SETTINGS, ChildLimits(60, 3 * 2**30))
    try:
        yield RecordMaker(rasterizer)
    finally:
        rasterizer.close()


@pytest.fixture
def maker() -> Iterator[RecordMaker]:
    with open_maker() as made:
        yield made


def text_of(chars: int) -> str:
    paragraph = prose(1, words=100) + "\n\n"
    return (paragraph * (chars // len(paragraph) + 1))[:chars]


def make(maker: RecordMaker, text: str, indices: range) -> list[RasteredPage]:
    return list(maker.make(SOURCE, text, record_id(SOURCE, text), indices))


def test_a_text_at_the_limit_passes_to_its_child_once_and_its_pages_back(
    maker: RecordMaker,
) -> None:
    text = text_of(MAX_TEXT_BYTES)
    before = psutil.Process().io_counters()
    (count,) = maker.count_texts(SOURCE, [text])
    assert isinstance(count, int)
    assert count > 500
    pages: list[RasteredPage] = []
    for start in range(0, 3 * SHARD_PAGES, SHARD_PAGES):
        again = text[:1] + text[1:]  # each shard reads the record anew
        pages += make(maker, again, range(start, start + SHARD_PAGES))
    after = psutil.Process().io_counters()
    assert [page.error for page in pages] == [None] * (3 * SHARD_PAGES)
    pictures = sum(len(page.image.data) for page in pages if page.image)
    passed = after.read_chars - before.read_chars + after.write_chars - before.write_chars
    assert len(text) + pictures < passed <= 1.2 * (len(text) + pictures)


def test_a_long_text_is_counted_in_pieces_as_it_is_in_one(maker: RecordMaker) -> None:
    long, short = text_of(250_000), text_of(2_000)
    blank = "\u200b" * 150_000  # nothing that a font could draw
    counts = maker.count_texts(SOURCE, [short, long, blank, short])
    assert counts == making.count_pages(SOURCE, [short, long, blank, short])
    assert isinstance(counts[2], PageError)


def test_pages_do_not_depend_on_what_was_made_and_counted_before(maker: RecordMaker) -> None:
    text = text_of(120_000)
    (count,) = maker.count_texts(SOURCE, [text])
    assert isinstance(count, int)
    some = range(count - 12, count)
    whole = make(maker, text, range(count))
    with open_maker() as other:
        assert make(other, text, some) == whole[-12:]
        for child in rasterising_children():
            child.kill()
            while child.status() != psutil.STATUS_ZOMBIE:
                time.sleep(0.01)
        assert make(other, text, some) == whole[-12:]
        assert make(maker, text, range(3)) == whole[:3]
    past = make(maker, text, range(count, count + 1))
    assert [page.error and page.error.reason for page in past] == ["source_changed"]
