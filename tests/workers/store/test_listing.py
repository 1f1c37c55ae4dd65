"""What lies in a folder, at any depth, with its size and age."""

from __future__ import annotations

import os
import random
import socket
from pathlib import Path

import pytest

from schemas.errors import RequestError, StorageError
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


@pytest.mark.parametrize("corpus", ["az://corpus", "hf://datasets/lake/corpus"])
def test_a_store_that_is_away_is_no_wrong_source(
    corpus: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    for name, value in {
        "HF_ENDPOINT": url,
        "AZURITE_BLOB_STORAGE_URL": url,
        "AZURE_STORAGE_USE_EMULATOR": "true",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(random, "random", lambda: 0.0)  # no pauses
    with pytest.raises(StorageError, match=f"'{corpus}' cannot be listed") as caught:
        store.list_documents([corpus])
    assert not isinstance(caught.value, RequestError)
    assert "\n" not in str(caught.value)
