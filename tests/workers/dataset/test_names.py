"""Tables under every name that a file system allows, or a refusal that changes nothing."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa
import pytest
from deltalake import DeltaTable, Schema
from deltalake.exceptions import DeltaError
from deltalake.transaction import create_table_with_add_actions

from schemas.errors import DatasetError
from tests.names import ALL_AT_ONCE, NAMES, NO_UTF8, REFUSED_NAMES
from workers.dataset.delta import PartFile, commit_parts, ensure_table, open_table, table_history
from workers.dataset.names import require_name
from workers.dataset.vacuum import forget_before, named_parts
from workers.store.listing import list_stored

FIRST, SECOND = (PartFile(f"data/part-{n * 64}.parquet", 1, 1) for n in "12")


def check_table(dataset: str) -> None:
    """Make a table, commit to it, read it back in every way, and let its log forget."""
    require_name(dataset)
    table = ensure_table(dataset, "crops").uri
    commit_parts(dataset, "crops", [FIRST], {"said": 1})
    commit_parts(dataset, "crops", [SECOND], {"said": 2})
    old, new = open_table(table, 1), open_table(table)
    assert (old and old.parts, new and new.parts) == ((FIRST,), (SECOND,))
    assert [(row[0], row[2]) for row in table_history(table)] == [
        (2, {"said": 2}),
        (1, {"said": 1}),
        (0, {}),
    ]
    assert named_parts(table) == {FIRST.path, SECOND.path}
    forget_before(table, 2)
    assert [row[0] for row in table_history(table)] == [2]
    assert {
        item.uri.removeprefix(f"{dataset}/").split("/")[0] for item in list_stored(dataset)
    } == {"crops"}


@pytest.mark.parametrize("name", [*NAMES, ALL_AT_ONCE])
def test_a_dataset_may_have_this_name(name: bytes, tmp_path: Path) -> None:
    check_table(f"{tmp_path}/{name.decode()}")
    assert os.listdir(os.fsencode(tmp_path)) == [name]


@pytest.mark.parametrize("name", [*REFUSED_NAMES, *NO_UTF8])
def test_a_name_that_deltalake_does_not_take_is_refused(name: bytes, tmp_path: Path) -> None:
    dataset = f"{tmp_path}/{os.fsdecode(name)}"
    for link in (None, tmp_path / "plain"):
        if link:
            os.makedirs(os.path.join(os.fsencode(tmp_path), name))
            link.symlink_to(dataset)
            dataset = str(link)
        with pytest.raises(DatasetError, match="name another folder") as caught:
            ensure_table(dataset, "crops")
        str(caught.value).encode()
        assert str(caught.value).isprintable(), "one line"
        assert (" a link to " in str(caught.value)) == bool(link)
        with pytest.raises(DatasetError):
            require_name(dataset)
    assert os.listdir(os.path.join(os.fsencode(tmp_path), name)) == []


@pytest.mark.parametrize("name", [*REFUSED_NAMES, *NO_UTF8])
def test_deltalake_does_not_take_the_names_that_are_refused(name: bytes, tmp_path: Path) -> None:
    """Should a newer one do so, the name need not be refused any more."""
    folder = os.path.join(os.fsencode(tmp_path), name)
    os.mkdir(folder)
    url = "file://" + quote(folder)
    schema = Schema.from_arrow(pa.schema([("a", pa.int64())]))

    def make() -> None:
        create_table_with_add_actions(url, schema, [], mode="error")
        DeltaTable(url)

    with pytest.raises(DeltaError):
        make()


@pytest.mark.parametrize(
    "url", ["s3://lake//data", "s3://lake/a/../data", "s3://lake/./data", "s3://lake/a%20b"]
)
def test_a_url_that_deltalake_does_not_take_is_refused(url: str) -> None:
    with pytest.raises(DatasetError, match="name another folder"):
        require_name(url)


def test_a_common_name_is_taken() -> None:
    for url in ("s3://lake", "s3://lake/data set", "s3://lake/a.b/..c/d..", "/data", "/"):
        require_name(url)
