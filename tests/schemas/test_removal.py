"""Counts of the documents and pages that leave a dataset with deleted files."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from schemas.inventory import Document
from schemas.removal import Removal, removal
from schemas.shards import SeenFile


def document(doc_id: str, uri: str, pages: int = 1, media_type: str = "image/png") -> Document:
    return Document(doc_id, (SeenFile(uri, 1, "1"),), media_type, pages)


def test_documents_whose_files_are_gone_are_counted_with_their_pages() -> None:
    known = [document(str(n), f"{n}.pdf", pages=n) for n in range(5)]
    assert removal(known, known[:3]) == Removal(2, 5, 3 + 4, 10)
    assert removal(known, known[:3]).share == 0.7


def test_a_file_that_was_edited_is_not_gone() -> None:
    known = [document("a", "one.png"), document("b", "two.png")]
    assert removal(known, [document("c", "one.png"), document("d", "two.png")]).share == 0


def test_a_file_that_was_edited_to_fewer_pages_counts_those() -> None:
    assert removal([document("a", "one.pdf", 10)], [document("b", "one.pdf", 4)]) == Removal(
        0, 1, 6, 10
    )


def test_records_of_a_file_that_was_written_anew_make_up_for_each_other() -> None:
    def record(doc_id: str, number: int) -> Document:
        return document(doc_id, f"c.jsonl#0123456789abcdef/{number}", 2, "made/text")

    known = [record(f"old {n}", n) for n in range(10)]
    assert removal(known, [record(f"new {n}", n) for n in range(12)]).share == 0
    assert removal(known, [record(f"new {n}", n) for n in range(3)]) == Removal(7, 10, 14, 20)


def test_a_first_run_removes_nothing() -> None:
    assert removal([], [document("a", "one.png")]) == Removal(0, 0, 0, 0)
    assert removal([], []).share == 0


DOCUMENTS = st.lists(
    st.builds(
        document, st.text("abcdef", min_size=1, max_size=2), st.sampled_from("wxyz"),
        st.integers(0, 9),
    ),
    unique_by=lambda entry: entry.doc_id,
)  # fmt: skip


@given(DOCUMENTS, DOCUMENTS)
def test_no_more_leaves_than_there_was(known: list[Document], now: list[Document]) -> None:
    removed = removal(known, now)
    assert 0 <= removed.documents <= removed.of_documents == len(known)
    assert 0 <= removed.pages <= removed.of_pages
    assert 0 <= removed.share <= 1
    kept = {document.doc_id for document in now}
    if all(document.doc_id in kept for document in known):
        assert removed.share == 0
