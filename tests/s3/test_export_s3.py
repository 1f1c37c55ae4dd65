"""Exports from S3 and to S3: the same shards as from and to a folder."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from pipelines.export import Exported, export
from schemas.errors import RequestError
from tests.pipelines.corpora import write_pdfs
from tests.pipelines.datasets import recipe_for, run_here
from tests.s3.faulty_proxy import KINDS, FaultyProxy
from workers import store
from workers.exporting.destination import MANIFEST
from workers.exporting.formats import Export

pytestmark = pytest.mark.s3


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    run_here(
        recipe_for(folder / "data", write_pdfs(folder / "corpus", 2, pages=3), "routing: only\n")
    )
    return folder / "data"


def exported(dataset: str, destination: str, form: Any, **settings: Any) -> Exported:
    wanted = Export(dataset, form, shard_bytes=50_000, **settings)
    return export(wanted, destination, Console(file=io.StringIO()))


@pytest.mark.usefixtures("no_pauses")
def test_shards_are_the_same_in_a_folder_and_on_s3(
    s3: str, proxy: FaultyProxy, dataset: Path, tmp_path: Path
) -> None:
    for path in dataset.rglob("*"):
        if path.is_file():
            store.upload(path, store.join(s3, "data", str(path.relative_to(dataset))))
    settings: dict[str, Any] = {"where": "page_index <> 1", "pictures": None}
    for form in ("mds", "lance"):
        here = exported(str(dataset), str(tmp_path / form), form, **settings)
        there = exported(f"{s3}/data", f"{s3}/{form}", form, **settings)
        assert (here.rows, len(here.shards) > 1) == (4, True)
        assert here.shards == there.shards
        data = store.read_bytes(f"{s3}/{form}/{here.shards[0].files[0].name}")
        assert data == (tmp_path / form / here.shards[0].files[0].name).read_bytes()
        manifest = json.loads(store.read_bytes(f"{s3}/{form}/{MANIFEST}"))
        assert manifest["options"]["dataset"] == f"{s3}/data"
        # Once more, nothing is left to do.
        again = exported(f"{s3}/data", f"{s3}/{form}", form, **settings)
        assert again.kept_shards == len(here.shards)
    down = exported(f"{s3}/data", str(tmp_path / "down"), "interleaved", pictures="pages")
    assert down.shards == exported(str(dataset), f"{s3}/up", "interleaved", pictures="pages").shards
    proxy.calm()
    with pytest.raises(RequestError, match=r"these differ: seed 0 -> 1"):
        exported(f"{s3}/data", f"{s3}/mds", "mds", seed=1, **settings)
