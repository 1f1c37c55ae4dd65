"""Rows of forgotten documents leave, others stay as they are, and duplicates lose their keepers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import IntegrityError
from schemas.ids import page_id
from schemas.reject_reasons import KEEPER_FORGOTTEN
from schemas.tables import CROPS, REJECTS
from workers.dataset import PartFile, read_part, write_part
from workers.dataset.forgetting import PartWithout, find_rows, without, write_without
from workers.dataset.search import ObjectToSearch, ids_in, search_object

DOCS = [letter * 64 for letter in "abcd"]
NAMED = ("detail", "kept_id", "similarity")


@st.composite
def rejects(draw: st.DrawFn) -> dict[str, Any]:
    """A reject of a page or a document; a duplicate names a page or a document."""
    doc, kept = draw(st.sampled_from(DOCS)), draw(st.sampled_from(DOCS))
    is_page, is_duplicate = draw(st.booleans()), draw(st.booleans())
    row: dict[str, Any] = dict.fromkeys(REJECTS.names)
    row |= {"doc_id": doc, "level": "document", "reason": "blank", "text_hash": b"hash"}
    if is_page:
        row |= {"level": "page", "page_id": page_id(doc, 3), "page_index": 3}
    if is_duplicate:
        keeper = page_id(kept, 4) if is_page else kept
        row |= {"reason": "duplicate", "kept_id": keeper, "detail": "exact", "similarity": 1.0}
    return row


@given(st.lists(rejects(), max_size=8), st.frozensets(st.sampled_from(DOCS)))
def test_rows_leave_by_their_document_and_keepers_by_theirs(listed, ids) -> None:
    table = pa.Table.from_pylist(listed, schema=REJECTS)
    left = without(table, pa.array(sorted(ids), pa.string()))
    assert left.schema == REJECTS
    expected = [row for row in listed if row["doc_id"] not in ids]
    for row, before in zip(left.to_pylist(), expected, strict=True):
        if before["kept_id"] is not None and before["kept_id"][:64] in ids:
            changed = {"reason": KEEPER_FORGOTTEN, **dict.fromkeys(NAMED)}
            assert row == before | changed
        else:
            assert row == before
    assert without(left, pa.array(sorted(ids), pa.string())).equals(left)
    assert not any(doc_id in repr(left.to_pylist()) for doc_id in ids)


def crop(doc: str, number: int) -> dict[str, Any]:
    page = page_id(doc, 0)
    names = {"crop_id": f"{page}-{number:02d}", "page_id": page, "doc_id": doc, "page_index": 0}
    return dict.fromkeys(CROPS.names) | names | {"text": f"crop {number} of {doc[0]}"}


@pytest.fixture
def part(tmp_path: Path) -> PartWithout:
    """Three row groups: one of the document alone, one of two documents, one without it."""
    groups = [[crop(DOCS[0], 0)], [crop(DOCS[1], 0), crop(DOCS[0], 1)], [crop(DOCS[2], 0)]]
    tables = (pa.Table.from_pylist(group, schema=CROPS) for group in groups)
    written = write_part(str(tmp_path), "crops", tables)
    uri = str(tmp_path / "crops" / written.path)
    return PartWithout(str(tmp_path), "crops", written, uri, frozenset(DOCS[:1]))


def test_a_part_is_written_again_without_them(part: PartWithout) -> None:
    assert find_rows(part).rows == 2
    left = write_without(part)
    assert left is not None
    uri = part.uri.replace(part.part.path, left.path)
    assert read_part(uri)["text"].to_pylist() == ["crop 0 of b", "crop 0 of c"]
    assert (left.rows, pq.ParquetFile(uri).num_row_groups) == (2, 2)
    assert write_without(part) == left


def test_a_part_of_which_nothing_is_left_is_none(part: PartWithout) -> None:
    everything = PartWithout(part.dataset, part.table, part.part, part.uri, frozenset(DOCS))
    assert write_without(everything) is None


def test_a_damaged_part_is_named(part: PartWithout) -> None:
    Path(part.uri).write_bytes(b"PAR1")
    with pytest.raises(IntegrityError, match="damaged, so it is not known"):
        find_rows(part)
    gone = PartWithout("x", "crops", PartFile("data/x", 1, 1), part.uri + "x", part.ids)
    with pytest.raises(IntegrityError, match="missing or damaged"):
        find_rows(gone)


# ---- the search ---------------------------------------------------------------------------------


@given(st.text("0123456789abcdef-", max_size=70), st.text("0123456789abcdef-", max_size=70))
def test_an_id_is_found_wherever_it_stands(before: str, after: str) -> None:
    doc_id = "0123456789abcdef" * 4
    text = before + doc_id + after
    windows = {text[start : start + 64] for start in range(len(text) - 63)}
    assert doc_id in ids_in(text.encode())
    assert ids_in(text.encode()) == {window for window in windows if "-" not in window}


def written(path: Path, doc_id: str) -> None:
    """Write a file of the kind that its name says, in which the document is named once."""
    tables = {
        "checkpoint.parquet": {"add": [{"path": f"x {doc_id}"}, {"path": None}]},
        "part.parquet": {"doc_id": [doc_id, DOCS[1]], "text": ["a", "b"]},
        "kept.parquet": {"kept_id": [page_id(doc_id, 0), None], "doc_id": [DOCS[1], DOCS[2]]},
    }
    if path.name in tables:
        pq.write_table(pa.table(tables[path.name]), path)
    else:
        path.write_bytes(b"x" + doc_id.encode())


@pytest.mark.parametrize("name", ["a.txt", "checkpoint.parquet", "part.parquet", "kept.parquet"])
def test_objects_of_every_kind_are_searched(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    for doc_id, count in ((DOCS[0], 1), (DOCS[3], 0)):
        written(path, doc_id)
        done = search_object(ObjectToSearch(str(path), path.stat().st_size, frozenset(DOCS[:1])))
        assert (done.rows + done.mentions, done.holds, done.damage) == (count, count > 0, None)


def test_an_object_that_is_named_by_an_id_holds_its_document(tmp_path: Path) -> None:
    path = tmp_path / DOCS[0]
    path.write_bytes(b"%PDF, and no id in it")
    assert search_object(ObjectToSearch(str(path), 21, frozenset(DOCS[:1]))).mentions == 1
    assert not search_object(ObjectToSearch(str(path), 21, frozenset(DOCS[1:]))).holds


def test_what_cannot_be_searched_says_so(tmp_path: Path) -> None:
    path = tmp_path / "torn.parquet"
    path.write_bytes(b"PAR1 and no more")
    done = search_object(ObjectToSearch(str(path), 16, frozenset(DOCS)))
    assert done.damage is not None
    assert search_object(ObjectToSearch(str(path) + "x", 16, frozenset(DOCS))).is_gone
