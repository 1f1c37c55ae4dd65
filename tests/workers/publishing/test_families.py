"""Large components: the same drops as by comparing all, or only similar ones where bounded."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.recipe import Dedup, NearImage, NearText
from tests.many import few
from workers.publishing.decisions import KINDS, Duplicates, decide, similar_pairs
from workers.publishing.duplicates import Indices, Items
from workers.publishing.families import Bounds

PERMUTATIONS = 32
NEAR = NearText(jaccard=0.75, permutations=PERMUTATIONS, bands=8)
DEDUP = Dedup(near=NEAR, image=NearImage(max_distance_bits=3))
# Batches of two, an index at once, and room for all: nothing may be lost.
LOSSLESS = Bounds(family=0, rare=254, key_members=99, small=0, first_batch=2, largest_batch=4)
# Nearly every token is common, and one member stands for each key.
TIGHT = replace(LOSSLESS, rare=2, key_members=1)


@dataclass(frozen=True)
class Component:
    """Items that share keys, some by templates that they are filled from."""

    items: Items

    def shuffled(self, order: Indices) -> Component:
        items = self.items
        assert items.image_hashes is not None
        return Component(
            Items(
                items.ids[order],
                items.scores[order],
                items.text_tokens[order],
                items.text_hashes[order],
                items.image_hashes[order],
                items.signatures[order],
            )
        )


@st.composite
def components(draw: st.DrawFn, most: int = 40) -> Component:
    """Items that differ from one of two templates in up to half of their entries."""
    count = draw(st.integers(2, most))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    templates = random.integers(0, 2**63, (2, PERMUTATIONS)).astype(np.uint64)
    signatures = templates[random.integers(0, 2, count)]
    # Few values, so that items share what sets them apart from their template.
    own = random.integers(0, draw(st.sampled_from([2, 9, 2**40])), signatures.shape)
    shares = random.choice([0.0, 0.05, 0.15, 0.3, 0.5], (count, 1))
    is_own = random.random(signatures.shape) < shares
    signatures = np.where(is_own, own.astype(np.uint64), signatures)
    pictures = random.integers(0, 256, (3, 32), np.uint8)[random.integers(0, 3, count)]
    pictures[:, 5] ^= random.integers(0, 8, count).astype(np.uint8)
    texts = np.array([row.tobytes() for row in signatures])
    _, text = np.unique(texts, return_inverse=True)
    few_words = random.integers(0, 2, count)
    tokens = np.where(random.random(count) < 0.3, NEAR.min_text_tokens - 1, NEAR.min_text_tokens)
    text = np.where(tokens < NEAR.min_text_tokens, few_words, text + 2)
    return Component(
        Items(
            ids=random.permutation(count),
            scores=random.choice([0.5, 0.9], count),
            text_tokens=tokens,
            text_hashes=np.char.zfill(text.astype("S16"), 16),
            image_hashes=pictures,
            signatures=signatures,
        )
    )


Drop = tuple[int, int, str, float]


def drops(component: Component, bounds: Bounds, settings: Dedup = DEDUP) -> set[Drop]:
    """By ids."""
    ids = component.items.ids
    found: Duplicates = decide(
        component.items, np.arange(len(ids)), np.array([len(ids)]), settings, bounds
    )
    rows = zip(found.index, found.keeper, found.kind, found.similarity, strict=True)
    return {(int(ids[i]), int(ids[k]), KINDS[kind], float(s)) for i, k, kind, s in rows}


def compared(items: Items, left: int, right: int, settings: Dedup) -> tuple[str, float] | None:
    """How one pair compares, as the recipe's words say it."""
    near = settings.near or NearText()
    wordy = items.text_tokens >= near.min_text_tokens
    same_text = items.text_hashes[left] == items.text_hashes[right]
    if wordy[left] != wordy[right]:
        return None
    if wordy[left]:
        if settings.exact_text and same_text:
            return "exact_text", 1.0
        jaccard = float((items.signatures[left] == items.signatures[right]).mean())
        is_near = settings.near is not None and jaccard >= near.jaccard
        return ("near_text", jaccard) if is_near else None
    if settings.image is None or not same_text:
        return None
    assert items.image_hashes is not None
    differing = items.image_hashes[left] ^ items.image_hashes[right]
    distance = int(np.bitwise_count(differing).sum())
    is_near = distance <= settings.image.max_distance_bits
    return ("near_image", 1 - distance / 256) if is_near else None


