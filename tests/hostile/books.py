"""Hostile books, pages of HTML, drawings, comics and office files."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator

from tests import formats
from tests.hostile import pictures

LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE {0} [<!ENTITY a0 "ha">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    + "]>"
)


def swollen_book() -> bytes:
    """A book of 33 kB whose chapter is 32 MiB of spaces and letters."""
    return formats.epub(["<p>" + "a " * (1 << 24) + "</p>"])


def swollen_comic() -> bytes:
    """A comic whose first page unpacks to 140 MB, and whose second has no end of pixels."""
    return formats.zipped(
        {
            "1.png": formats.encoded("PNG") + b"\0" * 140_000_000,
            "2.png": pictures.png(100_000, 100_000),
            "3.png": formats.encoded("PNG"),
        }
    )


def comic_of_folders() -> bytes:
    """A comic whose pages have names outside of it, and one that is a comic again."""
    return formats.zipped(
        {
            "../../../../tmp/page 1.png": formats.encoded("PNG"),
            "/etc/page 2.png": formats.encoded("PNG"),
            "page 3.png": formats.cbz(),
        },
        zipfile.ZIP_STORED,
    )


def doubling_drawing() -> bytes:
    """A drawing of 2 to the power of 40 squares."""
    uses = "".join(
        f'<g id="g{n}"><use xlink:href="#g{n - 1}"/><use xlink:href="#g{n - 1}" x="1"/></g>'
        for n in range(1, 41)
    )
    return formats.svg(f'<g id="g0"><rect width="9" height="9"/></g>{uses}')


def circular_drawing() -> bytes:
    """A drawing whose parts use each other."""
    return formats.svg('<g id="a"><use xlink:href="#b"/></g><g id="b"><use xlink:href="#a"/></g>')


def laughing_drawing() -> bytes:
    """A drawing with a text of ten billion letters, by entities."""
    return formats.svg("<text>&a9;</text>").replace(
        b'<?xml version="1.0"?>', LAUGHS.format("svg").encode()
    )


def laughing_book() -> bytes:
    return formats.fb2(text="&a9;").replace(
        b'<?xml version="1.0" encoding="utf-8"?>', LAUGHS.format("FictionBook").encode()
    )


def deep_html() -> bytes:
    """A page whose text is below a hundred thousand boxes."""
    return formats.html("<div>" * 100_000 + formats.PROSE)


def huge_table() -> bytes:
    """A table of a million cells."""
    return formats.html("<table>" + ("<tr>" + "<td>a" * 1000) * 1000 + "</table>")


def deep_markdown() -> bytes:
    return b">" * 100_000 + b" a\n" + b"[" * 50_000


def swollen_docx() -> bytes:
    """A file of Word of 0.1 MB whose text is 128 MiB."""
    return formats.docx(f"<w:p><w:r><w:t>{'a ' * (1 << 20)}</w:t></w:r></w:p>" * 64)


def references(elsewhere: str, address: str) -> Iterator[tuple[str, bytes]]:
    """The name and bytes of a document of each kind that wants a picture and a style from there."""
    for uri in (address, f"file://{elsewhere}", elsewhere, elsewhere.rsplit("/", 1)[-1]):
        picture = f'<img src="{uri}" width="200" height="200"/>'
        style = f'<link rel="stylesheet" href="{uri}"/><style>@import "{uri}";</style>'
        body = (
            f"<p>{formats.PROSE}</p>{picture}<object data='{uri}'></object>"
            f"<iframe src='{uri}'></iframe><p style='background:url({uri})'>and more of it</p>"
        )
        yield "a.html", formats.html(body, style)
        yield "a.md", f"{formats.PROSE}\n\n![a pump]({uri})\n\n{picture}\n".encode()
        yield "a.epub", formats.epub([body])
        yield "a.mobi", formats.mobi(body)
        yield (
            "a.svg",
            formats.svg(
                f'<image xlink:href="{uri}" href="{uri}" x="200" y="100" width="200" height="99"/>'
                f'<use xlink:href="{uri}#a"/>'
            ),
        )
        yield "a.xps", formats.xps(uri=uri)
        yield "a.fb2", formats.fb2().replace(b"<p>", f'<image xlink:href="{uri}"/><p>'.encode(), 1)
    entity = f'<!DOCTYPE svg [<!ENTITY x SYSTEM "file://{elsewhere}">]>'
    whole = formats.svg("<text y='99'>&x;</text>")
    yield "x.svg", whole.replace(b"<!-- drawn by hand -->", entity.encode())
