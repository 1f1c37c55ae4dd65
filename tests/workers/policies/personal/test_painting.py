"""A painted picture says what the masked text says, and nothing that was to be hidden."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from schemas.findings import Finding
from schemas.personal import Personal
from schemas.recipe import Raster
from schemas.rows import BlockRow
from tests.workers.policies.personal.pictures import PAPER, Drawn, Reader, drawn
from tests.workers.policies.personal.test_masking import block
from workers.policies.personal import Found, Region, find, find_in_page, paint, regions_of
from workers.policies.personal.line_reader import read_lines
from workers.policies.personal.painting import own_format
from workers.policies.personal.placing import WHOLE

MASK = Personal(default="mask")
TEXTS = ("Write to ada@lovelace.org today", "or call +44 20 7946 0958 at noon")


def region(text: str) -> Region:
    return Region(WHOLE, text, find(text, "en"))


def painted(page: Drawn, **options: object) -> tuple[Image.Image, str, Reader]:
    reader = Reader(page)
    result = paint(page.data, [region(" ".join(TEXTS))], reader, MASK, Raster(), "en")
    assert result.left == 0
    with Image.open(io.BytesIO(result.data)) as picture:
        return picture.convert("RGB"), " ".join(line.text for line in reader(result.data)), reader


def test_values_go_and_other_words_stay() -> None:
    page = drawn(*TEXTS)
    _, read, _ = painted(page)
    assert "ada" not in read
    assert "7946" not in read
    for word in ("Write to", "today", "or call", "at noon"):
        assert word in read


def test_the_paper_has_its_colour_and_the_placeholder_that_of_the_ink() -> None:
    page = drawn(*TEXTS)
    now = np.asarray(painted(page)[0]).astype(int)
    before = np.asarray(page.picture).astype(int)
    changed = now[(now != before).any(axis=2)]
    is_paper = (np.abs(changed - PAPER) <= 2).all(axis=1)
    assert is_paper.mean() > 0.5
    assert changed.sum(axis=1).min() < 250  # ink


def test_other_parts_of_the_picture_do_not_change() -> None:
    page = drawn(*TEXTS, "nothing to hide")
    now = np.asarray(painted(page)[0])[95:]
    assert (now == np.asarray(page.picture)[95:]).all()


def test_what_only_the_picture_says_goes_too() -> None:
    page = drawn(*TEXTS, "stamped: carla@quarry.net")
    assert "carla" not in painted(page)[1]


def test_a_line_that_is_still_read_goes_as_a_whole() -> None:
    page = drawn(*TEXTS)
    first = page.lines[0]
    # The reader's places are wrong, so that the first shape misses the value.
    wrong = first._replace(places=tuple(place / 20 for place in first.places))
    reader = Reader(page)
    answers = iter([[wrong, page.lines[1]]])
    result = paint(
        page.data,
        [region(" ".join(TEXTS))],
        lambda data: next(answers, None) or reader(data),
        MASK,
        Raster(),
        "en",
    )
    assert result.left == 0
    assert result.places["line"] >= 1
    assert "ada" not in " ".join(line.text for line in reader(result.data))


def test_what_the_reader_goes_on_reading_is_counted() -> None:
    page = drawn(*TEXTS)
    result = paint(page.data, [region(" ".join(TEXTS))], lambda _: page.lines, MASK, Raster(), "en")
    assert result.left == 2


def test_a_narrow_value_gets_a_bar() -> None:
    page = drawn("pw: aB3!")
    regions = [Region(WHOLE, "pw: aB3!", [Finding(4, 8, "pii", "password")])]
    result = paint(page.data, regions, Reader(page), MASK, Raster())
    with Image.open(io.BytesIO(result.data)) as picture:
        rows = np.asarray(picture.convert("L"))[20:40, 68:100]
    assert np.median(rows.min(axis=0)) < 120  # the bar is solid


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_the_file_keeps_its_format(kind: str) -> None:
    page = drawn(*TEXTS, kind=kind)
    result = paint(page.data, [region(" ".join(TEXTS))], lambda _: [], MASK, Raster())
    with Image.open(io.BytesIO(result.data)) as picture:
        assert picture.format == kind
        assert picture.size == page.picture.size


def test_the_quality_is_the_recipes() -> None:
    assert own_format(b"\xff\xd8", Raster(quality=70)).quality == 70
    assert own_format(b"RIFF", Raster(quality=70)).format == "webp"
    assert own_format(b"\x89PNG", Raster(quality=70)).format == "png"


def test_what_is_no_image_is_an_error() -> None:
    with pytest.raises(OSError, match="identify"):
        paint(b"no image", [], lambda _: [], MASK, Raster())


def page_regions(text: str, *blocks: BlockRow) -> list[Region]:
    found = find_in_page(text, blocks, "en", MASK)
    return regions_of(text, blocks, found, MASK.masked_kinds)


def test_regions_are_cells_before_blocks_before_the_page() -> None:
    mail = "ada@lovelace.org"
    table = block(f"| {mail} |", mail, label="table")
    assert [one.text for one in page_regions(mail, table)] == [mail]
    assert [one.text for one in page_regions(mail, block(f"to {mail}"))] == [f"to {mail}"]
    assert [one.text for one in page_regions(mail, block("other"))] == [mail]
    assert page_regions("nothing", block("other")) == []


def test_only_masked_kinds_have_regions() -> None:
    found = Found((Finding(0, 4, "pii", "ip"),), (), ())
    assert regions_of("text", [], found, frozenset({"email"})) == []


def test_the_default_engine_reads_the_placeholder_and_not_the_value() -> None:
    page = drawn(*TEXTS)
    before = " ".join(line.text for line in read_lines(page.data))
    assert "lovelace" in before
    result = paint(page.data, [region(" ".join(TEXTS))], read_lines, MASK, Raster(), "en")
    after = " ".join(line.text for line in read_lines(result.data))
    assert "lovelace" not in after
    assert "0958" not in after
    assert "[EMAIL]" in after
    assert "today" in after
