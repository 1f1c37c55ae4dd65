"""Hostile books, HTML, drawings, comics and office files end as pages or rejects; none fetches."""

from __future__ import annotations

import base64
import io
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import DocumentError
from schemas.pages import PageError, RasteredPage
from schemas.recipe import Raster, TextLayer
from schemas.reject_reasons import REJECT_REASONS
from tests import formats
from tests.builders import make_doc_id
from tests.hostile import books
from tests.hostile.mutation import damage
from tests.workers.rasterising import office_files
from tests.workers.rasterising.rendering import pixels
from workers.rasterising import ChildLimits, Rasterizer, RasterSettings, sniff_file
from workers.rasterising.media_types import OFFICE_SUFFIXES
from workers.rasterising.readers import libreoffice

SETTINGS = RasterSettings(
    Raster(longest_edge_px=320, format="png"), "prefer", TextLayer(), min_ink_share=1e-4
)
DOC = make_doc_id(1)
MOST_BYTES = 2 * 2**30
SECRET = "the words of another file"


@pytest.fixture(scope="module")
def rasterizer() -> Iterator[Rasterizer]:
    made = Rasterizer(SETTINGS, ChildLimits(60, MOST_BYTES))
    yield made
    made.close()


@pytest.fixture(scope="module")
def impatient() -> Iterator[Rasterizer]:
    made = Rasterizer(SETTINGS, ChildLimits(2, MOST_BYTES))
    yield made
    made.close()


def rendered(rasterizer: Rasterizer, folder: Path, data: bytes, name: str) -> list[RasteredPage]:
    path = folder / name
    path.write_bytes(data)
    media_type = sniff_file(path, name)
    assert media_type is not None
    count = rasterizer.count_pages(path, media_type)
    return list(rasterizer.rasterise(path, media_type, DOC, range(min(count, 3))))


def outcomes(rasterizer: Rasterizer, folder: Path, data: bytes, name: str) -> list[str]:
    """The outcome of each of the first three pages, or why there are none."""
    try:
        pages = rendered(rasterizer, folder, data, name)
    except DocumentError as exc:
        return ["a local path" if str(folder) in exc.detail else exc.reason]
    return [page.error.reason if page.error else "page" for page in pages]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "name", "expected"),
    [
        (books.swollen_book, "a.epub", ["memory_limit", "timeout"]),
        (books.doubling_drawing, "a.svg", ["timeout"]),
        (books.circular_drawing, "a.svg", ["page"]),
        (books.laughing_drawing, "a.svg", ["page"]),  # MuPDF knows no entities but its own
        (books.laughing_book, "a.fb2", ["page"]),
        (books.deep_html, "a.html", ["timeout", "native_crash"]),
        (books.huge_table, "a.html", ["timeout", "memory_limit"]),
        (books.deep_markdown, "a.md", ["blank"]),
    ],
)
def test_a_hostile_document_costs_its_deadline_at_most(
    impatient, tmp_path, make, name, expected
) -> None:
    (found,) = outcomes(impatient, tmp_path, make(), name)
    assert found in expected
    assert outcomes(impatient, tmp_path, formats.html(), "next.html") == ["page"]


def test_a_swollen_page_of_a_comic_costs_only_itself(rasterizer, tmp_path) -> None:
    found = outcomes(rasterizer, tmp_path, books.swollen_comic(), "a.cbz")
    assert found == ["page_too_large", "page_too_large", "page"]


def test_names_in_a_comic_are_no_paths(rasterizer, tmp_path) -> None:
    found = outcomes(rasterizer, tmp_path, books.comic_of_folders(), "a.cbz")
    assert found == ["page", "page", "corrupt"]
    assert not list(Path("/tmp").glob("page 1*"))
    assert [path.name for path in tmp_path.iterdir()] == ["a.cbz"]


def test_nothing_outside_a_document_is_fetched_for_it(rasterizer, tmp_path) -> None:
    elsewhere = tmp_path / "dark.png"
    formats.picture(0).point(lambda _: 0).save(elsewhere)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}/dark.png"
        for name, data in books.references(str(elsewhere), address):
            assert darkness(rasterizer, tmp_path, data, name) < 0.05, name
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()


