"""Rasterising: pages of any input become images within limits, and harm stays in the child."""

from __future__ import annotations

import io
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil
import pymupdf
import pytest
from PIL import Image

from schemas.errors import DocumentError
from schemas.ids import page_id
from schemas.pages import RasteredPage
from schemas.recipe import Raster, TextLayer
from tests.builders import PROSE, add_page, make_doc_id, write_pdf
from tests.hostile.probes import prepare_without_fence
from workers.rasterising.media_types import PDF, sniff
from workers.rasterising.rasterizer import Rasterizer
from workers.rasterising.settings import ChildLimits, RasterSettings

EDGE = 256
DOC = make_doc_id(1)
GIB = 2**30
LIMITS = ChildLimits(page_timeout_s=60, memory_bytes=3 * GIB)
# Each of these strokes covers a good part of the page: hours of work in 30 KB of file.
HEAVY_STROKES = b"3 w\n" + b"0 0 m 600 800 0 800 600 0 c S\n" * 400_000


def settings(routing: str = "never", **raster: object) -> RasterSettings:
    return RasterSettings(
        Raster(**({"longest_edge_px": EDGE, "format": "png"} | raster)), routing, TextLayer(), 1e-4
    )


@contextmanager
def open_rasterizer(
    made: RasterSettings | None = None, limits: ChildLimits = LIMITS
) -> Iterator[Rasterizer]:
    rasterizer = Rasterizer(made or settings(), limits)
    try:
        yield rasterizer
    finally:
        rasterizer.close()


@pytest.fixture(scope="module")
def rasterizer() -> Iterator[Rasterizer]:
    with open_rasterizer() as rasterizer:
        yield rasterizer


def render(rasterizer: Rasterizer, path: Path, pages: int = 1) -> list[RasteredPage]:
    media_type = sniff(path.read_bytes()[:1024])
    assert media_type is not None
    return list(rasterizer.rasterise(path, media_type, DOC, range(pages)))


def reasons(pages: list[RasteredPage]) -> list[str | None]:
    return [page.error and page.error.reason for page in pages]


def pixels(page: RasteredPage, mode: str = "L") -> np.ndarray:
    assert page.image is not None, page.error
    return np.asarray(Image.open(io.BytesIO(page.image.data)).convert(mode)).astype(int)


def write_heavy_middle_page(path: Path) -> Path:
    with pymupdf.open() as document:
        for _ in range(3):
            add_page(document, PROSE)
        stream = document.get_new_xref()
        document.update_object(stream, "<<>>")
        document.update_stream(stream, HEAVY_STROKES)
        document[1].set_contents(stream)
        document.save(path, deflate=True)
    return path


# ---- which files are documents ------------------------------------------------------------


@pytest.mark.parametrize(
    ("format_name", "media_type"),
    [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("TIFF", "image/tiff"), ("WEBP", "image/webp")],
)
def test_image_formats_are_told_by_their_first_bytes(format_name: str, media_type: str) -> None:
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, format_name)
    assert sniff(out.getvalue()[:1024]) == media_type


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (b"%PDF-1.7\n", PDF),
        (b"junk before the header\n%PDF-1.4", PDF),
        (b"MM\x00*", "image/tiff"),
        (b"II+\x00", "image/tiff"),
        (b"RIFF\x10\x00\x00\x00WAVE", None),
        (b"\xff\xd8\xff\xfe%PDF-1.7\n", "image/jpeg"),
        (b"PK\x03\x04 a.pdf %PDF-1.7", PDF),
        (b"GIF89a", None),
        (b"PK\x03\x04", None),
        (b"", None),
    ],
)
def test_other_heads_are_told_too(head: bytes, media_type: str | None) -> None:
    assert sniff(head) == media_type


# ---- PDFs ---------------------------------------------------------------------------------


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


# ---- images -------------------------------------------------------------------------------

# A dark left half and a light right half, 40 x 60.
HALVES = np.repeat(np.array([[40] * 20 + [220] * 20]), 60, axis=0).astype(np.uint8)
GREY = Image.fromarray(HALVES)
MODES = {
    "grey.png": GREY,
    "grey.webp": GREY.convert("RGB"),
    "sixteen.png": Image.fromarray(HALVES.astype(np.uint16) * 257),
    "sixteen.tiff": Image.fromarray(HALVES.astype(np.uint16) * 257),
    "palette.png": GREY.convert("RGB").quantize(4),
    "opaque.png": GREY.convert("RGBA"),
    "cmyk.tiff": GREY.convert("CMYK"),
    "cmyk.jpg": GREY.convert("CMYK"),
}


