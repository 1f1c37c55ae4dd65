"""What lies beside new files: read once, and never taken for nothing where it cannot be read."""

from __future__ import annotations

from pathlib import Path

from cluster.session import IN_PROCESS, open_session
from pipelines.steps.beside import Stated
from pipelines.steps.listing import Listing, list_sources
from schemas.inventory import Document
from schemas.recipe import parse_recipe
from schemas.shards import SeenFile
from workers.sources import Naming


def stated(listing: Listing, known: list[Document]) -> Stated:
    with open_session(IN_PROCESS) as session:
        return Stated.of(dict(listing.files), listing, known, Naming(()), session)


def listed(folder: Path) -> Listing:
    return list_sources(parse_recipe(f"dataset: {folder}/data\nsources: {folder}/corpus\n"))


def test_a_file_beside_which_something_cannot_be_read_waits_for_the_next_run(
    tmp_path: Path,
) -> None:
    (tmp_path / "corpus").mkdir()
    for name in ("a.pdf", "b.pdf"):
        (tmp_path / "corpus" / name).write_bytes(b"%PDF-")
    (tmp_path / "corpus/a.json").write_text('{"license": "MIT"}')
    listing = listed(tmp_path)
    (tmp_path / "corpus/a.json").unlink()  # since it was listed
    found = stated(listing, [])
    assert [file.uri for file in found.files] == [f"{tmp_path}/corpus/b.pdf"]
    (failed,) = found.failed
    assert (failed.file.uri, failed.reason) == (f"{tmp_path}/corpus/a.pdf", "unreadable")


def test_a_document_is_taken_over_only_while_its_bytes_and_its_selection_stay(
    tmp_path: Path,
) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus/a.pdf").write_bytes(b"%PDF-")
    (plain,) = listed(tmp_path).files
    known = [Document("0" * 64, (plain,), "application/pdf", 1)]
    (tmp_path / "corpus/a.json").write_text('{"license": "MIT"}')
    listing = listed(tmp_path)
    ((file, document),) = stated(listing, known).documents
    assert (document, file.stated.license) == (known[0], "MIT")
    (marked,) = listing.files
    assert marked != plain
    assert marked.content == plain.content
    for other in (SeenFile(plain.uri, 9, plain.version), SeenFile(plain.uri, plain.size, "1#abc")):
        assert not stated(listing, [Document("0" * 64, (other,), "application/pdf", 1)]).documents


def test_two_sources_of_a_file_list_it_once(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus/a.pdf").write_bytes(b"%PDF-")
    (tmp_path / "corpus/LICENSE").write_text("MIT\n")
    (tmp_path / "corpus/LICENSE.txt").write_text("CC0-1.0\n")
    for sources in ("[{0}/a.pdf, {0}]", "[{0}, {0}/a.pdf]"):
        text = sources.format(tmp_path / "corpus")
        listing = list_sources(parse_recipe(f"dataset: {tmp_path}/data\nsources: {text}\n"))
        (file,) = listing.files
        # A file that is named alone is listed without its folder.
        expected = {} if "a.pdf, " in sources else {file.uri: f"{tmp_path}/corpus/LICENSE"}
        assert {uri: one.uri for uri, (one,) in listing.beside.items()} == expected
