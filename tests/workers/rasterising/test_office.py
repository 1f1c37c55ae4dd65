"""Office files: their pages and text by LibreOffice, and what happens where there is none."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.errors import DocumentError, EnvironmentFault
from schemas.pages import RasteredPage
from tests import formats
from tests.workers.rasterising import office_files
from tests.workers.rasterising.rendering import DOC, GIB, open_rasterizer, pixels, settings
from workers.rasterising import media_types as types
from workers.rasterising.media_types import sniff_file
from workers.rasterising.office import Office
from workers.rasterising.rasterizer import Rasterizer
from workers.rasterising.readers import libreoffice, require_reader
from workers.rasterising.settings import ChildLimits

needs_libreoffice = pytest.mark.skipif(libreoffice() is None, reason=office_files.MISSING)
EDGE = 640


@pytest.fixture(scope="module")
def reader() -> Iterator[Rasterizer]:
    with open_rasterizer(settings("prefer", longest_edge_px=EDGE)) as rasterizer:
        yield rasterizer


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("written")


def read(reader: Rasterizer, path: Path) -> list[RasteredPage]:
    media_type = sniff_file(path, "file")
    assert media_type is not None
    count = reader.count_pages(path, media_type)
    return list(reader.rasterise(path, media_type, DOC, range(count)))


def text_of(page: RasteredPage) -> str:
    assert page.layer is not None, (page.error, page.layer_reason)
    return page.layer.text


def saved(folder: Path, data: bytes) -> Path:
    path = folder / "document"
    path.write_bytes(data)
    return path


@needs_libreoffice
@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["docx", "odt", "rtf", "doc"])
def test_a_text_is_read_page_by_page(reader, written, suffix) -> None:
    path = office_files.write(written, "text.html", suffix)
    assert sniff_file(path, "file") == {v: k for k, v in _TYPES.items()}["." + suffix]
    first, second = read(reader, path)
    assert text_of(first).startswith(f"# {formats.TITLE}\n\n{formats.PROSE}")
    assert text_of(first).endswith("- the piston\n- the valve")
    assert text_of(second) == formats.PROSE
    assert first.image is not None
    assert max(first.image.width, first.image.height) == EDGE
    rows = (pixels(second) < 128).any(axis=1)
    assert (rows[: EDGE // 3].any(), rows[EDGE // 2 :].any()) == (True, False)


_TYPES = {
    media_type: suffix
    for media_type, suffix in types.OFFICE_SUFFIXES.items()
    if media_type != types.LOCKED_OFFICE
}


@needs_libreoffice
@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["xlsx", "ods"])
def test_a_sheet_is_read(reader, written, suffix) -> None:
    (page,) = read(reader, office_files.write(written, "table.csv", suffix))
    assert text_of(page).endswith(
        "| Part | Price |\n|---|---|\n| Piston | 12.5 |\n| Valve | 3.99 |"
    )


@needs_libreoffice
@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["pptx", "odp"])
def test_each_slide_is_a_page(reader, written, suffix) -> None:
    pages = read(reader, office_files.write(written, "slides.fodp", suffix))
    assert [text_of(page).removeprefix("# ") for page in pages] == list(office_files.SLIDES)
    assert {page.image is not None and page.image.width > page.image.height for page in pages} == {
        True
    }


@pytest.fixture(scope="module")
def office() -> Iterator[Office]:
    made = Office(ChildLimits(60, 3 * GIB))
    yield made
    made.close()


@needs_libreoffice
def test_a_document_is_converted_once_behind_the_whole_fence(office, tmp_path) -> None:
    path = saved(tmp_path, formats.docx())
    made = office.as_pdf(path, types.DOCX)
    first = made.stat().st_mtime_ns
    assert office.report is None  # nothing was left open
    copy = tmp_path / "copy"
    copy.write_bytes(path.read_bytes())
    assert office.as_pdf(copy, types.DOCX) == made
    assert made.stat().st_mtime_ns == first
    assert list(made.parent.glob("*.pdf")) == [made]
    scratch = made.parent
    office.close()
    assert not scratch.exists()


@needs_libreoffice
@pytest.mark.slow
def test_a_document_has_the_same_pages_in_every_process(reader, tmp_path) -> None:
    path = saved(tmp_path, formats.docx())
    with open_rasterizer(settings("prefer", longest_edge_px=EDGE)) as other:
        assert read(other, path) == read(reader, path)


def _linked(target: str) -> bytes:
    names = "http://schemas.openxmlformats.org"
    drawing = (
        '<w:p><w:r><w:drawing><wp:inline><wp:extent cx="2000000" cy="2000000"/>'
        '<wp:docPr id="1" name="a"/><a:graphic>'
        f'<a:graphicData uri="{names}/drawingml/2006/picture"><pic:pic><pic:nvPicPr>'
        '<pic:cNvPr id="1" name="a"/><pic:cNvPicPr/></pic:nvPicPr><pic:blipFill>'
        '<a:blip r:link="L1"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill><pic:spPr><a:xfrm>'
        '<a:off x="0" y="0"/><a:ext cx="2000000" cy="2000000"/></a:xfrm><a:prstGeom prst="rect"/>'
        "</pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>"
    )
    field = (
        f'<w:p><w:fldSimple w:instr=" INCLUDETEXT &quot;{target}&quot; "><w:r><w:t>kept</w:t></w:r>'
        f"</w:fldSimple></w:p><w:p><w:r><w:t>{formats.PROSE}</w:t></w:r></w:p>"
    )
    link = (
        f'<Relationship Id="L1" Type="{names}/officeDocument/2006/relationships/image" '
        f'Target="{target}" TargetMode="External"/>'
    )
    return formats.docx(drawing + field, link)


@needs_libreoffice
@pytest.mark.slow
def test_nothing_outside_an_office_file_is_fetched_for_it(reader, tmp_path) -> None:
    dark = tmp_path / "dark.png"
    formats.picture(0).point(lambda _: 0).save(dark)
    with socket.create_server(("127.0.0.1", 0)) as server:
        for target in (f"http://127.0.0.1:{server.getsockname()[1]}/a.png", dark.as_uri()):
            (page,) = read(reader, saved(tmp_path, _linked(target)))
            assert formats.PROSE in text_of(page)
            assert (pixels(page) < 128).mean() < 0.03  # a dark picture would cover a twentieth
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()


@needs_libreoffice
@pytest.mark.slow
def test_a_conversion_that_takes_too_long_is_ended_with_all_it_started(tmp_path) -> None:
    impatient = Office(ChildLimits(0.05, 3 * GIB))
    with pytest.raises(DocumentError, match=r"timeout: LibreOffice was not done after 0\.2 s"):
        impatient.as_pdf(saved(tmp_path, formats.docx()), types.DOCX)
    impatient.close()
    assert not [name for name in _command_lines() if "pagefoundry-office" in name]


def _command_lines() -> Iterator[str]:
    for number in filter(str.isdigit, os.listdir("/proc")):
        try:
            yield Path("/proc", number, "cmdline").read_bytes().decode("utf-8", "replace")
        except OSError:  # it has ended
            continue


@needs_libreoffice
@pytest.mark.slow
@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (formats.docx()[:300], types.DOCX),
        (formats.zipped({"mimetype": types.ODT, "content.xml": "<none/>"}), types.ODT),
    ],
    ids=["torn", "empty"],
)
def test_a_broken_office_file_is_a_reject(office, tmp_path, data, media_type) -> None:
    with pytest.raises(DocumentError) as caught:
        office.as_pdf(saved(tmp_path, data), media_type)
    assert caught.value.reason == "corrupt"
    assert str(tmp_path) not in caught.value.detail
    assert "pagefoundry-office" not in caught.value.detail


LOCKED = formats.zipped(
    {"mimetype": types.ODT, "META-INF/manifest.xml": "<m:encryption-data/>", "content.xml": ""}
)


@pytest.mark.parametrize(
    ("data", "media_type"),
    [(formats.compound(["EncryptedPackage"]), types.LOCKED_OFFICE), (LOCKED, types.ODT)],
)
def test_a_file_with_a_password_says_so_with_and_without_libreoffice(
    reader, tmp_path, monkeypatch, data, media_type
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    path = saved(tmp_path, data)
    assert sniff_file(path, "file") == media_type
    with pytest.raises(DocumentError, match="encrypted: the file needs a password"):
        reader.count_pages(path, media_type)


def test_without_libreoffice_an_office_file_says_what_to_install(
    reader, tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    path = saved(tmp_path, formats.docx())
    with pytest.raises(DocumentError, match=r"set by LibreOffice: .*apt-get install libreoffice"):
        reader.count_pages(path, types.DOCX)
    with pytest.raises(EnvironmentFault, match="install it where documents are opened"):
        list(reader.rasterise(path, types.DOCX, DOC, range(1)))


def test_a_libreoffice_without_calc_says_so_of_a_sheet_alone(tmp_path, monkeypatch) -> None:
    folder = tmp_path / "office/program"
    folder.mkdir(parents=True)
    for name in ("soffice", "soffice.bin", "libswlo.so"):
        (folder / name).touch(mode=0o755)
    (tmp_path / "soffice").symlink_to(folder / "soffice")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert libreoffice() == folder / "soffice.bin"
    require_reader(types.DOCX)
    with pytest.raises(DocumentError, match="needs_libreoffice: the file is set by LibreOffice Ca"):
        require_reader(types.XLSX)
    (folder / "libsclo.so").touch()
    require_reader(types.XLSX)
