from __future__ import annotations

import io
import random
from collections.abc import Callable

import numpy as np
import pymupdf
import pytest
from PIL import Image

from schemas.decontaminate import Benchmark
from schemas.degrade import LEVELS, Degrade
from tests.made_prose import made_words
from workers.policies.decontamination import (
    Item,
    PictureIndex,
    build_pictures,
    find_pictures,
)
from workers.policies.decontamination.pictures import compare
from workers.synthetic.degrade import degrade
from workers.text.signatures import image_hash

EXAM = Benchmark(name="exam", file=("exam.pdf",))


def drawn(seed: int) -> Image.Image:
    page = pymupdf.open().new_page()
    text = " ".join(made_words(random.Random(seed), 350))
    assert page.insert_textbox((50, 50, 545, 800), text, fontsize=12, fontname="tiro") > 0
    pixels = page.get_pixmap(matrix=pymupdf.Matrix(1.5, 1.5))
    return Image.frombytes("RGB", (pixels.width, pixels.height), pixels.samples)


def encoded(picture: Image.Image, quality: int = 92) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return file.getvalue()


def hash_of(picture: Image.Image) -> bytes:
    return image_hash(picture.convert("L"))


PAGES = [drawn(seed) for seed in range(4)]
ITEMS = [Item("exam", f"exam.pdf:{n}", (), encoded(page)) for n, page in enumerate(PAGES[:2])]


@pytest.fixture(scope="module")
def index() -> PictureIndex:
    return build_pictures([*ITEMS, Item("exam", "text", (("text", "no picture"),))], [EXAM])


def found(index: PictureIndex, pictures: list[Image.Image]) -> list[list[str | None]]:
    findings = find_pictures(
        index, [hash_of(one) for one in pictures], lambda row: encoded(pictures[row])
    )
    assert all(one.is_whole and one.kind == "exam" for row in findings for one in row)
    return [[one.detail for one in row] for row in findings]


@pytest.mark.parametrize(
    "changed",
    [
        lambda page: page,
        lambda page: page.resize((page.width // 2, page.height // 2)),
        lambda page: Image.open(io.BytesIO(encoded(page, quality=20))),
        *(
            lambda page, level=level: (
                degrade(page, np.random.default_rng(1), Degrade.model_validate(level)).picture
            )
            for level in LEVELS
        ),
    ],
    ids=["same", "half size", "JPEG 20", *LEVELS],
)
def test_a_page_is_found_by_its_picture(
    index: PictureIndex, changed: Callable[[Image.Image], Image.Image]
) -> None:
    assert found(index, [changed(page) for page in PAGES]) == [
        *([f"exam.pdf:{n}"] for n in range(2)),
        *([] for _ in range(2)),
    ]


def test_candidates_are_borne_out_by_their_pictures() -> None:
    all_near = EXAM.model_copy(update={"max_picture_bits": 256})
    index = build_pictures(ITEMS, [all_near])
    assert found(index, PAGES)[2:] == [[]] * 2


def test_pictures_are_read_only_of_candidates(index: PictureIndex) -> None:
    read: list[int] = []

    def picture(row: int) -> bytes:
        read.append(row)
        return encoded(PAGES[1])

    rows = [None, hash_of(PAGES[3]), bytes(32), hash_of(PAGES[1]), hash_of(PAGES[3])]
    findings = find_pictures(index, rows, picture)
    assert read == [3]
    assert [len(row) for row in findings] == [0, 0, 0, 1, 0]


def test_blank_pages_are_no_pages_of_a_benchmark() -> None:
    blank = Image.new("RGB", (100, 140), "white")
    index = build_pictures([Item("exam", "blank", (), encoded(blank))], [EXAM])

    def picture(row: int) -> bytes:
        raise AssertionError(f"row {row} is read")

    assert find_pictures(index, [bytes(32)], picture) == [[]]


def test_pages_with_hardly_any_print_are_not_compared() -> None:
    page = np.full((512, 512), 255.0)
    page[100:110, 100:110] = 0  # in one cell
    assert compare(page, page) == 0.0
    page[::9] = 0
    assert compare(page, page) > 0.99


def test_a_benchmark_may_compare_no_pictures() -> None:
    none = EXAM.model_copy(update={"max_picture_bits": None})
    index = build_pictures(ITEMS, [none])
    assert found(index, PAGES[:1]) == [[]]


def test_the_digest_changes_with_the_pictures(index: PictureIndex) -> None:
    assert build_pictures(reversed(ITEMS), [EXAM]).digest == index.digest
    assert build_pictures(ITEMS[1:], [EXAM]).digest != index.digest


def test_a_picture_too_small_to_read_is_no_evidence(index: PictureIndex) -> None:
    small = [page.resize((180, 250)) for page in PAGES]
    assert found(index, small) == [[]] * len(PAGES)