@pytest.mark.parametrize("name", MODES)
def test_a_picture_looks_the_same_in_every_mode(rasterizer, tmp_path, name) -> None:
    MODES[name].save(tmp_path / name)
    (page,) = render(rasterizer, tmp_path / name)
    assert pixels(page).shape == HALVES.shape
    assert np.abs(pixels(page) - HALVES).mean() < 8


def test_one_bit_pictures_are_black_and_white(rasterizer, tmp_path) -> None:
    GREY.convert("1", dither=Image.Dither.NONE).save(tmp_path / "fax.tiff", compression="group4")
    (page,) = render(rasterizer, tmp_path / "fax.tiff")
    assert np.array_equal(pixels(page), np.where(HALVES < 128, 0, 255))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_is_paper(rasterizer, tmp_path, mode) -> None:
    if mode == "P":
        see_through = GREY.convert("RGB").quantize(2)
        see_through.info["transparency"] = int(np.asarray(see_through)[0, -1])
    else:
        see_through = GREY.convert(mode)
        see_through.putalpha(Image.fromarray(np.where(HALVES < 128, 255, 0).astype(np.uint8)))
    see_through.save(tmp_path / "clear.png")
    (page,) = render(rasterizer, tmp_path / "clear.png")
    assert np.abs(pixels(page) - np.where(HALVES < 128, 40, 255)).max() <= 2


