"""What lies in a folder, at any depth, with its size and age."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from schemas.errors import SourceError, StorageError
from workers import store
from workers.store.listing import list_stored, require_listing


def test_all_objects_of_a_folder_are_listed_with_size_and_age(tmp_path: Path) -> None:
    for number, name in enumerate(("b/c/deep", "a", "b/z")):
        store.write_bytes(str(tmp_path / "data" / name), b"x" * number)
        os.utime(tmp_path / "data" / name, (1000 + number, 1000 + number))
    (tmp_path / "data/empty").mkdir()
    found = list_stored(str(tmp_path / "data"))
    root = f"{tmp_path}/data"
    assert [item.uri for item in found] == [f"{root}/a", f"{root}/b/c/deep", f"{root}/b/z"]
    assert [item.name for item in found] == ["a", "deep", "z"]
    assert [item.size for item in found] == [1, 0, 2]
    assert [item.modified_s for item in found] == [1001, 1000, 1002]


def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert list_stored(str(tmp_path / "nowhere")) == []


def test_a_disk_has_no_rights_of_its_own(tmp_path: Path) -> None:
    require_listing(str(tmp_path / "nowhere"))


class FarStore(MemoryFileSystem):
    """A store whose listing fails with the error that a test sets."""

    protocol = "far"
    cachable = False
    error: Exception

    def find(self, *_: object, **__: object) -> NoReturn:
        raise self.error


@pytest.mark.parametrize(
    ("error", "is_wrong"),
    [
        (TimeoutError("no answer"), False),
        (ConnectionRefusedError(111, "refused"), False),
        (FileNotFoundError("no such bucket"), True),
        (ValueError("no such scheme"), True),
    ],
)
def test_a_store_that_is_away_is_no_wrong_source(
    error: Exception, is_wrong: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsspec.register_implementation("far", FarStore, clobber=True)
    monkeypatch.setattr(FarStore, "error", error, raising=False)
    with pytest.raises((StorageError, SourceError), match="'far://corpus' cannot be listed") as got:
        store.list_documents(["far://corpus"])
    assert isinstance(got.value, SourceError) == is_wrong
