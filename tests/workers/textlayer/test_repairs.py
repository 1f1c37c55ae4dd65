"""Repairs of a line's text, each with what it must leave alone."""

from __future__ import annotations

import unicodedata

import pymupdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.textlayer.layer import extract
from workers.textlayer.lines import clean
from workers.textlayer.repairs import is_wordlike, repaired, with_ligatures
from workers.textlayer.spacing import Glyph, respaced


@pytest.mark.parametrize(
    ("drawn", "right"),
    [
        # quotation marks
        ("the ‘‘equation’’ environment", "the “equation” environment"),
        ("``No,'' she said.", "“No,” she said."),
        (",,Ja`` und ,,Nein``", "„Ja“ und „Nein“"),
        # accents before their letters, after them, on a letter without its dot
        ("F¨ur URLs, puntuaci´on", "Für URLs, puntuación"),
        (
            "le lettere `e, si pu`o; l’entr´ee `a travers",
            "le lettere è, si può; l’entrée à travers",
        ),
        ("Mu¨nchen fu¨r", "München für"),
        ("´ındice, ¸ca va, fa¸cade", "índice, ça va, façade"),
        ("Entrecomi˜nados", "Entrecomiñados"),
        # letters set apart
        ("P R E F A C E", "PREFACE"),
        ("S e m i n a r a r b e i t", "Seminararbeit"),
        ("C h a p t e r  O n e", "Chapter One"),
        # scripts without spaces
        ("い つ も お 世 話 に な っ て", "いつもお世話になって"),
        ("目 次", "目次"),
        ("会場は、 港の近く", "会場は、港の近く"),
    ],
)
def test_what_is_mended(drawn: str, right: str) -> None:
    assert repaired(drawn) == right


@pytest.mark.parametrize(
    "text",
    [
        "$opts{’data’} ne ’’) {",
        "r’’’ and a 5'' screen, f'' too",
        "a,,b",
        "`word' and `irregular'",
        "http://inst.edu/˜ulie.Author",
        "it´s ok at 20 ˚C",
        "J. R. R. Tolkien",
        "a b c d e f",
        "A a B b C c D d",
        "L = x y z a b c u v w:",
        "where x y z w hold",
        "第一章 绪论",
        "第 1 章 我们 在这里",
        "ประเทศ ไทย และ คน",
        "한국어 는 띄어쓰기 를 한다",
    ],
)
def test_what_is_left_alone(text: str) -> None:
    assert repaired(text) == text


def test_letters_without_any_gap_between_words_stay_apart() -> None:
    text = " ".join("itisnotknownwhereonewordends")
    assert repaired(text) == text


def base_letters(text: str) -> list[str]:
    """The letters of `text` without accents, in order."""
    plain = unicodedata.normalize("NFD", text.replace("ı", "i").replace("ȷ", "j"))
    return [letter for letter in plain if letter.isalpha() and not unicodedata.combining(letter)]


LINES = st.text(
    st.one_of(
        st.sampled_from("aeiouncsılABx´`¨ˆ˜˚¸‘’',.  \u2003()世話に、"), st.characters(codec="utf-8")
    ),
    max_size=60,
)


@given(LINES)
def test_no_letter_is_lost(line: str) -> None:
    assert base_letters(repaired(line)) == base_letters(line)


@given(LINES)
def test_a_second_repair_loses_no_letter_either(line: str) -> None:
    once = repaired(line)
    assert base_letters(repaired(once)) == base_letters(once)


@given(st.text(st.characters(codec="ascii", categories=("L", "N", "Zs")), max_size=80))
def test_plain_words_are_left_alone(line: str) -> None:
    words = [word for word in line.split() if len(word) > 1]
    assert repaired(" ".join(words)) == " ".join(words)


def test_ligatures_at_their_place_in_a_font_of_tex() -> None:
    assert with_ligatures("the \x0crst e\x0bect, a\x0f") == "the first effect, affl"
    assert with_ligatures("tab\x0bulator \x0c") == "tabffulator \x0c"


def test_private_bullets_digits_and_brackets_have_their_meaning() -> None:
    assert clean("\uf0b7 \uf733\uf730 \uf8eb \ufb01n") == "• 30 ⎛ fin"


def test_an_alef_is_not_doubled_before_the_word_that_holds_one() -> None:
    assert clean("و\u0627\ufdf2") == "والله"


# ---- spaces from gaps ---------------------------------------------------------------------


def glyphs(
    text: str, gap: float = 0.0, word_gap: float = 3.0, drawn_space: bool = False
) -> list[Glyph]:
    """Letters of width 5 with `gap` between them, and words `word_gap` further apart."""
    out: list[Glyph] = []
    x = 0.0
    for letter in text:
        if letter == " ":
            if drawn_space:
                out.append(Glyph(" ", x, x + word_gap))
            x += word_gap
            continue
        if gap > 2 and out:  # MuPDF then makes up a space
            out.append(Glyph(" ", x - gap, x, is_synthetic=True))
        out.append(Glyph(letter, x, x + 5))
        x += 5 + gap
    return out


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (glyphs("words set tight", word_gap=1.5), "words set tight"),
        (glyphs("THE SILENT MILL", gap=3), "THE SILENT MILL"),
        (glyphs("PREFACE", gap=9), "PREFACE"),
        (glyphs("abcd xyz", gap=3), "a b c d x y z"),
        (glyphs("as it is", drawn_space=True), "as it is"),
        (
            [
                Glyph("T", 0, 6),
                Glyph(" ", 6, 7, is_synthetic=True),
                Glyph("o", 7, 12),
                *[
                    Glyph(g.text, g.start + 12, g.end + 12)
                    for g in glyphs(" be or", drawn_space=True)
                ],
            ],
            "To be or",
        ),
    ],
)
def test_spaces_come_from_gaps(line: list[Glyph], text: str) -> None:
    assert respaced(line, 10.0) == text


@given(
    st.lists(
        st.builds(
            Glyph,
            text=st.characters(),
            start=st.floats(0, 500),
            end=st.floats(0, 500),
            is_synthetic=st.booleans(),
        ),
        max_size=40,
    )
)
def test_only_spaces_change(line: list[Glyph]) -> None:
    before = "".join(glyph.text for glyph in line)
    assert "".join(respaced(line, 10.0).split()) == "".join(before.split())


def test_a_line_set_tight_gets_its_spaces_and_keeps_its_styles() -> None:
    page = pymupdf.open().new_page()
    writer = pymupdf.TextWriter(page.rect)
    x = 60.0
    text = "the words of this line are set so tight that none stands apart"
    for word in text.split():
        _, (x, _) = writer.append((x, 100), word, font=pymupdf.Font("helv"), fontsize=10)
        x += 1.5
    writer.write_text(page)
    assert extract(page).text == text


def test_a_heading_spaced_out_is_closed_by_its_gaps() -> None:
    page = pymupdf.open().new_page()
    writer = pymupdf.TextWriter(page.rect)
    x = 60.0
    for letter in "THE SILENT MILL":
        if letter != " ":
            _, (x, _) = writer.append((x, 100), letter, font=pymupdf.Font("helv"), fontsize=10)
        x += 2.5
    writer.write_text(page)
    assert extract(page).text.strip("# ") == "THE SILENT MILL"


def test_signs_without_a_letter_are_no_word() -> None:
    assert not is_wordlike("")
