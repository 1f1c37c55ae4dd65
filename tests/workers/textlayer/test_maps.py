"""ToUnicode maps that contradict the font are found, and their text is mended."""

from __future__ import annotations

from collections.abc import Mapping

import pymupdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.textlayer import extract
from workers.textlayer.maps import parse_to_unicode, wrong_claims

TEXT = "The harbour cost 485,000 crowns in 1926 and was repaired by 37 men"
DIGITS = str.maketrans("0123456789", "3518740296")
LETTERS = str.maketrans("abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm")
EXTENDED = {ord(c): chr(0x100 + n) for n, c in enumerate("abcdefghijklmnopqrstuvwxyz")}


def page_with_map(table: Mapping[int, int | str], font: str = "figo") -> pymupdf.Page:
    """A page whose font has a map that gives other characters, as `table` translates them."""
    document = pymupdf.open()
    page = document.new_page()
    buffer = pymupdf.Font(font).buffer
    page.insert_font(fontname="F0", fontbuffer=buffer)
    page.insert_text((60, 100), TEXT, fontname="F0", fontsize=11)
    document = pymupdf.open("pdf", document.tobytes())
    for xref in range(1, document.xref_length()):
        kind, value = document.xref_get_key(xref, "ToUnicode")
        if kind == "xref":
            target = int(value.split()[0])
            texts = parse_to_unicode(document.xref_stream(target))
            lines = [
                f"<{code:04x}> <{text.translate(table).encode('utf-16-be').hex()}>"
                for code, text in texts.items()
            ]
            head = "begincmap 1 begincodespacerange <0000> <ffff> endcodespacerange"
            body = f"{len(lines)} beginbfchar " + " ".join(lines) + " endbfchar"
            document.update_stream(target, f"{head} {body} endcmap".encode())
    document = pymupdf.open("pdf", document.tobytes())
    page = document[0]
    page.keep_alive = document
    return page


def test_the_page_is_read_where_its_map_is_right() -> None:
    assert extract(page_with_map({})).text == TEXT


@pytest.mark.parametrize(
    "table", [DIGITS, LETTERS, EXTENDED], ids=["digits", "letters", "extended"]
)
def test_a_map_that_lies_is_mended_by_the_font(table: dict[int, int]) -> None:
    page = page_with_map(table)
    assert page.get_text().strip() == TEXT.translate(table)
    assert extract(page).text == TEXT


def test_names_by_the_keys_of_another_script_are_no_contradiction() -> None:
    greek = dict(enumerate("αβγδεζηθ"))
    assert wrong_claims(greek, dict(enumerate("abgdezhq"))) == {}


def test_small_capitals_and_a_stray_glyph_are_no_contradiction() -> None:
    claims = dict(enumerate("abcdefghijklmnopq"))
    assert wrong_claims(claims, dict(enumerate("ABCDEFGHIJKLMNOPX"))) == {}


def test_ranges_lists_and_ligatures_of_a_map_are_read() -> None:
    stream = (
        b"2 beginbfrange\n<20> <22> <0041>\n<30><31>[<0061> <00660069>]\nendbfrange\n"
        b"1 beginbfchar <01> <D835DC4E> endbfchar"
    )
    letters = {0x20: "A", 0x21: "B", 0x22: "C", 0x30: "a", 0x31: "fi", 1: "\U0001d44e"}
    assert parse_to_unicode(stream) == letters


@given(st.binary(max_size=200))
def test_damaged_maps_never_raise(body: bytes) -> None:
    parse_to_unicode(b"1 beginbfrange " + body + b" endbfrange beginbfchar " + body + b" endbfchar")
