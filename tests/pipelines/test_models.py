"""Whole runs with models: tiny checkpoints of each profile, loops, fallbacks, turns, crops."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pymupdf
import pytest
from PIL import Image

from schemas.recipe import Recipe
from tests.checkpoints import make_checkpoint, shared_checkpoint
from tests.many import few
from tests.pipelines.corpora import prose, write_pdf
from tests.pipelines.datasets import problems, recipe_for, rows, run_here
from workers.engines.checkpoint import find_checkpoint
from workers.engines.profiles.known import PROFILES

FAMILIES = sorted(name for name, one in PROFILES.items() if "transformers" in one.engines)
SAYS = "The kiln was fired twice."
LENIENT = """
quality: {min_confidence: 0, max_symbol_share: 1, max_repetition: 1}
raster: {longest_edge_px: 900}
"""


def engine_text(folder: Path, **fields: Any) -> str:
    return f"engine: {json.dumps({'name': 'transformers', 'model': str(folder), **fields})}\n"


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    write_pdf(tmp_path / "corpus", "a.pdf", first_seed=1, words=40)
    return tmp_path / "corpus"


def wide_page(folder: Path) -> Path:
    """A folder with a wide page: where a mode has tiles, two and not six."""
    document = pymupdf.open()
    page = document.new_page(width=1200, height=600)
    page.insert_textbox((40, 40, 1160, 560), prose(1), fontsize=16)
    folder.mkdir()
    (folder / "wide.pdf").write_bytes(document.tobytes(no_new_id=True))
    return folder


def read_in(profile: str, mode: str, folder: Path, edge_px: int = 900) -> dict[str, Any]:
    """The only row of a whole run with a tiny checkpoint, whose columns are checked."""
    checkpoint = shared_checkpoint(profile, SAYS)
    corpus = wide_page(folder / "corpus")
    extra = f"routing: never\ndedup: {{exact_text: false, near: null, image: null}}\n{LENIENT}"
    named = {"profile": profile} if PROFILES[profile].needs_name else {}
    spec = engine_text(checkpoint, mode=mode, max_new_tokens=64, **named)
    recipe = recipe_for(folder / "data", corpus, extra.replace("900", str(edge_px)) + spec)
    report = run_here(recipe)
    assert problems(folder / "data") == ()
    assert report.counts["pages"] == 1
    [row] = rows(folder / "data", "pages")
    assert SAYS in row["text"]
    # With a layout first, `SAYS` is no layout, so that the page is read whole.
    first = PROFILES[profile].layout_first
    assert 0 < row["output_tokens"] <= (128 if first else 64)
    assert (row["engine"], row["mode"]) == ("transformers", mode)
    revision = find_checkpoint(recipe.engine).revision
    assert (row["model"], row["model_revision"]) == (str(checkpoint), revision)
    known = next(each for each in PROFILES[profile].modes if each.name == mode)
    assert known.tokens is not None
    sizes = [(row["width"], row["height"]), *([(first.side_px,) * 2] if first else [])]
    assert row["vision_tokens"] == sum(known.tokens(*size).valid for size in sizes)
    return row


@pytest.mark.parametrize("profile", FAMILIES)
def test_every_profile_goes_from_checkpoint_to_parquet(profile: str, tmp_path: Path) -> None:
    read_in(profile, PROFILES[profile].default_mode, tmp_path)


def test_a_mode_of_deepseek_ocr_that_the_recipe_names_goes_to_parquet(tmp_path: Path) -> None:
    modes = [mode.name for mode in PROFILES["deepseek-ocr"].modes[:4]]
    for mode in random.sample(modes, few(1, of=len(modes))):
        (tmp_path / mode).mkdir()
        read_in("deepseek-ocr", mode, tmp_path / mode)


def test_the_largest_mode_of_deepseek_ocr_goes_to_parquet_with_tiles(tmp_path: Path) -> None:
    row = read_in("deepseek-ocr", "gundam-m", tmp_path, edge_px=1300)
    assert row["vision_tokens"] == 2 * 256 + 400


GROUNDED = (
    "<|ref|>title<|/ref|><|det|>[[100, 50, 900, 120]]<|/det|>\n# The kiln\n"
    "<|ref|>image<|/ref|><|det|>[[100, 200, 900, 600]]<|/det|>\n"
    "<|ref|>text<|/ref|><|det|>[[100, 650, 900, 700]]<|/det|>\nIt was fired twice."
)


def test_figures_of_pages_become_crops(corpus: Path, tmp_path: Path) -> None:
    folder = make_checkpoint("deepseek-ocr-2", tmp_path / "model", answer=GROUNDED)
    extra = f"routing: never\ndeep: true\ndedup: {{exact_text: false, near: null}}\n{LENIENT}"
    spec = engine_text(folder, mode="small", max_new_tokens=400)
    run_here(recipe_for(tmp_path / "data", corpus, extra + spec))
    assert problems(tmp_path / "data") == ()
    crops = rows(tmp_path / "data", "crops")
    assert [crop["label"] for crop in crops] == ["figure"]
    for page, crop in zip(rows(tmp_path / "data", "pages"), crops, strict=True):
        assert crop["page_id"] == page["page_id"]
        assert page["text"].startswith("# The kiln\n\n![figure](crops/")
        assert page["text"].endswith("It was fired twice.")
        assert [block["label"] for block in page["blocks"]] == ["title", "figure", "paragraph"]
        # The box is 100 to 900 of 999, plus one percent of the page on each side.
        assert crop["width"] == pytest.approx((800 / 999 + 0.02) * page["width"], abs=2)
        assert (
            "It was fired twice." in crop["text"]
        )  # the model gives the same answer to every image
        assert (crop["engine"], crop["mode"], crop["vision_tokens"]) == (
            "transformers",
            "small",
            144,
        )


IN_REGIONS = (
    "<|box_start|>100 050 900 120<|box_end|><|ref_start|>title<|ref_end|><|rotate_up|>\n"
    "<|box_start|>100 200 900 600<|box_end|><|ref_start|>image<|ref_end|><|rotate_up|>\n"
    f"<|box_start|>100 650 900 700<|box_end|><|ref_start|>text<|ref_end|><|rotate_up|>{SAYS}"
)


def test_pages_are_read_in_two_passes(corpus: Path, tmp_path: Path) -> None:
    """The model gives the same answer to every picture: a layout, and as a region's text `SAYS`."""
    folder = make_checkpoint("mineru-2.5", tmp_path / "model", answer=IN_REGIONS)
    extra = f"routing: never\ndedup: {{exact_text: false, near: null, image: null}}\n{LENIENT}"
    spec = engine_text(folder, profile="mineru-2.5", max_new_tokens=400)
    run_here(recipe_for(tmp_path / "data", corpus, extra + spec))
    assert problems(tmp_path / "data") == ()
    [row] = rows(tmp_path / "data", "pages")
    tokens = PROFILES["mineru-2.5"].modes[0].tokens
    assert tokens is not None
    heading, figure, text = row["blocks"]
    assert [each["label"] for each in row["blocks"]] == ["heading", "figure", "paragraph"]
    assert heading["bbox"] == pytest.approx([0.1, 0.05, 0.9, 0.12])
    assert text["bbox"] == pytest.approx([0.1, 0.65, 0.9, 0.7])
    assert heading["text"].startswith("## ")
    assert heading["text"].endswith(SAYS)
    assert text["text"].endswith(SAYS)
    assert figure["text"] == ""
    assert row["text"] == f"{heading['text']}\n\n{text['text']}"
    boxes = (each["bbox"] for each in (heading, text))
    # A region's pixels, with sides of at least 28.
    sizes = [
        (
            round(x1 * row["width"]) - round(x0 * row["width"]),
            round(y1 * row["height"]) - round(y0 * row["height"]),
        )
        for x0, y0, x1, y1 in boxes
    ]
    assert row["vision_tokens"] == sum(tokens(*size).valid for size in [(1036, 1036), *sizes])


