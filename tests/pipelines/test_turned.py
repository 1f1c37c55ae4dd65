"""Turned pages through a whole run: rows are upright, duplicates found, shells rejected."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pymupdf
import pytest
from PIL import Image

from tests.pipelines.corpora import pdf, prose
from tests.pipelines.datasets import problems, recipe_for, rows, run_here
from tests.workers.rasterising.turned import LIES, turned_pdf, upright_turn

ONLY = "routing: only\nraster: {longest_edge_px: 420, format: png}\n"
UPRIGHT = "drawn_0_rotate_0"
BY_PICTURE = "dedup: {exact_text: false, near: {min_text_tokens: 1000}}\n"


def stored_grey(row: dict[str, Any]) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(row["image"]["bytes"])).convert("L")).astype(int)


@pytest.mark.parametrize(
    ("dedup", "kind", "names"),
    [
        ("", "exact_text", ("drawn_0_rotate_90", "mirrored_0_rotate_0")),
        (
            BY_PICTURE,
            "near_image",
            (
                "drawn_0_rotate_90",
                "drawn_180_rotate_0",
                "drawn_270_rotate_0",
                "mirrored_0_rotate_0",
            ),
        ),
    ],
)
def test_a_turned_page_and_its_twin_are_duplicates_whichever_came_first(
    tmp_path: Path, dedup: str, kind: str, names: tuple[str, ...]
) -> None:
    """A pair of each name, with texts of its own, so that no two pairs are alike."""
    stored: dict[str, list[np.ndarray]] = {name: [] for name in names}
    for comes_first in ("upright", "turned"):
        folder, dataset = tmp_path / f"{comes_first}-corpus", tmp_path / f"{comes_first}-data"
        for number, order in enumerate((True, False)):
            (folder / str(number)).mkdir(parents=True)
            for seed, name in enumerate(names):
                which = UPRIGHT if order is (comes_first == "upright") else name
                file = folder / str(number) / f"{name}.pdf"
                file.write_bytes(turned_pdf(which, prose(seed, 25) + ". "))
            run_here(recipe_for(dataset, folder, ONLY + dedup))
            for row in rows(dataset, "pages"):
                stored[Path(row["source_uri"]).stem].append(stored_grey(row))
        pages = {Path(row["source_uri"]).stem: row for row in rows(dataset, "pages")}
        rejects = [row for row in rows(dataset, "rejects") if row["level"] == "page"]
        assert sorted(pages) == sorted(Path(row["source_uri"]).stem for row in rejects)
        assert len(pages) == len(rejects) == len(names)
        for reject in rejects:
            assert (reject["reason"], reject["detail"]) == ("duplicate", kind)
            assert reject["kept_id"] == pages[Path(reject["source_uri"]).stem]["page_id"]
        assert problems(dataset) == ()
    for pictures in stored.values():
        assert len(pictures) == 4
        for picture in pictures:
            assert picture.shape == pictures[0].shape
            assert np.abs(picture - pictures[0]).mean() < 2


def test_rotation_says_how_far_each_page_was_turned(tmp_path: Path) -> None:
    for number, name in enumerate(LIES):
        (tmp_path / f"{name}.pdf").write_bytes(turned_pdf(name, prose(number, 25) + ". "))
    dataset = tmp_path / "data"
    run_here(recipe_for(dataset, tmp_path / "*.pdf", ONLY))
    by_name = {Path(row["source_uri"]).stem: row for row in rows(dataset, "pages")}
    assert {name: row["rotation"] for name, row in by_name.items()} == {
        name: upright_turn(name) for name in LIES
    }
    for name, row in by_name.items():
        assert (row["width"], row["height"]) == (300, 420)
        assert row["text"].startswith("# The Kiln")
        (attempt,) = row["attempts"]
        assert attempt["rotation"] == row["rotation"]
        assert attempt["mode"] == ("mirrored" if LIES[name][3] else "")


def test_shells_are_rejects_and_an_animation_one_page(tmp_path: Path) -> None:
    with pymupdf.open("pdf", pdf([prose(1)])) as document:
        document.embfile_add("inside.pdf", pdf([prose(2)]))
        document.xref_set_key(document.pdf_catalog(), "Collection", "<</View/D>>")
        (tmp_path / "portfolio.pdf").write_bytes(document.tobytes())
    with pymupdf.open("pdf", pdf(["Please wait..."])) as document:
        document.xref_set_key(document.pdf_catalog(), "AcroForm", "<</XFA(form)>>")
        document.xref_set_key(document.pdf_catalog(), "NeedsRendering", "true")
        (tmp_path / "form.pdf").write_bytes(document.tobytes())
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "green", "blue")]
    frames[0].save(tmp_path / "moving.webp", save_all=True, append_images=frames[1:])
    (tmp_path / "plain.pdf").write_bytes(pdf([prose(3)]))
    dataset = tmp_path / "data"
    report = run_here(recipe_for(dataset, tmp_path / "*.*", ONLY))
    assert report.counts["pages"] == 1
    assert report.rejects == {"portfolio": 1, "xfa_form": 1, "blank": 1, "no_readable_page": 1}
    details = {row["reason"]: row["detail"] for row in rows(dataset, "rejects")}
    assert "a cover around 1 file" in details["portfolio"]
    assert "print it to PDF" in details["xfa_form"]
    assert problems(dataset) == ()


SCANS = {
    "flat.png": (1, 0),
    "left.jpg": (6, 90),
    "right.tiff": (8, 270),
    "head.png": (3, 180),
}
"""Name: EXIF orientation of the file, and how far, clockwise, what it shows is still turned."""


def scan(page: pymupdf.Page) -> Image.Image:
    drawn = page.get_pixmap(dpi=150)
    return Image.frombytes("RGB", (drawn.width, drawn.height), drawn.samples)


@pytest.mark.slow
def test_scans_on_their_side_are_read_and_stored_upright(tmp_path: Path) -> None:
    """The default engine reads images, and a PDF of a scan with an OCR program's hidden words."""
    undo = {1: 0, 3: 180, 6: 90, 8: 270}  # counter-clockwise, as Pillow turns
    upright = {}
    for number, (name, (orientation, turned)) in enumerate(SCANS.items()):
        with pymupdf.open("pdf", pdf([prose(20 + number, 30)])) as document:
            upright[name] = scan(document[0])
        shown = upright[name].rotate(-turned, expand=True)
        exif = Image.Exif()
        exif[0x0112] = orientation
        shown.rotate(undo[orientation], expand=True).save(tmp_path / name, exif=exif)
    with pymupdf.open("pdf", pdf([prose(30, 30)])) as document:
        upright["ocred.pdf"] = scan(document[0])
    with pymupdf.open() as document:
        page = document.new_page(width=420, height=595)
        picture = io.BytesIO()
        upright["ocred.pdf"].save(picture, "JPEG")
        page.insert_image(page.rect, stream=picture.getvalue())
        page.insert_textbox((40, 40, 380, 555), prose(30, 30), fontsize=9, render_mode=3)
        page.set_rotation(90)
        document.save(tmp_path / "ocred.pdf")
    dataset = tmp_path / "data"
    run_here(recipe_for(dataset, tmp_path / "*.*", "raster: {longest_edge_px: 1000}\n"))
    by_name = {Path(row["source_uri"]).name: row for row in rows(dataset, "pages")}
    expected = {name: -turned % 360 for name, (_, turned) in SCANS.items()} | {"ocred.pdf": 270}
    assert {name: row["rotation"] for name, row in by_name.items()} == expected
    for name, row in by_name.items():
        assert row["text_source"] == "ocr"
        assert row["attempts"][-1]["rotation"] == row["rotation"]
        stored = stored_grey(row)
        size = (stored.shape[1], stored.shape[0])
        assert np.abs(stored - np.asarray(upright[name].resize(size).convert("L"))).mean() < 6
        lefts = [block["bbox"][0] for block in row["blocks"]]
        assert min(lefts) == pytest.approx(40 / 420, abs=0.02)
