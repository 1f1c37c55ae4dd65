"""A dataset on S3 looks as it does in a folder, and a picture costs one request."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.view_dataset import build
from tests.s3.faulty_proxy import FaultyProxy
from workers import store
from workers.viewing import Filters, Viewed, open_viewed

pytestmark = pytest.mark.s3


def looked_at(viewed: Viewed) -> list[object]:
    """What a person sees who looks around."""
    chosen = viewed.select(Filters(order="worst"))
    keys = [row.key for row in chosen.page(0, 5)]
    (reject, *_) = viewed.select(Filters(table="rejects", reason="duplicate")).page(0, 1)
    while not (searched := viewed.select(Filters(search="kiln"))).looked.is_whole:  # type: ignore[union-attr]
        pass
    return [
        dict(viewed.counts),
        viewed.facets(Filters(language="de")),
        [viewed.row("pages", key) for key in keys],
        [viewed.picture("pages", key) for key in keys],
        viewed.snippets("pages", keys, "kiln"),
        viewed.document(reject.doc_id),
        viewed.reject_text(reject.key),
        viewed.redraw(reject.key),
        searched.page(0, 10),
    ]


def test_a_dataset_looks_the_same_in_a_folder_and_on_s3(
    s3: str, proxy: FaultyProxy, tmp_path: Path
) -> None:
    dataset = Path(build(120, tmp_path, rows_per_part=60, rows_per_group=20))
    for path in dataset.rglob("*"):
        if path.is_file():
            store.upload(path, store.join(s3, "data", str(path.relative_to(dataset))))
    with open_viewed(str(dataset), index_folder=tmp_path / "here") as here:
        seen = looked_at(here)
    with open_viewed(f"{s3}/data", index_folder=tmp_path / "there") as there:
        assert looked_at(there) == seen
        (row,) = there.select(Filters()).page(7, 1)
        before = proxy.requests
        assert there.picture("pages", row.key) is not None
        assert proxy.requests == before + 1
