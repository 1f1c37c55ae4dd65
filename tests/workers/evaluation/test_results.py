"""The three steps of a study: rows have the columns of the table, and say what each page cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pytest
from PIL import Image

from schemas.evaluation import RESULTS
from schemas.pages import PageError, PageImage, Reading
from schemas.recipe import Raster
from tests.builders import make_doc_id
from workers.engines import Engine
from workers.evaluation.modes import PixelMode
from workers.evaluation.pages import Batch, Loaded, TruePage
from workers.evaluation.results import Study, prepare, read, results
from workers.evaluation.rows import Row
from workers.rasterising.pictures import encode

TRUTH = "the cat sat on the mat"


def page(index: int, text: str | None) -> TruePage:
    page_id = f"{make_doc_id(1)}/{index:05d}"
    data = encode(Image.new("RGB", (600, 800), "white"), Raster(format="png"))
    return TruePage(page_id, "a.pdf", PageImage(page_id, data, 600, 800), text)


@dataclass
class Pages:
    """A batch of given pages."""

    pages: list[TruePage]

    def __len__(self) -> int:
        return len(self.pages)

    def halves(self) -> Sequence[Batch]:
        return [self]

    def load(self) -> Loaded:
        return Loaded(self.pages, Counter(no_text=2))


class Reader:
    """Reads every page as the truth, except those that it fails on; records the sizes of pages."""

    name, model, revision, mode, task, guard = "reader", "none", "1", "native", "text", ""
    is_continuous = False
    retries: Sequence[Engine] = ()
    figure: Engine | None = None

    def __init__(self, fails: Sequence[int] = (), vision_tokens: int = 0) -> None:
        self.fails = fails
        self.vision_tokens = vision_tokens
        self.sizes: list[tuple[int, int]] = []

    def read(self, pages: Sequence[PageImage]) -> list[Reading]:
        self.sizes += [(page.width, page.height) for page in pages]
        return [
            Reading(page.page_id, error=PageError("engine_error", "no"))
            if index in self.fails
            else Reading(page.page_id, text=TRUTH, vision_tokens=self.vision_tokens)
            for index, page in enumerate(pages)
        ]


def run(pages: list[TruePage], reader: Reader, study: Study) -> list[Row]:
    prepared = prepare(Pages(pages), study)
    return results(prepared, read(reader, prepared), study)


def test_a_row_has_the_columns_of_the_table_and_its_types() -> None:
    rows = run([page(0, f"**{TRUTH}**")], Reader(vision_tokens=3), Study())
    assert set(Row.__annotations__) == set(RESULTS.names) == set(rows[0])
    assert pa.Table.from_pylist(rows, RESULTS).to_pylist()[0]["truth"] == TRUTH
    assert (rows[0]["cer"], rows[0]["precision"], rows[0]["script"]) == (0, 1, "Latin")
    assert rows[0]["compression"] == pytest.approx(rows[0]["text_tokens"] / 3)


def test_each_mode_is_a_row_with_its_size_and_its_cost() -> None:
    reader = Reader()
    modes = (PixelMode("tiny"), PixelMode("base"))
    rows = run([page(0, TRUTH), page(1, TRUTH)], reader, Study(modes))
    assert [row["mode"] for row in rows] == ["tiny", "tiny", "base", "base"]
    assert reader.sizes == [(384, 512), (768, 1024)] * 2
    assert [row["vision_tokens"] for row in rows] == [64, 64, 192, 192]
    assert {row["source_edge_px"] for row in rows} == {800}


def test_a_page_that_failed_lacks_all_its_text() -> None:
    rows = run([page(0, TRUTH), page(1, TRUTH)], Reader(fails=[1]), Study())
    assert [row["reason"] for row in rows] == [None, "engine_error"]
    assert [row["cer"] for row in rows] == [0, 1]
    assert [row["vision_tokens"] for row in rows] == [None, None]


def test_a_text_that_is_too_short_is_left_out_with_all_its_pages() -> None:
    pages = [page(0, "a"), page(1, None), page(2, TRUTH)]
    prepared = prepare(Pages(pages), Study(min_tokens=3))
    assert [each.page_id for each in prepared.pages] == [pages[2].page_id]
    assert prepared.skipped == {"no_text": 2, "too_few_tokens": 2}


def test_a_text_of_two_pages_is_cut_between_them() -> None:
    rows = run([page(0, f"{TRUTH} {TRUTH}"), page(1, None)], Reader(), Study())
    assert [row["truth"] for row in rows] == [TRUTH, TRUTH]
