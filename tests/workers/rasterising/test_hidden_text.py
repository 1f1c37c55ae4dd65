"""Hidden text on the route of a page: never in a reading, and told beside it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from schemas.pages import PageReading, RasteredPage
from schemas.recipe import Quality, Raster, TextLayer
from tests.workers.textlayer.hiding import HIDDEN, SHOWN, WAYS, page_of
from workers.rasterising import RasterSettings
from workers.rasterising.render import render_pages
from workers.reading.replica import given_reading
from workers.shards import ScoreSettings, score_page

SCORES = ScoreSettings(Quality(), "base", 16)


def rendered(folder: Path, routing: str, names: Iterable[str]) -> dict[str, RasteredPage]:
    """The page of each way, from a PDF of its own: a layer that is off belongs to its document."""
    settings = RasterSettings(Raster(), routing, TextLayer(), 0.0)
    pages = {}
    for name in names:
        path = folder / f"{name}.pdf"
        page_of(WAYS[name]).parent.save(path)
        (pages[name],) = render_pages(str(path), "application/pdf", "d" * 64, range(1), settings)
    return pages


def reading_of(page: RasteredPage) -> PageReading:
    reading = given_reading(page)
    assert reading is not None
    return reading


def test_no_way_leads_into_the_text_or_the_blocks_of_a_row(tmp_path: Path) -> None:
    pages = rendered(tmp_path, "prefer", WAYS)
    rows = {name: score_page(page, reading_of(page), SCORES) for name, page in pages.items()}
    for name, row in rows.items():
        said = " ".join([row["text"], *(block["text"] for block in row["blocks"])])
        assert not set(HIDDEN.split()) & set(said.split()), name
        assert SHOWN in row["text"], name
    hidden = {name: row["hidden"] for name, row in rows.items()}
    assert hidden["white on white"] == {
        "share": pytest.approx(0.19, abs=0.01),
        "ways": ["no_ink"],
        "fragments": [HIDDEN],
    }
    assert hidden["a hidden note"] == {"share": 0, "ways": [], "fragments": []}


def test_a_page_whose_layer_is_not_read_says_nothing(tmp_path: Path) -> None:
    pages = rendered(tmp_path, "never", ["white on white", "render mode 3"])
    assert [page.hidden for page in pages.values()] == [None, None]
