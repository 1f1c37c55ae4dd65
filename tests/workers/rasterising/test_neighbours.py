"""A page's layer is read with its neighbours, and depends on neither shards nor their harm."""

from __future__ import annotations

from pathlib import Path

import pymupdf
import pytest

from tests.builders import PROSE
from tests.workers.rasterising.rendering import (
    DOC,
    GIB,
    hang,
    open_rasterizer,
    reasons,
    settings,
)
from workers.rasterising.media_types import PDF
from workers.rasterising.settings import ChildLimits


def write_manual(path: Path, pages: int) -> Path:
    """Pages with a running head and a number that counts on, each with text of its own."""
    with pymupdf.open() as document:
        for number in range(1, pages + 1):
            page = document.new_page()
            page.insert_text((72, 50), "A manual of ropes", fontsize=10)
            page.insert_text((500, 50), f"{number + 40}", fontsize=10)
            words = f"{chr(96 + number) * 6} {PROSE} " * 4
            page.insert_textbox(pymupdf.Rect(72, 90, 520, 780), words, fontsize=10)
        document.save(path)
    return path


@pytest.mark.parametrize("size", [1, 3, 7])
def test_furniture_does_not_depend_on_how_shards_are_cut(tmp_path: Path, size: int) -> None:
    path = write_manual(tmp_path / "manual.pdf", 7)
    with open_rasterizer(settings("prefer")) as rasterizer:
        whole = list(rasterizer.rasterise(path, PDF, DOC, range(7)))
        cut = [
            page
            for start in range(0, 7, size)
            for page in rasterizer.rasterise(path, PDF, DOC, range(start, min(start + size, 7)))
        ]
    assert cut == whole
    for page in whole:
        assert page.layer is not None, page.layer_reason
        assert page.layer.blocks[0].label == "running_head"
        assert "manual" not in page.layer.text


def test_a_neighbour_that_cannot_be_read_costs_its_page_nothing(tmp_path: Path) -> None:
    path = write_manual(tmp_path / "manual.pdf", 3)
    with pymupdf.open(path) as document:
        document.xref_set_key(document[1].xref, "Contents", "99999 0 R")
        document.xref_set_key(document[1].xref, "MediaBox", "(none)")
        document.save(tmp_path / "broken.pdf")
    with open_rasterizer(settings("prefer")) as rasterizer:
        good = list(rasterizer.rasterise(path, PDF, DOC, range(3)))
        pages = list(rasterizer.rasterise(tmp_path / "broken.pdf", PDF, DOC, range(3)))
    assert pages[1].error is not None
    assert pages[0].layer == good[0].layer
    assert pages[2].layer == good[2].layer


@pytest.mark.slow
def test_a_neighbour_that_hangs_costs_its_page_nothing(tmp_path: Path) -> None:
    path = write_manual(tmp_path / "manual.pdf", 3)
    with pymupdf.open(path) as document:
        hang(document, 1)
        document.save(tmp_path / "hangs.pdf", deflate=True)
    with open_rasterizer(settings("prefer"), ChildLimits(2, 3 * GIB)) as rasterizer:
        good = list(rasterizer.rasterise(path, PDF, DOC, range(3)))
        pages = list(rasterizer.rasterise(tmp_path / "hangs.pdf", PDF, DOC, range(3)))
        alone = list(rasterizer.rasterise(tmp_path / "hangs.pdf", PDF, DOC, range(2, 3)))
    assert reasons(pages) == [None, "timeout", None]
    assert [pages[0].layer, pages[2].layer] == [good[0].layer, good[2].layer]
    assert alone == pages[2:]
