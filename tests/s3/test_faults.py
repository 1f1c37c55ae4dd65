"""The store through a faulty network: it survives a few faults and gives up on a dead store."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from schemas.errors import AccessError, RequestError, StorageError
from tests.s3.conftest import BUCKET
from tests.s3.faulty_proxy import FORGET, KINDS, FaultyProxy
from tests.s3.refusals import refused
from tests.s3.server import STRANGER
from workers import store
from workers.dataset import PartFile, commit_parts, open_table
from workers.store.remote import TRANSFER_BYTES
from workers.store.retry import RetryPolicy

pytestmark = pytest.mark.s3

PART = PartFile(f"data/part-{'0' * 64}.parquet", 1, 1)


@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize("kind", KINDS)
def test_some_faults_of_a_kind_change_nothing(s3: str, proxy: FaultyProxy, kind: str) -> None:
    proxy.inject(kind, rate=0.2)
    data = {store.join(s3, f"{number}.bin"): os.urandom(50_000) for number in range(12)}
    for uri, body in data.items():
        store.write_bytes(uri, body)
    assert store.list_names(s3, ".bin") == sorted(data)
    assert store.read_many(list(data)) == list(data.values())
    for uri, body in data.items():
        assert store.read_range(uri, 100, 1000) == body[100:1100]
        with store.local_copy(uri) as path:
            assert path.read_bytes() == body
    assert proxy.faults[kind] >= 5
    assert set(proxy.faults) == {kind}


@pytest.mark.usefixtures("no_pauses")
def test_a_large_upload_survives_faults_of_all_kinds(
    s3: str, proxy: FaultyProxy, tmp_path: Path
) -> None:
    body = os.urandom(6 * TRANSFER_BYTES)
    (tmp_path / "large").write_bytes(body)
    proxy.inject(*KINDS, rate=0.4)
    store.upload(tmp_path / "large", store.join(s3, "large"))
    with store.local_copy(store.join(s3, "large")) as path:
        assert path.read_bytes() == body
    assert proxy.faults


@pytest.mark.usefixtures("no_pauses")
def test_an_upload_whose_completion_was_not_heard_of_is_whole(
    s3: str, proxy: FaultyProxy, tmp_path: Path
) -> None:
    body = os.urandom(2 * TRANSFER_BYTES)
    (tmp_path / "large").write_bytes(body)

    proxy.inject("lost", only="POST .*uploadId=", limit=1)
    store.upload(tmp_path / "large", store.join(s3, "large"))
    assert proxy.faults == {"lost": 1}
    assert store.stat(store.join(s3, "large")).size == len(body)


@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"delay"}))
def test_a_store_that_only_fails_is_given_up_on(s3: str, proxy: FaultyProxy, kind: str) -> None:
    uri = store.join(s3, "object")
    store.write_bytes(uri, b"0123456789")
    tries = RetryPolicy().tries
    for act in (lambda: store.list_names(s3, ""), lambda: store.read_many([uri])):
        proxy.inject(kind)
        with pytest.raises(StorageError, match=r"cannot (list|read) ") as caught:
            act()
        assert "\n" not in str(caught.value)
        assert not isinstance(caught.value, RequestError)
        assert tries <= proxy.requests <= 2 * tries, "aiohttp may double a try that was reset"
    if kind != "cut":  # the answer to an upload has no body
        proxy.inject(kind)
        with pytest.raises(StorageError, match="cannot write "):
            store.write_bytes(uri, b"new")
        assert tries <= proxy.requests <= 2 * tries


def test_a_table_on_a_store_that_only_fails_is_given_up_on(s3: str, proxy: FaultyProxy) -> None:
    proxy.inject("error")
    with pytest.raises(StorageError, match=r"cannot open the table \w+://.* 500 ") as caught:
        open_table(store.join(s3, "inventory"))
    assert "\n" not in str(caught.value)
    assert proxy.requests == RetryPolicy().tries


@pytest.mark.usefixtures("no_pauses")
def test_a_create_whose_answer_was_lost_is_ours(s3: str, proxy: FaultyProxy) -> None:
    for number in range(20):
        uri = store.join(s3, f"lease-{number}")
        proxy.inject("lost", rate=0.5)
        assert store.create_exclusive(uri, b"mine")
        proxy.calm()
        assert not store.create_exclusive(uri, b"yours")
        _, version = store.read_with_version(uri)
        proxy.inject("lost", rate=0.5)
        assert store.replace_if_unchanged(uri, b"mine again", version)
        assert not store.replace_if_unchanged(uri, b"and again", version)
        assert store.read_bytes(uri) == b"mine again"


@pytest.mark.usefixtures("no_pauses")
def test_a_create_whose_upload_broke_off_is_whole(s3: str, proxy: FaultyProxy) -> None:
    uri = store.join(s3, "lease")
    proxy.inject("torn", limit=1)
    assert store.create_exclusive(uri, b"mine" * 100)
    assert proxy.faults == {"torn": 1}
    assert store.read_bytes(uri) == b"mine" * 100


@pytest.mark.parametrize("kinds", [("error", "slow_down"), ("reset", "lost", "cut", "torn")])
def test_commits_survive_faults(s3: str, proxy: FaultyProxy, kinds: tuple[str, ...]) -> None:
    proxy.inject(*kinds, rate=0.1)
    for number in range(4):
        held = [PART] if number % 2 else []
        table = commit_parts(s3, "inventory", held, {"number": number})
        assert (table.version, list(table.parts)) == (number + 1, held)
    assert proxy.faults


def test_a_store_that_ignores_conditions_is_refused(s3: str, proxy: FaultyProxy) -> None:
    proxy.inject(FORGET)
    with pytest.raises(AccessError, match="ignores conditional puts") as caught:
        store.require_conditional_put(s3)
    assert "\n" not in str(caught.value)
    assert store.list_names(s3, "") == []


WRONG = [
    ({"AWS_SECRET_ACCESS_KEY": "wrong"}, BUCKET, "credentials"),
    ({"AWS_ACCESS_KEY_ID": "nobody"}, BUCKET, "credentials"),
    ({"AWS_PROFILE": "nowhere"}, BUCKET, "credentials"),
    (STRANGER, BUCKET, r"access to the bucket .* is denied"),
    ({}, "no-such-bucket", "there is no bucket"),
]


@pytest.mark.parametrize(("environment", "bucket", "message"), WRONG)
def test_what_the_request_got_wrong_is_said_in_one_line(
    s3: str, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], bucket: str, message: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    for line in refused(f"s3://{bucket}/folder", message):
        assert bucket in line
        assert "MARKER" not in line
