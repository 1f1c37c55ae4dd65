"""Filters and the query of a link say the same."""

from __future__ import annotations

import string
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import RequestError
from workers.viewing.filters import ORDERS, TABLES, Filters

WORDS = st.none() | st.text(string.ascii_letters + "äß窑!#/ :&=%", min_size=1).map(
    str.strip
).filter(bool)
NUMBERS = st.none() | st.floats(allow_nan=False, allow_infinity=False)


def value_of(name: str) -> st.SearchStrategy:
    if name == "table":
        return st.sampled_from(TABLES)
    if name == "order":
        return st.sampled_from(ORDERS)
    if name == "search":
        return WORDS.map(lambda word: word or "")
    return NUMBERS if name.startswith(("min_", "max_")) else WORDS


FILTERS = st.builds(Filters, **{field.name: value_of(field.name) for field in fields(Filters)})


@given(FILTERS)
def test_a_link_leads_to_the_same_filters(filters: Filters) -> None:
    assert Filters.from_query(filters.to_query()) == filters


def test_a_link_has_only_what_chooses_something() -> None:
    assert Filters().to_query() == {}
    assert Filters(language="de", min_quality=0.5).to_query() == {
        "language": "de",
        "min_quality": "0.5",
    }
    assert Filters.from_query({"language": "  ", "page": "3", "order": "worst"}) == Filters(
        order="worst"
    )


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"table": "inventory"}, "`table` is 'inventory'; give one of pages, conversations"),
        ({"order": "random"}, "`order` is 'random'; give one of published, worst"),
        ({"min_quality": "high"}, "`min_quality` is 'high'; give a number"),
        ({"max_tokens": "nan"}, "`max_tokens` is 'nan'; give a number"),
        ({"max_tokens": "1e999"}, "give a number"),
        ({"search": "x" * 501}, "`search` has 501 characters; give at most 500"),
        ({"source": "x" * 4097}, "`source` has 4,097 characters"),
    ],
)
def test_a_bad_value_is_named_with_its_remedy(query: dict[str, str], said: str) -> None:
    with pytest.raises(RequestError) as error:
        Filters.from_query(query)
    assert said in str(error.value)
