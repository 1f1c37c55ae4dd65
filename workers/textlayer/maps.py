"""Find fonts whose ToUnicode map lies, by the font's own character map, and mend their text.

A PDF says twice which character a glyph is: in its ToUnicode map, and in the embedded font, by the
names of the glyphs or its own character map. Where the two contradict each other in many letters
or in several digits, the font is right: it was made before the PDF. Fonts that say nothing, as most
subsets of TrueType fonts, are not judged here.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pymupdf
from pymupdf import mupdf

from workers.textlayer.display_list import has_xobjects
from workers.textlayer.raw import RawBlock, copied, plain_name, translate

_CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_NAMED = ("Type1", "MMType1")
_JUDGED = (*_NAMED, "Type0")
_MAX_MAP_BYTES = 500_000
_MAX_CODES = 5_000
_MAX_CODE = 0x10000
_MIN_WRONG_DIGITS = 2
_MIN_WRONG_LETTERS = 4
_MIN_WRONG_SHARE = 0.3
"""Of the letters that can be judged. Good fonts with a stray glyph have at most a tenth."""

_SECTION = re.compile(rb"beginbf(char|range)(.*?)endbf", re.DOTALL)
_HEX = re.compile(rb"<([0-9A-Fa-f][0-9A-Fa-f\s]*)>")
_PAIR = re.compile(_HEX.pattern + rb"\s*" + _HEX.pattern)
_RANGE = re.compile(_PAIR.pattern + rb"\s*(?:" + _HEX.pattern + rb"|\[([^\]]*)\])")

Mends = Mapping[int, str]
"""What to write for a character of a font: as `str.translate` takes it."""


FontRow = tuple[int, str, str, str, str, str]
"""Of a font on a page: xref, file type, kind, base name, name on the page, encoding."""

_BROKEN = (mupdf.FzErrorFormat, mupdf.FzErrorSyntax, mupdf.FzErrorLibrary, mupdf.FzErrorArgument)
_RIGHT: tuple[str, Mends] = ("", {})


@dataclass(slots=True)
class _Cache:
    """The names and mends of the fonts of the document read last, and their `rows`, by xref.

    `document` is PyMuPDF's own number of it, which no later document gets. A row is that of
    `Page.get_fonts`.
    """

    document: int = -1
    fonts: dict[int, tuple[str, Mends]] = field(default_factory=dict)
    rows: dict[int, FontRow] = field(default_factory=dict)


_cache = _Cache()


def with_mended_maps(page: pymupdf.Page, blocks: Sequence[RawBlock]) -> Sequence[RawBlock]:
    """`blocks` with corrected text where the map of a font lies; else `blocks` themselves.

    A font is judged whole and once in a document, so a page does not depend on those before it.
    """
    document = page.parent
    if _cache.document != document._graft_id:
        _cache.document, _cache.fonts, _cache.rows = document._graft_id, {}, {}
    mends: dict[str, Mends] = {}
    fonts = _fonts(page)
    shared = Counter(plain_name(name) for _, _, _, name, *_ in fonts)
    for xref, file_type, kind, base_name, *_ in fonts:
        if xref == 0 or file_type == "n/a" or kind not in _JUDGED:
            continue
        if xref not in _cache.fonts:
            try:
                _cache.fonts[xref] = _mends_of(document, xref, kind in _NAMED)
            except _BROKEN:  # MuPDF draws it by another font, which says nothing of this one
                _cache.fonts[xref] = _RIGHT
        name, mend = _cache.fonts[xref]
        if mend and shared[plain_name(base_name)] > 1:  # whose text it is cannot be told
            mend = dict.fromkeys(mend, "\ufffd")
        if mend:
            mends[name] = mend
    if not mends:
        return blocks
    mended = copied(blocks)
    spans = (s for block in mended for line in block.get("lines", ()) for s in line["spans"])
    for span in spans:
        lying = mends.get(plain_name(span["font"]))
        if lying is not None:
            translate(span, lying)
    return mended


def _fonts(page: pymupdf.Page) -> Sequence[FontRow]:
    """What `Page.get_fonts` gives; from the rows of earlier pages, where these have all fonts.

    That saves half a millisecond. A row's name on the page may be that on another one.
    """
    if has_xobjects(page):  # forms have fonts, too
        rows: list[FontRow] = page.get_fonts()
        return rows
    fonts = mupdf.pdf_dict_gets(mupdf.pdf_page_resources(pymupdf._as_pdf_page(page)), "Font")
    count = mupdf.pdf_dict_len(fonts)
    xrefs = [mupdf.pdf_to_num(mupdf.pdf_dict_get_val(fonts, i)) for i in range(count)]
    if not all(xref in _cache.rows for xref in xrefs):
        rows = page.get_fonts()
        _cache.rows |= {row[0]: row for row in rows if row[0] > 0}
        return rows
    return [_cache.rows[xref] for xref in xrefs]


def _mends_of(document: pymupdf.Document, xref: int, is_named: bool) -> tuple[str, Mends]:
    """The name of the font `xref` in MuPDF's text, and its mends.

    There are none where its map is right or cannot be judged.

    `is_named`: its glyphs are judged by their names, as in Type 1 fonts. Others have a map of their
    own. Simple TrueType fonts are not judged: of 12,000 fonts, 6 of them had names and a map that
    number the subset, beside a right ToUnicode map.
    """
    kind, value = document.xref_get_key(xref, "ToUnicode")
    if kind != "xref":
        return _RIGHT
    stream = document.xref_stream(int(value.split()[0])) or b""
    # Maps of TeX have all characters of an encoding, also those that the subset leaves out.
    first, last = (document.xref_get_key(xref, key)[1] for key in ("FirstChar", "LastChar"))
    is_bounded = first.isdigit() and last.isdigit()
    used = range(int(first), int(last) + 1) if is_bounded else range(_MAX_CODE)
    claims = {
        code: text
        for code, text in parse_to_unicode(stream[:_MAX_MAP_BYTES]).items()
        if len(text) == 1 and text.isalnum() and code in used
    }
    if not claims:
        return _RIGHT
    pdf = pymupdf._as_pdf_document(document)
    reference = mupdf.pdf_new_indirect(pdf, xref, 0)  # must outlive the call
    descriptor = mupdf.ll_pdf_load_font(pdf.m_internal, None, reference.m_internal)
    try:
        if descriptor.encoding is None:
            return _RIGHT
        glyphs = _glyphs(descriptor, claims)
        own = _by_name(descriptor, glyphs) if is_named else _by_character(descriptor)
        name = plain_name(mupdf.ll_fz_font_name(descriptor.font))
        return name, wrong_claims(glyphs, own)
    finally:
        mupdf.ll_pdf_drop_font(descriptor)


def _glyphs(descriptor: mupdf.pdf_font_desc, claims: Mapping[int, str]) -> dict[int, str]:
    """The claimed character of each glyph, by its number in the font."""
    glyphs: dict[int, str] = {}
    for code, text in list(claims.items())[:_MAX_CODES]:
        cid = mupdf.ll_pdf_lookup_cmap(descriptor.encoding, code)
        glyph = mupdf.ll_pdf_font_cid_to_gid(descriptor, cid) if cid >= 0 else 0
        if glyph > 0:
            glyphs[glyph] = text
    return glyphs


def _by_name(descriptor: mupdf.pdf_font_desc, glyphs: Iterable[int]) -> dict[int, str]:
    """The characters that the names of the glyphs stand for."""
    font = mupdf.FzFont(mupdf.ll_fz_keep_font(descriptor.font))
    names = {glyph: mupdf.fz_get_glyph_name2(font, glyph) for glyph in glyphs}
    return {g: chr(mupdf.ll_fz_unicode_from_glyph_name(name)) for g, name in names.items() if name}


def _by_character(descriptor: mupdf.pdf_font_desc) -> dict[int, str]:
    """The characters that a TrueType font has its own map for."""
    own = {mupdf.ll_fz_encode_character(descriptor.font, ord(c)): c for c in _CHARACTERS}
    return {glyph: character for glyph, character in own.items() if glyph > 0}


def wrong_claims(claims: Mapping[int, str], own: Mapping[int, str]) -> dict[int, str]:
    """The characters to mend, where enough of the claims contradict the font; else nothing.

    `claims` has the character that the map gives to each glyph, `own` that of the font. Only a
    Latin letter for a Latin letter, or a digit for a digit, is a contradiction: fonts of other
    scripts often name their glyphs by the Latin keys that type them.
    """
    plain = ((g, unicodedata.normalize("NFKC", c)) for g, c in claims.items())
    judged = {c: own[g] for g, c in plain if len(c) == 1 and own.get(g, " ") in _CHARACTERS}
    digits = {c: truth for c, truth in judged.items() if c.isdigit() and truth.isdigit()}
    letters = {c: truth for c, truth in judged.items() if _is_latin(c) and truth.isalpha()}
    return {
        **_wrong_of(digits, _MIN_WRONG_DIGITS),
        **_wrong_of(letters, _MIN_WRONG_LETTERS),
    }


def _is_latin(character: str) -> bool:
    return character.isalpha() and character < "\u0250"


def _wrong_of(judged: Mapping[str, str], at_least: int) -> dict[int, str]:
    bad = {ord(c): truth for c, truth in judged.items() if c.casefold() != truth.casefold()}
    is_wrong = len(bad) >= at_least and len(bad) >= _MIN_WRONG_SHARE * len(judged)
    return bad if is_wrong else {}


def parse_to_unicode(stream: bytes) -> dict[int, str]:
    """The text of each code in a ToUnicode map. Damaged entries are left out."""
    texts: dict[int, str] = {}
    for kind, body in _SECTION.findall(stream):
        if kind == b"char":
            for code, text in _PAIR.findall(body):
                texts[_code(code)] = _text(text)
            continue
        for first, last, start, several in _RANGE.findall(body):
            low = _code(first)
            codes = range(low, min(_code(last), low + _MAX_CODES) + 1)
            if several:
                texts |= zip(codes, map(_text, _HEX.findall(several)), strict=False)
            elif len(first_text := _text(start)) == 1:
                base = ord(first_text) - low
                texts |= {code: chr(base + code) for code in codes if base + code < 0x110000}
    return texts


def _code(digits: bytes) -> int:
    return int(digits.translate(None, b" \r\n\t"), 16)


def _text(digits: bytes) -> str:
    """The text of hexadecimal digits: UTF-16, in which a short number is filled up."""
    plain = digits.translate(None, b" \r\n\t").decode()
    if 0 < len(plain) <= 4 and not 0xD800 <= (code := int(plain, 16)) < 0xE000:
        return chr(code)
    return bytes.fromhex(plain.rjust(-(-len(plain) // 4) * 4, "0")).decode("utf-16-be", "replace")
