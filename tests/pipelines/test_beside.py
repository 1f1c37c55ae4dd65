"""What is stated beside documents: read with them, and again whenever it changes, without them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas.errors import RecipeError
from schemas.inventory import Document
from schemas.recipe import Recipe, parse_recipe
from tests.containers import Corpus, tar_of, zip_of
from tests.pipelines.corpora import pdf, prose
from tests.pipelines.datasets import inventory_of, problems, recipe_for, rows, run_here
from tests.web import Web

STATED = {
    "license": "cc-by-4.0", "title": "Kilns", "author": ["A. Potter", "B. Potter"],
    "language": "en", "url": "https://example.org/kilns", "tdm-reservation": 1, "pages": 3,
}  # fmt: skip
CC_ZERO = "Creative Commons Legal Code\n\nCC0 1.0 Universal\n\n    CREATIVE COMMONS"


def run(folder: Path, extra: str = "") -> dict[str, Any]:
    """Run over the folder `corpus`; the `source` of each document by its name."""
    recipe = recipe_for(folder / "data", folder / "corpus", f"routing: only\n{extra}")
    report = run_here(recipe)
    assert problems(folder / "data") == ()
    found = rows(folder / "data", "pages")
    assert {row["doc_id"]: row["source"] for row in found} == {
        row["doc_id"]: row["source"] for row in rows(folder / "data", "inventory")
    }
    return {
        "": report,
        **{row["source_uri"].replace("!", "/").rpartition("/")[2]: row["source"] for row in found},
    }


def test_files_beside_a_document_state_what_it_does_not(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    (corpus / "deep/er").mkdir(parents=True)
    for seed, name in enumerate(("a.pdf", "b.pdf", "deep/c.pdf", "deep/er/d.pdf")):
        (corpus / name).write_bytes(pdf([prose(seed)]))
    (corpus / "a.json").write_text(json.dumps(STATED))
    (corpus / "deep/LICENSE").write_text(CC_ZERO)
    found = run(tmp_path, "license: MIT\n")
    assert found["a.pdf"] == {
        "container": None, "url": "https://example.org/kilns", "fetched": None, "title": "Kilns",
        "author": "A. Potter; B. Potter", "language": "en", "license": "CC-BY-4.0",
        "license_from": "beside", "reserved": "tdm-reservation",
    }  # fmt: skip
    assert found["b.pdf"] is None
    for name in ("c.pdf", "d.pdf"):
        assert (found[name]["license"], found[name]["license_from"]) == ("CC0-1.0", "folder")
    assert run(tmp_path, "license: MIT\n")[""].committed is False


def test_what_changes_beside_a_document_comes_with_the_next_run_without_it(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "a.pdf").write_bytes(pdf([prose(1)]))
    (corpus / "b.pdf").write_bytes(pdf([prose(2)]))
    recipe = recipe_for(tmp_path / "data", corpus)

    def inventory(known: list[Document]) -> tuple[list[Document], int, dict[str, Any]]:
        found = inventory_of(recipe, known)
        by_name = {d.source_uri.rpartition("/")[2]: d.provenance for d in found.documents}
        return found.documents, found.bytes_read, by_name

    known, _, _ = inventory([])
    steps: list[tuple[str, str | None, tuple[str | None, str | None]]] = [
        ("LICENSE.txt", "MIT License\n\nPermission is …", ("MIT", "MIT")),
        ("a.json", '{"license": "our own"}', ("our own", "MIT")),
        ("a.json", '{"license": "CC0-1.0"}', ("CC0-1.0", "MIT")),
        ("LICENSE.txt", "Apache License\nVersion 2.0, January 2004\n", ("CC0-1.0", "Apache-2.0")),
        ("a.json", None, ("Apache-2.0", "Apache-2.0")),
        ("LICENSE.txt", None, (None, None)),
    ]
    for name, text, licenses in steps:
        if text is None:
            (corpus / name).unlink()
        else:
            (corpus / name).write_text(text)
        known, bytes_read, found = inventory(known)
        assert (found["a.pdf"].license, found["b.pdf"].license) == licenses
        assert bytes_read <= 100  # the files beside them alone
        assert inventory(known)[:2] == (known, 0)


def test_a_document_says_the_same_after_it_has_moved_to_where_nothing_is_stated(
    tmp_path: Path,
) -> None:
    corpus = tmp_path / "corpus"
    (corpus / "old").mkdir(parents=True)
    (corpus / "old/a.pdf").write_bytes(pdf([prose(1)]))
    (corpus / "old/a.json").write_text(json.dumps(STATED))
    assert run(tmp_path)["a.pdf"]["title"] == "Kilns"
    (corpus / "old/a.pdf").rename(corpus / "a.pdf")
    found = run(tmp_path, "on_missing: remove\n")
    assert (found["a.pdf"], found[""].pages_read) == (None, 0)


PACKED: dict[str, Callable[[Corpus], bytes]] = {
    "corpus.tar": tar_of,
    "corpus.tar.gz": lambda corpus: gzip.compress(tar_of(corpus), mtime=0),
    "corpus.zip": zip_of,
    "nested.tar": lambda corpus: tar_of({"in/corpus.zip": zip_of(corpus)}),
}


def test_files_beside_documents_count_in_archives_too(tmp_path: Path) -> None:
    """An archive of each kind, each with three documents of its own."""
    folder = tmp_path / "corpus"
    folder.mkdir()

    def write(stated: dict[str, Any]) -> None:
        for seed, (name, pack) in enumerate(PACKED.items()):
            corpus = {
                f"{seed}-0.pdf": pdf([prose(10 * seed)]),
                f"{seed}-0.json": json.dumps(stated).encode(),
                f"{seed}-1.pdf": pdf([prose(10 * seed + 1)]),
                f"sub/{seed}-2.pdf": pdf([prose(10 * seed + 2)]),
                "sub/LICENSE": b"SPDX-License-Identifier: MIT\n",
            }
            (folder / name).write_bytes(pack(corpus))

    write(STATED)
    (folder / "LICENSE").write_text(CC_ZERO)
    found = run(tmp_path)
    for seed in range(len(PACKED)):
        first, second, third = (found[f"{seed}-{number}.pdf"] for number in range(3))
        assert (first["title"], second["title"]) == ("Kilns", None)
        assert (first["license"], first["license_from"]) == ("CC-BY-4.0", "beside")
        assert (second["license"], second["license_from"]) == ("CC0-1.0", "folder")
        assert (third["license"], third["license_from"]) == ("MIT", "folder")
    # Only the JSON files of documents change.
    write({"title": "Ovens"})
    found = run(tmp_path)
    for seed in range(len(PACKED)):
        first = found[f"{seed}-0.pdf"]
        assert (first["title"], first["license"]) == ("Ovens", "CC0-1.0")
    assert found[""].pages_read == 0
    (folder / "LICENSE").unlink()
    found = run(tmp_path)
    for seed in range(len(PACKED)):
        second, third = found[f"{seed}-1.pdf"], found[f"{seed}-2.pdf"]
        assert (second["license"], third["license"]) == (None, "MIT")


def test_a_glob_sees_what_lies_beside_its_files(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus/a.pdf").write_bytes(pdf([prose(1)]))
    (tmp_path / "corpus/a.json").write_text(json.dumps(STATED))
    recipe: Recipe = recipe_for(tmp_path / "data", tmp_path / "corpus/*.pdf")
    (document,) = inventory_of(recipe, []).documents
    assert document.provenance.title == "Kilns"


def table_of(column: str) -> pa.Table:
    documents = pa.array([pdf([prose(n)]) for n in range(2)], pa.binary())
    return pa.table({"content": documents, column: ["CC BY 4.0", None], "name": ["A", "B"]})


@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_columns_state_what_the_recipe_says_they_do(form: str, tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    place, table = tmp_path / "corpus" / f"a.{form}", table_of("terms")
    if form == "parquet":
        pq.write_table(table, place)
    else:
        with pa.ipc.new_file(str(place), table.schema) as writer:
            writer.write_table(table)

    def facts(said: str) -> list[tuple[str | None, str | None, str | None]]:
        source = f"documents: {place.parent}, column: content, license: MIT, facts: {said}"
        recipe = parse_recipe(
            f"dataset: {tmp_path}/data\nrouting: only\nmax_removed: 1\nsources: [{{{source}}}]\n"
        )
        report = run_here(recipe)
        assert problems(tmp_path / "data") == ()
        assert run_here(recipe).committed is False
        if said == "{license: nowhere}":
            assert report.rejects == {"no_column": 1}
        pages = sorted(rows(tmp_path / "data", "pages"), key=lambda row: row["source_uri"])
        found = [row["source"] for row in pages]
        return [(s["title"], s["license"], s["license_from"]) for s in found]

    first = facts("{license: terms, title: name}")
    assert first == [("A", "CC-BY-4.0", "column"), ("B", "MIT", "recipe")]
    assert facts("{license: terms}") == [(None, *first[0][1:]), (None, *first[1][1:])]
    assert facts("{license: nowhere}") == []


def test_a_list_of_links_states_what_the_recipe_says_it_does(tmp_path: Path) -> None:
    with Web({"a.pdf": pdf([prose(1)])}) as web:
        assert isinstance(web, Web)
        place = tmp_path / "list.jsonl"
        source = (
            f"documents: {place}, links: {{interval_s: 0, networks: [127.0.0.0/8]}}, "
            "facts: {license: LICENSE, title: caption}"
        )
        recipe = parse_recipe(f"dataset: {tmp_path}/data\nrouting: only\nsources: [{{{source}}}]\n")
        for title in ("Kilns", "Ovens"):
            line = {"url": f"{web.root}/a.pdf", "LICENSE": "MIT", "caption": title}
            place.write_text(json.dumps(line) + "\n")
            report = run_here(recipe)
            (row,) = rows(tmp_path / "data", "pages")
            assert row["source"]["title"] == title
            assert (row["source"]["license"], row["source"]["license_from"]) == ("MIT", "column")
        assert (report.pages_read, web.body_bytes) == (0, len(pdf([prose(1)])))
        assert run_here(recipe).committed is False


def test_facts_that_name_nothing_are_refused() -> None:
    with pytest.raises(RecipeError, match="name at least one column"):
        parse_recipe("dataset: a\nsources: [{documents: b, facts: {}}]\n")
    with pytest.raises(RecipeError, match="an `index` has none"):
        parse_recipe(
            "dataset: a\nsources: [{documents: b, index: {base: c}, facts: {license: d}}]\n"
        )
