"""Updating an inventory: which files leave, which stay, and a second update changes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Literal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.inventory import Document, update_inventory, where_from
from schemas.provenance import Provenance
from schemas.shards import Member, PageRange, SeenFile
from schemas.tables import INVENTORY
from tests.builders import make_doc_id

PDF = "application/pdf"
missing_rules = st.sampled_from(["keep", "remove"])
# A state of the sources: the number of the content by URI; a missing file has no entry.
contents = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 3))


def file_of(uri: str, content: int) -> SeenFile:
    return SeenFile(uri, 100 + content, f"version {content}")


def document_of(content: int, *files: SeenFile) -> Document:
    return Document(make_doc_id(content), files, PDF, content + 1)


def examine(files: Iterable[SeenFile]) -> list[tuple[SeenFile, Document]]:
    return [(file, document_of(file.size - 100, file)) for file in files]


def refresh(
    known: list[Document],
    state: dict[str, int],
    on_missing: Literal["keep", "remove"],
    unreadable: frozenset[str] = frozenset(),
) -> list[Document]:
    """Do as a run does: list the sources, examine new files, bring the inventory up to date."""
    listed = [file_of(uri, content) for uri, content in state.items()]
    known_files = {file for document in known for file in document.files}
    new = [file for file in listed if file not in known_files and file.uri not in unreadable]
    return update_inventory(known, listed, examine(new), on_missing, unreadable)


def uris(inventory: list[Document]) -> dict[str, str]:
    return {file.uri: document.doc_id for document in inventory for file in document.files}


@given(contents, contents, missing_rules)
def test_every_listed_file_is_under_the_document_it_holds_now(before, now, on_missing) -> None:
    inventory = refresh(refresh([], before, on_missing), now, on_missing)
    placed = uris(inventory)
    assert {uri: placed[uri] for uri in now} == {uri: make_doc_id(c) for uri, c in now.items()}
    left_over = set(placed) - set(now)
    assert left_over == (set(before) - set(now) if on_missing == "keep" else set())


@given(contents, contents, missing_rules)
def test_a_second_refresh_changes_nothing(before, now, on_missing) -> None:
    settled = refresh(refresh([], before, on_missing), now, on_missing)
    assert refresh(settled, now, on_missing) == settled


@given(contents, contents, missing_rules, st.randoms())
def test_arrival_order_changes_nothing(before, now, on_missing, random) -> None:
    known = refresh([], before, on_missing)
    listed = [file_of(uri, content) for uri, content in now.items()]

    def in_any_order() -> list[Document]:
        shuffled = random.sample(listed, len(listed))
        return update_inventory(
            random.sample(known, len(known)), shuffled, examine(shuffled), on_missing
        )

    assert in_any_order() == in_any_order() == refresh(known, now, on_missing)


@given(contents, contents, missing_rules)
def test_documents_are_sorted_unique_and_have_files(before, now, on_missing) -> None:
    inventory = refresh(refresh([], before, on_missing), now, on_missing)
    ids = [document.doc_id for document in inventory]
    assert ids == sorted(set(ids))
    for document in inventory:
        assert document.files
        others = [file.uri for file in document.files[1:]]
        assert others == sorted(others)


@given(contents, contents, missing_rules)
def test_a_name_stays_while_its_file_is_there_and_is_else_of_one_that_is(
    before, now, on_missing
) -> None:
    known = refresh([], before, on_missing)
    names = {document.doc_id: document.source_uri for document in known}
    assert all(
        document.source_uri == min(file.uri for file in document.files) for document in known
    )
    for document in refresh(known, now, on_missing):
        every = [file.uri for file in document.files]
        there = [uri for uri in every if uri in now] or every
        name = names.get(document.doc_id)
        assert document.source_uri == (name if name in there else min(there))


def test_a_changed_file_leaves_its_old_document() -> None:
    known = refresh([], {"a": 1, "b": 1}, "keep")
    assert uris(refresh(known, {"a": 2, "b": 1}, "keep")) == {
        "a": make_doc_id(2),
        "b": make_doc_id(1),
    }
    documents = refresh(refresh([], {"a": 1}, "keep"), {"a": 2}, "keep")
    assert [document.doc_id for document in documents] == [make_doc_id(2)]


def test_a_file_whose_content_stayed_is_under_its_new_version_only() -> None:
    touched = SeenFile("a", 101, "touched")
    known = refresh([], {"a": 1}, "keep")
    (document,) = update_inventory(known, [touched], [(touched, known[0])], "keep")
    assert document == replace(known[0], files=(touched,))


def test_equal_files_are_one_document_named_by_the_first_uri() -> None:
    (document,) = refresh([], {"b": 1, "a": 1, "c": 1}, "keep")
    assert document.source_uri == "a"
    assert [file.uri for file in document.files] == ["a", "b", "c"]


def test_bytes_that_one_name_makes_a_document_are_one_whatever_comes_first() -> None:
    text, markdown = SeenFile("a.txt", 5, "1"), SeenFile("b.md", 5, "1")
    refused = Document(make_doc_id(1), (text,), None, None, "not_a_document", "starts with ...")
    readable = Document(make_doc_id(1), (markdown,), "text/markdown", 1)
    found = [(text, refused), (markdown, readable)]
    expected = [replace(readable, files=(text, markdown))]
    assert update_inventory([], [text, markdown], found, "keep") == expected
    assert update_inventory([], [text, markdown], found[::-1], "keep") == expected
    assert update_inventory([refused], [text, markdown], found[1:], "keep") == expected
    assert update_inventory([readable], [text, markdown], found[:1], "keep") == [
        replace(readable, files=(markdown, text))
    ]


@pytest.mark.parametrize("on_missing", ["keep", "remove"])
def test_a_file_that_cannot_be_read_now_stays_where_it_was(on_missing) -> None:
    known = refresh([], {"a": 1}, "keep")
    assert refresh(known, {"a": 2}, on_missing, frozenset("a")) == known


def test_pages_of_a_document_are_one_range() -> None:
    file = file_of("a", 2)
    assert document_of(2, file).pages == PageRange(make_doc_id(2), 0, 3, PDF, (file,))


@given(contents)
def test_documents_survive_their_table(state: dict[str, int]) -> None:
    bad = Document(make_doc_id(9), (file_of("z", 0),), None, None, "corrupt", "no header")
    inventory = [*refresh([], state, "keep"), bad]
    table = pa.Table.from_pylist([document.to_row() for document in inventory], schema=INVENTORY)
    assert [Document.from_row(row) for row in table.to_pylist()] == inventory


# ---- where documents are from -------------------------------------------------------------------

TITLED = Provenance(title="A title")
OWN = Provenance(title="A title", license="CC-BY-4.0", license_from="document")


def packed(container: str, fetched: str) -> SeenFile:
    url = "https://example.org/a.pdf"
    member = Member(f"urn:uuid:1 {url}", "warc", 0, 9, fetched=fetched)
    return SeenFile(f"{container}!{member.name}", 100, "version 0", member)


def listing(file: SeenFile) -> SeenFile:
    return SeenFile(file.container, file.size, file.version)


def test_a_new_document_says_what_its_place_and_its_file_say() -> None:
    file = packed("crawl", "2026-01-02T03:04:05Z")
    found = [(file, replace(document_of(0), own=TITLED))]
    (document,) = update_inventory([], [listing(file)], found, "keep", licenses={"crawl": "MIT"})
    assert document.provenance == Provenance(
        container="crawl",
        url="https://example.org/a.pdf",
        fetched="2026-01-02T03:04:05Z",
        title="A title",
        license="MIT",
        license_from="recipe",
    )
    table = pa.Table.from_pylist([document.to_row()], schema=INVENTORY)
    assert Document.from_row(table.to_pylist()[0]) == document


def test_when_the_first_file_leaves_the_next_one_says_where_the_document_is_from() -> None:
    first, second = packed("a", "2026-01-02T03:04:05Z"), packed("b", "2026-02-02T03:04:05Z")
    found = [(file, replace(document_of(0), own=TITLED)) for file in (second, first)]
    known = update_inventory([], list(map(listing, (first, second))), found, "remove")
    assert known[0].provenance == where_from(TITLED, first)
    (now,) = update_inventory(known, [listing(second)], [], "remove")
    assert now.provenance == where_from(TITLED, second)


def test_a_document_of_an_earlier_release_stays_as_it_is_until_it_is_examined() -> None:
    file = packed("crawl", "2026-01-02T03:04:05Z")
    old = document_of(0, file)
    assert update_inventory([old], [listing(file)], [], "keep") == [old]
    found = [(file, replace(old, own=TITLED))]
    (now,) = update_inventory([old], [listing(file)], found, "keep")
    assert now.provenance == where_from(TITLED, file)


@pytest.mark.parametrize(
    ("stated", "recipe", "license"),
    [
        (TITLED, None, None),
        (TITLED, "MIT", "MIT"),
        (OWN, "MIT", "CC-BY-4.0"),
        (OWN, None, "CC-BY-4.0"),
    ],
)
def test_the_recipes_licence_comes_and_goes_without_examining(
    stated: Provenance, recipe: str | None, license: str | None
) -> None:
    file = file_of("a", 0)
    (new,) = update_inventory([], [file], [(file, replace(document_of(0), own=stated))], "keep")
    given = {"a": recipe} if recipe else {}
    (now,) = update_inventory([new], [file], [], "keep", licenses=given)
    assert now.provenance.license == license
    assert update_inventory([now], [file], [], "keep") == [new]
    assert update_inventory([now], [], [], "keep", licenses={}) == [now]  # a missing file stays


def test_a_file_that_is_examined_again_says_what_is_stated_there_now() -> None:
    before, after = (
        replace(file_of("a", 0), stated=Provenance(title=title)) for title in ("Old", "New")
    )
    (known,) = update_inventory([], [before], [(before, document_of(0))], "keep")
    assert known.provenance.title == "Old"
    (now,) = update_inventory([known], [after], [(after, known)], "keep")
    assert (now.provenance.title, now.files[0].stated.title) == ("New", "New")
    table = pa.Table.from_pylist([now.to_row()], schema=INVENTORY)
    again = Document.from_row(table.to_pylist()[0])
    assert (again, again.files[0].stated) == (now, now.files[0].stated)


def test_rows_of_an_earlier_release_tell_apart_what_the_document_states() -> None:
    """They have no column `own`; a licence of theirs may be the recipe's."""
    old = document_of(0, packed("crawl", "2026-01-02T03:04:05Z"))
    for licence_from, license in (("document", "CC-BY-4.0"), ("recipe", None)):
        said = Provenance(
            *("crawl", "https://example.org/a.pdf", "2026-01-02T03:04:05Z", "A title"),
            license="CC-BY-4.0",
            license_from=licence_from,
        )
        row = replace(old, provenance=said).to_row()
        del row["own"]
        own = Document.from_row(row).own
        assert (own.title, own.license, own.url) == ("A title", license, None)
