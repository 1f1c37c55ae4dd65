"""Datasets and sources may have any name that a file system allows, in every command."""

from __future__ import annotations

import gzip
import json
import os
import pickle
from pathlib import Path
from typing import Any

import pytest

import pagefoundry
from pipelines.dataset.diff import diff_versions
from pipelines.dataset.overview import inspect_dataset
from pipelines.dataset.vacuum import Retention, vacuum_dataset
from schemas.errors import DatasetError
from schemas.recipe import Recipe
from tests.names import ALL_AT_ONCE, NAMES, NO_UTF8, REFUSED_NAMES, cut
from tests.pipelines.corpora import pdf, prose
from tests.pipelines.datasets import problems, rows, run_here
from workers import store

ANY_NAME = [*NAMES, *REFUSED_NAMES, *NO_UTF8]


def recipe_of(dataset: str, *sources: dict[str, Any]) -> Recipe:
    return Recipe.model_validate({"dataset": dataset, "sources": sources, "routing": "only"})


def opening(text: str) -> tuple[str, ...]:
    """Return what tells one text from the others: its first three words."""
    return tuple(text.split()[:3])


def put(data: bytes, *names: bytes) -> None:
    path = os.path.join(*names)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)


def check_commands(dataset: str, corpus: str) -> None:
    """Call run, run again with one more file, and then every other command."""
    recipe = recipe_of(dataset, {"documents": corpus})
    store.write_bytes(store.join(corpus, "a.pdf"), pdf([prose(0)]))
    first = run_here(recipe)
    store.write_bytes(store.join(corpus, "b.pdf"), pdf([prose(1)]))
    second = run_here(recipe)
    assert (first.counts["pages"], second.counts["pages"], second.pages_read) == (1, 2, 1)
    assert not run_here(recipe).committed
    assert problems(dataset) == ()
    assert inspect_dataset(dataset).versions_published == 2
    assert diff_versions(dataset, first.version, second.version).summary["pages"]["added"]
    check_reading(dataset)
    vacuumed = vacuum_dataset(dataset, Retention(versions=1, grace_hours=0))
    assert vacuumed.dropped_versions == (first.version,)
    assert (problems(dataset), len(rows(dataset, "pages"))) == ((), 2)


def check_reading(dataset: str) -> None:
    """Read both versions by `pagefoundry.open`, also as another process does it."""
    pages = pickle.loads(pickle.dumps(pagefoundry.open(dataset)))
    assert sorted(row["text"] for row in pages) == sorted(r["text"] for r in rows(dataset, "pages"))
    first = pages.filter([("page_index", "=", 0)]).select("page_id", "image")
    assert [row["image"]["bytes"][:2] for row in first.torch(1)] == [b"\xff\xd8"] * 2
    old, new = pages.versions()
    assert (len(pagefoundry.open(dataset, version=old)), len(pages), new) == (1, 2, pages.version)


@pytest.mark.parametrize("name", [ALL_AT_ONCE, b"n" * 255])
def test_a_dataset_goes_through_every_command_under_any_name(name: bytes, tmp_path: Path) -> None:
    check_commands(f"{tmp_path}/{name.decode()}/{name.decode()}", f"{tmp_path}/{name.decode()}/a")
    assert os.listdir(os.fsencode(tmp_path)) == [name]


@pytest.mark.parametrize("name", [b"%41", NO_UTF8[0]])
def test_a_dataset_that_cannot_have_its_name_is_refused_before_anything_is_read(
    name: bytes, tmp_path: Path
) -> None:
    dataset = store.absolute(f"{tmp_path}/{os.fsdecode(name)}")
    recipe = recipe_of(dataset, {"documents": "nowhere"})
    with pytest.raises(DatasetError, match="name another folder"):
        run_here(recipe)
    assert os.listdir(tmp_path) == []


def test_sources_of_every_kind_may_have_any_name(tmp_path: Path) -> None:
    """Odd names work for folders and files, and for files below a plain folder."""
    root = os.fsencode(tmp_path)
    sources: list[dict[str, Any]] = [{"documents": f"{tmp_path}/flat"}]
    for number, name in enumerate(ANY_NAME):
        line = json.dumps({"text": prose(2000 + number, 30)}).encode()
        put(pdf([prose(number)]), root, b"documents", name, cut(name, b".pdf"))
        put(pdf([prose(1000 + number)]), root, b"flat", cut(name, b".PDF"))
        put(gzip.compress(line), root, b"text", name, cut(name, b".jsonl.gz"))
        folder, text = (
            store.absolute(os.fsdecode(os.path.join(root, kind, name)))
            for kind in (b"documents", b"text")
        )
        sources += [{"documents": folder}, {"text": text}]
    recipe = recipe_of(f"{tmp_path}/data", *sources)
    report = run_here(recipe)
    pages = rows(tmp_path / "data", "pages")
    assert (report.documents, report.rejects, report.unreadable) == (3 * len(ANY_NAME), {}, {})
    assert {opening(row["text"]) for row in pages if row["page_index"] == 0} == {
        opening(prose(1000 * k + number, 30)) for k in range(3) for number in range(len(ANY_NAME))
    }
    assert all(row["source_uri"].encode() for row in pages)
    assert problems(tmp_path / "data") == ()
    assert not run_here(recipe).committed


def test_a_dataset_of_any_name_is_a_source(tmp_path: Path) -> None:
    first, second = (f"{tmp_path}/{n}{ALL_AT_ONCE.decode()}" for n in (1, 2))
    put(pdf([prose(0)]), os.fsencode(tmp_path), b"documents", b"a.pdf")
    run_here(recipe_of(first, {"documents": f"{tmp_path}/documents"}))
    assert run_here(recipe_of(second, {"dataset": first})).counts["pages"] == 1
    assert problems(second) == ()
