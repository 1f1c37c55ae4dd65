"""Which files are documents is told by their bytes, and only where these cannot tell by names."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests import formats
from workers.rasterising import media_types as types
from workers.rasterising.media_types import PDF, sniff, sniff_file


@pytest.mark.parametrize(
    ("format_name", "media_type"),
    [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("TIFF", "image/tiff"), ("WEBP", "image/webp")],
)
def test_image_formats_are_told_by_their_first_bytes(format_name: str, media_type: str) -> None:
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, format_name)
    assert sniff(out.getvalue()[:1024]) == media_type


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (b"%PDF-1.7\n", PDF),
        (b"junk before the header\n%PDF-1.4", PDF),
        (b"MM\x00*", "image/tiff"),
        (b"II+\x00", "image/tiff"),
        (b"RIFF\x10\x00\x00\x00WAVE", None),
        (b"\xff\xd8\xff\xfe%PDF-1.7\n", "image/jpeg"),
        (b"PK\x03\x04 a.pdf %PDF-1.7", PDF),
        (b"GIF89a", None),
        (b"PK\x03\x04", None),
        (b"", None),
    ],
)
def test_other_heads_are_told_too(head: bytes, media_type: str | None) -> None:
    assert sniff(head) == media_type


OFFICE = "application/vnd.openxmlformats-officedocument.{}.main+xml"
ZIPS = {
    types.PPTX: {"[Content_Types].xml": OFFICE.format("presentationml.slideshow")},
    types.XLSX: {
        "[Content_Types].xml": "application/vnd.ms-excel.sheet.macroEnabled.main+xml",
    },
    types.ODT: {"mimetype": types.ODT},
    types.ODP: {"mimetype": types.ODP + "-template"},
    types.ODS: {"content.xml": "<a/>", "mimetype": types.ODS},
    types.EPUB: {"META-INF/container.xml": "application/oebps-package+xml"},
}
WHOLE = [
    *((media_type, formats.zipped(entries)) for media_type, entries in ZIPS.items()),
    (types.EPUB, formats.epub()),
    (types.DOCX, formats.docx()),
    (types.XPS, formats.xps()),
    (types.MOBI, formats.mobi()),
    (types.FB2, formats.fb2()),
    (types.FB2, formats.fb2("utf-16")),
    (types.SVG, formats.svg()),
    (types.SVG, b'<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" [<!ENTITY a "b">]>\n<svg/>'),
    (types.SVG, b"<!--" + b"licence " * 400 + b"--><svg:svg xmlns:svg='x'/>"),
    (types.HTML, formats.html()),
    (types.HTML, b"\xef\xbb\xbf \n<HTML lang=en>"),
    (types.HTML, "\ufeff<!doctype html>".encode("utf-16-le")),
    (types.HTML, b'<?xml version="1.0"?><!-- a --><html xmlns="http://www.w3.org/1999/xhtml"/>'),
    (types.RTF, b"{\\rtf1\\ansi hello}"),
    (types.DOC, formats.compound(["1Table", "WordDocument"])),
    (types.XLS, formats.compound(["a", "b", "c", "d", "e", "Workbook"])),
    (types.PPT, formats.compound(["PowerPoint Document"])),
    (types.LOCKED_OFFICE, formats.compound(["EncryptionInfo", "EncryptedPackage"])),
    (types.AVIF, formats.encoded("AVIF")),
    (types.JP2, formats.encoded("JPEG2000")),
    (types.HEIC, b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic"),
    (types.JXL, b"\xff\x0a\xfa\x1f"),
    (None, b"\0\0\0\x18ftypisom\0\0\0\0isomiso2"),
    (None, formats.zipped({"a.pdf": "no head", "b.docx": "either"})),
    (None, formats.zipped({"mimetype": "text/plain"})),
    (None, formats.zipped({"a.pdf": b"%PDF-1.7"}, zipfile.ZIP_STORED)),
    (PDF, b"PK\x03\x04 and no zip at all, but %PDF-1.7"),
    (types.EPUB, formats.epub()[:900]),
    (None, formats.zipped({"page 1.png": formats.encoded("PNG")})),
    (None, formats.compound(["Something else"])),
    (None, b"<rss version='2.0'/>"),
    (None, b"# A title in no file of Markdown"),
    (None, b"PK\x03\x04"),
    (None, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    (None, b"<"),
    (None, b""),
]


def seen(folder: Path, data: bytes, name: str = "file") -> str | None:
    path = folder / "document"
    path.write_bytes(data)
    return sniff_file(path, name)


@pytest.mark.parametrize(("media_type", "data"), WHOLE)
def test_a_whole_file_is_told_by_what_it_holds(tmp_path, media_type, data) -> None:
    assert seen(tmp_path, data) == media_type
    assert seen(tmp_path, data, "https://there/a.pdf") == media_type


@pytest.mark.parametrize(
    ("name", "data", "media_type"),
    [
        ("read.MD", b"# A title", types.MARKDOWN),
        ("read.markdown", "Größe".encode("latin-1"), types.MARKDOWN),
        ("read.md", b"%PDF-1.7", PDF),
        ("read.md", b"\x7fELF\x02\x01", None),
        ("read.md", b" \n", None),
        ("s3://shelf/x.zip!comic.CBZ", formats.cbz(), types.CBZ),
        ("comic.cbz", formats.zipped({"notes.txt": "no page"}), None),
        ("comic.cbz", formats.epub(), types.EPUB),
    ],
)
def test_only_markdown_and_comics_are_told_by_their_names(tmp_path, name, data, media_type) -> None:
    assert seen(tmp_path, data, name) == media_type


def test_a_directory_of_a_zip_that_is_too_large_is_not_read(tmp_path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", types.ODT)
        for number in range(300):
            archive.writestr(f"{number}" + "x" * 60_000, b"")
    assert len(out.getvalue()) > 2 * 8 * 2**20
    assert seen(tmp_path, out.getvalue()) is None


@given(
    st.sampled_from(
        [b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"<!--", b"\0\0\0\x18ftyp"]
    ),
    st.binary(max_size=1200),
)
def test_any_bytes_are_of_some_type_or_of_none(tmp_path_factory, magic, rest) -> None:
    seen(tmp_path_factory.getbasetemp(), magic + rest, "a.cbz")
