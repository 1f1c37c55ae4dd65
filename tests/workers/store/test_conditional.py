"""Conditional writes on local disk: of many writers one wins, and readers see whole objects."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from schemas.errors import StorageError
from workers import store
from workers.store import conditional

RACERS = 4
ROUNDS = 25


def create(uri: str, name: int) -> bool:
    return store.create_exclusive(uri, f"racer {name}".encode())


def count_up(uri: str, name: int) -> int:
    """Add one ROUNDS times to the number in the object; returns how often another was first."""
    beaten = 0
    for turn in range(ROUNDS):
        while True:
            data, version = store.read_with_version(uri)
            number = int(data.split()[0]) + 1
            mine = f"{number} racer {name} turn {turn}".encode()
            if store.replace_if_unchanged(uri, mine, version):
                break
            beaten += 1
    return beaten


@pytest.fixture
def racers() -> ProcessPoolExecutor:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(RACERS, mp_context=context) as pool:
        yield pool


def test_an_object_is_created_once(tmp_path: Path) -> None:
    uri = str(tmp_path / "folder" / "lease")
    assert store.create_exclusive(uri, b"one")
    assert not store.create_exclusive(uri, b"another")
    assert store.create_exclusive(uri, b"one"), "what is there is what was to be written"
    assert store.read_bytes(uri) == b"one"
    assert os.listdir(tmp_path / "folder") == ["lease"]


def test_an_object_is_replaced_only_unchanged(tmp_path: Path) -> None:
    uri = str(tmp_path / "lease")
    assert not store.replace_if_unchanged(uri, b"zero", "any")
    store.create_exclusive(uri, b"one")
    _, version = store.read_with_version(uri)
    assert store.replace_if_unchanged(uri, b"two", version)
    assert store.replace_if_unchanged(uri, b"two", version), "it holds that already"
    assert not store.replace_if_unchanged(uri, b"three", version)
    assert store.read_with_version(uri)[0] == b"two"
    store.delete(uri)
    assert not store.replace_if_unchanged(uri, b"four", version)
    with pytest.raises(FileNotFoundError):
        store.read_with_version(uri)


def test_of_many_creators_one_succeeds(tmp_path: Path, racers: ProcessPoolExecutor) -> None:
    for number in range(20):
        uri = str(tmp_path / str(number))
        won = list(racers.map(create, [uri] * RACERS, range(RACERS)))
        assert won.count(True) == 1
        assert store.read_bytes(uri) == f"racer {won.index(True)}".encode()


def test_no_replacement_is_lost(tmp_path: Path, racers: ProcessPoolExecutor) -> None:
    uri = str(tmp_path / "counter")
    store.create_exclusive(uri, b"0")
    list(racers.map(count_up, [uri] * RACERS, range(RACERS)))
    assert int(store.read_bytes(uri).split()[0]) == RACERS * ROUNDS


def test_a_lock_that_another_holds_on_to_is_given_up_on(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(conditional, "_LOCK_WAIT_S", 0)
    uri = str(tmp_path / "lease")
    store.create_exclusive(uri, b"one")
    _, version = store.read_with_version(uri)
    with open(tmp_path / ".lease.lock", "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(StorageError, match=r"cannot replace .*lease: locked by another"):
            store.replace_if_unchanged(uri, b"two", version)
    assert store.replace_if_unchanged(uri, b"two", version)


def test_the_probe_asks_nothing_of_local_disk(tmp_path: Path) -> None:
    store.require_conditional_put(str(tmp_path))
    assert os.listdir(tmp_path) == []