def test_a_photograph_is_turned_as_its_camera_was_held(rasterizer, tmp_path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned clockwise
    GREY.save(tmp_path / "photo.jpg", exif=exif)
    (page,) = render(rasterizer, tmp_path / "photo.jpg")
    assert pixels(page).shape == (40, 60)
    top, bottom = pixels(page)[:15].mean(), pixels(page)[-15:].mean()
    assert (top < 60, bottom > 200) == (True, True)


def test_a_large_picture_is_shrunk_and_a_small_one_is_not_enlarged(rasterizer, tmp_path) -> None:
    GREY.resize((400, 600)).save(tmp_path / "large.png")
    (large,) = render(rasterizer, tmp_path / "large.png")
    assert pixels(large).shape == (EDGE, 171)


def test_each_frame_of_a_tiff_is_a_page(rasterizer, tmp_path) -> None:
    frames = [GREY, GREY.transpose(Image.Transpose.FLIP_LEFT_RIGHT), Image.new("1", (10, 10), 1)]
    frames[0].save(tmp_path / "fax.tiff", save_all=True, append_images=frames[1:])
    assert rasterizer.count_pages(tmp_path / "fax.tiff", "image/tiff") == 3
    first, second, blank = render(rasterizer, tmp_path / "fax.tiff", 3)
    assert np.array_equal(pixels(first), pixels(second)[:, ::-1])
    assert reasons([blank]) == ["blank"]


def test_pictures_past_the_limits_are_too_large(tmp_path) -> None:
    Image.new("L", (101, 100)).save(tmp_path / "many.png")
    Image.new("L", (2, 50)).save(tmp_path / "narrow.png")
    with open_rasterizer(settings(max_image_pixels=10_000)) as small:
        assert reasons(render(small, tmp_path / "many.png")) == ["page_too_large"]
        assert reasons(render(small, tmp_path / "narrow.png")) == ["page_too_large"]


@pytest.mark.parametrize("name", ["cut.png", "cut.jpg", "cut.tiff", "cut.webp"])
def test_a_picture_that_is_cut_off_is_corrupt(rasterizer, tmp_path, name) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (200, 200, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: len(whole) // 2])
    assert reasons(render(rasterizer, tmp_path / name)) == ["corrupt"]


# ---- harm ---------------------------------------------------------------------------------


def test_a_page_that_takes_too_long_costs_only_itself(tmp_path) -> None:
    path = write_heavy_middle_page(tmp_path / "heavy.pdf")
    with open_rasterizer(limits=ChildLimits(4, 3 * GIB)) as impatient:
        pages = render(impatient, path, 3)
    assert reasons(pages) == [None, "timeout", None]
    assert "not done after 4 s" in str(pages[1].error)


def test_a_page_that_outgrows_its_memory_costs_only_itself(tmp_path) -> None:
    # 14000 x 14000 pixels of one bit: 1 MiB of file, 748 MiB as RGB, and copies of it.
    Image.new("1", (14_000, 14_000)).save(tmp_path / "huge.png")
    path = write_pdf(tmp_path / "small.pdf", PROSE)
    with open_rasterizer(limits=ChildLimits(60, 3 * GIB // 2)) as bounded:
        assert reasons(render(bounded, tmp_path / "huge.png")) in (
            ["memory_limit"],
            ["native_crash"],
        )
        assert reasons(render(bounded, path)) == [None]


def test_pages_that_lack_memory_do_not_depend_on_those_before_them(tmp_path) -> None:
    frames = [GREY.convert("RGB"), Image.new("RGB", (13_000, 13_000)), GREY.convert("RGB")]
    path = tmp_path / "mixed.tiff"
    frames[0].save(path, save_all=True, append_images=frames[1:], compression="tiff_lzw")
    with open_rasterizer(limits=ChildLimits(60, 5 * GIB // 4)) as bounded:
        pages = render(bounded, path, 3)
    assert reasons(pages) == [None, "memory_limit", None]


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


def test_a_fence_that_cannot_be_set_up_is_a_warning_once(tmp_path, caplog) -> None:
    path = write_pdf(tmp_path / "small.pdf", PROSE)
    for _ in range(2):
        unfenced = Rasterizer(settings(), LIMITS, prepare_without_fence)
        assert (unfenced.count_pages(path, PDF), reasons(render(unfenced, path))) == (1, [None])
        unfenced.close()
    assert [record.message for record in caplog.records] == [
        "documents are opened with fewer restrictions: there is none here"
    ]


def has_open(process: psutil.Process, path: Path) -> bool:
    return str(path) in {file.path for file in process.open_files()}


def test_a_child_that_is_killed_costs_no_page_but_the_one_that_hangs(tmp_path) -> None:
    path = write_heavy_middle_page(tmp_path / "heavy.pdf")
    others = set(psutil.Process().children())
    killed = []

    def kill_at_the_heavy_page() -> None:
        child = None
        while child is None:
            time.sleep(0.01)
            started = set(psutil.Process().children()) - others
            child = next((p for p in started if has_open(p, path)), None)
        so_far = child.cpu_times().user
        while child.cpu_times().user < so_far + 0.4:  # the pages before it take 0.1 s
            time.sleep(0.01)
        os.kill(child.pid, signal.SIGKILL)
        killed.append(child.pid)

    killer = threading.Thread(target=kill_at_the_heavy_page, daemon=True)
    with open_rasterizer(limits=ChildLimits(5, 3 * GIB)) as watched:
        killer.start()
        assert reasons(render(watched, path, 3)) == [None, "timeout", None]
    killer.join(timeout=1)
    assert killed


def test_a_child_that_is_killed_while_it_counts_costs_no_document(tmp_path: Path) -> None:
    path, whole = tmp_path / "scan.png", tmp_path / "whole.png"
    Image.new("RGB", (40, 60), "white").save(whole)
    os.mkfifo(path)
    others = set(psutil.Process().children())

    def kill_at_the_open_file() -> None:
        while True:  # opening it fails until the child reads, which then waits for its bytes
            try:
                held = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
                break
            except OSError:
                time.sleep(0.01)
        os.replace(whole, path)
        for child in set(psutil.Process().children()) - others:
            if "spawn_main" in " ".join(child.cmdline()):
                child.kill()
        os.close(held)

    killer = threading.Thread(target=kill_at_the_open_file, daemon=True)
    with open_rasterizer() as watched:
        killer.start()
        assert watched.count_pages(path, "image/png") == 1
    killer.join(timeout=1)
    assert not whole.exists()


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
        stream = document.get_new_xref()
        document.update_object(stream, "<<>>")
        document.update_stream(stream, HEAVY_STROKES)
        document[1].set_contents(stream)
        document.save(tmp_path / "hangs.pdf", deflate=True)
    with open_rasterizer(settings("prefer"), ChildLimits(4, 3 * GIB)) as rasterizer:
        good = list(rasterizer.rasterise(path, PDF, DOC, range(3)))
        pages = list(rasterizer.rasterise(tmp_path / "hangs.pdf", PDF, DOC, range(3)))
        alone = list(rasterizer.rasterise(tmp_path / "hangs.pdf", PDF, DOC, range(2, 3)))
    assert reasons(pages) == [None, "timeout", None]
    assert [pages[0].layer, pages[2].layer] == [good[0].layer, good[2].layer]
    assert alone == pages[2:]
