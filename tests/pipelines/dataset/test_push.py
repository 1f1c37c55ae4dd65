"""Versions pushed to a stand-in of the Hub: what is there then, and how many bytes were sent."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import constants
from rich.console import Console
from typer.testing import CliRunner, Result

from pipelines.cli.app import app
from pipelines.dataset.push import CARD, Options, named_files, push_version
from pipelines.dataset.state import load_snapshot
from schemas.errors import (
    AccessError,
    DatasetError,
    IntegrityError,
    LeaseError,
    PageFoundryError,
    RequestError,
)
from schemas.forgotten import Forgotten
from tests.hub_stand_in import Pushable, PushStandIn, taking_pushes
from tests.pipelines.corpora import write_pdf
from tests.pipelines.datasets import recipe_for, run_here
from tests.stores.conftest import use
from tests.stores.hub_server import TOKEN, Refused
from workers import store
from workers.dataset.forgotten import write_forgotten

# huggingface_hub 2.4 sends uploads by an old name of an argument of httpx2.
pytestmark = pytest.mark.filterwarnings("ignore:Use .content=:DeprecationWarning")

REPO = "lake/manuals"
NAME = f"datasets/{REPO}"
DOCUMENTS = 100
# A part holds three of the pages, as one of the default size holds thousands of larger ones.
SETTINGS = "routing: only\non_missing: remove\nmax_removed: 1\npublish: {part_bytes: 300_000}\n"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Version 1 has 100 documents of a page; in 2 one comes, 1 %; in 3 one leaves."""
    folder = tmp_path_factory.mktemp("push")
    recipe = recipe_for(folder / "data", folder / "corpus", SETTINGS)
    for number in range(DOCUMENTS):
        write_pdf(folder / "corpus", f"{number}.pdf", first_seed=10 * number, words=60)
    run_here(recipe)
    write_pdf(folder / "corpus", "new.pdf", first_seed=10 * DOCUMENTS, words=60)
    run_here(recipe)
    (folder / "corpus" / "5.pdf").unlink()
    run_here(recipe)
    return folder / "data"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[PushStandIn]:
    with taking_pushes() as hub:
        use({"HF_ENDPOINT": hub.endpoint, "HF_TOKEN": TOKEN}, monkeypatch)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        yield hub


def call(dataset: Path, *options: str, repo: str = REPO) -> Result:
    return CliRunner().invoke(app, ["push", str(dataset), "--repo", repo, "--json", *options])


def push(dataset: Path, *options: str) -> dict[str, Any]:
    result = call(dataset, *options)
    if result.exception is not None:
        raise result.exception
    value: dict[str, Any] = json.loads(result.stdout)
    return value


def refused(kind: type[PageFoundryError], dataset: Path, *options: str, repo: str = REPO) -> str:
    error = call(dataset, *options, repo=repo).exception
    assert isinstance(error, kind), repr(error)
    assert "\n" not in str(error)
    assert "MARKER" not in str(error)
    return str(error)


def repository(hub: PushStandIn) -> Pushable:
    found = hub.repositories[NAME]
    assert isinstance(found, Pushable)
    return found


def parts(dataset: Path, version: int) -> dict[str, bytes]:
    """The parts that the card of a version names, by path: those of all tables for readers."""
    snapshot = load_snapshot(str(dataset), version)
    assert snapshot is not None
    named = {
        f"{name}/{part.path}": Path(table.part_uri(part)).read_bytes()
        for name, table in snapshot.tables.items()
        for part in table.parts
    }
    assert {path.split("/")[0] for path in named} >= {"pages", "documents"}
    return named


def sizes(files: dict[str, bytes]) -> int:
    return sum(map(len, files.values()))


def programs_of(card: str) -> list[str]:
    """The programs on a card; Ray's is left out, as a Ray takes long to start."""
    programs = [block.partition("```")[0] for block in card.split("```python\n")[1:]]
    assert [program for program in programs if "import ray" in program] == programs[-1:]
    return programs[:-1]


