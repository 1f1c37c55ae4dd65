"""The fonts of large signs give brackets, sums and integrals by their codes."""

from __future__ import annotations

from typing import cast

import pymupdf
import pytest

from workers.textlayer import extract
from workers.textlayer.math_signs import SIGNS, with_math_signs
from workers.textlayer.raw import RawBlock

NAMES = (
    "[0 /parenleftbig /parenrightbig 88 /summationdisplay 90 /integraldisplay 12 /vextendsingle]"
)


def span(font: str, text: str) -> dict[str, object]:
    return {"font": font, "text": text, "origin": (1.0, 2.0), "chars": [{"c": c} for c in text]}


def block(font: str, text: str) -> list[RawBlock]:
    return [cast(RawBlock, {"type": 0, "lines": [{"spans": [span(font, text)]}]})]


def mended(font: str, codes: str, text: str | None = None) -> str:
    text = "\ufffd" * len(codes) if text is None else text
    ((result,),) = (
        line["spans"]
        for line in with_math_signs(block(font, text), lambda: block(font, codes))[0]["lines"]
    )
    assert "".join(char["c"] for char in result["chars"]) == result["text"]
    return result["text"]


@pytest.mark.parametrize(
    ("font", "codes", "drawn"),
    [
        ("ABCDEF+CMEX10", "\x00\x01\x10\x11\x12\x13\x20\x21", "()()()()"),
        ("CMEX10", "XYZ\x50\x51\x52", "∑∏∫∑∏∫"),
        ("CMEX10", "\x68\x69\x22\x23\x28\x29", "[][]{}"),
        ("CMEX10", "\x30\x42\x40", "⎛⎜⎝"),
        ("CMEX8", "\xa1\xa2\xc3", "()("),  # where Type 1 fonts have 0, 1 and 32 too
        ("LMMathExtension10-Regular", "\x12\x13", "()"),
        ("txexs", "\x58", "∑"),
        ("Kp--M-Ex-Regular", "\x10\x11", "()"),
        ("MathDesign-UT-Regular-Ex", "\x5a", "∫"),
    ],
)
def test_codes_become_the_signs_that_are_drawn(font: str, codes: str, drawn: str) -> None:
    assert mended(font, codes) == drawn


def test_a_tall_bar_of_many_pieces_is_one_sign() -> None:
    assert mended("CMEX10", "\x0c\x0c\x0c\x0c") == "|"
    assert mended("CMEX10", "\x0d\x0d\x0c") == "‖|"
    assert mended("CMEX10", "\x00\x00") == "(("


@pytest.mark.parametrize("font", ["CMSY10", "CMR10", "txexa", "CMEXtra", "Mathematica"])
def test_other_fonts_are_left_alone(font: str) -> None:
    assert mended(font, "\x00X") == "\ufffd\ufffd"


def test_what_is_known_stays() -> None:
    assert mended("CMEX10", "\x00Z", "(\ufffd") == "(∫"
    assert mended("CMEX10", "\x80") == "\ufffd"


def test_a_span_of_which_a_part_is_hidden_stays() -> None:
    assert mended("CMEX10", "XX", "\ufffd") == "\ufffd"


def test_the_encoding_has_a_sign_for_each_of_its_128_codes() -> None:
    assert set(range(128)) <= SIGNS.keys()
    assert all(len(sign) <= 1 for sign in SIGNS.values())


def formula(font: str) -> pymupdf.Page:
    """A page on which `font`, whose glyphs have names of their own, draws a formula."""
    pdf = pymupdf.open()
    page = pdf.new_page(width=400, height=400)
    page.insert_text((40, 40), "the sum over all bells of the weight, and the area under it")
    xref = pdf.get_new_xref()
    pdf.update_object(
        xref,
        f"<</Type/Font/Subtype/Type1/BaseFont/{font}/FirstChar 0/LastChar 90"
        f"/Widths[{'600 ' * 91}]/Encoding<</Type/Encoding/Differences{NAMES}>>>>",
    )
    resources = pdf.get_new_xref()
    pdf.update_object(resources, f"<</Font<</F1 {xref} 0 R/helv {_font_of(page)} 0 R>>>>")
    page.set_contents(_appended(pdf, page, b"BT /F1 20 Tf 40 100 Td <58005A01> Tj ET"))
    pdf.xref_set_key(page.xref, "Resources", f"{resources} 0 R")
    return pymupdf.open("pdf", pdf.tobytes())[0]


def _font_of(page: pymupdf.Page) -> int:
    return int(page.get_fonts()[0][0])


def _appended(pdf: pymupdf.Document, page: pymupdf.Page, more: bytes) -> int:
    xref = pdf.get_new_xref()
    pdf.update_object(xref, "<<>>")
    pdf.update_stream(xref, page.read_contents() + b"\n" + more)
    return int(xref)


def test_a_pdf_whose_font_names_no_characters() -> None:
    assert "∑(∫)" in extract(formula("CMEX10")).text
    assert "∑" not in extract(formula("Unknown10")).text
