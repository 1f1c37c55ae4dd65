"""Ids come from content alone, can be taken apart again, and give a seeded order."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.ids import crop_id, digest, order_key, page_id, row_order, split_page_id
from tests.builders import make_doc_id

doc_ids = st.integers().map(make_doc_id)
page_indices = st.integers(min_value=0, max_value=10**7)
parts = st.lists(st.one_of(st.text(), st.binary()))


@given(doc_ids, page_indices)
@example(make_doc_id(0), 99_999)
@example(make_doc_id(0), 100_000)
def test_page_ids_round_trip(doc_id: str, index: int) -> None:
    assert split_page_id(page_id(doc_id, index)) == (doc_id, index)


@given(
    st.one_of(
        st.text(),
        st.from_regex(r"[0-9a-f]{62,66}/[0-9]{3,7}", fullmatch=True),
        st.builds("{}/{}".format, doc_ids, st.text("0123456789-+ _٣\n", max_size=8)),
    )
)
@example(make_doc_id(0) + "/000001")
@example(make_doc_id(0) + "/00001\n")
def test_only_what_page_id_makes_is_a_page_id(value: str) -> None:
    try:
        taken_apart = split_page_id(value)
    except ValueError:
        return
    assert page_id(*taken_apart) == value


def test_a_wrong_page_id_is_named() -> None:
    with pytest.raises(ValueError, match=r"not a page id: 'chapter/one'"):
        split_page_id("chapter/one")


def test_page_ids_of_a_document_sort_by_page() -> None:
    ids = [page_id(make_doc_id(1), index) for index in range(0, 100_000, 997)]
    assert ids == sorted(ids)


@given(parts, parts)
@example(["ab", "c"], ["a", "bc"])
@example([], [""])
def test_digest_keeps_different_lists_apart(left: list[str | bytes], right: list[str | bytes]):
    def as_bytes(values: list[str | bytes]) -> list[bytes]:
        return [v.encode("utf-8", "surrogatepass") if isinstance(v, str) else v for v in values]

    assert (digest(left) == digest(right)) == (as_bytes(left) == as_bytes(right))


@given(st.lists(st.text(st.characters(codec="utf-8")), unique=True), st.integers(), st.randoms())
def test_the_seeded_order_is_a_permutation_that_arrival_cannot_change(ids, seed, random) -> None:
    arrived = random.sample(ids, len(ids))
    ordered = sorted(arrived, key=lambda row: order_key(seed, row))
    assert ordered == sorted(ids, key=lambda row: order_key(seed, row))
    assert sorted(ordered) == sorted(ids)
    assert len({order_key(seed, row) for row in ids}) == len(ids)


def test_another_seed_gives_another_order() -> None:
    ids = [page_id(make_doc_id(1), index) for index in range(100)]
    orders = {tuple(sorted(ids, key=lambda row: order_key(seed, row))) for seed in (0, 1, -1)}
    assert len(orders) == 3
    assert tuple(ids) not in orders


@given(st.integers(), st.randoms())
def test_crops_follow_the_order_of_their_pages_and_of_their_numbers(seed, random) -> None:
    pages = [page_id(make_doc_id(1), index) for index in range(5)]
    crops = [crop_id(page, number) for page in pages for number in (0, 1, 9, 10, 99, 100, 101)]
    random.shuffle(crops)
    crops.sort(key=lambda crop: row_order(seed, crop))
    pages.sort(key=lambda page: order_key(seed, page))
    assert crops == [crop_id(page, n) for page in pages for n in (0, 1, 9, 10, 99, 100, 101)]
    assert row_order(seed, pages[0]) == (order_key(seed, pages[0]), 0)
