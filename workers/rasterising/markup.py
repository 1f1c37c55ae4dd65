"""HTML, XML and Markdown as UTF-8 that MuPDF can set, with nothing in it that would be fetched.

Owns the encoding, the pictures that are not in the file, and which tables of HTML are tables. How
large a page is, is decided in `reflow`. All of this runs in the child.
"""

from __future__ import annotations

import codecs
import html
import re

from markdown_it import MarkdownIt

from workers.rasterising.markup_heads import byte_order

_HEAD_BYTES = 4096
_CHARSET = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]{1,40})""", re.I)
_XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
# What browsers take these names for (WHATWG Encoding, 4.2).
_WIDER = {"iso8859-1": "cp1252", "ascii": "cp1252", "gb2312": "gb18030", "gbk": "gb18030"}
_DECLARED = re.compile(r"<meta\b[^>]{0,1000}\bcharset\b[^>]{0,1000}>", re.I)
_PICTURE = re.compile(r"<img\b[^>]{0,100000}>", re.I)
_SOURCE = re.compile(r"""\bsrc\s*=\s*["']?\s*data:""", re.I)
_ALTERNATIVE = re.compile(r"""\balt\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))""", re.I)
_DRAWING = re.compile(r"<svg\b[^>]{0,10000}>", re.I)
_SIDE = re.compile(r"""\s(?:width|height)\s*=""", re.I)
_VIEW = re.compile(
    r"""\bviewBox\s*=\s*["']?\s*[\d.+-]+[\s,]+[\d.+-]+[\s,]+([\d.]+)[\s,]+([\d.]+)""", re.I
)
_LARGEST_ICON = 640
"""Units of the sets of icons: 24 of Material's, up to 640 of Font Awesome's."""
_FRONT_MATTER = re.compile(r"\A---[ \t]*\r?\n(?:[^\n]*\n){0,200}?---[ \t]*(?:\r?\n|\Z)")
_TABLE_TAG = re.compile(r"<(/?)(table|tr|td|th|h[1-6]|ul|ol|form|input)\b", re.I)
_MAX_NESTING = 50
_MARKDOWN = MarkdownIt("commonmark", {"maxNesting": _MAX_NESTING}).enable(
    ["table", "strikethrough"]
)
RULED = "data-ruled"
"""An attribute of tables that are to have rules; others only place things on a page."""


def unicode_of(data: bytes) -> str:
    """The text of a file of markup, by its byte-order mark, by its declaration, or as UTF-8.

    What is no UTF-8, and declares nothing, is Windows-1252, as for browsers.
    """
    encoding, length = byte_order(data)
    if encoding is not None:
        return data[length:].decode(encoding, "replace")
    declared = _CHARSET.search(data[:_HEAD_BYTES])
    if declared is not None:
        try:
            name = codecs.lookup(declared[1].decode("ascii")).name
            # A declaration that could be read here is not in UTF-16, whatever it says.
            if not name.startswith(("utf-16", "utf-32")):
                return data.decode(_WIDER.get(name, name), "replace")
        except LookupError:  # also a codec that gives no text, such as `hex`
            pass
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def xml_bytes(data: bytes) -> bytes:
    """XML as UTF-8, without a declaration of another encoding."""
    return _XML_DECLARATION.sub("", unicode_of(data), count=1).encode("utf-8", "replace")


def html_bytes(data: bytes) -> bytes:
    """A page of HTML as UTF-8, as `of_html` has it."""
    return _settable(unicode_of(data))


def markdown_bytes(data: bytes) -> bytes:
    """A text in Markdown (CommonMark, tables, strikethrough) as HTML in UTF-8.

    The metadata in YAML that some programs write before it are left out.
    """
    text = _FRONT_MATTER.sub("", unicode_of(data), count=1)
    return _settable(f"<html><body>{_MARKDOWN.render(text)}</body></html>")


def _settable(text: str) -> bytes:
    text = _DECLARED.sub("", text)  # MuPDF would heed it
    text = _PICTURE.sub(_words_for, text)
    text = _DRAWING.sub(_sized, text)
    return codecs.BOM_UTF8 + _with_ruled_tables(text).encode("utf-8", "replace")


def _words_for(picture: re.Match[str]) -> str:
    """A picture that is in the file; for another one its words, as it is not fetched."""
    if _SOURCE.search(picture[0]):
        return picture[0]
    words = _ALTERNATIVE.search(picture[0])
    return html.escape(html.unescape(words[1] or words[2] or words[3] or "")) if words else ""


def _sized(drawing: re.Match[str]) -> str:
    """A drawing's tag; an icon that names no size, as a style sheet does elsewhere, gets that of a
    letter, since it would be as wide as the page."""
    view = _VIEW.search(drawing[0])
    try:
        is_icon = view is not None and max(float(view[1]), float(view[2])) <= _LARGEST_ICON
    except ValueError:
        is_icon = False
    if not is_icon or _SIDE.search(drawing[0]):
        return drawing[0]
    return f'{drawing[0][:4]} width="11" height="11"{drawing[0][4:]}'


def _with_ruled_tables(text: str) -> str:
    """Mark each table that has two rows and four cells and no heading, list or table inside."""
    tags = list(_TABLE_TAG.finditer(text))
    starts: list[int] = []
    opened: list[list[int]] = []  # where each open table starts, its rows and cells
    for tag in tags:
        name = tag[2].lower()
        if name == "table" and not tag[1]:
            if opened:
                opened[-1][1] = -len(tags)  # the outer one places this one on the page
            opened.append([tag.end(), 0, 0])
        elif not opened:
            continue
        elif name == "table":
            start, rows, cells = opened.pop()
            if rows >= 2 and cells >= 4:
                starts.append(start)
        elif not tag[1]:
            if name in ("td", "th"):
                opened[-1][2] += 1
            elif name == "tr":
                opened[-1][1] += 1
            else:
                opened[-1][1] = -len(tags)
    pieces, last = [], 0
    for start in sorted(starts):
        pieces += [text[last:start], f' {RULED}="1"']
        last = start
    return "".join([*pieces, text[last:]])
