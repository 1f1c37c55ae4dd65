"""The list of what was taken down survives JSON, and never loses or doubles an id."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.forgotten import Entry, Forgotten

IDS = st.text("0123456789abcdef", min_size=64, max_size=64)
REASONS = st.none() | st.text(max_size=20)
LISTS = st.builds(
    Forgotten,
    st.dictionaries(IDS, st.builds(Entry, st.just("2026-11-30"), REASONS), max_size=4),
    st.frozensets(st.just("pages/data/part-1.parquet")),
)


@given(LISTS)
def test_a_list_survives_json(forgotten: Forgotten) -> None:
    assert Forgotten.from_json(forgotten.to_json()) == forgotten


@given(LISTS, st.frozensets(IDS, max_size=3), REASONS)
def test_adding_keeps_what_is_there_and_dropping_undoes_it(forgotten, ids, reason) -> None:
    more = forgotten.adding(ids, "2027-01-01", reason)
    assert more.ids == forgotten.ids | ids
    assert forgotten.documents.items() <= more.documents.items()
    assert more.adding(ids, "2028-01-01", "again") == more
    assert more.dropping(ids - forgotten.ids) == forgotten
    assert (more.digest() == forgotten.digest()) == (ids <= forgotten.ids)
    assert (more.digest() is None) == (not more.ids)


OTHERS = [b"", b"null", b"[]", b"{}", b'{"documents": [], "erased": []}', b"[" * 10_000]


@given(st.binary(max_size=60) | st.sampled_from(OTHERS))
def test_other_bytes_are_no_list(data: bytes) -> None:
    with pytest.raises(
        ValueError, match=r"not a list|[Ee]xpecting|Extra data|codec|Invalid|Unterminated"
    ):
        Forgotten.from_json(data)


def test_a_name_that_is_no_id_is_refused() -> None:
    with pytest.raises(ValueError, match="'x' is not the id of a document"):
        Forgotten.from_json(b'{"documents": {"x": {"date": "2026-11-30"}}, "erased": []}')
