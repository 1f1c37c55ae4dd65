"""Characters without a meaning are left out and counted; a page with many of them is garbled."""

from __future__ import annotations

from dataclasses import replace

import pymupdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.recipe import TextLayer as TextLayerFloors
from workers.textlayer import TextLayerSignals, extract, judge
from workers.textlayer.broken import BROKEN, lost_words, with_bullets, without_broken

PROSE = "The committee met on Tuesday to discuss the annual budget of the harbour"


def page_with(*lines: str) -> pymupdf.Page:
    page = pymupdf.open().new_page()
    writer = pymupdf.TextWriter(page.rect)
    for number, line in enumerate(lines):
        writer.append((60, 60 + 20 * number), line, font=pymupdf.Font("cjk"), fontsize=10)
    writer.write_text(page)
    return page


def test_a_stray_sign_is_left_out_of_good_text_and_counted() -> None:
    layer = extract(page_with(*[PROSE] * 5, f"see \ue123 {PROSE}", PROSE))
    assert not BROKEN.search(layer.text)
    assert f"see {PROSE}" in layer.text
    assert layer.cleaned_chars == 1
    assert judge(layer.signals, TextLayerFloors()) is None


def test_a_page_whose_words_lack_letters_is_garbled() -> None:
    broken = PROSE.replace("tt", "\ue123").replace("sc", "\ue124")
    layer = extract(page_with(*[broken] * 6))
    assert layer.signals.garbled_share < TextLayerFloors().max_garbled_share
    assert judge(layer.signals, TextLayerFloors()) == "garbled"


def test_few_words_are_not_judged_by_those_that_are_lost() -> None:
    signals = TextLayerSignals(char_count=400, word_count=50, lost_word_share=0.1)
    assert judge(signals, TextLayerFloors()) == "garbled"
    assert judge(replace(signals, word_count=10), TextLayerFloors()) is None
    assert judge(replace(signals, lost_word_share=0.02), TextLayerFloors()) is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\ue123 First item", "• First item"),
        ("  \ufffd 2nd item", "• 2nd item"),
        ("\ufffdSecond item", "• Second item"),
        ("\ufffdrst item", "\ufffdrst item"),
        ("\ufffd", "\ufffd"),
        ("\ufffd + \ufffd", "\ufffd + \ufffd"),
        ("the \ufffd sign", "the \ufffd sign"),
        ("\uf0b7 known", "\uf0b7 known"),
    ],
)
def test_a_sign_that_opens_a_line_before_a_word_is_a_bullet(text: str, shown: str) -> None:
    assert with_bullets(text) == shown


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("di\ufffderent \ue000\ue001\ue002 words", 2),
        ("\ufffd" * 9, 2),
        ("a lone \ufffd sign, 5\ufffd and \ufffd.", 0),
        ("\uf0b7known", 0),
    ],
)
def test_lost_words_are_those_without_a_letter(text: str, count: int) -> None:
    assert lost_words(text) == count


@given(st.text(st.sampled_from("ab \ufffd\ue001\uf0b7\U000f0001")))
def test_only_broken_characters_and_spaces_beside_them_are_left_out(text: str) -> None:
    kept = without_broken(text)
    assert not BROKEN.search(kept)
    assert kept.replace(" ", "") == BROKEN.sub("", text).replace(" ", "")
    assert kept == text if not BROKEN.search(text) else True
