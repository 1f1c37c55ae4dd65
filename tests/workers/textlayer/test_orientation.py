"""Pages that lie on their side, upside down or mirrored: stored upright, whoever reads them."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pymupdf
import pytest
from PIL import Image

from schemas.pages import RasteredPage
from schemas.recipe import Raster, TextLayer
from tests.builders import make_doc_id
from tests.workers.rasterising.turned import (
    CELLS,
    LIES,
    PROSE,
    draw_layout,
    turned_pdf,
    upright_turn,
)
from workers.rasterising import PDF, RasterSettings
from workers.rasterising.render import render_pages
from workers.reading import given_reading
from workers.textlayer import extract, judge, upright_view
from workers.textlayer.orientation import AS_DISPLAYED, View, elect, upright_view_of

EDGE = 560
VIEWS = [View(turn, is_mirrored) for turn in (0, 90, 180, 270) for is_mirrored in (False, True)]
UPRIGHT = "drawn_0_rotate_0"


def rastered(path: Path, data: bytes, routing: str = "prefer") -> RasteredPage:
    path.write_bytes(data)
    settings = RasterSettings(
        Raster(longest_edge_px=EDGE, format="png"), routing, TextLayer(), 1e-4
    )
    (page,) = render_pages(str(path), PDF, make_doc_id(1), range(1), settings)
    return page


def pixels(page: RasteredPage) -> np.ndarray:
    assert page.image is not None, page.error
    return np.asarray(Image.open(io.BytesIO(page.image.data)).convert("L")).astype(int)


def bits_apart(one: bytes, other: bytes) -> int:
    return sum((a ^ b).bit_count() for a, b in zip(one, other, strict=True))


def opened(data: bytes) -> pymupdf.Page:
    document = pymupdf.open("pdf", data)
    page = document[0]
    page.keep_alive = document
    return page


# ---- views --------------------------------------------------------------------------------


def through(
    view: View, point: tuple[float, float], sides: tuple[float, float]
) -> tuple[float, float]:
    a, b, c, d, e, f = view.matrix(*sides)
    return (a * point[0] + c * point[1] + e, b * point[0] + d * point[1] + f)


@pytest.mark.parametrize(("one", "other"), list(itertools.product(VIEWS, VIEWS)))
def test_a_view_of_a_view_is_a_view(one: View, other: View) -> None:
    sides, point = (400.0, 600.0), (30.0, 50.0)
    both = through(other, through(one, point, sides), one.size(*sides))
    assert through(one.then(other), point, sides) == both


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_keeps_the_page_inside_its_sides(view: View) -> None:
    sides = (400.0, 600.0)
    corners = [through(view, (x, y), sides) for x in (0, 400) for y in (0, 600)]
    width, height = view.size(*sides)
    assert sorted(corners) == [(0, 0), (0, height), (width, 0), (width, height)]


def test_vertical_glyphs_stand_upright_on_a_page_that_does() -> None:
    assert upright_view_of(1, is_mirrored=False, is_vertical=True) == AS_DISPLAYED
    assert upright_view_of(2, is_mirrored=False, is_vertical=True) == View(270)


@pytest.mark.parametrize(
    ("glyphs", "elected"),
    [
        ({}, AS_DISPLAYED),
        ({AS_DISPLAYED: 5, View(90): 5}, AS_DISPLAYED),
        ({AS_DISPLAYED: 5, View(90): 4, View(180): 2}, AS_DISPLAYED),
        ({AS_DISPLAYED: 4, View(90): 5, View(180): 2}, AS_DISPLAYED),
        ({AS_DISPLAYED: 4, View(90): 5}, View(90)),
        ({View(90): 3}, AS_DISPLAYED),
    ],
)
def test_over_half_of_the_glyphs_turn_a_page(glyphs: dict[View, int], elected: View) -> None:
    assert elect(glyphs, at_least=4) == elected


# ---- pages whose text layer is taken ------------------------------------------------------


@pytest.mark.parametrize("name", LIES)
def test_a_page_is_stored_upright_however_it_lies(tmp_path: Path, name: str) -> None:
    upright = rastered(tmp_path / "upright.pdf", turned_pdf(UPRIGHT))
    turned = rastered(tmp_path / "turned.pdf", turned_pdf(name))
    assert upright.layer is not None
    assert turned.layer is not None
    assert (turned.rotation, turned.is_mirrored) == (upright_turn(name), LIES[name][3])
    assert turned.layer.text == upright.layer.text
    assert pixels(turned).shape == pixels(upright).shape
    assert np.abs(pixels(turned) - pixels(upright)).mean() < 2
    assert bits_apart(turned.image_hash, upright.image_hash) <= 8
    pairs = zip(turned.layer.blocks, upright.layer.blocks, strict=True)
    for block, twin in pairs:
        assert (block.label, block.text) == (twin.label, twin.text)
        assert block.bbox == pytest.approx(twin.bbox, abs=0.002)
    reading = given_reading(turned)
    assert (reading.rotation, reading.image) == (turned.rotation, None)
    assert reading.attempts[0].mode == ("mirrored" if LIES[name][3] else "")


@pytest.mark.parametrize(
    "name", ["drawn_90_rotate_0", "drawn_0_rotate_180", "mirrored_270_rotate_90"]
)
def test_the_boxes_hold_all_marks_of_a_turned_page(tmp_path: Path, name: str) -> None:
    page = rastered(tmp_path / "turned.pdf", turned_pdf(name))
    assert page.layer is not None
    assert {block.label for block in page.layer.blocks} == {"title", "paragraph", "table", "figure"}
    marks = pixels(page) < 200
    height, width = marks.shape
    for block in page.layer.blocks:
        x0, y0, x1, y1 = np.rint(np.array(block.bbox) * (width, height, width, height)).astype(int)
        assert marks[max(y0, 0) : y1 + 1, max(x0, 0) : x1 + 1].any()
        marks[max(y0 - 2, 0) : y1 + 3, max(x0 - 2, 0) : x1 + 3] = False
    assert not marks.any()


def sideways_table(page: pymupdf.Page) -> None:
    draw_layout(page)
    for place, cells in enumerate(CELLS):
        page.insert_text((20, 500 - 60 * place), " ".join(cells), fontsize=9, rotate=90)


def stamped(page: pymupdf.Page) -> None:
    draw_layout(page)
    page.insert_text((16, 500), "arXiv:2611.01234v1 [cs.CL] 29 Nov 2026", fontsize=12, rotate=90)


def axis_labels(page: pymupdf.Page) -> None:
    """More lines run upwards than across, though most letters stand in those across."""
    draw_layout(page)
    for place in range(30):
        page.insert_text((40 + 10 * place, 330), f"{place + 1}.11.", fontsize=7, rotate=90)


@pytest.mark.parametrize("draw", [sideways_table, stamped, axis_labels])
def test_what_lies_across_an_upright_page_does_not_turn_it(
    tmp_path: Path, draw: Callable[[pymupdf.Page], None]
) -> None:
    with pymupdf.open() as document:
        draw(document.new_page(width=400, height=560))
        page = rastered(tmp_path / "mixed.pdf", document.tobytes())
    assert page.layer is not None
    assert page.rotation == 0
    assert page.layer.text.startswith("# The Kiln")


def test_a_page_number_that_stands_upright_does_not_hold_a_sideways_page(tmp_path: Path) -> None:
    with pymupdf.open("pdf", turned_pdf("drawn_90_rotate_0")) as document:
        document[0].insert_text((270, 390), "Page 12", fontsize=9)
        page = rastered(tmp_path / "numbered.pdf", document.tobytes())
    assert page.rotation == 270


VERTICAL = b"""%%PDF-1.4
1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj
2 0 obj <</Type/Pages/Kids[3 0 R]/Count 1>> endobj
3 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 400 560]/Rotate %d/Contents 4 0 R
/Resources<</Font<</F 5 0 R>>>>>> endobj
4 0 obj <</Length 228>> stream
BT /F 20 Tf 300 520 Td <65E5672C8A9E306E6587306F7E263066304D3068306730593002> Tj
-40 0 Td <65E5672C8A9E306E6587306F7E263066304D3068306730593002> Tj
-40 0 Td <65E5672C8A9E306E6587306F7E263066304D3068306730593002> Tj ET
endstream endobj
5 0 obj <</Type/Font/Subtype/Type0/BaseFont/Ryumin-Light/Encoding/UniJIS-UTF16-V
/DescendantFonts[<</Type/Font/Subtype/CIDFontType0/BaseFont/Ryumin-Light
/CIDSystemInfo<</Registry(Adobe)/Ordering(Japan1)/Supplement 2>>
/FontDescriptor<</Type/FontDescriptor/FontName/Ryumin-Light/Flags 4/FontBBox[-170 -331 1024 903]
/ItalicAngle 0/Ascent 723/Descent -241/CapHeight 709/StemV 69>>>>]>> endobj
trailer <</Size 6/Root 1 0 R>>
"""


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_vertical_writing_stands_upright(tmp_path: Path, rotate: int) -> None:
    page = rastered(tmp_path / "vertical.pdf", VERTICAL % rotate)
    assert page.layer is not None
    assert page.rotation == -rotate % 360
    assert "".join(page.layer.text.split()).startswith("日本語の文は縦")
    assert page.image is not None
    assert page.image.height > page.image.width


def test_upside_down_glyphs_of_a_low_font_are_not_taken_for_mirrored() -> None:
    """PyMuPDF recomputes the boxes of such fonts, wrongly where the line runs leftwards."""
    with pymupdf.open() as document:
        page = document.new_page(width=400, height=560)
        for row in range(5):
            page.insert_text((360, 60 + 20 * row), PROSE[:50], fontname="zadb", rotate=180)
        assert extract(opened(document.tobytes())).view == View(180)


# ---- pages that an engine reads -----------------------------------------------------------


def scanned(name: str, words: str) -> bytes:
    """A scan of the layout that lies as `LIES` says, with the hidden words of an OCR program."""
    with pymupdf.open("pdf", turned_pdf(UPRIGHT)) as upright:
        picture = upright[0].get_pixmap(dpi=100)
    matrix, drawn, rotate, _ = LIES[name]
    with pymupdf.open() as document:
        page = document.new_page(width=400, height=560)
        page.insert_image(page.rect, pixmap=picture)
        if words:
            assert page.insert_textbox((40, 90, 360, 500), words, fontsize=10, render_mode=3) >= 0
        streams = b"\n".join(document.xref_stream(xref) for xref in page.get_contents())
        xref = document.get_new_xref()
        document.update_object(xref, "<<>>")
        document.update_stream(xref, b"q " + matrix.encode() + b" cm\n" + streams + b"\nQ")
        page.set_contents(xref)
        if drawn % 180:
            page.set_mediabox(pymupdf.Rect(0, 0, 560, 400))
        page.set_rotation(rotate)
        return bytes(document.tobytes(deflate=True))


@pytest.mark.parametrize("routing", ["prefer", "never"])
@pytest.mark.parametrize("name", ["drawn_90_rotate_0", "drawn_0_rotate_180", "drawn_180_rotate_90"])
def test_hidden_words_turn_the_scan_under_them(tmp_path: Path, name: str, routing: str) -> None:
    upright = rastered(tmp_path / "upright.pdf", scanned(UPRIGHT, PROSE * 3), routing)
    turned = rastered(tmp_path / "turned.pdf", scanned(name, PROSE * 3), routing)
    assert turned.needs_engine
    assert turned.layer_reason == (None if routing == "never" else "invisible")
    assert (upright.rotation, turned.rotation) == (0, upright_turn(name))
    assert np.abs(pixels(turned) - pixels(upright)).mean() < 4


@pytest.mark.parametrize("words", ["", PROSE])
def test_few_words_do_not_turn_a_scan(tmp_path: Path, words: str) -> None:
    page = rastered(tmp_path / "scan.pdf", scanned("drawn_90_rotate_0", words))
    assert page.needs_engine
    assert page.rotation == 0
    assert upright_view(opened(scanned("drawn_90_rotate_0", words))) == AS_DISPLAYED


def type3_page(text: str, scale: float) -> pymupdf.Page:
    """A page in a font whose glyphs are squares, of `scale` units a point, as Ghostscript has."""
    pdf = pymupdf.open()
    page = pdf.new_page()
    square = pdf.get_new_xref()
    pdf.update_object(square, "<<>>")
    side = 5 * scale
    pdf.update_stream(square, f"{side} 0 0 0 {side} {side} d1 0 0 {side} {side} re f".encode())
    codes = sorted(set(text.encode()) - {32})
    names = " ".join(f"{code} /g{code}" for code in codes)
    font = pdf.get_new_xref()
    pdf.update_object(
        font,
        f"<</Type/Font/Subtype/Type3/FontBBox[0 0 {side} {side}]/FontMatrix[1 0 0 -1 0 0]"
        f"/FirstChar 32/LastChar 126/Widths[{f'{side} ' * 95}]/Resources<<>>"
        f"/Encoding<</Type/Encoding/Differences[{names}]>>"
        f"/CharProcs<<{' '.join(f'/g{code} {square} 0 R' for code in codes)}>>"
        f"/ToUnicode {_identity_map(pdf)} 0 R>>",
    )
    pdf.xref_set_key(page.xref, "Resources", f"<</Font<</F1 {font} 0 R>>>>")
    content = pdf.get_new_xref()
    pdf.update_object(content, "<<>>")
    lines = "".join(f"1 0 0 1 60 {780 - 14 * row} Tm ({text}) Tj " for row in range(20))
    pdf.update_stream(content, f"BT /F1 {1 / scale} Tf {lines} ET".encode())
    page.set_contents(content)
    return opened(pdf.tobytes())


def _identity_map(pdf: pymupdf.Document) -> int:
    xref = pdf.get_new_xref()
    pdf.update_object(xref, "<<>>")
    body = "begincmap 1 begincodespacerange <00> <ff> endcodespacerange "
    body += "1 beginbfrange <20> <7e> <0020> endbfrange endcmap"
    pdf.update_stream(xref, body.encode())
    return int(xref)


def test_a_font_with_a_scale_of_its_own_turns_no_page_and_is_no_text() -> None:
    page = type3_page("the founders sang while the bronze ran into the mould", 10)
    assert upright_view(page) == AS_DISPLAYED
    assert judge(extract(page).signals, TextLayer()) == "misspaced"
