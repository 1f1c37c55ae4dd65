"""The site: built without a warning, and complete without the internet."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import DOCS

ZENSICAL = Path(sys.executable).with_name("zensical")
# What a browser fetches by itself, from another place.
_FETCHED = re.compile(
    r"""<(?:script|img|iframe|source)[^>]+src=["']?(?:https?:)?//[^"' >]+"""
    r"""|<link[^>]+rel=["']?(?:stylesheet|preconnect|icon|preload)["']?[^>]*href=["']?(?:https?:)?//"""
    r"""|@import\s+(?:url\()?["']?(?:https?:)?//|url\(["']?(?:https?:)?//"""
)


@pytest.fixture(scope="module")
def site(sources: Path) -> Path:
    command = [ZENSICAL, "build", "--strict", "--config-file", sources / "zensical.toml"]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, cwd=sources
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "arning" not in done.stdout + done.stderr
    return sources / "site"


def test_every_page_is_there(site: Path) -> None:
    pages = {path.relative_to(DOCS).with_suffix(".html") for path in DOCS.rglob("*.md")}
    pages = {Path("compression/index.html") if p.parent.name == "compression" else p for p in pages}
    made = {
        Path("reference") / f"{name}.html" for name in ("recipe", "commands", "rejects", "rooms")
    }
    assert [page for page in sorted(pages | made) if not (site / page).is_file()] == []
    for other in ("gallery.html", "reference/rooms.svg", "compression/compression.png"):
        assert (site / other).is_file()


def test_nothing_is_fetched_from_outside(site: Path) -> None:
    files = [*site.rglob("*.html"), *site.rglob("*.css")]
    assert len(files) > 20
    assert {p.name: m[0] for p in files for m in _FETCHED.finditer(p.read_text())} == {}


def test_a_link_that_leads_nowhere_stops_the_build(sources: Path, tmp_path: Path) -> None:
    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / "index.md").write_text("# Home\n\n[away](gone.md)\n")
    (tmp_path / "zensical.toml").write_text('[project]\nsite_name = "t"\ndocs_dir = "pages"\n')
    done = subprocess.run(
        [ZENSICAL, "build", "--strict"], capture_output=True, timeout=60, check=False, cwd=tmp_path
    )
    assert done.returncode != 0
