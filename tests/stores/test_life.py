"""A dataset on Azure and Google Cloud Storage: run, kill, resume, refresh, verify, vacuum.

Its sources are in the same store. The network is faulty while the killed run and the next one work.
"""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path

import pytest

from pipelines.dataset.vacuum import Retention, vacuum_dataset
from schemas.recipe import Recipe, parse_recipe
from tests.fork_server import Command
from tests.pipelines.corpora import write_pdf
from tests.pipelines.datasets import problems, rows, run_here
from tests.s3.faulty_proxy import KINDS, FaultyProxy
from tests.s3.server import SECRET
from tests.s3.test_run_s3 import contents, put_corpus
from tests.stores.servers import AZURE_KEY
from workers import store
from workers.store.listing import Stored, list_stored

pytestmark = [pytest.mark.stores, pytest.mark.slow]

DOCUMENTS, PAGES = 4, 3
SETTINGS = "routing: only\nraster: {longest_edge_px: 256}\nplacement: {shard_pages: 3}\n"
CHANGES = "on_missing: remove\nmax_removed: 1.0\n"
TIMEOUT_S = 120


def recipe_of(dataset: str, source: str) -> str:
    return f"dataset: {dataset}\nsources: [{{documents: '{source}'}}]\n{SETTINGS}{CHANGES}"


def receipts(dataset: str) -> list[Stored]:
    staged = list_stored(store.join(dataset, "staging"))
    return [
        item for item in staged if item.name.endswith(".json") and "/inventory/" not in item.uri
    ]


def run_until_staged(recipe: Path, dataset: str) -> int:
    """Start a run, kill it when a shard is done, and return how many pages its receipts cover."""
    driver = Command("run", str(recipe), "--ray", "in-process")
    try:
        deadline = time.monotonic() + TIMEOUT_S
        while not receipts(dataset):
            assert driver.poll() is None, "the run ended before a shard was done"
            assert time.monotonic() < deadline, "no shard was done"
            time.sleep(0.05)
    finally:
        driver.kill()
        driver.communicate()
    data = store.read_many([item.uri for item in receipts(dataset)])
    return sum(sum(json.loads(receipt)["outcomes"].values()) for receipt in data)


@pytest.mark.usefixtures("no_pauses")
def test_a_dataset_lives_here_as_on_local_disk(
    s3: str, proxy: FaultyProxy, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    corpus, dataset = tmp_path / "corpus", store.join(s3, "data")
    for number in range(DOCUMENTS):
        write_pdf(corpus, f"{number}.pdf", first_seed=10 * number, pages=PAGES)
    put_corpus(corpus, store.join(s3, "corpus"))
    text = recipe_of(dataset, store.join(s3, "corpus/*.pdf"))
    here, there = parse_recipe(recipe_of(str(tmp_path / "data"), str(corpus))), parse_recipe(text)
    run_here(here)

    # Run and kill. Nothing can be published before the kill.
    (tmp_path / "recipe.yaml").write_text(text)
    proxy.inject("reset", only=r"pages(/|%2F)data(/|%2F)")
    covered = run_until_staged(tmp_path / "recipe.yaml", dataset)
    assert covered > 0

    # Resume, over a network with every fault.
    proxy.inject(*KINDS, rate=0.03)
    resumed = run_here(there)
    assert (resumed.pages, resumed.pages_read) == (DOCUMENTS * PAGES, DOCUMENTS * PAGES - covered)
    assert proxy.faults
    proxy.calm()
    assert problems(dataset) == ()
    assert contents(dataset) == contents(str(tmp_path / "data"))
    assert run_here(there).committed is False

    refresh(corpus, here, there, s3)
    clean_up(dataset)
    assert contents(dataset) == contents(str(tmp_path / "data"))
    assert_tells_no_secret(s3, caplog.text)


def refresh(corpus: Path, here: Recipe, there: Recipe, folder: str) -> None:
    """Take a document away, add one, and run both again; only the new one is read."""
    (corpus / "0.pdf").unlink()
    store.delete(store.join(folder, "corpus/0.pdf"))
    added = write_pdf(corpus, "new.pdf", first_seed=900, pages=PAGES)
    store.upload(added, store.join(folder, "corpus/new.pdf"))
    run_here(here)
    report = run_here(there)
    assert (report.pages, report.pages_read) == (DOCUMENTS * PAGES, PAGES)
    sources = {row["source_uri"] for row in rows(there.dataset, "pages")}
    assert {uri.removeprefix(f"{folder}/corpus/") for uri in sources} == {
        *(f"{number}.pdf" for number in range(1, DOCUMENTS)),
        "new.pdf",
    }


def clean_up(dataset: str) -> None:
    """Vacuum down to the newest version, which reads and verifies as before."""
    before = len(list_stored(store.join(dataset, "pages/data")))
    done = vacuum_dataset(dataset, Retention(versions=1, grace_hours=0))
    assert any(item.files for item in done.removed)
    assert len(list_stored(store.join(dataset, "pages/data"))) < before
    assert problems(dataset) == ()


def assert_tells_no_secret(folder: str, log: str) -> None:
    names = [item.uri for item in list_stored(folder)]
    bodies = b"".join(store.read_many(names))
    assert len(names) > 10
    for secret in (SECRET, AZURE_KEY):
        assert secret.encode() not in bodies
        assert secret not in log
        assert not [name for name in names if secret in name]
