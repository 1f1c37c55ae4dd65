"""Deduplication: keepers are kept, the dropped are truly similar, and arrival changes nothing."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.recipe import Dedup, NearImage, NearText
from tests.candidates import candidate_edges
from workers.publishing.decisions import KINDS, Duplicates, decide
from workers.publishing.duplicates import Items, Keys, band_keys, components
from workers.text.signatures import IMAGE_HASH_BYTES, minhash

NEAR = NearText(jaccard=0.6, permutations=64, bands=16)
DEDUP = Dedup(near=NEAR)
WORDY, BRIEF = NEAR.min_text_tokens, NEAR.min_text_tokens - 1


@functools.cache
def sign(shingles: frozenset[int]) -> Keys:
    hashes = np.array(sorted(shingles), np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return minhash(hashes, NEAR.permutations)


@dataclass(frozen=True)
class Page:
    """What deduplication knows of a page; `shingles` stand for its text."""

    name: str
    shingles: frozenset[int] = frozenset()
    score: float = 0.5
    text_tokens: int = WORDY
    image: int = 0

    @property
    def signature(self) -> Keys:
        return sign(self.shingles)

    @property
    def text_hash(self) -> bytes:
        return hashlib.blake2b(repr(sorted(self.shingles)).encode(), digest_size=16).digest()


@dataclass(frozen=True)
class Drop:
    name: str
    keeper: str
    kind: str
    similarity: float


def items_of(pages: list[Page]) -> Items:
    images = b"".join(page.image.to_bytes(IMAGE_HASH_BYTES, "big") for page in pages)
    return Items(
        ids=np.array([page.name for page in pages]),
        scores=np.array([page.score for page in pages]),
        text_tokens=np.array([page.text_tokens for page in pages]),
        text_hashes=np.array([page.text_hash for page in pages], "S16"),
        image_hashes=np.frombuffer(images, np.uint8).reshape(-1, IMAGE_HASH_BYTES),
        signatures=np.stack([page.signature for page in pages]),
    )


def deduplicate(pages: list[Page], settings: Dedup = DEDUP) -> set[Drop]:
    if not pages:
        return set()
    items = items_of(pages)
    members, sizes = components(candidate_edges(items, settings), len(pages))
    return drops_of(pages, decide(items, members, sizes, settings))


def drops_of(pages: list[Page], found: Duplicates) -> set[Drop]:
    assert len(set(found.index.tolist())) == len(found.index)
    drops = zip(found.index, found.keeper, found.kind, found.similarity, strict=True)
    return {Drop(pages[i].name, pages[k].name, KINDS[kind], s) for i, k, kind, s in drops}


# Runs of ten shingles out of thirteen: some equal, some near, some far. Images differ by few bits.
shingle_sets = st.integers(0, 13).map(lambda start: frozenset(range(start, start + 10)))
near_images = st.lists(st.integers(0, 255), max_size=24).map(
    lambda bits: sum(1 << b for b in set(bits))
)
pages = st.lists(
    st.builds(
        Page,
        name=st.integers(0, 999).map("page {:03d}".format),
        shingles=shingle_sets,
        score=st.sampled_from([0.5, 0.9]),
        text_tokens=st.sampled_from([BRIEF, WORDY]),
        image=near_images,
    ),
    max_size=14,
    unique_by=lambda page: page.name,
)


@given(pages, st.randoms())
def test_arrival_order_changes_nothing(found: list[Page], random) -> None:
    assert deduplicate(random.sample(found, len(found))) == deduplicate(found)


@given(pages)
def test_deduplicating_the_survivors_drops_nothing(found: list[Page]) -> None:
    dropped = {drop.name for drop in deduplicate(found)}
    assert deduplicate([page for page in found if page.name not in dropped]) == set()


@given(pages)
def test_every_keeper_is_kept_and_at_least_as_good(found: list[Page]) -> None:
    drops = deduplicate(found)
    by_name = {page.name: page for page in found}
    assert {drop.keeper for drop in drops}.isdisjoint(drop.name for drop in drops)
    for drop in drops:
        dropped, keeper = by_name[drop.name], by_name[drop.keeper]
        assert (-keeper.score, keeper.name) < (-dropped.score, dropped.name)


@given(pages)
def test_what_is_dropped_is_truly_similar_to_its_keeper(found: list[Page]) -> None:
    by_name = {page.name: page for page in found}
    for drop in deduplicate(found):
        dropped, keeper = by_name[drop.name], by_name[drop.keeper]
        assert dropped.text_tokens == keeper.text_tokens
        if drop.kind == "near_image":
            distance = (dropped.image ^ keeper.image).bit_count()
            assert distance <= 16
            assert dropped.shingles == keeper.shingles
            assert drop.similarity == 1 - distance / 256
        elif drop.kind == "exact_text":
            assert (dropped.shingles, drop.similarity) == (keeper.shingles, 1.0)
        else:
            equal = (dropped.signature == keeper.signature).mean()
            assert drop.similarity == equal >= NEAR.jaccard


@given(pages)
def test_equal_texts_never_both_survive(found: list[Page]) -> None:
    dropped = {drop.name for drop in deduplicate(found)}
    kept = [p.shingles for p in found if p.name not in dropped and p.text_tokens == WORDY]
    assert len(set(kept)) == len(kept)


@given(st.integers(0, 2**256 - 1), st.sets(st.integers(0, 255), max_size=16))
def test_images_within_the_distance_are_always_found(image: int, flipped: set[int]) -> None:
    other = image ^ sum(1 << bit for bit in flipped)
    first, second = (
        Page(name, image=bits, text_tokens=BRIEF) for name, bits in (("a", image), ("b", other))
    )
    (drop,) = deduplicate([first, second])
    assert (drop.name, drop.keeper, drop.kind) == ("b", "a", "near_image")


def test_pages_of_a_few_different_words_are_never_duplicates() -> None:
    heading, other = (Page(name, frozenset({n}), text_tokens=BRIEF) for n, name in enumerate("ab"))
    assert deduplicate([heading, other]) == set()


def test_a_chain_of_neighbours_drops_only_what_is_near_its_keeper() -> None:
    first, middle, last = (
        Page(name, frozenset(range(start, start + 100)), score)
        for name, start, score in (("first", 0, 0.9), ("middle", 18, 0.8), ("last", 36, 0.7))
    )
    (drop,) = deduplicate([first, middle, last])
    assert (drop.name, drop.keeper, drop.kind) == ("middle", "first", "near_text")


def test_the_better_page_is_kept_then_the_lower_id() -> None:
    text = frozenset(range(10))
    (drop,) = deduplicate([Page("a", text, score=0.5), Page("b", text, score=0.6)])
    assert (drop.name, drop.keeper) == ("a", "b")
    (drop,) = deduplicate([Page("b", text), Page("a", text)])
    assert (drop.name, drop.keeper) == ("b", "a")


def test_a_stage_that_is_off_drops_nothing() -> None:
    texts = [Page(name, frozenset(range(10)), image=n << 100) for n, name in enumerate("ab")]
    pictures = [Page(name, frozenset({1}), text_tokens=BRIEF) for name in "ab"]
    assert {d.kind for d in deduplicate(texts)} == {"exact_text"}
    assert {d.kind for d in deduplicate(texts, Dedup(exact_text=False, near=NEAR))} == {"near_text"}
    assert deduplicate(texts, Dedup(exact_text=False, near=None)) == set()
    assert {d.kind for d in deduplicate(pictures)} == {"near_image"}
    assert deduplicate(pictures, Dedup(near=NEAR, image=None)) == set()


@pytest.mark.parametrize("first", [BRIEF, WORDY])
def test_a_page_of_text_and_a_picture_are_never_duplicates(first: int) -> None:
    mixed = [
        Page("a", frozenset({1}), text_tokens=first),
        Page("b", frozenset({1}), text_tokens=BRIEF + WORDY - first),
    ]
    assert deduplicate(mixed) == set()
    for settings in (DEDUP, Dedup(exact_text=False, near=NEAR)):
        found = decide(items_of(mixed), np.arange(2), np.array([2]), settings)
        assert drops_of(mixed, found) == set()


def test_image_distance_follows_the_recipe() -> None:
    two = [Page("a", text_tokens=BRIEF), Page("b", text_tokens=BRIEF, image=0b111)]
    assert deduplicate(two, Dedup(near=NEAR, image=NearImage(max_distance_bits=2))) == set()
    assert len(deduplicate(two, Dedup(near=NEAR, image=NearImage(max_distance_bits=3)))) == 1


words64 = st.integers(0, 2**64 - 1)


@given(st.lists(st.lists(words64, min_size=8, max_size=8), min_size=2, max_size=2))
def test_band_keys_agree_exactly_where_the_rows_of_a_band_do(rows: list[list[int]]) -> None:
    signatures = np.array(rows, np.uint64)
    left, right = band_keys(signatures, bands=4)
    assert (left == right).tolist() == [
        rows[0][i : i + 2] == rows[1][i : i + 2] for i in (0, 2, 4, 6)
    ]
    assert band_keys(signatures, 1).shape == (2, 1)


@given(
    count=st.integers(1, 20),
    edges=st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=25),
    random=st.randoms(),
)
def test_components_are_the_connected_sets_in_any_order_of_edges(count, edges, random) -> None:
    edges = [(a % count, b % count) for a, b in edges]
    connected = {item: {item} for item in range(count)}
    for a, b in edges:
        joined = connected[a] | connected[b]
        connected.update(dict.fromkeys(joined, joined))
    expected = sorted({tuple(sorted(part)) for part in connected.values() if len(part) > 1})
    shuffled = np.array(random.sample(edges, len(edges)), np.int64).reshape(-1, 2)
    members, sizes = components([shuffled[:3], shuffled[3:]], count)
    found = np.split(members, np.cumsum(sizes)[:-1]) if len(sizes) else []
    assert [tuple(part.tolist()) for part in found] == expected


def test_no_items_have_no_duplicates() -> None:
    for count, edges in ((3, []), (0, []), (0, [np.zeros((0, 2), np.int64)])):
        members, sizes = components(edges, count)
        assert (len(members), len(sizes)) == (0, 0)
    assert band_keys(np.zeros((0, 64), np.uint64), 16).shape == (0, 16)