@pytest.mark.parametrize("wanted", ["a.html", "a.md", "a.epub", "a.svg"])
def test_a_picture_inside_a_document_is_drawn(rasterizer, tmp_path, wanted) -> None:
    (tmp_path / "dark.png").write_bytes(b"")
    out = io.BytesIO()
    formats.picture(0).point(lambda _: 0).save(out, "PNG")
    inside = "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()
    documents = list(books.references(str(tmp_path / "dark.png"), inside))[:7]
    assert darkness(rasterizer, tmp_path, dict(documents)[wanted], wanted) > 0.05


def darkness(rasterizer: Rasterizer, folder: Path, data: bytes, name: str) -> float:
    """The share of the only page that is black; a picture that it wants would be a tenth."""
    (page,) = rendered(rasterizer, folder, data, name)
    return float(np.all(pixels(page, "RGB") < 30, axis=2).mean())


def test_an_entity_does_not_bring_another_file_into_a_page(rasterizer, tmp_path) -> None:
    elsewhere = tmp_path / "secret.txt"
    elsewhere.write_text(SECRET)
    *_, (name, data) = books.references(str(elsewhere), "http://127.0.0.1:9/")
    (page,) = rendered(rasterizer, tmp_path, data, name)
    assert page.layer is not None
    assert SECRET not in page.layer.text


@pytest.mark.slow
@pytest.mark.skipif(libreoffice() is None, reason=office_files.MISSING)
def test_a_swollen_office_file_costs_its_memory_or_its_deadline(tmp_path) -> None:
    bounded = Rasterizer(SETTINGS, ChildLimits(3, 2**29))
    try:
        found = outcomes(bounded, tmp_path, books.swollen_docx(), "a.docx")
    finally:
        bounded.close()
    assert found in (["memory_limit"], ["native_crash"], ["timeout"])


@pytest.mark.parametrize("format_name", ["AVIF", "JPEG2000", "HEIF", "JXL"])
def test_a_picture_of_too_many_pixels_is_a_reject(tmp_path, format_name) -> None:
    library = {"HEIF": "pillow_heif", "JXL": "pillow_jxl"}.get(format_name)
    if library is not None:
        module = pytest.importorskip(library, reason="pip install 'pagefoundry[formats]'")
        getattr(module, "register_heif_opener", lambda: None)()
    out = io.BytesIO()
    formats.picture().resize((1500, 1500)).save(out, format_name)
    small = Raster(longest_edge_px=320, max_image_pixels=2_000_000)
    strict = Rasterizer(replace(SETTINGS, raster=small), ChildLimits(60, MOST_BYTES))
    try:
        assert outcomes(strict, tmp_path, out.getvalue(), "a") == ["page_too_large"]
    finally:
        strict.close()


ORIGINALS = (
    ("a.epub", formats.epub([formats.BODY] * 2)),
    ("a.mobi", formats.mobi()),
    ("a.fb2", formats.fb2()),
    ("a.xps", formats.xps()),
    ("a.svg", formats.svg()),
    ("a.cbz", formats.cbz()),
    ("a.html", formats.html()),
    ("a.md", formats.MARKDOWN.encode()),
    ("a.avif", formats.encoded("AVIF")),
    ("a.jp2", formats.encoded("JPEG2000")),
)


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_any_damage_to_a_document_ends_in_pages_or_reasons(
    rasterizer, tmp_path_factory, data
) -> None:
    chance = data.draw(st.randoms(use_true_random=False))
    name, content = data.draw(st.sampled_from(ORIGINALS))
    for _ in range(data.draw(st.integers(1, 4))):
        content = damage(content, chance, [other for _, other in ORIGINALS])
    folder = tmp_path_factory.getbasetemp()
    path = folder / name
    path.write_bytes(content)
    if sniff_file(path, name) in (None, *OFFICE_SUFFIXES):
        return
    try:
        errors = {page.error for page in rendered(rasterizer, folder, content, name)} - {None}
    except DocumentError as exc:
        errors = {PageError(exc.reason, exc.detail)}
    assert {error.reason for error in errors} <= set(REJECT_REASONS) - {"native_crash"}
    assert all(error.detail.splitlines() == [error.detail] for error in errors)
