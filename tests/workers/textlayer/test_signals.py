"""The verdicts on good and bad text layers."""

from __future__ import annotations

from dataclasses import fields

import pymupdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workers.textlayer.drawn import (
    FLOORS,
    PROSE,
    REASONS,
    add_prose,
    new_page,
    picture,
    reopened,
    verdict,
)
from workers.textlayer import TextLayerSignals, extract, judge


def test_a_good_page_is_accepted() -> None:
    page = new_page()
    add_prose(page)
    assert verdict(page) is None


def test_a_page_without_text_is_missing() -> None:
    assert verdict(new_page()) == "missing"


def test_an_ocr_layer_over_a_scan_is_invisible_and_its_words_are_left_out() -> None:
    page = new_page()
    page.insert_image(page.rect, pixmap=picture())
    add_prose(page, render_mode=3)
    layer = extract(reopened(page))
    assert judge(layer.signals, FLOORS) == "invisible"
    assert layer.text == ""


def test_words_under_a_scan_are_invisible() -> None:
    page = new_page()
    add_prose(page)
    page.insert_image(page.rect, pixmap=picture())
    assert verdict(page) == "invisible"


def test_words_over_a_background_picture_are_accepted() -> None:
    page = new_page()
    page.insert_image(page.rect, pixmap=picture())
    add_prose(page)
    layer = extract(reopened(page))
    assert judge(layer.signals, FLOORS) is None
    assert [block.label for block in layer.blocks] == ["paragraph", "figure"]


def test_a_scan_in_strips_with_a_page_number_is_scanned() -> None:
    page = new_page()
    for i in range(40):
        page.insert_image(
            (0, i * 21, 595, i * 21 + 21), pixmap=picture(100 + i), keep_proportion=False
        )
    page.insert_text((290, 830), "12", fontsize=10)
    assert verdict(page) == "scanned"


def test_letters_drawn_as_paths_are_outlined() -> None:
    page = new_page()
    shape = page.new_shape()
    for i in range(300):
        shape.draw_bezier((60 + i, 60), (62 + i, 70), (66 + i, 50), (70 + i, 60))
        shape.finish(color=(0, 0, 0))
    shape.commit()
    assert verdict(page) == "outlined"


def test_private_use_text_is_garbled() -> None:
    page = new_page()
    writer = pymupdf.TextWriter(page.rect)
    for i in range(4):
        text = "".join(map(chr, range(0xE100 + 32 * i, 0xE120 + 32 * i)))
        writer.append((60, 60 + 20 * i), text, font=pymupdf.Font("cjk"), fontsize=10)
    writer.write_text(page)
    assert verdict(page) == "garbled"


def test_shifted_letters_are_garbled() -> None:
    page = new_page()
    shifted = "".join(chr((ord(c) - 97 + 3) % 26 + 97) if c.islower() else c for c in PROSE)
    assert page.insert_textbox((60, 60, 535, 400), shifted * 3, fontsize=10) >= 0
    assert verdict(page) == "garbled"


@pytest.mark.parametrize("text", [" ".join(PROSE.replace(" ", "")), PROSE.replace(" ", "")])
def test_letters_spaced_out_or_run_together_are_misspaced(text: str) -> None:
    page = new_page()
    for i in range(24):
        page.insert_text((60, 60 + 26 * i), text[i : i + 60], fontsize=9)
    assert verdict(page) == "misspaced"


def test_the_order_of_drawing_is_no_reason_against_a_layer() -> None:
    page = new_page()
    for i in (11, 4, 9, 2, 12, 1, 7, 3, 10, 0, 8, 5, 6):
        page.insert_text((60, 60 + 50 * i), f"Paragraph number {i} of the page", fontsize=10)
    assert verdict(page) is None


def test_pins_of_a_schematic_are_not_misspaced() -> None:
    page = new_page()
    for i in range(40):
        page.insert_text((60 + 120 * (i % 4), 60 + 70 * (i // 4)), "ABCDEK"[i % 6], fontsize=9)
    assert verdict(page) is None


shares = st.floats(allow_nan=True, allow_infinity=True)
counts = st.integers(min_value=-1, max_value=10**9)


@given(
    st.builds(
        TextLayerSignals,
        **{f.name: counts if f.type == "int" else shares for f in fields(TextLayerSignals)},
    )
)
def test_judge_is_total(signals: TextLayerSignals) -> None:
    assert judge(signals, FLOORS) in REASONS | {None}


def test_an_inline_picture_is_seen() -> None:
    page = new_page()
    add_prose(page)
    document = page.parent
    inline = b"\nq 400 0 0 300 60 60 cm BI /W 1 /H 1 /CS /G /BPC 8 ID \x80\nEI Q\n"
    xref = page.get_contents()[-1]
    document.update_stream(xref, document.xref_stream(xref) + inline)
    assert extract(reopened(page)).signals.image_share > 0.2
