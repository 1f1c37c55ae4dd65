"""Every change between two versions has its reason, and rows that stay are no change."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.changes import CHANGE, COLUMNS, REASONS, Settings
from schemas.ids import page_id
from tests.builders import make_doc_id
from workers.dataset.changes import Rows, explain, no_rows

SAME = Settings(reading_differs=False, publish_differs=False)
OTHER_DEDUP = Settings(reading_differs=False, publish_differs=True)
OTHER_READING = Settings(reading_differs=True, publish_differs=False)


@dataclass
class Version:
    """Rows of a version as plain dicts."""

    pages: list[dict[str, Any]] = field(default_factory=list)
    conversations: list[dict[str, Any]] = field(default_factory=list)
    documents: list[dict[str, Any]] = field(default_factory=list)
    rejects: list[dict[str, Any]] = field(default_factory=list)
    inventory: list[dict[str, Any]] = field(default_factory=list)

    def source(self, number: int, *uris: str, stamp: str = "1", pages: int | None = 1) -> Version:
        seen = [{"uri": uri, "size": 9, "version": stamp} for uri in uris]
        reason = "corrupt" if pages is None else None
        row = {"doc_id": make_doc_id(number), "uris": seen, "page_count": pages, "reason": reason}
        self.inventory.append(row)
        return self

    def page(self, number: int, index: int = 0, uri: str = "a.pdf", **other: Any) -> Version:
        doc_id = make_doc_id(number)
        row = {"page_id": page_id(doc_id, index), "doc_id": doc_id, "source_uri": uri}
        self.pages.append(row | {"text_hash": b"t", "recipe_digest": "d"} | other)
        return self

    def conversation(self, number: int, uri: str = "a.jsonl") -> Version:
        doc_id = make_doc_id(number)
        row = {"page_id": page_id(doc_id, 0), "doc_id": doc_id, "source_uri": uri}
        self.conversations.append(row | {"text_hash": b"t", "recipe_digest": "d"})
        return self

    def document(self, number: int, uri: str = "a.pdf") -> Version:
        row = {"doc_id": make_doc_id(number), "source_uri": uri}
        self.documents.append(row | {"text_hash": b"t", "recipe_digest": "d"})
        return self

    def reject(
        self, number: int, index: int | None, reason: str, kept: str | None = None, **other: Any
    ) -> Version:
        doc_id = make_doc_id(number)
        row = {
            "level": "document" if index is None else "page",
            "reason": reason,
            "doc_id": doc_id,
            "page_id": None if index is None else page_id(doc_id, index),
            "source_uri": "a.pdf",
            "kept_id": kept,
            "similarity": 0.875 if kept else None,
        }
        self.rejects.append(row | other)
        return self

    def rows(self) -> Rows:
        tables = {}
        for name in COLUMNS:
            listed = getattr(self, name)
            tables[name] = pa.Table.from_pylist(listed, schema=no_rows(name).schema)
        return tables


def page(number: int, index: int = 0) -> str:
    return page_id(make_doc_id(number), index)


def changes(old: Version, new: Version, under: Settings = SAME) -> dict[str, list[tuple[str, ...]]]:
    """(change, why, detail) by table; each has one change at most in these tests."""
    found = explain(old.rows(), new.rows(), under)
    return {
        name: [(row["change"], row["why"], row["detail"]) for row in table.to_pylist()]
        for name, table in found.items()
    }


def test_pages_of_a_new_document_and_of_one_that_left() -> None:
    old, new = Version(), Version().source(1, "a.pdf").page(1)
    assert changes(old, new)["pages"] == [("added", "new_document", None)]
    assert changes(old, new)["inventory"] == [("added", "new_document", None)]
    assert changes(new, old)["pages"] == [("removed", "document_left", None)]
    assert changes(new, old)["inventory"] == [("removed", "document_left", None)]


def test_conversations_come_and_go_as_pages_do() -> None:
    old = Version().source(1, "a.jsonl").conversation(1)
    new = Version().source(2, "b.jsonl").conversation(2).reject(1, 0, "duplicate", page(2))
    assert changes(Version(), old)["conversations"] == [("added", "new_document", None)]
    assert [change[:2] for change in changes(old, new)["conversations"]] == [
        ("added", "new_document"),
        ("removed", "duplicate"),
    ]


def test_a_changed_file_is_named_with_both_documents() -> None:
    old = Version().source(1, "a.pdf").page(1).document(1)
    new = Version().source(2, "a.pdf", "b.pdf").page(2).document(2)
    for table in ("pages", "documents", "inventory"):
        assert changes(old, new)[table] == [
            ("added", "file_changed", f"a.pdf held {make_doc_id(1)}"),
            ("removed", "file_changed", f"a.pdf holds {make_doc_id(2)}"),
        ]


def test_a_file_that_took_the_content_of_another_changed_too() -> None:
    # a.pdf held document 1; now it holds 2, which b.pdf holds as before: nothing is new.
    old = Version().source(1, "a.pdf").source(2, "b.pdf").page(1).page(2, uri="b.pdf")
    new = Version().source(2, "a.pdf", "b.pdf").page(2, uri="a.pdf")
    assert changes(old, new)["pages"] == [
        ("changed", "moved", "was b.pdf"),
        ("removed", "file_changed", f"a.pdf holds {make_doc_id(2)}"),
    ]
    assert ("changed", "files", "was in b.pdf") in changes(old, new)["inventory"]


def test_a_duplicate_whose_keeper_left_comes_back() -> None:
    old = Version().source(1, "a.pdf").page(1).reject(2, 0, "duplicate", kept=page(1))
    new = Version().page(2)
    assert ("added", "keeper_left", f"was a duplicate of {page(1)}") in changes(old, new)["pages"]
    assert changes(old, new)["rejects"] == [("removed", "duplicate", f"kept: {page(1)}")]


@pytest.mark.parametrize(
    ("under", "why"),
    [(SAME, "no_longer_duplicate"), (OTHER_DEDUP, "settings_changed"),
     (OTHER_READING, "settings_changed")],
)  # fmt: skip
def test_a_duplicate_that_is_kept_beside_its_keeper(under: Settings, why: str) -> None:
    old = Version().reject(2, 0, "duplicate", kept=page(1))
    assert changes(old, Version().page(2), under)["pages"] == [
        ("added", why, f"was a duplicate of {page(1)}")
    ]


def test_a_page_gives_way_to_a_better_new_one() -> None:
    old = Version().page(2)
    new = Version().source(1, "a.pdf").page(1).reject(2, 0, "duplicate", kept=page(1))
    # Under other settings too: what explains it is the new page.
    for under in (SAME, OTHER_DEDUP):
        assert ("removed", "duplicate", f"0.875 like {page(1)}") in changes(old, new, under)[
            "pages"
        ]


@pytest.mark.parametrize(("under", "why"), [(SAME, "duplicate"), (OTHER_DEDUP, "settings_changed")])
def test_a_page_gives_way_to_one_that_was_there(under: Settings, why: str) -> None:
    new = Version().reject(2, 0, "duplicate", kept=page(1))
    assert changes(Version().page(2), new, under)["pages"] == [
        ("removed", why, f"0.875 like {page(1)}")
    ]


@pytest.mark.parametrize(
    ("under", "came", "went"),
    [(SAME, "read_now", "rejected"), (OTHER_READING, "settings_changed", "settings_changed"),
     (OTHER_DEDUP, "read_now", "rejected")],
)  # fmt: skip
def test_a_page_that_was_or_is_another_reject(under: Settings, came: str, went: str) -> None:
    bad = Version().reject(1, 0, "low_confidence", detail="0.31")
    good = Version().page(1)
    assert changes(bad, good, under)["pages"] == [("added", came, "was low_confidence")]
    assert changes(good, bad, under)["pages"] == [("removed", went, "low_confidence: 0.31")]


def test_pages_of_a_document_that_could_not_be_counted() -> None:
    bad = Version().source(1, "a.pdf", pages=None).reject(1, None, "corrupt")
    good = Version().source(1, "a.pdf").page(1)
    assert changes(bad, good)["pages"] == [("added", "read_now", "was corrupt")]
    assert changes(bad, good)["inventory"] == [("changed", "counted_anew", None)]
    assert changes(good, bad)["pages"] == [("removed", "rejected", "corrupt")]


def test_a_document_that_is_a_duplicate_says_nothing_of_its_pages() -> None:
    old = Version().reject(1, None, "duplicate", kept=make_doc_id(2))
    new = Version().source(1, "a.pdf").page(1)
    assert changes(old, new)["pages"] == [("added", "new_document", None)]


def test_whole_documents_have_reasons_of_their_own() -> None:
    old = Version().document(1).source(1, "a.pdf").reject(2, None, "duplicate", make_doc_id(1))
    new = Version().document(2).reject(3, None, "no_readable_page", detail="none of its 2 pages")
    found = changes(old, new)
    assert found["documents"] == [
        ("added", "keeper_left", f"was a duplicate of {make_doc_id(1)}"),
        ("removed", "document_left", None),
    ]
    assert found["rejects"] == [
        ("added", "no_readable_page", "none of its 2 pages"),
        ("removed", "duplicate", f"kept: {make_doc_id(1)}"),
    ]


@pytest.mark.parametrize(
    ("other", "expected"),
    [({"uri": "b.pdf"}, ("changed", "moved", "was a.pdf")),
     ({"recipe_digest": "e"}, ("changed", "re_read", "the same text")),
     ({"recipe_digest": "e", "text_hash": b"u"}, ("changed", "re_read", "another text")),
     ({"uri": "b.pdf", "text_hash": b"u"}, ("changed", "re_read", "another text"))],
)  # fmt: skip
def test_a_row_that_stays_but_changed(other: dict[str, Any], expected: tuple[str, ...]) -> None:
    assert changes(Version().page(1), Version().page(1, **other))["pages"] == [expected]


def test_a_reject_that_stays_but_changed() -> None:
    first = Version().reject(1, 0, "duplicate", kept=page(2))
    assert changes(first, Version().reject(1, 0, "duplicate", kept=page(3)))["rejects"] == [
        ("changed", "other_keeper", f"{page(2)} before, {page(3)} now")
    ]
    assert changes(first, Version().reject(1, 0, "blank"))["rejects"] == [
        ("changed", "other_reason", "duplicate before, blank now")
    ]
    moved = Version().reject(1, 0, "duplicate", kept=page(2), source_uri="b.pdf")
    assert changes(first, moved)["rejects"] == [("changed", "moved", "duplicate")]


def test_files_of_a_document_that_stays() -> None:
    old = Version().source(1, "a.pdf", "b.pdf")
    fewer, touched = Version().source(1, "b.pdf"), Version().source(1, "a.pdf", "b.pdf", stamp="2")
    assert changes(old, fewer)["inventory"] == [("changed", "files", "was in a.pdf, b.pdf")]
    assert changes(old, touched)["inventory"] == [("changed", "touched", None)]


def test_what_nothing_explains_is_said() -> None:
    assert changes(Version(), Version().page(1))["pages"] == [("added", "unexplained", None)]
    assert changes(Version().page(1), Version())["pages"] == [("removed", "unexplained", None)]


# ---- what must hold always -------------------------------------------------------------------

# For each of four documents of two pages, by version: absent, uncountable, or a fate for each page.
fates = st.sampled_from(["page", "blank", "duplicate"])
states = st.lists(
    st.one_of(st.none(), st.just("corrupt"), st.tuples(fates, fates)), min_size=4, max_size=4
)
digests = st.sampled_from([SAME, OTHER_DEDUP, OTHER_READING])


def build(state: list[Any], names: str) -> Version:
    version = Version()
    for number, fate in enumerate(state):
        if fate is None:
            continue
        uri = f"{names[number]}.pdf"
        version.source(number, uri, pages=None if fate == "corrupt" else 2)
        if fate == "corrupt":
            version.reject(number, None, "corrupt")
            continue
        for index, what in enumerate(fate):
            if what == "page":
                version.page(number, index, uri=uri)
            else:
                kept = page(3, 0) if what == "duplicate" else None
                version.reject(number, index, what, kept=kept)
    return version


def keys(version: Version, name: str) -> set[str]:
    key = {"pages": "page_id", "rejects": "page_id"}.get(name, "doc_id")
    return {row[key] or row["doc_id"] for row in getattr(version, name)}


@given(states, states, st.permutations("abcd"), st.permutations("abcd"), digests)
@settings(max_examples=60, deadline=None)
def test_what_came_and_went_is_the_difference_of_the_versions(
    before: list[Any], after: list[Any], names: list[str], other_names: list[str], under: Settings
) -> None:
    old, new = build(before, "".join(names)), build(after, "".join(other_names))
    for name, table in explain(old.rows(), new.rows(), under).items():
        assert table.schema == CHANGE
        found = {
            kind: {row["id"] for row in table.to_pylist() if row["change"] == kind}
            for kind in ("added", "removed", "changed")
        }
        assert found["added"] == keys(new, name) - keys(old, name)
        assert found["removed"] == keys(old, name) - keys(new, name)
        assert found["changed"] <= keys(old, name) & keys(new, name)
        assert sum(map(len, found.values())) == len(table)
        words = set(table["why"].to_pylist())
        if name != "rejects":
            # The ledger holds in both versions, so nothing is left unexplained.
            assert words <= REASONS.keys() - {"unexplained"}


@given(states, states, st.lists(fates, min_size=1, max_size=6), digests)
@settings(max_examples=40, deadline=None)
def test_rows_that_stay_in_a_part_written_again_are_no_change(
    before: list[Any], after: list[Any], bystanders: list[str], under: Settings
) -> None:
    def with_bystanders(state: list[Any]) -> Rows:
        version = build(state, "abcd")
        for number, what in enumerate(bystanders, 10):
            version.source(number, f"{number}.pdf")
            if what == "page":
                version.page(number)
            else:
                version.reject(number, 0, what)
        return version.rows()

    alone = explain(build(before, "abcd").rows(), build(after, "abcd").rows(), under)
    beside = explain(with_bystanders(before), with_bystanders(after), under)
    assert {name: table.to_pylist() for name, table in alone.items()} == {
        name: table.to_pylist() for name, table in beside.items()
    }
