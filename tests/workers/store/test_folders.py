"""Files below folders and behind links, which may lead anywhere."""

from __future__ import annotations

import errno
import os
import random
from pathlib import Path

import pytest

from schemas.errors import AccessError
from workers import store
from workers.store.folders import files_below


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("docs/a.pdf", "docs/sub/b.pdf", "away/c.pdf", "away/deep/d.pdf"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def listed(tree: Path, pattern: str = "docs") -> list[str]:
    files = store.list_documents([str(tree / pattern)])
    return [file.uri.removeprefix(f"{tree}/") for file in files]


def link(path: Path, target: str | Path) -> None:
    path.symlink_to(target)


def test_a_folder_behind_a_link_has_the_path_that_led_to_it(tree: Path) -> None:
    link(tree / "docs/link", "../away")
    assert listed(tree) == [
        "docs/a.pdf",
        "docs/link/c.pdf",
        "docs/link/deep/d.pdf",
        "docs/sub/b.pdf",
    ]
    assert listed(tree, "docs/**/*.pdf") == listed(tree)
    assert listed(tree, "docs/*/*.pdf") == ["docs/link/c.pdf", "docs/sub/b.pdf"]
    link(tree / "named", "docs")
    assert listed(tree, "named")[:2] == ["named/a.pdf", "named/link/c.pdf"]


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("docs/loop", "."),
        ("docs/sub/loop", ".."),
        ("docs/sub/loop", "../sub"),
        ("docs/self", "self"),
        ("docs/x", "y"),
    ],
)
def test_a_link_into_the_folder_itself_adds_nothing(tree: Path, name: str, target: str) -> None:
    link(tree / name, target)
    assert listed(tree) == ["docs/a.pdf", "docs/sub/b.pdf"]


def test_a_link_to_a_folder_above_ends(tree: Path) -> None:
    link(tree / "docs/up", "..")
    assert listed(tree) == [
        "docs/a.pdf",
        "docs/sub/b.pdf",
        "docs/up/away/c.pdf",
        "docs/up/away/deep/d.pdf",
    ]


def test_folders_that_link_to_each_other_end(tree: Path) -> None:
    """Each of 15 folders has links to all the others: there are 15! paths through them."""
    names = [f"{n:02d}" for n in range(15)]
    for name in names:
        (tree / "many" / name).mkdir(parents=True)
        (tree / "many" / name / f"{name}.pdf").touch()
        for other in names:
            link(tree / "many" / name / f"to-{other}", f"../{other}")
    link(tree / "docs/many", "../many/00")
    found = listed(tree)
    assert {f"docs/many/to-{name}/{name}.pdf" for name in names[1:]} <= set(found)
    assert len(found) <= 2 + 1 + 15 * 15, "each link is followed once"
    assert found == listed(tree)


def test_a_name_that_a_pattern_asks_for_may_be_a_link_into_the_folder_itself(tree: Path) -> None:
    link(tree / "docs/current", "sub")
    link(tree / "docs/latest", "sub")
    assert listed(tree, "docs/**/current/*.pdf") == ["docs/current/b.pdf"]
    assert listed(tree, "docs/**/latest/*.pdf") == ["docs/latest/b.pdf"]
    assert listed(tree, "docs/latest") == ["docs/latest/b.pdf"]
    assert listed(tree) == ["docs/a.pdf", "docs/sub/b.pdf"]


def test_a_link_that_leads_nowhere_is_said(tree: Path, caplog: pytest.LogCaptureFixture) -> None:
    link(tree / "docs/gone.pdf", "nowhere")
    link(tree / "docs/share", "/nowhere/share")
    assert listed(tree) == ["docs/a.pdf", "docs/gone.pdf", "docs/sub/b.pdf"]
    assert f"{tree}/docs/share: a link that leads nowhere" in caplog.text


def test_a_folder_that_may_not_be_listed_is_not_left_out(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = os.scandir

    def refused(folder: str) -> object:
        if folder.endswith("/sub"):
            raise PermissionError(errno.EACCES, "Permission denied", folder)
        return listing(folder)

    monkeypatch.setattr(os, "scandir", refused)
    with pytest.raises(AccessError, match="docs/sub'; give this user the right to it"):
        listed(tree)


def test_what_is_neither_file_nor_folder_is_none(tree: Path) -> None:
    os.mkfifo(tree / "docs/pipe.pdf")
    link(tree / "docs/pipe-2.pdf", "pipe.pdf")
    assert listed(tree) == ["docs/a.pdf", "docs/sub/b.pdf"]


def test_a_folder_is_walked_however_deep_it_is(tmp_path: Path) -> None:
    folders = [str(tmp_path)]
    while len(folders) < 1200:
        folders.append(folders[-1] + "/d")
        os.mkdir(folders[-1])
    file = Path(folders[-1], "a.pdf")
    file.touch()
    assert [found.path for found in files_below(str(tmp_path))] == [str(file)]
    file.unlink()  # what removes temporary folders goes down by calls of itself
    for folder in reversed(folders[1:]):
        os.rmdir(folder)


def test_every_file_is_found_whatever_the_links(tmp_path: Path) -> None:
    """Random trees with random links: what can be reached is found, each path once."""
    for seed in range(20):
        draw = random.Random(seed)
        root = tmp_path / str(seed)
        folders = [root / "in", root / "out"]
        for folder in folders:
            folder.mkdir(parents=True)
        for number in range(12):
            folders.append(draw.choice(folders) / f"f{number}")
            folders[-1].mkdir()
            (folders[-1] / f"{number}.txt").touch()
        for number in range(8):
            link(draw.choice(folders) / f"l{number}", draw.choice(folders))
        for into_itself in (False, True):
            found = [file.path for file in files_below(str(root / "in"), None, into_itself)]
            assert len(found) == len(set(found))
            assert {os.path.realpath(path) for path in found} == reachable(root / "in")


def reachable(root: Path) -> set[str]:
    """Real paths of all files that can be reached from a folder."""
    seen: set[str] = set()
    files: set[str] = set()
    waiting = [os.path.realpath(root)]
    while waiting:
        folder = waiting.pop()
        if folder in seen:
            continue
        seen.add(folder)
        for name in os.listdir(folder):
            path = os.path.realpath(os.path.join(folder, name))
            (waiting.append if os.path.isdir(path) else files.add)(path)
    return files
