"""A whole run with sources and dataset on S3, over a faulty network; it leaks no secret."""

from __future__ import annotations

import dataclasses
import json
import logging
from pathlib import Path
from typing import Any

import pytest

from pipelines.run import Report
from schemas.recipe import Recipe, parse_recipe
from tests.pipelines.corpora import write_pdfs
from tests.pipelines.datasets import all_rows, problems, run_here
from tests.s3.conftest import BUCKET
from tests.s3.faulty_proxy import KINDS, FaultyProxy
from tests.s3.server import SECRET, SeaweedServer
from workers import store
from workers.store.listing import list_stored

pytestmark = pytest.mark.s3

ONLY = "routing: only\nplacement: {shard_pages: 4}\n"
# The location of a document and the version of its file differ between stores.
PLACES = ("source_uri", "uris", "version")


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    write_pdfs(folder, 3, pages=3)
    (folder / "empty.pdf").write_bytes(b"")
    (folder / "again.pdf").write_bytes((folder / "0.pdf").read_bytes())
    return folder


def recipe_of(dataset: str, source: str) -> Recipe:
    return parse_recipe(f"dataset: {dataset}\nsources: [{{documents: {source}}}]\n{ONLY}")


def put_corpus(corpus: Path, folder: str) -> None:
    for path in corpus.iterdir():
        store.upload(path, store.join(folder, path.name))


def contents(dataset: str) -> dict[str, list[dict[str, Any]]]:
    """Return all rows without the columns that depend on the store."""
    return {
        table: [{name: row[name] for name in row if name not in PLACES} for row in rows]
        for table, rows in all_rows(dataset).items()  # type: ignore[arg-type]
    }


@pytest.mark.usefixtures("no_pauses")
def test_a_run_on_s3_is_the_local_one_and_tells_no_secret(
    s3: str,
    corpus: Path,
    tmp_path: Path,
    proxy: FaultyProxy,
    s3_server: SeaweedServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    local, remote = str(tmp_path / "data"), store.join(s3, "data")
    put_corpus(corpus, store.join(s3, "corpus"))
    run_here(recipe_of(local, str(corpus)))
    recipe = recipe_of(remote, store.join(s3, "corpus/*.pdf"))

    proxy.inject(*KINDS, rate=0.05)
    first = run_here(recipe)
    assert sum(proxy.faults.values()) > 10
    assert (first.pages, first.pages_read, first.rejects) == (9, 9, {"empty_file": 1})
    assert problems(remote) == ()  # type: ignore[arg-type]
    assert contents(remote) == contents(local)

    second = run_here(recipe)
    assert (second.pages_read, second.committed, second.version) == (0, False, first.version)

    proxy.calm()
    assert_tells_no_secret(s3, [first, second], caplog.text)
    assert SECRET in (s3_server.folder / "s3.json").read_text(), "it is what is looked for"


def assert_tells_no_secret(folder: str, reports: list[Report], log: str) -> None:
    """Check that names of objects, bytes, rows, reports and logs do not contain the secret."""
    names = [item.uri for item in list_stored(folder)]
    bodies = b"".join(store.read_many(names))
    assert len(names) > 20
    assert SECRET.encode() not in bodies
    rows = repr(all_rows(store.join(folder, "data")))  # type: ignore[arg-type]  # uncompressed
    texts = [*names, rows, log, *(json.dumps(dataclasses.asdict(report)) for report in reports)]
    assert not [text for text in texts if SECRET in text]
    assert BUCKET in log


def test_a_recipe_says_where_the_store_is(
    s3: str, corpus: Path, s3_server: SeaweedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_corpus(corpus, store.join(s3, "corpus"))
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")  # restored after the test
    recipe = recipe_of(store.join(s3, "data"), store.join(s3, "corpus"))
    storage = f"storage: {{endpoint: {s3_server.endpoint}, region: eu-west-1}}\n"
    storage_fields = parse_recipe("dataset: d\nsources: [{documents: s}]\n" + storage).storage
    assert store.use_storage(storage_fields) == {
        "AWS_ENDPOINT_URL": s3_server.endpoint,
        "AWS_ENDPOINT_URL_S3": s3_server.endpoint,
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }
    assert run_here(recipe).pages_read == 9