def printed(code: str, home: Path) -> list[str]:
    """What a program of a reader prints, in a process of its own with a cache of its own."""
    environment = {**os.environ, "HF_HUB_DISABLE_XET": "1", "HF_HOME": str(home)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def check_croissant(folder: Path) -> None:
    """Croissant of a downloaded repository: without a fault, and the way to all documents."""
    import mlcroissant  # late: it takes a second

    described = mlcroissant.Dataset(
        jsonld=str(folder / "croissant.json"), mapping={"repository": str(folder)}
    )
    issues = described.metadata.ctx.issues
    assert (issues.errors, issues.warnings) == (set(), set())
    assert str(described.metadata.url).endswith(f"/datasets/{REPO}")
    assert (described.metadata.name, described.metadata.version) == ("manuals", "1.0.0")
    assert sum(1 for _ in described.records("documents")) == DOCUMENTS


# mlcroissant uses what rdflib and pandas are giving up.
@pytest.mark.filterwarnings("ignore:ConjunctiveGraph:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:The inplace keyword")
def test_three_versions_are_three_commits_and_tags(
    hub: PushStandIn, published: Path, tmp_path: Path
) -> None:
    before: dict[str, bytes] = {}
    for version in (1, 2, 3):
        sent_before = hub.received["files"], hub.received["commits"]
        done = push(published, "--version", str(version))
        files = hub.received["files"] - sent_before[0]
        sent = files + hub.received["commits"] - sent_before[1]
        at_tag = repository(hub).commits[repository(hub).branches[f"v{version}"]]
        named = named_files(at_tag[CARD].decode())
        expected = {path: data for path, data in parts(published, version).items() if path in named}
        assert {path.split("/")[0] for path in named} >= {"pages", "documents"}
        there = {path: data for path, data in at_tag.items() if path.endswith(".parquet")}
        assert there == expected, "byte for byte, and no part of another version"
        new = {path: data for path, data in expected.items() if path not in before}
        gone = before.keys() - expected.keys()
        assert files == sizes(new) == done["sent_bytes"]
        assert (done["sent_parts"], done["removed_parts"]) == (len(new), len(gone))
        assert (done["is_new_commit"], done["is_new_tag"], done["note"]) == (True, True, None)
        print(f"version {version}: {sent:,} bytes sent of {sizes(expected):,}; {len(gone)} gone")
        if version == 2:
            assert sent <= 0.03 * sizes(expected), "one document in a hundred is new"
        if version == 3:
            assert gone
            assert sent < 0.3 * sizes(expected)
        if version == 1:  # a file of the owner's, beside the parts
            repository(hub).commit({**at_tag, "pages/data/mine.txt": b"mine"}, "mine")
        else:
            assert at_tag["pages/data/mine.txt"] == b"mine"
        before = expected
    assert list(repository(hub).titles.values()) == [
        *("initial commit", "Version 1", "mine", "Version 2", "Version 3")
    ]
    for path, data in before.items():  # as a reader gets it
        assert store.read_bytes(f"hf://{NAME}@v3/{path}") == data
    # As readers of version 1 get it, by the programs on its card and by Croissant.
    first = repository(hub).commits[repository(hub).branches["v1"]]
    programs = [f"{program}\nprint(len(pages))" for program in programs_of(first[CARD].decode())]
    download = "from huggingface_hub import snapshot_download as download\n"
    folder = f'print(download({REPO!r}, repo_type="dataset", revision="v1"))'
    *rows, downloaded = printed("\n".join([*programs, download + folder]), tmp_path)
    assert rows == [str(DOCUMENTS)] * 4
    check_croissant(Path(downloaded))


def test_a_second_push_sends_nothing_and_old_versions_can_come_back(
    hub: PushStandIn, published: Path
) -> None:
    first = push(published, "--private")
    assert first["version"] == 3
    assert repository(hub).is_private
    received = dict(hub.received)
    again = push(published)
    assert (again["is_new_commit"], again["is_new_tag"], again["commit"]) == (
        *(False, False),
        first["commit"],
    )
    assert dict(hub.received) == received
    push(published, "--version", "2")
    back = push(published, "--version", "3")
    assert (back["is_new_commit"], back["is_new_tag"]) == (True, False)
    assert repository(hub).branches["v3"] == first["commit"], "its files are those of version 3"


def test_a_push_that_was_killed_goes_on(hub: PushStandIn, published: Path) -> None:
    # A process of its own, which ends as if the machine had.
    processes: list[subprocess.Popen[bytes]] = []

    def kill(arrived: int) -> None:
        if arrived == 5:
            processes[0].kill()
            raise Refused(503, "")

    hub.on_upload = kill
    command = [sys.executable, "-m", "pipelines.cli", "push", str(published), "--repo", REPO]
    environment = {**os.environ, "HF_HUB_DISABLE_XET": "1"}
    processes.append(subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL))
    assert processes[0].wait(timeout=300) == -9
    hub.on_upload = lambda arrived: None
    assert list(repository(hub).titles.values()) == ["initial commit"], "nothing is visible yet"
    with hub.lock:
        arrived = hub.received["files"]
    assert arrived > 0
    done = push(published)
    assert done["sent_bytes"] == hub.received["files"] > arrived, "each byte was sent once"
    assert list(repository(hub).titles.values()) == ["initial commit", "Version 3"]
    assert list(repository(hub).tags) == ["v3"]


def test_a_refused_upload_changes_nothing_and_is_said(hub: PushStandIn, published: Path) -> None:
    def deny(arrived: int) -> None:
        if arrived == 3:
            raise Refused(403, "")

    hub.on_upload = deny
    assert "403: on purpose; give a token that may write" in refused(AccessError, published)
    assert list(repository(hub).titles.values()) == ["initial commit"]
    hub.on_upload = lambda arrived: None
    assert push(published)["sent_bytes"] == hub.received["files"]


