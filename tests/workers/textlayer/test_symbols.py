"""The text of symbol fonts is given by their tables where their maps do not give it."""

from __future__ import annotations

from typing import cast

import pymupdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.textlayer import extract
from workers.textlayer.raw import RawBlock
from workers.textlayer.symbols import with_mended_symbols


def mended(*spans: tuple[str, str], have_codes: bool = True) -> list[str]:
    """The texts of spans, each with its font, after they are mended."""
    raw = [{"font": font, "text": text, "chars": [{"c": c} for c in text]} for font, text in spans]
    blocks = with_mended_symbols(
        [cast(RawBlock, {"type": 0, "lines": [{"spans": raw}]})], lambda: have_codes
    )
    result = [span for line in blocks[0]["lines"] for span in line["spans"]]
    for span in result:
        assert "".join(char["c"] for char in span["chars"]) == span["text"]
    assert tuple((span["font"], span["text"]) for span in raw) == spans
    return [span["text"] for span in result]


@pytest.mark.parametrize(
    ("font", "text", "drawn"),
    [
        ("Symbol", "a b g", "α β γ"),
        ("ABCDEF+SymbolMT", "£ ³ ´ Þ", "≤ ≥ × ⇒"),
        ("Symbol", "\uf061\uf0a3\uf062", "α≤β"),
        ("ZapfDingbats", "3 4 8", "✓ ✔ ✘"),
        ("ABCDEF+Dingbats", "l ¡", "● ❡"),
        ("Wingdings", "\x81 à", "① →"),
        ("Wingdings", "\uf0df", "←"),
    ],
)
def test_codes_become_the_signs_that_are_drawn(font: str, text: str, drawn: str) -> None:
    assert mended((font, text)) == [drawn]


@pytest.mark.parametrize(
    ("font", "text"),
    [
        ("Symbol", "α + β = 5 ± 2 × (3)"),
        ("Symbol", "µ - 5*"),
        ("Symbol", "•"),
        ("ZapfDingbats", "✓ ✔ ●"),
        ("LMMathSymbols10-Regular", "a ⟨b⟩"),
        ("SymbolaText", "a word"),
        ("Helvetica", "a b g 3"),
    ],
)
def test_text_that_is_right_stays(font: str, text: str) -> None:
    assert mended((font, text)) == [text]


def test_signs_that_may_be_right_go_by_the_rest_of_their_font() -> None:
    assert mended(("Symbol", "a"), ("Symbol", "¬")) == ["α", "←"]
    assert mended(("Symbol", "α"), ("Symbol", "¬")) == ["α", "¬"]
    assert mended(("Symbol", "α"), ("Symbol", "¬"), ("Symbol", "b")) == ["α", "¬", "β"]


def test_dingbats_without_an_encoding_give_the_numbers_of_their_names() -> None:
    assert mended(("ZapfDingbats", "G l K \x13"), have_codes=False) == ["● ❧ ❑ ✓"]


@pytest.mark.parametrize("encoding", [None, "WinAnsiEncoding"])
def test_ticks_and_discs_of_a_page_are_read(encoding: str | None) -> None:
    document = pymupdf.open()
    page = document.new_page()
    page.insert_text((60, 100), "48l", fontname="zadb")
    xref = page.get_fonts()[0][0]
    document.xref_set_key(xref, "Encoding", f"/{encoding}" if encoding else "null")
    with pymupdf.open("pdf", document.tobytes()) as opened:
        assert extract(opened[0]).text == "✔✘●"


def test_greek_of_a_page_under_an_encoding_of_text_is_read() -> None:
    document = pymupdf.open()
    page = document.new_page()
    page.insert_text((60, 100), "abg", fontname="symb")
    document.xref_set_key(page.get_fonts()[0][0], "Encoding", "/WinAnsiEncoding")
    with pymupdf.open("pdf", document.tobytes()) as opened:
        assert extract(opened[0]).text == "αβγ"


def test_an_unknown_sign_of_a_symbol_font_is_a_bullet_where_it_opens_a_line() -> None:
    assert mended(("Wingdings3", "\uf07d "), ("Arial", "First")) == ["• ", "First"]
    assert mended(("Arial", "First "), ("Wingdings3", "\uf07d")) == ["First ", "\uf07d"]
    assert mended(("CMEX10", "\ufffd"), ("Arial", "First")) == ["\ufffd", "First"]


def test_private_codes_of_a_font_of_letters_are_ascii() -> None:
    text = "the committee met on tuesday"
    private = "".join(chr(0xF000 + ord(c)) if c != " " else c for c in text)
    assert mended(("ABCDEF+Arial", private)) == [text]
    assert mended(("FontAwesome-Icons", private)) == [private]
    assert mended(("ABCDEF+Arial", "\uf041\uf042 \uf07e")) == ["\uf041\uf042 \uf07e"]


@given(st.sampled_from(["Symbol", "ZapfDingbats", "Wingdings"]), st.text(max_size=40))
def test_mended_text_is_as_long_and_stays_as_it_is(font: str, text: str) -> None:
    (once,) = mended((font, text))
    assert len(once) == len(text)
    assert not any("a" <= c <= "z" for c in once) or font == "Wingdings"
    if font != "Wingdings":
        assert mended((font, once)) == [once]
