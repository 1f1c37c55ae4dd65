"""Where documents are from: in every table, and changed without reading a page again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pymupdf
from deltalake import CommitProperties, Schema
from deltalake.transaction import AddAction, create_table_with_add_actions

from pipelines.dataset.state import load_snapshot
from schemas.recipe import Recipe, parse_recipe
from schemas.tables import SCHEMAS, TABLES, is_added
from tests.containers import warc_of
from tests.pipelines.corpora import pdf, prose
from tests.pipelines.datasets import part_names, problems, rows, run_here

TABLES_WITH_ROWS = ("inventory", "rejects", "documents", "pages")


def crawl(folder: Path) -> None:
    """A WARC of two documents, and a page that is in both."""
    both = prose(1)
    folder.mkdir()
    corpus = {"a.pdf": pdf([both, prose(2)]), "b.pdf": pdf([prose(3), both])}
    (folder / "crawl.warc.gz").write_bytes(warc_of(corpus))


def recipe_of(folder: Path, extra: str = "") -> Recipe:
    return parse_recipe(
        f"dataset: {folder}/data\nrouting: only\nsources:\n- documents: {folder}/corpus\n{extra}"
    )


def sources(folder: Path, table: str) -> list[dict[str, str] | None]:
    return [row["source"] for row in rows(folder / "data", table)]


def test_every_table_says_where_a_row_is_from(tmp_path: Path) -> None:
    crawl(tmp_path / "corpus")
    run_here(recipe_of(tmp_path))
    assert problems(tmp_path / "data") == ()
    for table in TABLES_WITH_ROWS:
        found = rows(tmp_path / "data", table)
        assert found
        for row in found:
            name = row["uris"][0]["uri"] if table == "inventory" else row["source_uri"]
            assert row["source"]["container"] == f"{tmp_path}/corpus/crawl.warc.gz"
            assert row["source"]["url"] == name.partition(" ")[2]
            assert row["source"]["fetched"] == "2026-01-02T03:04:05Z"


def test_a_licence_given_later_is_written_without_reading(tmp_path: Path) -> None:
    crawl(tmp_path / "corpus")
    own = pymupdf.open("pdf", pdf([prose(5)]))
    rdf = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
    own.set_xml_metadata(
        f'<rdf:RDF {rdf} xmlns:cc="http://creativecommons.org/ns#"><rdf:Description>'
        "<cc:license>CC0-1.0</cc:license></rdf:Description></rdf:RDF>"
    )
    (tmp_path / "corpus/own.pdf").write_bytes(own.tobytes(no_new_id=True))
    run_here(recipe_of(tmp_path))
    for given, written in (("cc-by-4.0", "CC-BY-4.0"), ("our own", "our own"), ("", None)):
        report = run_here(recipe_of(tmp_path, f"  license: {given}\n" if given else ""))
        assert (report.committed, report.pages_read) == (True, 0)
        assert problems(tmp_path / "data") == ()
        snapshot = load_snapshot(str(tmp_path / "data"))
        assert snapshot is not None
        assert snapshot.metadata["licenses"] == {"CC0-1.0": 1, written or "": 3}
        assert "| CC0-1.0 | 1 |" in (tmp_path / "data/README.md").read_text()
        for table in TABLES_WITH_ROWS:
            for row in rows(tmp_path / "data", table):
                source = row["source"]
                if source["container"] is None:
                    assert (source["license"], source["license_from"]) == ("CC0-1.0", "document")
                else:
                    by = "recipe" if written else None
                    assert (source["license"], source["license_from"]) == (written, by)
    again = recipe_of(tmp_path)
    assert run_here(again).committed is False


# ---- a dataset of an earlier release ------------------------------------------------------------


def without(kind: pa.DataType) -> pa.DataType:
    """A type as an earlier release had it."""
    if pa.types.is_list(kind):
        return pa.list_(without(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct(
            [f.with_type(without(f.type)) for f in kind if f.name not in ("fetched", "stated")]
        )
    return kind


def as_an_earlier_release_left_it(dataset: Path) -> None:
    """Write the newest version again as a dataset whose tables have no `source`."""
    snapshot = load_snapshot(str(dataset))
    assert snapshot is not None
    for name in TABLES:
        table = snapshot.tables[name]
        schema = pa.schema(
            [
                f.with_type(without(f.type))
                for f in SCHEMAS[name]
                if not is_added(SCHEMAS[name], f.name)
            ],
            metadata=SCHEMAS[name].metadata,
        )
        parts = {part.path: pq.read_table(table.part_uri(part)) for part in table.parts}
        shutil.rmtree(dataset / name)
        (dataset / name / "data").mkdir(parents=True)
        added = []
        for path, part in parts.items():
            old = pa.Table.from_pylist(part.to_pylist(), schema=schema)
            pq.write_table(old, dataset / name / path)
            size = (dataset / name / path).stat().st_size
            stats = json.dumps({"numRecords": old.num_rows})
            added.append(AddAction(path, size, {}, 0, True, stats))
        versions = dict.fromkeys(TABLES[:-1], 0)
        record = {**table.metadata, **({"versions": versions} if name == "pages" else {})}
        create_table_with_add_actions(
            str(dataset / name),
            Schema.from_arrow(schema),
            added,
            name=name,
            commit_properties=CommitProperties({"pagefoundry": json.dumps(record)}),
        )


def test_a_dataset_of_an_earlier_release_is_refreshed_without_reading(tmp_path: Path) -> None:
    crawl(tmp_path / "corpus")
    run_here(recipe_of(tmp_path))
    as_an_earlier_release_left_it(tmp_path / "data")
    before = part_names(tmp_path / "data")
    assert run_here(recipe_of(tmp_path)).committed is False
    (tmp_path / "corpus/new.pdf").write_bytes(pdf([prose(9)]))
    report = run_here(recipe_of(tmp_path))
    assert (report.committed, report.pages_read) == (True, 1)
    after = part_names(tmp_path / "data")
    assert set(before["pages"]) < set(after["pages"])  # the old parts stay as they are
    old = [
        row
        for uri in after["pages"]
        for row in pq.read_table(tmp_path / "data/pages" / uri).to_pylist()
    ]
    assert [row.get("source") for row in old] == [None] * 4
    assert run_here(recipe_of(tmp_path)).committed is False
    # A changed container is examined again, and its rows are written again with what it says.
    (tmp_path / "corpus/crawl.warc.gz").open("ab").close()
    shutil.copy(tmp_path / "corpus/crawl.warc.gz", tmp_path / "moved")
    shutil.move(tmp_path / "moved", tmp_path / "corpus/crawl.warc.gz")
    report = run_here(recipe_of(tmp_path))
    assert report.pages_read == 0
    urls = [source and source["url"] for source in sources(tmp_path, "pages")]
    assert sorted(url or "" for url in urls) == [
        "", "https://example.org/a.pdf", "https://example.org/a.pdf", "https://example.org/b.pdf",
    ]  # fmt: skip


def test_texts_have_the_licence_of_their_source_and_stay_the_same_pages(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps({"text": prose(1)}) + "\n")
    text = f"dataset: {tmp_path}/data\nsources:\n- text: {tmp_path}/a.jsonl\n"
    before = run_here(parse_recipe(text))
    ids = [row["page_id"] for row in rows(tmp_path / "data", "pages")]
    report = run_here(parse_recipe(f"{text}  license: MIT\n"))
    assert (report.committed, report.pages_read, bool(before.pages_read)) == (True, 0, True)
    found = rows(tmp_path / "data", "pages")
    assert [row["page_id"] for row in found] == ids
    assert {row["source"]["license"] for row in found} == {"MIT"}


def test_a_name_hides_the_folder_of_the_container_too(tmp_path: Path) -> None:
    crawl(tmp_path / "corpus")
    run_here(recipe_of(tmp_path))
    report = run_here(recipe_of(tmp_path, "  as: crawl\n"))
    assert (report.committed, report.pages_read) == (True, 0)
    for table in TABLES_WITH_ROWS:
        containers = {source and source["container"] for source in sources(tmp_path, table)}
        assert containers == {"crawl/crawl.warc.gz"}
