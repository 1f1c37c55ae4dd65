"""Rasterising PDFs: pages of any size become images within limits; a bad page costs itself."""

from __future__ import annotations

from pathlib import Path

import pymupdf
import pytest

from schemas.errors import DocumentError
from schemas.ids import page_id
from tests.builders import PROSE, add_page, write_pdf
from tests.workers.rasterising.rendering import (
    DOC,
    EDGE,
    open_rasterizer,
    pixels,
    reasons,
    render,
    settings,
)
from workers.rasterising.media_types import PDF, sniff


def test_every_page_fits_the_longest_edge_and_keeps_its_shape(rasterizer, tmp_path) -> None:
    sizes = [(595, 842), (842, 595), (100, 100), (3, 60), (14_400, 10_000), (595.276, 841.89)]
    with pymupdf.open() as document:
        for width, height in sizes:
            page = document.new_page(width=width, height=height)
            page.draw_rect(page.rect * 0.5, fill=(0, 0, 0))
        document.save(tmp_path / "sizes.pdf")
    assert rasterizer.count_pages(tmp_path / "sizes.pdf", PDF) == len(sizes)
    pages = render(rasterizer, tmp_path / "sizes.pdf", len(sizes))
    assert [page.page_id for page in pages] == [page_id(DOC, index) for index in range(len(sizes))]
    for page, (width, height) in zip(pages, sizes, strict=True):
        assert page.image is not None
        assert max(page.image.width, page.image.height) == EDGE
        assert page.image.width / page.image.height == pytest.approx(width / height, rel=0.1)
        assert pixels(page).shape == (page.image.height, page.image.width)
        assert len(page.image_hash) == 32
        assert 0 < page.ink_share < 1


def test_a_bad_page_costs_only_itself(rasterizer, tmp_path) -> None:
    with pymupdf.open() as document:
        add_page(document, PROSE)
        add_page(document, PROSE, width=30_000, height=30_000)
        add_page(document, PROSE, width=2000, height=90)
        add_page(document)
        add_page(document, PROSE)
        document.save(tmp_path / "mixed.pdf")
    pages = render(rasterizer, tmp_path / "mixed.pdf", 6)
    assert reasons(pages) == [None, "page_too_large", "page_too_large", "blank", None, "corrupt"]
    assert "30000 x 30000 points" in str(pages[1].error)


def test_a_turned_page_is_rendered_upright(rasterizer, tmp_path) -> None:
    with pymupdf.open(write_pdf(tmp_path / "flat.pdf", PROSE)) as document:
        document[0].set_rotation(90)
        document.save(tmp_path / "turned.pdf")
    (page,) = render(rasterizer, tmp_path / "turned.pdf")
    assert page.image is not None
    assert page.image.width > page.image.height


NO_PAGES = b"""%PDF-1.4
1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj
2 0 obj <</Type/Pages/Kids[]/Count 0>> endobj
xref
0 3
0000000000 65535 f 
0000000009 00000 n 
0000000054 00000 n 
trailer <</Size 3/Root 1 0 R>>
startxref
100
%%EOF
"""  # noqa: W291


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"%PDF-1.7\nand nothing more", "corrupt"), (NO_PAGES, "no_pages")],
)
def test_a_pdf_without_pages_says_why(rasterizer, tmp_path, data, reason) -> None:
    (tmp_path / "bad.pdf").write_bytes(data)
    with pytest.raises(DocumentError) as caught:
        rasterizer.count_pages(tmp_path / "bad.pdf", PDF)
    assert caught.value.reason == reason
    assert str(tmp_path) not in caught.value.detail  # the file may lie elsewhere next time


def test_an_encrypted_pdf_says_what_to_do(rasterizer, tmp_path) -> None:
    with pymupdf.open(write_pdf(tmp_path / "open.pdf", PROSE)) as document:
        document.save(
            tmp_path / "locked.pdf",
            encryption=pymupdf.PDF_ENCRYPT_AES_256,
            user_pw="user",
            owner_pw="owner",
        )
    with pytest.raises(DocumentError, match="encrypted: PDF needs a password"):
        rasterizer.count_pages(tmp_path / "locked.pdf", PDF)
    assert reasons(render(rasterizer, tmp_path / "locked.pdf")) == ["encrypted"]


def test_a_file_that_is_gone_is_an_error_of_its_pages(rasterizer, tmp_path) -> None:
    pages = list(rasterizer.rasterise(tmp_path / "gone.pdf", PDF, DOC, range(2)))
    assert reasons(pages) == ["corrupt", "corrupt"]


def test_the_same_page_gives_the_same_bytes_from_another_child(rasterizer, tmp_path) -> None:
    path = write_pdf(tmp_path / "same.pdf", PROSE)
    with open_rasterizer() as other:
        assert render(other, path) == render(rasterizer, path)


def test_routing_decides_whether_the_text_layer_stands_for_a_reading(tmp_path) -> None:
    with pymupdf.open(write_pdf(tmp_path / "text.pdf", PROSE)) as document:
        picture = document[0].get_pixmap(dpi=50)
        scan = document.new_page()
        scan.insert_image(scan.rect, pixmap=picture)
        document.save(tmp_path / "mixed.pdf")
    with open_rasterizer(settings("prefer", format="jpeg")) as prefer:
        text, scanned = render(prefer, tmp_path / "mixed.pdf", 2)
        assert text.layer is not None
        assert " ".join(text.layer.text.split()) == PROSE
        assert scanned.needs_engine
        assert scanned.layer_reason is not None
        assert text.image is not None
        assert sniff(text.image.data) == "image/jpeg"
    with open_rasterizer(settings("only", format="webp")) as only:
        text, scanned = render(only, tmp_path / "mixed.pdf", 2)
        assert reasons([text, scanned]) == [None, "no_text_layer"]
        assert text.image is not None
        assert sniff(text.image.data) == "image/webp"


def write_type3_pages(path: Path, count: int) -> Path:
    """Equal pages in a font whose glyphs are operators, which MuPDF drops with their document."""
    with pymupdf.open() as document:
        glyph, font, text = (document.get_new_xref() for _ in range(3))
        for xref, operators in (
            (glyph, b"1000 0 0 0 750 750 d1 0 0 750 750 re f"),
            (text, b"BT /F 40 Tf 100 600 Td (aaaa) Tj ET"),
        ):
            document.update_object(xref, "<<>>")
            document.update_stream(xref, operators)
        document.update_object(
            font,
            "<</Type/Font/Subtype/Type3/FontBBox[0 0 750 750]/FontMatrix[.001 0 0 .001 0 0]"
            f"/CharProcs<</a {glyph} 0 R>>/Encoding<</Differences[97/a]>>"
            "/FirstChar 97/LastChar 97/Widths[1000]/Resources<<>>>>",
        )
        for _ in range(count):
            page = document.new_page()
            page.set_contents(text)
            document.xref_set_key(page.xref, "Resources", f"<</Font<</F {font} 0 R>>>>")
        document.save(path)
    return path


def test_pages_are_whole_after_their_document_was_opened_again(tmp_path) -> None:
    path = write_type3_pages(tmp_path / "type3.pdf", 70)  # it is, after 64 pages
    with open_rasterizer(settings("prefer")) as prefer:
        pages = render(prefer, path, 70)
    assert reasons(pages) == [None] * 70
    assert 0.002 < pages[0].ink_share < 0.02
    assert {page.image and page.image.data for page in pages} == {pages[0].image.data}  # type: ignore[union-attr]
