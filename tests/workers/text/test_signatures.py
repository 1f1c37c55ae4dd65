"""Equal contents have equal signatures, and estimates are near the true similarity."""

from __future__ import annotations

import hashlib
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image, ImageDraw

from tests.builders import PROSE
from workers.text.signatures import (
    IMAGE_HASH_BYTES,
    TEXT_HASH_BYTES,
    image_hash,
    minhash,
    shingle_hashes,
    text_hash,
    words,
)

uint64s = arrays.arrays(np.uint64, st.integers(0, 50), elements=st.integers(0, 2**64 - 1))


@given(uint64s, uint64s)
def test_the_signature_of_a_union_is_the_minimum_of_the_signatures(left, right) -> None:
    union = minhash(np.union1d(left, right), 32)
    assert np.array_equal(union, np.minimum(minhash(left, 32), minhash(right, 32)))


def test_a_set_larger_than_a_chunk_is_signed_whole() -> None:
    shingles = np.arange(5000, dtype=np.uint64)
    parts = [minhash(shingles[start::7], 16) for start in range(7)]
    assert np.array_equal(minhash(shingles, 16), np.minimum.reduce(parts))


def test_the_empty_set_signs_as_all_ones() -> None:
    assert (minhash(shingle_hashes([]), 128) == np.iinfo(np.uint64).max).all()


@pytest.mark.parametrize("shared", [0, 200, 1000, 1600, 1800, 2000])
def test_equal_entries_estimate_the_jaccard_similarity(shared: int) -> None:
    hashes = np.random.default_rng(shared).integers(0, 2**64 - 1, 4000, dtype=np.uint64)
    left, right = hashes[:2000], hashes[2000 - shared : 4000 - shared]
    jaccard = shared / (4000 - shared)
    estimate = (minhash(left, 1024) == minhash(right, 1024)).mean()
    assert abs(estimate - jaccard) <= 5 * math.sqrt(jaccard * (1 - jaccard) / 1024)


def test_small_and_regular_shingles_are_spread_as_well() -> None:
    left, right = np.arange(0, 3000, dtype=np.uint64), np.arange(1000, 4000, dtype=np.uint64)
    estimate = (minhash(left, 1024) == minhash(right, 1024)).mean()
    assert abs(estimate - 0.5) <= 5 * math.sqrt(0.25 / 1024)


def test_signatures_are_those_of_published_datasets() -> None:
    """Stored signatures are compared with new ones, so new bytes need a new schema version."""
    found = words(PROSE)
    signature = minhash(shingle_hashes(found), 128).astype("<u8").tobytes()
    assert hashlib.sha256(signature).hexdigest()[:16] == "8bece8da5ca0396d"
    assert text_hash(found).hex() == "f5adc0dabf96965c51a7c31d8cc38c05"


@given(st.text())
def test_any_text_has_words_and_a_hash(text: str) -> None:
    found = words(text)
    assert all(found)
    assert len(text_hash(found)) == TEXT_HASH_BYTES
    hashes = shingle_hashes(found)
    assert np.array_equal(hashes, np.unique(hashes))
    assert (len(hashes) == 0) == (not found)


def test_lone_surrogates_have_a_hash_too() -> None:
    assert text_hash(["\ud800"]) != text_hash(["\ud801"])
    assert len(shingle_hashes(["\ud800"])) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Two  words,\nthen THREE.", ["two", "words", "then", "three"]),
        ("**bold** | 12,5 |", ["bold", "12", "5"]),
        ("STRASSE straße", ["strasse", "strasse"]),
        ("ﬁne １２", ["fine", "12"]),
        ("陶器の窯 kiln", ["陶", "器", "の", "窯", "kiln"]),
        ("snake_case", ["snake", "case"]),
        ("…—!", []),
    ],
)
def test_words_are_folded_and_unspaced_scripts_are_cut_by_character(text, expected) -> None:
    assert words(text) == expected


@given(st.lists(st.text(st.characters(categories=["Ll", "Nd"]), min_size=1)))
def test_spacing_and_marks_do_not_change_the_text_hash(found: list[str]) -> None:
    assert text_hash(words("\n ".join(found))) == text_hash(words(" *".join(found) + "."))


def test_a_short_text_is_one_shingle() -> None:
    assert len(shingle_hashes(["one", "two"])) == 1
    assert len(shingle_hashes(list("abcdef"))) == 2
    assert len(shingle_hashes(["again"] * 50)) == 1


def sheet(seed: int, size: tuple[int, int] = (600, 800)) -> Image.Image:
    """A page of bars of seeded lengths, drawn at any size."""
    lengths = np.random.default_rng(seed).uniform(0.2, 0.9, 24)
    image = Image.new("L", size, 255)
    draw = ImageDraw.Draw(image)
    for line, length in enumerate(lengths):
        top = size[1] * (line + 1) / 26
        draw.rectangle((0.05 * size[0], top, length * size[0], top + size[1] / 50), fill=0)
    return image


def distance(left: Image.Image, right: Image.Image) -> int:
    pair = (int.from_bytes(image_hash(image), "big") for image in (left, right))
    return (next(pair) ^ next(pair)).bit_count()


def test_a_page_at_another_size_or_brightness_is_near_and_another_page_is_far() -> None:
    page = sheet(1)
    assert len(image_hash(page)) == IMAGE_HASH_BYTES
    assert distance(page, sheet(1, (1200, 1600))) <= 7
    assert distance(page, page.point(lambda grey: 40 + grey // 2)) <= 7
    assert distance(page, sheet(2)) > 40


@pytest.mark.parametrize("size", [(1, 1), (1, 2000), (63, 65)])
def test_a_page_of_any_size_has_a_hash(size: tuple[int, int]) -> None:
    assert len(image_hash(Image.new("L", size, 128))) == IMAGE_HASH_BYTES
