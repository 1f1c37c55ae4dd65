"""The page benchmark's files say what they must, and every page that we typeset has its checks."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pymupdf
import pytest

from tests.benchmarks.pages.sources import (
    Entry,
    Made,
    PageUnavailable,
    Scan,
    half_of,
    listed,
    page_file,
)
from tests.benchmarks.pages.typeset import PAGES
from tests.many import MANY

GOOD = """
- page: {name}
  source: {{package: libx-doc, file: usr/share/doc/x.pdf, sha256: 00, index: 007}}
  checks:
    - {{kind: coverage, words: [012, 12.50, a, b, c]}}
"""
OPEN, ASIDE = "cards", "form"


def write(folder: Path, half: str, text: str) -> None:
    (folder / half).mkdir(parents=True, exist_ok=True)
    (folder / half / "tex.yaml").write_text(text)


def test_every_listed_page_is_in_its_half_and_every_typeset_page_is_listed() -> None:
    pages = listed()
    made = {page.entry.source.made for page in pages if isinstance(page.entry.source, Made)}
    assert made == set(PAGES)
    assert {page.half for page in pages} == {"open", "aside"}


def test_numbers_stay_as_they_are_printed(tmp_path: Path) -> None:
    write(tmp_path, "open", GOOD.format(name=OPEN))
    (page,) = listed(tmp_path)
    assert page.entry.checks[0].words == ("012", "12.50", "a", "b", "c")  # type: ignore[union-attr]
    assert page.entry.source.index == 7  # type: ignore[union-attr]
    assert page.group == "tex"


def test_a_page_in_the_wrong_half_is_refused(tmp_path: Path) -> None:
    assert (half_of(OPEN), half_of(ASIDE)) == ("open", "aside")
    write(tmp_path, "open", GOOD.format(name=ASIDE))
    with pytest.raises(ValueError, match="belongs to aside"):
        listed(tmp_path)


def test_a_name_given_twice_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "open", 2 * GOOD.format(name=OPEN))
    with pytest.raises(ValueError, match=f"more than once: {OPEN}"):
        listed(tmp_path)


def test_an_unknown_key_is_refused_with_the_file(tmp_path: Path) -> None:
    write(tmp_path, "open", GOOD.format(name=OPEN).replace("index", "page_number"))
    with pytest.raises(ValueError, match=r"tex\.yaml"):
        listed(tmp_path)


def test_another_edition_of_a_package_is_found_out(tmp_path: Path) -> None:
    cached = tmp_path / "packages" / "libx-doc_1_all.deb"
    make_package(cached, {"usr/share/doc/x.pdf": b"another edition"})
    write(tmp_path / "checks", "open", GOOD.format(name=OPEN))
    (page,) = listed(tmp_path / "checks")
    with pytest.raises(PageUnavailable, match=r"x\.pdf in libx-doc is another file here"):
        page_file(page.entry, tmp_path)


def make_package(path: Path, files: dict[str, bytes]) -> None:
    """A Debian package with these files and nothing to control."""
    root = path.parent / "root"
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    (root / "DEBIAN").mkdir(exist_ok=True)
    (root / "DEBIAN" / "control").write_text(
        "Package: libx-doc\nVersion: 1\nArchitecture: all\nMaintainer: a <a@b>\nDescription: x\n"
    )
    subprocess.run(["dpkg-deb", "--build", str(root), str(path)], check=True, capture_output=True)


def test_a_scan_is_one_page_without_text(tmp_path: Path) -> None:
    check = {"kind": "present", "text": "anything"}
    made = Made(made="drop_cap", scan=Scan(level="heavy", seed=2))
    entry = Entry.model_validate({"page": "x", "source": made, "checks": [check]})
    file = page_file(entry, tmp_path)
    with pymupdf.open(file.path) as pdf:
        assert (len(pdf), file.index) == (1, 0)
        assert pdf[0].get_text() == ""
        assert len(pdf[0].get_images()) == 1
    assert page_file(entry, tmp_path) == file


MADE_TWICE = sorted(PAGES) if MANY else sorted(PAGES)[::3]


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_typeset_page_is_the_same_each_time_and_has_ink_on_the_page_only(name: str) -> None:
    pdf, index = PAGES[name]()
    if name in MADE_TWICE:
        assert PAGES[name]() == (pdf, index)
    with pymupdf.open(stream=pdf) as document:
        page = document[index]
        words = page.get_text("words")
        assert sum(len(word[4]) for word in words) > 200
        assert all(pymupdf.Rect(word[:4]) in page.rect for word in words)