def looping_recipe(corpus: Path, tmp_path: Path, more: str = "") -> Recipe:
    folder = make_checkpoint("lighton-ocr", tmp_path / "model", answer=SAYS, ends=False)
    spec = engine_text(folder, max_new_tokens=160)
    return recipe_for(tmp_path / "data", corpus, f"routing: never\n{LENIENT}{spec}{more}")


def test_a_page_that_loops_goes_to_the_fallback(corpus: Path, tmp_path: Path) -> None:
    run_here(looping_recipe(corpus, tmp_path, "fallback: {name: rapidocr}\n"))
    assert problems(tmp_path / "data") == ()
    [row] = rows(tmp_path / "data", "pages")
    assert (row["engine"], row["is_fallback"]) == ("rapidocr", True)
    assert prose(1).split()[:3] == row["text"].split()[:3]
    tried = [(one["engine"], one["guard"], one["outcome"]) for one in row["attempts"]]
    assert tried[0] == ("transformers", "", "loop")
    assert tried[1][:2] == ("transformers", "12/1024")
    assert tried[-1] == ("rapidocr", "", "ok")


def test_a_page_that_only_loops_is_a_reject_with_its_reasons(corpus: Path, tmp_path: Path) -> None:
    report = run_here(looping_recipe(corpus, tmp_path))
    assert problems(tmp_path / "data") == ()
    assert sum(report.rejects.values()) == 1 + 1  # the page, and its document
    rejects = [row for row in rows(tmp_path / "data", "rejects") if row["level"] == "page"]
    assert [row["attempts"][0]["outcome"] for row in rejects] == ["loop"]


def test_turned_scans_are_stored_upright(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    path = write_pdf(tmp_path, "page.pdf", first_seed=7, words=40)
    with pymupdf.open(path) as document:
        pixmap = document[0].get_pixmap(dpi=150)
        upright = Image.frombytes("RGB", (pixmap.width, pixmap.height), pixmap.samples)
    corpus.mkdir()
    for degrees in (0, 90, 180, 270):
        upright.rotate(-degrees, expand=True).save(corpus / f"{degrees}.png")
    extra = "raster: {longest_edge_px: 900}\ndedup: {exact_text: false, near: null}\n"
    run_here(recipe_for(tmp_path / "data", corpus, extra))
    assert problems(tmp_path / "data") == ()
    by_name = {Path(row["source_uri"]).stem: row for row in rows(tmp_path / "data", "pages")}
    assert {name: row["rotation"] for name, row in by_name.items()} == {
        "0": 0,
        "90": 270,
        "180": 180,
        "270": 90,
    }
    for row in by_name.values():
        assert row["height"] > row["width"]
        assert row["text_hash"] == by_name["0"]["text_hash"]
        assert [one["rotation"] for one in row["attempts"]] == [0, row["rotation"]][
            : 1 + (row["rotation"] > 0)
        ]
