"""Shards are identified by their pages; receipts survive JSON, other text is a ValueError."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.ids import page_id
from schemas.shards import CropsFile, Receipt, SeenFile
from tests.builders import make_doc_id, make_shard

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=8,
)
counts = st.integers(min_value=0)
receipts = st.builds(
    Receipt,
    shard_id=st.text(),
    recipe_digest=st.text(),
    ranges=st.lists(st.tuples(st.text(), counts, counts)).map(tuple),
    rows_sha256=st.text(),
    images_sha256=st.text(),
    rows_bytes=counts,
    images_bytes=counts,
    outcomes=st.dictionaries(st.text(), counts),
    crops=st.none() | st.builds(CropsFile, st.text(), counts, counts),
)
FIELDS = Receipt("s", "d", (), "r", "i", 0, 0, {}).to_json()


def test_a_shard_is_known_by_its_pages_and_digest_not_by_where_its_files_lie() -> None:
    shard = make_shard((1, 0, 3), (2, 5, 6))
    moved = replace(shard.ranges[0], files=(SeenFile("s3://elsewhere/x", 1, "etag"),))
    assert replace(shard, ranges=(moved, *shard.ranges[1:])).shard_id == shard.shard_id
    others = [
        make_shard((1, 0, 3)),
        make_shard((2, 5, 6), (1, 0, 3)),
        make_shard((1, 0, 4), (2, 5, 6)),
        replace(shard, recipe_digest="another"),
    ]
    assert len({shard.shard_id, *(other.shard_id for other in others)}) == 5


def test_page_ids_are_all_pages_in_order() -> None:
    shard = make_shard((1, 1, 3), (2, 0, 1))
    expected = [page_id(make_doc_id(n), index) for n, index in ((1, 1), (1, 2), (2, 0))]
    assert list(shard.page_ids()) == expected
    assert shard.page_count == 3


@given(receipts)
def test_receipts_survive_json_on_one_line(receipt: Receipt) -> None:
    text = receipt.to_json()
    assert Receipt.from_json(text) == receipt
    assert "\n" not in text


def test_a_receipt_without_crops_does_not_speak_of_them() -> None:
    assert "crops" not in FIELDS


def with_ranges(value: object) -> str:
    return json.dumps(json.loads(FIELDS) | {"ranges": value})


def with_crops(value: object) -> str:
    return json.dumps(json.loads(FIELDS) | {"crops": value})


@given(
    st.one_of(
        st.text(),
        json_values.map(json.dumps),
        json_values.map(with_ranges),
        json_values.map(with_crops),
    )
)
@example(FIELDS[:-1])
@example("[" * 100_000)
@example(with_ranges([["doc", 0, float("inf")]]))
def test_what_is_no_receipt_is_only_ever_a_value_error(text: str) -> None:
    try:
        receipt = Receipt.from_json(text)
    except ValueError:
        return
    assert isinstance(receipt, Receipt)


def test_an_unknown_or_missing_key_is_no_receipt() -> None:
    fields = json.loads(FIELDS)
    for wrong in (fields | {"more": 1}, {k: v for k, v in fields.items() if k != "outcomes"}):
        with pytest.raises(ValueError, match="not a receipt"):
            Receipt.from_json(json.dumps(wrong))
