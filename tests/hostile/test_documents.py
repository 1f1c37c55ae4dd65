"""Each hostile document ends as a reject or a normal page, and harms no other page."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import DocumentError
from schemas.pages import PageError, RasteredPage
from schemas.recipe import Raster, TextLayer
from schemas.reject_reasons import REJECT_REASONS
from tests.builders import PROSE, SCORING, make_doc_id
from tests.hostile import pdfs, pictures
from tests.hostile.mutation import damage, seeds
from tests.many import few
from workers.rasterising import ChildLimits, Rasterizer, RasterSettings, sniff
from workers.reading import given_reading
from workers.shards import score_page

SETTINGS = RasterSettings(Raster(longest_edge_px=320), "prefer", TextLayer(), 1e-4)
MEMORY_BYTES = 2 * 2**30
DOC = make_doc_id(1)


@pytest.fixture(scope="module")
def rasterizer() -> Iterator[Rasterizer]:
    made = Rasterizer(SETTINGS, ChildLimits(60, MEMORY_BYTES))
    yield made
    made.close()


@pytest.fixture(scope="module")
def impatient() -> Iterator[Rasterizer]:
    made = Rasterizer(SETTINGS, ChildLimits(2, MEMORY_BYTES))
    yield made
    made.close()


def outcomes(rasterizer: Rasterizer, path: Path, data: bytes) -> list[str]:
    """Return the outcome of each of the first three pages."""
    return [_outcome(page) for page in rendered(rasterizer, path, data)]


def rendered(rasterizer: Rasterizer, path: Path, data: bytes) -> list[RasteredPage]:
    path.write_bytes(data)
    media_type = sniff(data[:1024])
    assert media_type is not None
    count = rasterizer.count_pages(path, media_type)
    return list(rasterizer.rasterise(path, media_type, DOC, range(min(count, 3))))


def _outcome(page: RasteredPage) -> str:
    if page.error is not None:
        return page.error.reason
    if page.layer is None:
        return "picture"
    return "prose" if " ".join(page.layer.text.split()) == PROSE else "text"


@pytest.mark.parametrize(
    ("make", "first"),
    [
        (pdfs.image_bomb, "picture"),
        (pdfs.full_image_bomb, "picture"),
        (pdfs.many_objects, "prose"),
        (pdfs.recursive_form, "blank"),
        (pdfs.torn_content, "corrupt"),
        (pdfs.missing_content, "corrupt"),
        (pdfs.no_operators, "corrupt"),
        (pdfs.carelessly_blank, "blank"),
        (pdfs.deep_arrays, "prose"),
        (pdfs.deep_dictionaries, "corrupt"),
        (pdfs.deep_states, "corrupt"),
        (pdfs.huge_media_box, "prose"),
        (pdfs.huge_user_unit, "page_too_large"),
        (pdfs.no_number_media_box, "prose"),
        (lambda: pdfs.broken_font("FontFile"), "prose"),
        (lambda: pdfs.broken_font("FontFile2"), "prose"),
        (lambda: pdfs.broken_font("FontFile3"), "prose"),
        (pdfs.endless_text, "picture"),
        (pdfs.pdf_and_zip, "prose"),
        (pdfs.zip_then_pdf, "prose"),
    ],
)
def test_a_hostile_page_costs_only_itself(rasterizer, tmp_path, make, first) -> None:
    assert outcomes(rasterizer, tmp_path / "hostile.pdf", make()) == [first, "prose"]


@pytest.mark.slow
@pytest.mark.parametrize("make", [pdfs.content_bomb, pdfs.nested_filters_bomb, pdfs.doubling_forms])
def test_a_page_that_would_take_hours_costs_its_deadline(impatient, tmp_path, make) -> None:
    assert outcomes(impatient, tmp_path / "hostile.pdf", make()) == ["timeout", "prose"]


@pytest.mark.parametrize(
    "make", [pdfs.doubling_page_tree, pdfs.lying_page_count], ids=["doubling", "lying"]
)
def test_a_document_that_claims_more_pages_than_it_has_objects_is_one_reject(
    rasterizer, tmp_path, make
) -> None:
    with pytest.raises(DocumentError, match="Invalid number of pages"):
        outcomes(rasterizer, tmp_path / "hostile.pdf", make())


def test_a_page_tree_that_is_its_own_child_gives_corrupt_pages(rasterizer, tmp_path) -> None:
    pages = outcomes(rasterizer, tmp_path / "hostile.pdf", pdfs.cyclic_page_tree())
    assert pages == ["corrupt", "corrupt"]


@pytest.mark.parametrize("make", [pdfs.javascript, pdfs.embedded_file])
def test_scripts_and_attachments_bring_nothing_into_a_page(rasterizer, tmp_path, make) -> None:
    pages = rendered(rasterizer, tmp_path / "hostile.pdf", make())
    assert _outcome(pages[1]) == "prose"
    assert pages[0].layer is not None
    assert pdfs.MARKER not in pages[0].layer.text
    row = score_page(pages[0], given_reading(pages[0]), SCORING)
    assert (row["reason"], "\0" in row["text"]) == (None, False)
    row["text"].encode()


def test_a_font_that_maps_letters_to_control_characters_is_not_believed(
    rasterizer, tmp_path
) -> None:
    page, other = rendered(rasterizer, tmp_path / "hostile.pdf", pdfs.names_that_lie())
    assert _outcome(other) == "prose"
    assert (page.layer, page.layer_reason) == (None, "garbled")  # an engine reads it
    assert page.image is not None


def test_nothing_outside_a_document_is_fetched_for_it(rasterizer, tmp_path) -> None:
    elsewhere = tmp_path / "elsewhere.pdf"
    elsewhere.write_bytes(
        pdfs.two_pages(b"BT /F 20 Tf 60 60 Td (" + pdfs.MARKER.encode() + b") Tj ET")
    )
    with socket.create_server(("127.0.0.1", 0)) as server:
        data = pdfs.external_references(str(elsewhere), server.getsockname()[1])
        first, second = rendered(rasterizer, tmp_path / "hostile.pdf", data)
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()
    assert [_outcome(first), _outcome(second)] == ["prose", "prose"]


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: pictures.png(100_000, 100_000), ["page_too_large"]),
        (lambda: pictures.png(2**31 - 1, 2**31 - 1), ["page_too_large"]),
        (lambda: pictures.full_png(20_000), ["page_too_large"]),
        (lambda: pictures.jpeg(65_500), ["page_too_large"]),
        (lambda: pictures.tiff(100_000, 100_000), ["page_too_large"]),
        (lambda: pictures.tiff(9, 9, 3, is_cyclic=True), ["blank"] * 3),
        (lambda: pictures.webp(frames=100_000, side=16), ["blank"]),
        (pdfs.pdf_in_jpeg, ["picture"]),
    ],
)
def test_a_picture_is_judged_by_its_header_before_it_is_decoded(
    rasterizer, tmp_path, make, expected
) -> None:
    assert outcomes(rasterizer, tmp_path / "hostile", make()) == expected


@pytest.mark.parametrize("make", [pictures.text_bomb_png, pictures.webp])
def test_a_picture_that_cannot_be_opened_within_limits_is_one_reject(
    rasterizer, tmp_path, make
) -> None:
    with pytest.raises(DocumentError) as caught:
        outcomes(rasterizer, tmp_path / "hostile", make())
    assert caught.value.reason == "corrupt"
    assert str(tmp_path) not in caught.value.detail


def test_frames_that_take_too_long_to_count_are_one_reject(impatient, tmp_path) -> None:
    with pytest.raises(DocumentError, match="timeout: not done after 2 s"):
        outcomes(impatient, tmp_path / "hostile", pictures.tiff(2, 2, frames=500_000))


@settings(max_examples=few(25, of=60))
@given(data=st.data())
def test_any_damage_to_a_document_ends_in_pages_or_reasons(
    rasterizer, tmp_path_factory, data
) -> None:
    originals = seeds()
    chance = data.draw(st.randoms(use_true_random=False))
    _, content = data.draw(st.sampled_from(originals))
    for _ in range(data.draw(st.integers(1, 4))):
        content = damage(content, chance, [other for _, other in originals])
    path = tmp_path_factory.getbasetemp() / "mutant"
    if sniff(content[:1024]) is None:
        return
    try:
        errors = {page.error for page in rendered(rasterizer, path, content)} - {None}
    except DocumentError as exc:
        errors = {PageError(exc.reason, exc.detail)}
    assert {error.reason for error in errors} <= set(REJECT_REASONS) - {"native_crash"}
    assert all(error.detail.splitlines() == [error.detail] for error in errors)
