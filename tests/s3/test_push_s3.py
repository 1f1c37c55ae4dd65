"""A dataset on S3 is pushed to a stand-in of the Hub: the same bytes as from a folder."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants
from rich.console import Console

from pipelines.dataset.push import Options, Pushed, push_version
from schemas.errors import IntegrityError, StorageError
from tests.hub_stand_in import Pushable, PushStandIn, taking_pushes
from tests.pipelines.corpora import write_pdfs
from tests.pipelines.datasets import recipe_for, run_here
from tests.s3.faulty_proxy import KINDS, FaultyProxy
from tests.stores.hub_server import TOKEN
from workers import store
from workers.store.listing import list_stored

pytestmark = [
    pytest.mark.s3,
    # huggingface_hub 2.4 sends uploads by an old name of an argument of httpx2.
    pytest.mark.filterwarnings("ignore:Use .content=:DeprecationWarning"),
]

REPO = "lake/data"
TEXTS = ("README.md", "croissant.json")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[PushStandIn]:
    with taking_pushes() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        yield hub


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("push")
    settings = "routing: only\npublish: {part_bytes: 100_000}\n"
    run_here(recipe_for(folder / "data", write_pdfs(folder / "corpus", 4, pages=2), settings))
    return folder / "data"


def push(dataset: str, repository: str = REPO) -> Pushed:
    return push_version(dataset, repository, Options(), Console(file=io.StringIO()))


def files(hub: PushStandIn, repository: str = REPO) -> dict[str, bytes]:
    found = hub.repositories[f"datasets/{repository}"]
    assert isinstance(found, Pushable)
    return found.commits[found.branches["v1"]]


@pytest.mark.usefixtures("no_pauses")
def test_what_arrives_is_the_same_from_a_folder_and_from_s3(
    s3: str, proxy: FaultyProxy, hub: PushStandIn, dataset: Path
) -> None:
    there = store.join(s3, "data")
    for path in dataset.rglob("*"):
        if path.is_file():
            store.upload(path, store.join(there, str(path.relative_to(dataset))))
    proxy.inject(*KINDS, rate=0.2)
    done = push(there)
    proxy.inject(rate=0)
    assert (done.version, done.tag, done.is_new_tag) == (1, "v1", True)
    assert hub.received["files"] == done.sent_bytes
    arrived = files(hub)
    push(str(dataset), "other/data")
    # Texts name their repository.
    assert {
        path: data.replace(b"other/data", REPO.encode()) if path in TEXTS else data
        for path, data in files(hub, "other/data").items()
    } == arrived
    assert push(there).sent_parts == 0

    # What is damaged or lost on the way there does not arrive.
    parts = [item.uri for item in list_stored(store.join(there, "pages/data"))]
    store.write_bytes(parts[0], b"PAR1 damaged")
    with pytest.raises(IntegrityError, match="is damaged"):
        push(there, "third/data")
    store.delete(parts[0])
    with pytest.raises(StorageError, match="is not there any more"):
        push(there, "third/data")
    assert [*hub.repositories["datasets/third/data"].branches] == ["main"]