def test_a_commit_in_between_is_not_overwritten(hub: PushStandIn, published: Path) -> None:
    def edit() -> None:
        hub.before_commit = lambda: None
        head = repository(hub).commits[repository(hub).branches["main"]]
        repository(hub).commit({**head, "theirs.txt": b"theirs"}, "theirs")

    hub.before_commit = edit
    assert "another commit came to 'main'" in refused(LeaseError, published)
    assert list(repository(hub).titles.values()) == ["initial commit", "theirs"]
    arrived = hub.received["files"]
    push(published)
    assert hub.received["files"] == arrived, "all had arrived"
    assert repository(hub).commits[repository(hub).branches["v3"]]["theirs.txt"] == b"theirs"


def test_a_push_without_its_tag_is_given_it(hub: PushStandIn, published: Path) -> None:
    first = push(published)
    repository(hub).tags.clear()
    del repository(hub).branches["v3"]
    done = push(published)
    assert (done["is_new_commit"], done["is_new_tag"]) == (False, True)
    assert repository(hub).branches["v3"] == first["commit"]


def test_many_changes_are_several_commits_and_the_tag_names_the_last(
    hub: PushStandIn, published: Path
) -> None:
    options = Options(version=1, most_operations=20)
    done = push_version(str(published), REPO, options, Console(file=io.StringIO()))
    titles = list(repository(hub).titles.values())[1:]
    assert titles == [f"Version 1 ({n} of {len(titles)})" for n in range(1, len(titles) + 1)]
    assert len(titles) == -(-done.sent_parts // 20) + 1 >= 3
    *before, last = list(repository(hub).commits.values())[1:]
    assert not any(CARD in files for files in before), "no reader finds a card without its parts"
    assert named_files(last[CARD].decode()) <= last.keys()
    assert repository(hub).branches["v1"] == repository(hub).branches["main"] == done.commit
    assert hub.received["files"] == done.sent_bytes
    again = push_version(str(published), REPO, options, Console(file=io.StringIO()))
    assert (again.is_new_commit, again.is_new_tag) == (False, False)


def test_a_tag_with_the_card_of_an_earlier_release_stays(hub: PushStandIn, published: Path) -> None:
    first = push(published)
    at_tag = repository(hub).commits[first["commit"]]
    at_tag[CARD] = b"as it was written then"
    done = push(published)
    assert (done["is_new_commit"], done["is_new_tag"], done["sent_parts"]) == (True, False, 0)
    assert repository(hub).branches["v3"] == first["commit"] != done["commit"]


def test_a_tag_of_something_else_is_left_alone(hub: PushStandIn, published: Path) -> None:
    push(published, "--version", "1")
    made = repository(hub)
    made.tags.append("v3")
    made.branches["v3"] = made.branches["v1"]
    received = dict(hub.received)
    message = refused(RequestError, published)
    assert f"a tag v3 already, at commit {made.branches['v1']}" in message
    assert f"hf repos tag delete {REPO} v3 --type dataset" in message
    assert dict(hub.received) == received


def test_what_cannot_be_pushed_is_said_in_one_line(
    hub: PushStandIn, published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "there is no repository" in refused(AccessError, published, "--no-create")
    assert hub.repositories == {}
    for name in ("manuals", "a/b/c", "lake/ma nuals", "lake/a--b", ""):
        assert f"--repo {name!r}" in refused(RequestError, published, repo=name)
    assert "no version 9" in refused(DatasetError, published, "--version", "9")
    push(published)
    assert "no branch 'dev'" in refused(RequestError, published, "--revision", "dev")
    monkeypatch.setenv("HF_TOKEN", "hf_MARKER-wrong")
    refused(AccessError, published)
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "none"))
    assert "set HF_TOKEN, or run `hf auth login`" in refused(AccessError, published)


def test_damaged_parts_and_versions_that_are_not_whole_stay_here(
    hub: PushStandIn, published: Path, tmp_path: Path
) -> None:
    dataset = Path(shutil.copytree(published, tmp_path / "data"))
    push(dataset, "--version", "1")
    taken = Forgotten().adding(["0" * 64], "2026-11-30", None)
    write_forgotten(str(dataset), Forgotten(), taken)
    note = push(dataset)["note"]
    assert "those taken down (1)" in note
    assert "its tags (v1)" in note
    assert "super_squash_history" in note
    only_old = sorted(parts(published, 2).keys() - parts(published, 3).keys())
    (dataset / only_old[0]).write_bytes(b"PAR1 damaged")
    repository(hub).commit({"a.txt": b""}, "emptied")
    hub.blobs.clear()
    assert f"{only_old[0]} is damaged" in refused(IntegrityError, dataset, "--version", "2")
    (dataset / only_old[0]).unlink()
    write_forgotten(str(dataset), taken, taken.erasing(only_old[:1]))
    assert "is not whole any more" in refused(DatasetError, dataset, "--version", "2")
