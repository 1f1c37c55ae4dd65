"""Ids as arrays: every id comes back as it was, and what is no id stays a text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from schemas.ids import PAGE_ID, page_id
from workers.dataset.keys import DocIds, DocIndex, Keys, doc_keys, doc_texts, page_keys

raw = st.binary(min_size=32, max_size=32) | st.integers(0, 3).map(lambda n: bytes(31) + bytes([n]))
doc_ids = raw.map(bytes.hex)
page_ids = st.builds(page_id, doc_ids, st.integers(0, 999_999_999))
near_misses = st.sampled_from(
    ["", "0" * 64, f"{'0' * 64}/", f"{'0' * 64}/012345", f"{'G' * 64}/00001", f"{'0' * 64}-00001",
     f"{'A' * 64}/00001", f"{'0' * 64}/0000:", f"{'0' * 64}/1234567890", f"{'é' * 32}/00001"]
)  # fmt: skip


def docs_of(texts: Sequence[str]) -> DocIds:
    """Raw ids of texts that are known to be document ids."""
    return np.frombuffer(bytes.fromhex("".join(texts)), "S32")


@given(st.lists(page_ids | near_misses | st.text(max_size=80), max_size=30), st.integers(0, 3))
def test_page_ids_come_back_and_others_stay_texts(texts: list[str], skipped: int) -> None:
    texts = [text for text in texts if text.isprintable()]
    keys, rows = page_keys(pa.array(texts, pa.string()).slice(skipped))
    texts = texts[skipped:]
    is_id = [PAGE_ID.fullmatch(text) is not None and len(text) < 75 for text in texts]
    assert dict(zip(rows.tolist(), keys.page_ids(), strict=True)) == {
        row: text for row, text in enumerate(texts) if is_id[row]
    }
    assert list(keys.odd) == [text for row, text in enumerate(texts) if not is_id[row]]


@given(st.lists(doc_ids | near_misses, max_size=30))
def test_document_ids_come_back_and_others_stay_texts(texts: list[str]) -> None:
    keys, rows = doc_keys(pa.array(texts, pa.string()))
    found = zip(rows.tolist(), doc_texts(keys.doc), strict=True)
    assert all(texts[row] == text for row, text in found)
    assert sorted([*doc_texts(keys.doc), *keys.odd]) == sorted(texts)
    assert doc_texts(docs_of(doc_texts(keys.doc))) == doc_texts(keys.doc)


@given(st.sets(doc_ids), st.lists(doc_ids, max_size=20))
def test_a_document_has_its_place_among_the_sorted_ids(known: set[str], asked: list[str]) -> None:
    index = DocIndex.of(docs_of(sorted(known, reverse=True)))
    asked += sorted(known)
    places = {name: number for number, name in enumerate(sorted(known))}
    assert index.numbers(docs_of(asked)).tolist() == [places.get(name, -1) for name in asked]


def test_ids_that_begin_with_the_same_bytes_are_told_apart() -> None:
    names = [f"{'ab' * 8}{number:048x}" for number in range(20)]
    index = DocIndex.of(docs_of(names[::2]))
    assert index.numbers(docs_of(names)).tolist() == [n // 2 if n % 2 == 0 else -1
                                                      for n in range(20)]  # fmt: skip


def test_keys_are_joined_and_taken() -> None:
    first, _ = page_keys(pa.array([page_id("0" * 64, 7), "odd"]))
    second, _ = page_keys(pa.array([page_id("f" * 64, 100_000)]))
    both = Keys.joined([first, second])
    assert both.page_ids() == [page_id("0" * 64, 7), page_id("f" * 64, 100_000)]
    assert both.odd == ("odd",)
    assert both.take(np.array([1])).page_ids() == [page_id("f" * 64, 100_000)]
    assert len(Keys.joined([])) == 0
