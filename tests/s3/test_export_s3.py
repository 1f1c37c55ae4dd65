"""Exports from S3 and to S3: the same shards as from and to a folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import RequestError
from tests.pipelines.corpora import write_pdfs
from tests.pipelines.datasets import recipe_for, run_here
from tests.pipelines.exports import exported, exported_and_read, in_lances_process
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


def of(dataset: str, form: Any, **settings: Any) -> Export:
    return Export(dataset, form, shard_bytes=50_000, **settings)


@pytest.mark.usefixtures("no_pauses")
def test_shards_are_the_same_in_a_folder_and_on_s3(
    s3: str, proxy: FaultyProxy, dataset: Path, tmp_path: Path
) -> None:
    for path in dataset.rglob("*"):
        if path.is_file():
            store.upload(path, store.join(s3, "data", str(path.relative_to(dataset))))
    settings: dict[str, Any] = {"where": "page_index <> 1"}
    there = f"{s3}/data"
    exports = [
        (of(where, form, **settings), f"{to}/{form}")
        for form in ("mds", "lance")
        # The second time, nothing is left to do.
        for where, to in ((str(dataset), str(tmp_path)), (there, s3), (there, s3))
    ]
    made, _ = in_lances_process(exported_and_read, exports)
    for here, remote, again in (made[:3], made[3:]):
        assert (here.rows, len(here.shards) > 1) == (4, True)
        assert here.shards == remote.shards
        assert again.kept_shards == len(here.shards)
        name = here.shards[0].files[0].name
        data = store.read_bytes(f"{remote.destination}/{name}")
        assert data == Path(here.destination, name).read_bytes()
        manifest = json.loads(store.read_bytes(f"{remote.destination}/{MANIFEST}"))
        assert manifest["options"]["dataset"] == there
    with pytest.raises(RequestError, match=r"these differ: seed 0 -> 1"):
        exported(of(there, "mds", seed=1, **settings), f"{s3}/mds")
    down = exported(of(there, "interleaved", pictures="pages"), str(tmp_path / "down"))
    # What is written goes through our store, which tries again.
    proxy.inject(*KINDS, rate=0.3)
    up = exported(of(str(dataset), "interleaved", pictures="pages"), f"{s3}/up")
    assert up.shards == down.shards
