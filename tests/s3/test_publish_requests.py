"""Publishing to a store makes a request for many pages at a time, not for each page."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.recipe import Recipe, parse_recipe
from tests.pipelines.corpora import write_pdf
from tests.pipelines.datasets import part_names, problems, run_here
from tests.s3.faulty_proxy import FaultyProxy
from workers import store
from workers.store.listing import list_stored

pytestmark = [pytest.mark.s3, pytest.mark.slow]

DOCUMENT_PAGES = 40
FEW, MANY = 160, 640
SMALL = "raster: {longest_edge_px: 256}\nrouting: only\n"
# This makes several parts, each with several row groups.
PARTS = "publish: {part_bytes: 4000000, row_group_bytes: 1000000}\n"


def recipe_of(dataset: str, corpus: Path) -> Recipe:
    sources = f"sources: [{{documents: {corpus}}}]\n"
    return parse_recipe(f"dataset: {dataset}\n{sources}{SMALL}{PARTS}")


def requests_to_publish(folder: str, local: Path, pages: int, proxy: FaultyProxy) -> int:
    """Count the requests of a run that finds all pages staged, including lease and listing."""
    for number in range(pages // DOCUMENT_PAGES):
        first_seed = DOCUMENT_PAGES * number
        write_pdf(local / "corpus", f"{number}.pdf", first_seed, DOCUMENT_PAGES)
    staged = recipe_of(str(local / "data"), local / "corpus")
    assert run_here(staged).pages_read == pages
    published = recipe_of(folder, local / "corpus")
    for item in list_stored(store.join(staged.dataset, "staging", staged.digest())):
        if item.name != "receipts.tsv":
            target = store.join(folder, "staging", staged.digest(), item.name)
            store.write_bytes(target, store.read_bytes(item.uri))

    proxy.inject(rate=0)
    report = run_here(published)
    requests = proxy.requests
    assert (report.pages, report.pages_read) == (pages, 0)
    parts = part_names(folder)  # type: ignore[arg-type]
    assert parts["pages"] == part_names(local / "data")["pages"]
    assert problems(folder) == ()  # type: ignore[arg-type]
    return requests


def test_a_request_to_publish_serves_nine_pages_or_more(
    s3: str, tmp_path: Path, proxy: FaultyProxy
) -> None:
    """The requests for commits, lease and listing do not depend on the number of pages.

    Of the others most are those of shards and parts, which are small here.
    """
    few = requests_to_publish(store.join(s3, "few"), tmp_path / "few", FEW, proxy)
    many = requests_to_publish(store.join(s3, "many"), tmp_path / "many", MANY, proxy)
    assert len(part_names(Path(tmp_path / "many/data"))["pages"]) > 1
    assert 9 * (many - few) <= MANY - FEW, (few, many)
