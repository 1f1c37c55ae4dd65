"""Every file, link, module and `make` target that the pages name is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, PAGES, REPOSITORY, code, name_of, targets

FOLDERS = "schemas|workers|cluster|pipelines|tests|docs|demo|examples"
_PATH = re.compile(rf"(?<![\w/.*-])(?:{FOLDERS})/[\w./-]*")
_MODULE = re.compile(rf"(?<![\w/.-])(?:{FOLDERS})(?:\.\w+)+")
_TARGET = re.compile(r"\bmake ([a-z][a-z-]*)")
# What commands make, which a clone does not have.
_MADE = re.compile(r"demo/(data|corpus|gallery)\b.*|examples/reader/(data|texts\.jsonl|state\.pt)")


def exists(module: str) -> bool:
    """Whether a dotted name is a module, or a name in one."""
    steps = module.split(".")
    paths = [REPOSITORY.joinpath(*steps[:length]) for length in (len(steps), len(steps) - 1)]
    return any(path.is_dir() or path.with_suffix(".py").is_file() for path in paths)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_files_are_there(page: Path) -> None:
    named = {path.rstrip(".") for text in code(page) for path in _PATH.findall(text)}
    missing = {p for p in named if not (REPOSITORY / p).exists() and not _MADE.fullmatch(p)}
    assert missing == set()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_modules_are_there(page: Path) -> None:
    named = {name for text in code(page) for name in _MODULE.findall(text)}
    assert {name for name in named if not exists(name)} == set()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_targets_of_make_are_there(page: Path) -> None:
    known = re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)
    named = {target for text in code(page) for target in _TARGET.findall(text)}
    assert named <= set(known)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path, sources: Path) -> None:
    """Pages link generated ones too, so they are looked at where the site is built from."""
    folder = page.parent
    if page.is_relative_to(DOCS):
        folder = (sources / "pages" / page.relative_to(DOCS)).parent
    links = [target for target in targets(page) if not re.match(r"https?://", target)]
    files = {link.partition("#")[0] for link in links if not link.startswith("#")}
    assert {file for file in files if not (folder / file).exists()} == set()


def test_every_page_can_be_reached_from_the_menu() -> None:
    menu = (DOCS / "zensical.toml").read_text()
    assert [p for p in PAGES[1:] if f'"{p.relative_to(DOCS)}"' not in menu] == []