def by_comparing_all(component: Component, settings: Dedup) -> set[Drop]:
    items = component.items
    kept: list[int] = []
    found = set()
    for item in sorted(range(len(items.ids)), key=lambda n: (-items.scores[n], items.ids[n])):
        similar = [(k, pair) for k in kept if (pair := compared(items, item, k, settings))]
        if not similar:
            kept.append(item)
            continue
        keeper, (kind, similarity) = max(
            similar, key=lambda pair: (pair[1][0] == "exact_text", pair[1][1])
        )  # the first of the best
        found.add((int(items.ids[item]), int(items.ids[keeper]), kind, similarity))
    return found


SETTINGS = [
    DEDUP,
    Dedup(near=NEAR, exact_text=False, image=NearImage(max_distance_bits=0)),
    Dedup(near=None, image=None),
    Dedup(near=NEAR, image=NearImage(max_distance_bits=256)),
]


@settings(max_examples=few(80, of=2000))
@given(component=components(), dedup=st.sampled_from(SETTINGS))
def test_an_index_with_room_loses_no_pair(component: Component, dedup: Dedup) -> None:
    expected = by_comparing_all(component, dedup)
    assert drops(component, LOSSLESS, dedup) == expected
    assert drops(component, Bounds(), dedup) == expected


@given(components(), st.randoms())
def test_arrival_changes_nothing_where_comparing_is_bounded(component: Component, random) -> None:
    order = np.array(random.sample(range(len(component.items.ids)), len(component.items.ids)))
    assert drops(component.shuffled(order), TIGHT) == drops(component, TIGHT)


@given(components())
def test_bounded_comparing_drops_only_what_is_similar_to_a_better_kept_one(
    component: Component,
) -> None:
    items = component.items
    found = drops(component, TIGHT)
    place = {int(name): n for n, name in enumerate(items.ids)}
    assert {keeper for _, keeper, _, _ in found}.isdisjoint(dropped for dropped, *_ in found)
    for dropped, keeper, kind, similarity in found:
        left, right = place[dropped], place[keeper]
        assert compared(items, left, right, DEDUP) == (kind, similarity)
        assert (-items.scores[right], keeper) < (-items.scores[left], dropped)


@given(components(most=12), st.integers(0, 2**32))
def test_components_decide_alike_alone_and_together(component: Component, seed: int) -> None:
    items, count = component.items, len(component.items.ids)
    order = np.random.default_rng(seed).permutation(count)
    cut = count // 2
    sizes = np.array([cut, count - cut])
    both = decide(items, order, sizes, DEDUP)
    alone = [decide(items, part, np.array([len(part)]), DEDUP) for part in np.split(order, [cut])]
    joined = Duplicates.of(alone)
    assert both.index.tolist() == joined.index.tolist()
    assert both.keeper.tolist() == joined.keeper.tolist()


def sets_of(pairs: Indices, count: int) -> set[frozenset[int]]:
    """The sets of two items or more that pairs connect."""
    of_item = [{item} for item in range(count)]
    for left, right in pairs.tolist():
        joined = of_item[left] | of_item[right]
        for item in joined:
            of_item[item] = joined
    return {frozenset(items) for items in of_item if len(items) > 1}


def linked_by_comparing_all(component: Component, settings: Dedup) -> set[frozenset[int]]:
    items = component.items
    pairs = [
        (left, right)
        for left in range(len(items.ids))
        for right in range(left)
        if compared(items, left, right, settings)
    ]
    return sets_of(np.array(pairs, np.int64).reshape(-1, 2), len(items.ids))


def linked(component: Component, bounds: Bounds, settings: Dedup = DEDUP) -> set[frozenset[int]]:
    count = len(component.items.ids)
    pairs = similar_pairs(component.items, np.arange(count), np.array([count]), settings, bounds)
    assert len(pairs) < count
    return sets_of(pairs, count)


@settings(max_examples=few(80, of=2000))
@given(component=components(), dedup=st.sampled_from(SETTINGS))
def test_all_similar_members_are_linked_whichever_are_kept(
    component: Component, dedup: Dedup
) -> None:
    expected = linked_by_comparing_all(component, dedup)
    assert linked(component, LOSSLESS, dedup) == expected
    assert linked(component, Bounds(), dedup) == expected


@given(components())
def test_bounded_linking_joins_only_similar_members(component: Component) -> None:
    every = linked_by_comparing_all(component, DEDUP)
    assert all(any(found <= whole for whole in every) for found in linked(component, TIGHT))
