"""The ways to write a place on Azure mean the same place."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.s3.test_faults import PART
from tests.stores.conftest import use
from tests.stores.servers import ACCOUNT, BUCKET, Azurite
from workers import store
from workers.dataset import commit_parts, open_table
from workers.dataset.lease import hold

pytestmark = pytest.mark.stores

HOLDERS = (f"az://{BUCKET}", f"abfs://{BUCKET}", f"abfss://{BUCKET}@{ACCOUNT}.dfs.core.windows.net")


@pytest.mark.parametrize("holder", HOLDERS)
@pytest.mark.parametrize("server", [Azurite], indirect=True, ids=lambda kind: kind.scheme)
def test_a_place_may_be_written_in_three_ways(
    server: Azurite, holder: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    use(server.environment(server.port), monkeypatch)
    folder = f"{holder}/{tmp_path.name}"
    store.write_bytes(f"{folder}/a.pdf", b"a")
    assert [file.uri for file in store.list_documents([folder])] == [f"{folder}/a.pdf"]
    with hold(folder) as lease:
        lease.check()
        commit_parts(folder, "inventory", [PART])
    for other in HOLDERS:
        table = open_table(f"{other}/{tmp_path.name}/inventory")
        assert table is not None
        assert table.parts == (PART,)
