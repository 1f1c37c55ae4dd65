"""Media types of documents: by a file's first bytes, by what its archive holds, rarely by its name.

    sniff_file(path, "shelf/book.epub")    # "application/epub+zip", whatever the name says

A name decides only where bytes cannot: Markdown is any text, and a comic book is any zip of
pictures. Everything else is known by its bytes under any name.
"""

from __future__ import annotations

from pathlib import Path

from workers.rasterising import archives, markup_heads

PDF = "application/pdf"
EPUB = "application/epub+zip"
MOBI = "application/x-mobipocket-ebook"
FB2 = "application/x-fictionbook+xml"
XPS = "application/vnd.ms-xpsdocument"
CBZ = "application/vnd.comicbook+zip"
SVG = "image/svg+xml"
HTML = "text/html"
MARKDOWN = "text/markdown"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ODT = "application/vnd.oasis.opendocument.text"
ODP = "application/vnd.oasis.opendocument.presentation"
ODS = "application/vnd.oasis.opendocument.spreadsheet"
RTF = "application/rtf"
DOC, PPT, XLS = "application/msword", "application/vnd.ms-powerpoint", "application/vnd.ms-excel"
LOCKED_OFFICE = "application/vnd.ms-office.encrypted"
"""A DOCX, PPTX or XLSX with a password; which of them it is cannot be told without it."""
HEIC, AVIF, JP2, JXL = "image/heic", "image/avif", "image/jp2", "image/jxl"

OFFICE_SUFFIXES = {
    DOCX: ".docx", PPTX: ".pptx", XLSX: ".xlsx", ODT: ".odt", ODP: ".odp", ODS: ".ods",
    RTF: ".rtf", DOC: ".doc", PPT: ".ppt", XLS: ".xls", LOCKED_OFFICE: ".docx",
}  # fmt: skip
"""What LibreOffice turns into pages, each with the suffix that it expects."""

READ = (
    "PDF, EPUB, MOBI, FB2, XPS, CBZ, SVG, HTML, Markdown, office files (DOCX, PPTX, XLSX, ODT, "
    "ODP, ODS, RTF, DOC, PPT, XLS) and images (PNG, JPEG, TIFF, WebP, HEIC, AVIF, JPEG 2000, "
    "JPEG XL)"
)
"""All formats, for messages."""

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"II+\x00", "image/tiff"),
    (b"MM\x00+", "image/tiff"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", JP2),
    (b"\xff\x4f\xff\x51", JP2),
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", JXL),
    (b"\xff\x0a", JXL),
    (b"{\\rtf", RTF),
)
_MARKS = ((60, b"BOOKMOBI", MOBI),)
"""What stands further on, and where."""
_EPUB_MARK = b"mimetype" + EPUB.encode()
_BRANDS = {
    b"avif": AVIF, b"avis": AVIF,
    b"heic": HEIC, b"heix": HEIC, b"hevc": HEIC, b"hevx": HEIC, b"heim": HEIC, b"heis": HEIC,
}  # fmt: skip
_BY_ROOT = {"svg": SVG, "FictionBook": FB2, "html": HTML}
_BY_ENTRY = {"docx": DOCX, "pptx": PPTX, "xlsx": XLSX, "xps": XPS, "epub": EPUB} | {
    kind: kind for kind in (EPUB, ODT, ODP, ODS)
}
_BY_STREAM = {"WordDocument": DOC, "Workbook": XLS, "Book": XLS, "PowerPoint Document": PPT}
_HEAD_BYTES = 1 << 16
"""A drawing may begin with the licence of its program, and a page with a long comment."""


def sniff(head: bytes) -> str | None:
    """The media type from a file's first bytes, at least 1024; None where they do not tell.

    A file that is valid in several formats has the type that its very first bytes show. Archives
    are told by `sniff_file` alone, but for an EPUB that names itself at its beginning.
    """
    for magic, media_type in _MAGIC:
        if head.startswith(magic):
            return media_type
    for at, mark, media_type in _MARKS:
        if head[at : at + len(mark)] == mark:
            return media_type
    if head[:4] == b"RIFF" or head[4:8] == b"ftyp":
        return _of_chunks(head)
    root = markup_heads.root_element(head)
    if root in _BY_ROOT:
        return _BY_ROOT[root]
    if b"%PDF-" in head[:1024]:
        return PDF
    return EPUB if head.startswith(archives.ZIP) and head[30:].startswith(_EPUB_MARK) else None


def _of_chunks(head: bytes) -> str | None:
    """WebP by its form; HEIC or AVIF by their brands, the file's own and then the compatible."""
    if head[:4] == b"RIFF":
        return "image/webp" if head[8:12] == b"WEBP" else None
    end = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, end - 3, 4))]
    return next((_BRANDS[brand] for brand in brands if brand in _BRANDS), None)


def sniff_file(path: Path, name: str) -> str | None:
    """The media type of a local file that its source calls `name`; None where we do not read it.

    Raises OSError where the file cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if head.startswith(archives.ZIP) and (entry := archives.zip_kind(path, name)):
        return CBZ if entry == "cbz" else _BY_ENTRY.get(entry)  # a plain zip is no document
    if head.startswith(archives.COMPOUND):
        names = archives.stream_names(path)
        if "EncryptedPackage" in names:
            return LOCKED_OFFICE
        return next((_BY_STREAM[name] for name in names if name in _BY_STREAM), None)
    media_type = sniff(head)
    if media_type is None and name.lower().endswith((".md", ".markdown")):
        return MARKDOWN if markup_heads.is_text(head) else None
    return media_type


def has_text(media_type: str) -> bool:
    """Whether pages of this type may carry their text, which is then their layer."""
    return media_type == SVG or not (media_type == CBZ or media_type.startswith("image/"))
