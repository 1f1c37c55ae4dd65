"""The Hub as a source, by a stand-in: what is listed and read, at one commit, through faults."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.errors import AccessError, DatasetError, RequestError, SourceError, StorageError
from schemas.recipe import parse_recipe
from tests.pipelines.corpora import pdf, prose
from tests.pipelines.datasets import all_rows, problems, rows, run_here
from tests.s3.faulty_proxy import DENY, KINDS, FaultyProxy
from tests.stores.conftest import use
from tests.stores.hub_server import TOKEN, Repository, StandIn, serving
from workers import store
from workers.store.locations import filesystem
from workers.store.places import look_at_dataset, look_at_source
from workers.store.remote import TRANSFER_BYTES
from workers.store.retry import RetryPolicy

NAME = "datasets/lake/manuals"
FOLDER = f"hf://{NAME}"
LARGE = os.urandom(TRANSFER_BYTES + 12_345)
FILES = {
    "a.pdf": b"0123456789",
    "notes.txt": b"notes",
    "deep/b.PDF": b"b",
    "deep/er/[1] %41.pdf": b"odd",
    "deep/er/large.pdf": LARGE,
}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    with serving() as hub:
        use({"HF_ENDPOINT": f"http://127.0.0.1:{hub.port}", "HF_TOKEN": TOKEN}, monkeypatch)
        hub.repositories[NAME] = Repository(is_private=True)
        hub.repositories[NAME].push(FILES)
        yield hub


@pytest.fixture
def proxy(hub: StandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyProxy]:
    with FaultyProxy(hub.port) as proxy:
        monkeypatch.setenv("HF_ENDPOINT", proxy.endpoint)
        yield proxy


def listed(*patterns: str) -> list[str]:
    files = store.list_documents(f"{FOLDER}{pattern}" for pattern in patterns)
    assert all(store.stat(file.uri) == file for file in files)
    return [file.uri.removeprefix(FOLDER) for file in files]


@pytest.mark.usefixtures("hub")
def test_sources_are_listed_by_folder_glob_and_name() -> None:
    deep = ["/deep/b.PDF", "/deep/er/[1] %41.pdf", "/deep/er/large.pdf"]
    assert listed("") == ["/a.pdf", *deep]
    assert listed("/*") == ["/a.pdf", "/notes.txt"]
    assert listed("/deep/**/*.pdf", "/notes.txt") == [*deep[1:], "/notes.txt"]
    assert listed("/deep/er/[1] %41.pdf") == [deep[1]]
    assert store.list_names(f"{FOLDER}/deep", ".PDF") == [f"{FOLDER}/deep/b.PDF"]
    for nothing in ("/nowhere", "/deep/e", "/*.docx"):
        with pytest.raises(SourceError, match="matches no file"):
            listed(nothing)


def test_a_list_goes_on_past_its_first_page(hub: StandIn) -> None:
    hub.page_files = 2
    assert len(listed("/**")) == len(FILES)


@pytest.mark.usefixtures("hub")
def test_a_file_is_read_whole_and_in_parts() -> None:
    uri = f"{FOLDER}/deep/er/large.pdf"
    with store.local_copy(uri) as path:
        assert path.read_bytes() == LARGE
    assert store.sha256_of(uri) == hashlib.sha256(LARGE).hexdigest()
    assert store.read_range(uri, TRANSFER_BYTES - 1, 2) == LARGE[TRANSFER_BYTES - 1 :][:2]
    assert store.read_bytes(f"{FOLDER}/deep/er/[1] %41.pdf") == b"odd"
    with pytest.raises(StorageError, match=r"a\.pdf: 4 bytes wanted at 8, 2 found"):
        store.read_range(f"{FOLDER}/a.pdf", 8, 4)
    with pytest.raises(FileNotFoundError):
        store.read_bytes(f"{FOLDER}/nowhere.pdf")


def test_a_revision_may_be_named_and_a_push_mixes_nothing(hub: StandIn) -> None:
    first = hub.repositories[NAME].branches["main"]
    before = store.stat(f"{FOLDER}/a.pdf")
    with store.open_input(f"{FOLDER}/a.pdf") as handle:
        hub.repositories[NAME].push({"a.pdf": b"9876543210"})
        assert handle.read() == b"0123456789", "the commit of the time when it was opened"
    assert store.read_bytes(f"{FOLDER}/a.pdf") == b"9876543210"
    assert store.stat(f"{FOLDER}/a.pdf").version != before.version
    assert store.stat(f"{FOLDER}@{first}/a.pdf").version == before.version
    hub.repositories[NAME].push({"b.pdf": b"converted"}, "refs/convert/parquet")
    assert listed("@refs%2Fconvert%2Fparquet") == ["@refs%2Fconvert%2Fparquet/b.pdf"]


@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize("kind", KINDS)
def test_some_faults_of_a_kind_change_nothing(proxy: FaultyProxy, kind: str) -> None:
    proxy.inject(kind, rate=0.4)
    for _ in range(2):
        assert len(listed("")) == 4
        assert store.read_range(f"{FOLDER}/a.pdf", 2, 3) == b"234"
        with store.local_copy(f"{FOLDER}/deep/er/large.pdf") as path:
            assert path.read_bytes() == LARGE
    assert proxy.faults[kind] >= 5


@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize("kind", ["error", "slow_down", "reset", "lost", "cut"])
def test_a_hub_that_only_fails_is_given_up_on(proxy: FaultyProxy, kind: str) -> None:
    proxy.inject(kind)
    with pytest.raises(StorageError, match=rf"cannot read {FOLDER}/a.pdf: ") as caught:
        store.read_bytes(f"{FOLDER}/a.pdf")
    assert "\n" not in str(caught.value)
    assert not isinstance(caught.value, RequestError)
    assert proxy.requests == RetryPolicy().tries


def test_what_the_request_got_wrong_is_said_in_one_line(
    hub: StandIn, proxy: FaultyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(folder: str, message: str) -> None:
        for act in (
            lambda: store.list_documents([folder]),
            lambda: store.read_bytes(f"{folder}/a.pdf"),
            lambda: store.stat(f"{folder}/a.pdf"),
            lambda: look_at_source(folder, (".pdf",)),
        ):
            with pytest.raises(AccessError, match=message) as caught:
                act()
            assert "\n" not in str(caught.value)
            assert "MARKER" not in str(caught.value)

    refused("hf://datasets/lake/nothing", "no repository 'datasets/lake/nothing' for us")
    refused(f"{FOLDER}@v9", "RevisionNotFound")
    proxy.inject(DENY)
    refused(FOLDER, "access to the repository 'datasets/lake/manuals' is denied.*HF_TOKEN")
    proxy.calm()
    monkeypatch.setenv("HF_TOKEN", "hf_MARKER-wrong")
    refused(FOLDER, "no repository .* set HF_TOKEN if it is private")


def test_a_redirect_that_fails_does_not_show_its_keys(proxy: FaultyProxy) -> None:
    proxy.inject(DENY, only="GET /cdn/")
    with pytest.raises(StorageError) as caught:
        store.read_bytes(f"{FOLDER}/a.pdf")
    assert "MARKER" not in str(caught.value)


def test_nothing_is_written_there() -> None:
    for act in (look_at_dataset, store.require_conditional_put):
        with pytest.raises(DatasetError, match="a dataset is in a folder or on s3://"):
            act(FOLDER)
    for wrong in ("hf://lake/manuals", "hf://datasets/manuals", "hf://buckets/lake/manuals"):
        with pytest.raises(RequestError, match="write hf://datasets/OWNER/NAME"):
            store.absolute(wrong)
    assert filesystem(FOLDER)[0].scheme == "hf"


def test_a_run_reads_documents_of_the_hub(
    hub: StandIn, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    repository = hub.repositories[NAME] = Repository(is_private=True)
    repository.push({"one.pdf": pdf([prose(1)]), "two.pdf": pdf([prose(2), prose(3)])})
    text = f"dataset: {tmp_path}/data\nsources: [{{documents: '{FOLDER}'}}]\nrouting: only\n"
    text += "max_removed: 1.0\n"
    recipe = parse_recipe(text)
    assert (run_here(recipe).pages_read, run_here(recipe).pages_read) == (3, 0)
    repository.push({"two.pdf": pdf([prose(4)])})
    report = run_here(recipe)
    assert (report.pages, report.pages_read) == (2, 1)
    assert {row["source_uri"] for row in rows(recipe.dataset, "pages")} == {
        f"{FOLDER}/one.pdf",
        f"{FOLDER}/two.pdf",
    }
    assert problems(recipe.dataset) == ()
    # Neither the token nor the signature of a redirect.
    assert "MARKER" not in caplog.text + repr(all_rows(recipe.dataset))
