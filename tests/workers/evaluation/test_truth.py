"""Ground-truth files find their documents, and a document's truth is cut into its pages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import SourceError
from workers.evaluation.truth import TruthFiles, cut_truth, find_truths

DOCUMENTS = ["/docs/a.pdf", "/docs/b.0001.pdf", "/docs/deep/c d.pdf", "/docs/e.pdf"]


def test_truths_are_found_by_name() -> None:
    files = [
        "/t/a.txt",
        "/t/b.0001.md",
        "/t/c d.0002.txt",
        "/t/c d.0010.md",
        "/t/z.txt",
        "/t/a.pdf",
    ]
    assert find_truths(DOCUMENTS, files) == {
        "/docs/a.pdf": TruthFiles(whole="/t/a.txt"),
        "/docs/b.0001.pdf": TruthFiles(whole="/t/b.0001.md"),
        "/docs/deep/c d.pdf": TruthFiles(pages={1: "/t/c d.0002.txt", 9: "/t/c d.0010.md"}),
    }


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (["/t/a.txt", "/t/a.md"], "both the truth"),
        (["/t/a.01.txt", "/t/a.001.md"], "both the truth"),
        (["/t/a.0000.txt"], "counted from 1"),
        (
            ["/t/a.txt", "/t/a.0001.txt"],
            "a truth for the whole document, /t/a.txt, and truths by page",
        ),
    ],
)
def test_truths_that_contradict_are_refused(files: list[str], message: str) -> None:
    with pytest.raises(SourceError, match=message):
        find_truths(DOCUMENTS, files)


def test_a_truth_of_two_documents_is_refused() -> None:
    with pytest.raises(SourceError, match=r"may be the truth of /a/x\.pdf or of /b/x\.png"):
        find_truths(["/b/x.png", "/a/x.pdf"], ["/t/x.txt"])


def test_a_truth_is_cut_where_its_pages_end() -> None:
    pages = ["the kiln was fired twice", "each bowl took two days", "clay from the bank"]
    read = ["the kiIn was tired twice", "each bow1 took two", "ciay from the bank"]
    assert cut_truth(" ".join(pages), read) == pages


def test_a_page_that_was_not_read_leaves_its_text_to_its_neighbours() -> None:
    parts = cut_truth("one two three four five six", ["one two", "", "five six"])
    assert " ".join(part for part in parts if part) == "one two three four five six"
    assert parts[2].endswith("five six")
    assert parts[0].startswith("one two")


WORDS = st.lists(st.sampled_from(["kiln", "bowl", "clay", "a", "of"]), max_size=12).map(" ".join)


@given(WORDS, st.lists(WORDS, min_size=1, max_size=5))
def test_the_parts_are_the_truth(truth: str, readings: list[str]) -> None:
    parts = cut_truth(truth, readings)
    assert len(parts) == len(readings)
    assert "".join(parts).replace(" ", "") == truth.replace(" ", "")
