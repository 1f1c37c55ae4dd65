"""Examining files: whatever is in them, the answer is a document, a reason, or `unreadable`."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import DocumentError
from schemas.provenance import Provenance
from schemas.shards import SeenFile
from tests.builders import examine
from workers import store
from workers.sources import Examined

NOBODY = 65534
PNG = b"\x89PNG\r\n\x1a\n and so on"


@dataclass
class FakeRasterizer:
    """Returns the number of pages, or raises the error, that a test gives."""

    answer: int | DocumentError

    def describe(self, path: Path, media_type: str) -> tuple[int, Provenance]:
        if isinstance(self.answer, DocumentError):
            raise self.answer
        return self.answer, Provenance(title="A title")


def examine_bytes(folder: Path, data: bytes, answer: int | DocumentError = 3) -> Examined:
    uri = str(folder / "file")
    store.write_bytes(uri, data)
    return examine(store.stat(uri), FakeRasterizer(answer))  # type: ignore[arg-type]


def test_a_document_is_known_by_its_bytes_and_counted(tmp_path: Path) -> None:
    found = examine_bytes(tmp_path, PNG)
    assert found.doc_id == hashlib.sha256(PNG).hexdigest()
    assert (found.media_type, found.page_count, found.reason) == ("image/png", 3, None)
    assert found.file == store.stat(str(tmp_path / "file"))
    assert found.provenance == Provenance(title="A title")
    assert Examined.from_json(found.to_json()) == found


def test_a_document_that_cannot_be_counted_keeps_its_type_and_reason(tmp_path: Path) -> None:
    found = examine_bytes(tmp_path, b"%PDF-1.7", DocumentError("encrypted", "needs a password"))
    assert (found.media_type, found.page_count) == ("application/pdf", None)
    assert (found.reason, found.detail) == ("encrypted", "needs a password")


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"", "empty_file"), (b"<rss>", "not_a_document"), (b"P", "not_a_document")],
)
def test_what_is_no_document_is_told_by_its_first_bytes(tmp_path: Path, data, reason) -> None:
    found = examine_bytes(tmp_path, data)
    assert found.reason == reason
    assert found.doc_id == hashlib.sha256(data).hexdigest()
    assert (found.media_type, found.page_count) == (None, None)


def test_a_file_that_is_gone_is_unreadable_and_no_document(tmp_path: Path) -> None:
    gone = SeenFile(str(tmp_path / "gone.pdf"), 5, "1.000000")
    found = examine(gone, FakeRasterizer(1))  # type: ignore[arg-type]
    assert (found.doc_id, found.reason) == (None, "unreadable")
    assert "gone.pdf" in (found.detail or "")


@contextmanager
def denied(path: Path) -> Iterator[None]:
    """Nobody may read the file meanwhile; root, which may read all, is nobody."""
    path.chmod(0)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


def test_a_file_that_is_denied_is_unreadable_and_no_fault_of_its_disk(tmp_path: Path) -> None:
    path = tmp_path / "private.pdf"
    path.write_bytes(b"%PDF-1.7")
    file = store.stat(str(path))
    with denied(path):
        found = examine(file, FakeRasterizer(1))  # type: ignore[arg-type]
    assert (found.doc_id, found.reason) == (None, "unreadable")
    assert "give this user the right" in (found.detail or "")


@given(
    st.builds(
        Examined,
        st.builds(SeenFile, st.text(), st.integers(), st.text()),
        st.none() | st.text(),
        st.none() | st.text(),
        st.none() | st.integers(),
        st.none() | st.text(),
        st.none() | st.text(),
    )
)
def test_what_was_examined_survives_json_on_one_line(found: Examined) -> None:
    assert Examined.from_json(found.to_json()) == found
    assert "\n" not in found.to_json()
