"""What `rights` leaves out: whole documents, at publish, and back again without reading."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pymupdf
import pytest

from pipelines.dataset.overview import inspect_dataset
from pipelines.run import Report
from schemas.recipe import parse_recipe
from tests.pipelines.corpora import pdf, prose
from tests.pipelines.datasets import all_rows, part_names, rows, run_verified

RESERVED = (
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
    'xmlns:tdm="http://www.w3.org/ns/tdmrep/"><rdf:Description tdm:reservation="1"/></rdf:RDF>'
)


def reserved(data: bytes) -> bytes:
    """The same PDF, whose XMP reserves text and data mining."""
    document = pymupdf.open("pdf", data)
    document.set_xml_metadata(RESERVED)
    return bytes(document.tobytes(no_new_id=True))


def run(folder: Path, policy: str, dataset: str = "data") -> Report:
    """Run with a policy; the ledger must hold."""
    rights = f"rights: {{reserved: {policy}}}\n" if policy else ""
    return run_verified(
        parse_recipe(
            f"dataset: {folder}/{dataset}\nrouting: only\n{rights}"
            f"sources:\n- documents: {folder}/corpus\n"
        )
    )


def outcome(dataset: Path) -> Counter[tuple[str, str, str]]:
    return Counter((r["level"], r["stage"], r["reason"]) for r in rows(dataset, "rejects"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two free documents and two reserved ones, of two pages each: each pair has a page in common.

    Of one pair the free page is the keeper, of the other the reserved one.
    """
    (tmp_path / "corpus").mkdir()
    for seed in (1, 7):
        free, theirs = pdf([prose(seed), prose(seed + 1)]), pdf([prose(seed), prose(seed + 2)])
        (tmp_path / f"corpus/free{seed}.pdf").write_bytes(free)
        (tmp_path / f"corpus/theirs{seed}.pdf").write_bytes(reserved(theirs))
    return tmp_path


def test_a_reserved_document_leaves_with_its_pages_and_takes_no_other_with_it(folder: Path) -> None:
    run(folder, "drop")
    assert outcome(folder / "data") == {
        ("document", "rights", "reserved"): 2,
        ("page", "rights", "reserved"): 4,
    }
    uris = Counter(row["source_uri"] for row in rows(folder / "data", "pages"))
    assert uris == {f"{folder}/corpus/free1.pdf": 2, f"{folder}/corpus/free7.pdf": 2}
    assert len(rows(folder / "data", "documents")) == 2
    for row in rows(folder / "data", "rejects"):
        assert row["source"]["reserved"] == "tdm-reservation"
    assert inspect_dataset(str(folder / "data")).rejects == {"reserved": 6}


@pytest.mark.parametrize("is_staged", [True, False])
def test_the_policy_changes_without_reading_while_rows_are_staged(
    folder: Path, is_staged: bool
) -> None:
    data, fresh = folder / "data", folder / "fresh"
    run(folder, "keep")
    kept = all_rows(data)
    dropped = {row["source_uri"].rpartition("/")[2][:4] for row in kept["rejects"]}
    assert dropped == {"free", "thei"}
    run(folder, "drop", "fresh")
    # Of pages that were duplicates or reserved no table has the text: of one free one, then of all
    # reserved ones, since the texts of their documents are made of all.
    for policy, expected, wanted in (("drop", all_rows(fresh), 1), ("keep", kept, 4)):
        if not is_staged:
            shutil.rmtree(data / "staging")
        report = run(folder, policy)
        assert report.committed
        assert all_rows(data) == expected
        assert report.pages_read == (0 if is_staged else wanted)
    assert run(folder, "keep").committed is False


def test_the_default_is_to_keep_and_no_other_version(folder: Path) -> None:
    run(folder, "")
    before = part_names(folder / "data")
    assert run(folder, "keep").committed is False
    assert part_names(folder / "data") == before
