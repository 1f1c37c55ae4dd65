"""Right-to-left lines: logical order from the places of the letters."""

from __future__ import annotations

import pymupdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workers.textlayer.bidi_display import displayed
from workers.textlayer.bidi import logical
from workers.textlayer.content import first_read
from workers.textlayer.layer import extract
from workers.textlayer.page_text import blocks_with_chars
from workers.textlayer.rtl import in_logical_order

HEBREW = ["שלום", "עולם", "בית"]
ARABIC = ["السلام", "في", "هنا"]


@pytest.mark.parametrize(
    ("visual", "is_rtl", "typed"),
    [
        ("םולש", True, "שלום"),
        ("(םלוע) םולש", True, "שלום (עולם)"),
        ("(abc) םולש", True, "שלום (abc)"),
        ("!abc def 123 (םלוע)", True, "(עולם) abc def 123!"),
        ("50% :ריחמ", True, "מחיר: 50%"),
        ("%50 " + "يف", True, "في 50%"),
        ("Windows 10 תכרעמ", True, "מערכת Windows 10"),
        ("Windows .1", True, "1. Windows"),
        ("2024-05-01 םויב", True, "ביום 2024-05-01"),
        ("١٢٫٥ " + "رعسلا", True, "السعر ١٢٫٥"),
        ("see (םלוע) םולש here", False, "see שלום (עולם) here"),
        ("see (םולש) here", False, "see (שלום) here"),
        ("a 12 םולש 7 םלוע b", False, "a 12 עולם 7 שלום b"),
        ("«םולש»", True, "«שלום»"),
        (")םולש(", True, "(שלום)"),  # a program that maps each bracket to what was typed
    ],
)
def test_fixed_lines(visual: str, is_rtl: bool, typed: str) -> None:
    assert logical(visual, is_rtl) == typed


def test_a_ligature_keeps_the_order_of_its_letters() -> None:
    assert logical(["م", "لا", "س", "ل", "ا"]) == "السلام"


def test_a_mark_stays_with_its_letter() -> None:
    assert logical(["ا", "نَ", "هُ"]) == "هُنَا"


@given(st.text(st.characters(max_codepoint=0x58F)))
def test_a_line_of_no_such_letters_is_left_as_it_is(line: str) -> None:
    assert logical(line) == line


@given(st.lists(st.characters(), max_size=60), st.booleans())
def test_no_letter_is_lost_or_doubled(visual: list[str], is_rtl: bool) -> None:
    brackets = "()[]{}<>«»‹›≤≥⟨⟩【】「」"
    plain = str.maketrans("", "", brackets)
    typed = logical(visual, is_rtl)
    assert sorted(typed.translate(plain)) == sorted("".join(visual).translate(plain))
    assert len(typed) == len(visual)


WORDS = st.sampled_from([*HEBREW, *ARABIC])
NUMBERS = st.sampled_from(["12", "3.50", "1,234", "50%", "$7", "2024-05-01"])
ARABIC_NUMBERS = st.sampled_from(["١٢", "٣٫٥"])
BRACKETED = WORDS.map("({})".format)
LATIN = st.sampled_from(["abc", "De", "x"])
PHRASE = st.one_of(
    st.lists(st.one_of(WORDS, BRACKETED, NUMBERS, LATIN), min_size=1, max_size=6),
    st.lists(st.one_of(WORDS, BRACKETED, NUMBERS, ARABIC_NUMBERS), min_size=1, max_size=6),
)
GAPS = st.lists(st.sampled_from([" ", ". ", ", ", ": ", " - ", "! "]), min_size=6, max_size=6)


def joined(words: list[str], gaps: list[str]) -> str:
    return words[0] + "".join(gap + word for gap, word in zip(gaps, words[1:], strict=False))


@given(PHRASE, GAPS)
def test_the_typed_line_is_displayed_as_it_was_drawn(words: list[str], gaps: list[str]) -> None:
    drawn = displayed(joined(words, gaps), is_rtl=True)
    assert displayed(logical(drawn, is_rtl=True), is_rtl=True) == drawn


@given(st.lists(st.one_of(WORDS, BRACKETED, NUMBERS), min_size=1, max_size=6), GAPS)
def test_words_numbers_and_brackets_come_back_exactly(words: list[str], gaps: list[str]) -> None:
    typed = joined(words, gaps)
    assert logical(displayed(typed, is_rtl=True), is_rtl=True) == typed


# ---- pages --------------------------------------------------------------------------------


def page_of(html: str) -> pymupdf.Page:
    page = pymupdf.open().new_page()
    page.insert_htmlbox((60, 60, 540, 400), html)
    return pymupdf.open("pdf", page.parent.tobytes())[0]


@pytest.mark.parametrize(
    "typed",
    [
        'שלום (עולם) abc def 123! מחיר: 45.50 ש"ח, ביום 12/05',
        "בשנת 2024 גרסה [3.1] של PDF Tools (beta) יצאה",
    ],
)
def test_a_hebrew_page(typed: str) -> None:
    assert extract(page_of(f'<p dir="rtl">{typed}</p>')).text.lstrip("# ") == typed


def page_drawn(*pieces: tuple[float, str]) -> pymupdf.Page:
    """Glyphs drawn from left to right, each piece from its x on one baseline."""
    page = pymupdf.open().new_page()
    writer = pymupdf.TextWriter(page.rect)
    for x, text in pieces:
        writer.append((x, 100), text, font=pymupdf.Font("figo"), fontsize=10)
    writer.write_text(page)
    return pymupdf.open("pdf", page.parent.tobytes())[0]


@pytest.mark.parametrize(
    ("drawn", "typed"),
    [
        ("\u0645\ufefc\u0633\u0644\u0627", "السلام"),  # one glyph for lam and alef
        ("\u0628\u064e\u0644\u0639", "علَب"),  # a mark is drawn before its letter
        ("١٢٣" + " ددعلا", "العدد ١٢٣"),
        ("50 :ددعلا", "العدد: 50"),
    ],
)
def test_an_arabic_page(drawn: str, typed: str) -> None:
    assert extract(page_drawn((100, drawn))).text == typed


def test_spaces_come_from_the_gaps_between_words() -> None:
    assert extract(page_drawn((100, "םלוע"), (130, "םולש"))).text == "שלום עולם"


def test_words_far_apart_are_lines_of_their_own() -> None:
    page = page_drawn((100, "7"), (300, "םולש"), (330, "תיב"))
    assert extract(page).text.split() == ["בית", "שלום", "7"]


def test_a_number_beyond_unicode_in_a_map_costs_only_its_letter() -> None:
    page = page_drawn((100, "!תיב םולש"))
    textpage = page.get_textpage()
    (block,) = textpage.this
    chars = [char.m_internal for line in block for char in line]
    (mark,) = [char for char in chars if chr(char.c) == "!"]
    mark.c = 0x416F2AA0  # as MuPDF 1.28 reads the map of a font in a manual of TeX's `arabi`
    with pytest.raises(SystemError):
        page.get_text("rawdict", textpage=textpage)
    (read,) = in_logical_order(blocks_with_chars(textpage))
    assert "".join(span["text"] for span in read["lines"][0]["spans"]) == "שלום בית\ufffd"


def test_text_that_a_neighbour_asked_for_is_read_when_its_page_object_is_gone() -> None:
    document = pymupdf.open("pdf", page_drawn((100, "םלוע"), (130, "םולש")).parent.tobytes())
    first = first_read(document.load_page(0))
    assert extract(document.load_page(0), first=first).text == "שלום עולם"
