"""The ledger in arrays says what one of sets and counters would say, whatever the rows are."""

from __future__ import annotations

from collections import Counter

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pipelines.dataset.ledger import IN_MAIN_TABLE, MOST_NAMED, Ledger
from schemas.ids import page_id
from workers.dataset.audit import Duplicates
from workers.dataset.keys import Keys, doc_keys, page_keys

DOCS = [f"{number:02x}" * 32 for number in (0, 1, 255)] + ["ab" * 31 + "00"]
docs = st.sampled_from(DOCS)
pages = st.builds(page_id, docs, st.integers(0, 4)) | st.sampled_from(["", "no id"])


def keys_of(ids: list[str]) -> Keys:
    read = page_keys if any("/" in name for name in ids) else doc_keys
    return read(pa.array(ids, pa.string()))[0]


def said_of(lines: list[str], label: str) -> tuple[list[str], int]:
    """The ids that lines of a label name, and how many they count."""
    named = [line.split(": this ")[0] for line in lines if f": this {label}; " in line]
    more = [line.split()[2] for line in lines if line.endswith(f"more: {label}")]
    return named, len(named) + sum(int(count.replace(",", "")) for count in more)


def check(lines: list[str], label: str, expected: set[str]) -> None:
    named, count = said_of(lines, label)
    assert (named, count) == (sorted(expected)[:MOST_NAMED], len(expected))


@given(
    st.dictionaries(docs, st.integers(0, 4)),
    st.lists(st.lists(pages, max_size=8), max_size=4),
    st.lists(docs, max_size=6),
)
def test_rows_are_counted_as_sets_would(
    inventory: dict[str, int], parts: list[list[str]], documents: list[str]
) -> None:
    joined = keys_of(list(inventory))
    ledger = Ledger([Keys(joined.doc, joined.index + list(inventory.values()))])
    for part in parts:
        ledger.pages.count(page_keys(pa.array(part, pa.string()))[0])
    ledger.documents.count(keys_of(documents))
    lines = list(ledger.problems())
    wanted = {page_id(name, index) for name, count in inventory.items() for index in range(count)}
    for what, expected, found in (
        ("page", wanted, Counter(name for part in parts for name in part)),
        ("document", set(inventory), Counter(documents)),
    ):
        label = f"{what} of the inventory has no row and no reject"
        check(lines, label, expected - found.keys())
        check(lines, f"{what} is not in the inventory", found.keys() - expected)
        doubled = {name for name, count in found.items() if count > 1}
        check(lines, f"{what} has more than one row", doubled)


@given(st.lists(pages, unique=True), st.lists(st.tuples(pages, pages), max_size=12))
def test_each_duplicate_must_name_what_is_kept(
    kept: list[str], rejects: list[tuple[str, str]]
) -> None:
    inventory = doc_keys(pa.array(DOCS))[0]
    ledger = Ledger([Keys(inventory.doc, inventory.index + 5)])
    ledger.pages.count(page_keys(pa.array(kept, pa.string()))[0], IN_MAIN_TABLE)
    good = [pair for pair in rejects if "/" in pair[0] and "/" in pair[1]]
    own, keepers = (page_keys(pa.array([pair[n] for pair in good], pa.string()))[0] for n in (0, 1))
    odd = tuple(pair for pair in rejects if pair not in good)
    ledger.pages.check_keepers(Duplicates(own, keepers, odd))
    lines = [line for line in ledger.problems() if "duplicate page" in line]
    lost = [pair for pair in rejects if pair in odd or pair[1] not in kept]
    assert [line.partition(", which")[0] for line in lines[:MOST_NAMED]] == [
        f"{mine}: this duplicate page names {keeper}" for mine, keeper in sorted(lost)[:MOST_NAMED]
    ]
    assert (len(lines) > MOST_NAMED) is (len(lost) > MOST_NAMED)


def test_a_page_with_very_many_rows_is_one_problem() -> None:
    """A counter of one byte must not come round to none."""
    name = page_id(DOCS[1], 0)
    ledger = Ledger(
        [Keys(doc_keys(pa.array([DOCS[1]]))[0].doc, page_keys(pa.array([name]))[0].index + 1)]
    )
    for _ in range(300):
        ledger.pages.count(page_keys(pa.array([name] * 2))[0])
    lines = [line for line in ledger.problems() if "page" in line]
    assert [line.partition(";")[0] for line in lines] == [
        f"{name}: this page has more than one row"
    ]


def test_a_document_that_is_twice_in_the_inventory_is_named() -> None:
    twice = doc_keys(pa.array([DOCS[1], DOCS[1]]))[0]
    lines = list(Ledger([twice]).problems())
    assert lines[0].startswith(f"{DOCS[1]}: this document is in the inventory more than once; ")
