"""Headings of born-digital pages: by size, bold type, number and model; names are none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from schemas.pages import Block
from workers.textlayer.bylines import bylines
from workers.textlayer.headings import Look, heading_level, with_numbered_levels
from workers.textlayer.lines import Line
from workers.textlayer.markdown import Segment

WHOLE_PAGE = (0.0, 0.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("text", "ratio", "is_bold", "level"),
    [
        ("Knots", 2.0, False, 1),
        ("Knots", 1.4, False, 2),
        ("Knots", 1.2, False, 3),
        ("3.2 Bends and hitches", 1.0, True, 4),
        ("Bends and hitches", 1.0, True, 4),
        ("3.1.2 compiled in smaller sans serif", 0.92, True, 4),
        ("b. The option", 1.0, True, 4),
        ("Knots by Ashley et al.", 1.1, True, 4),
        ("6.5.2 Splices", 1.0, False, 4),
        ("2. Clases y paquetes requeridos", 1.09, False, 4),
        ("[2009/12/08 v1.0]", 1.2, True, 3),
        ("9.1.3. 2005", 1.0, True, 4),
        ("v1.1, 2020-12-15", 1.0, True, 4),
        ("3.10. \\cuAsJulian", 1.09, False, 4),
        ("8 To Do", 1.4, True, 2),
        ("9.1.12. Release 2015", 1.0, True, 4),
        ("INGREDIENTS", 1.1, False, 4),
    ],
)
def test_headings(text: str, ratio: float, is_bold: bool, level: int) -> None:
    assert heading_level(Look([text], ratio, is_bold, False)) == level


@pytest.mark.parametrize(
    ("text", "ratio", "is_bold", "is_mono", "kind"),
    [
        ("end", 1.0, True, False, ""),  # a keyword in a listing
        ("\\setlength", 1.0, True, False, ""),
        ("- first item", 1.0, True, False, "heading"),
        ("$ unzip map.zip", 1.0, False, True, "heading"),
        ("with the syntax", 1.0, False, False, "heading"),
        ("The form is as follows:", 1.0, False, False, "heading"),
        ("Always test a knot.", 1.0, True, False, ""),
        ("2. an item of a list", 1.1, False, False, ""),
        ("2022/10/15", 1.2, False, False, ""),
        ("[v2, φ", 1.3, False, False, ""),
        ("17", 2.0, True, False, ""),
        ("INGREDIENTS", 1.0, False, False, ""),
        ("IBM", 1.1, False, False, ""),
    ],
)
def test_no_headings(text: str, ratio: float, is_bold: bool, is_mono: bool, kind: str) -> None:
    assert heading_level(Look([text], ratio, is_bold, is_mono, kind)) == 0


def test_a_number_that_stands_apart_is_that_of_a_list_of_contents() -> None:
    text = "2 From version 1 to version 2"
    assert heading_level(Look([text], 1.0, True, False)) == 4
    assert heading_level(Look([text], 1.0, True, False, ends_apart=True)) == 0


def test_a_centred_section_in_type_of_the_body() -> None:
    assert heading_level(Look(["4. Parabolic subgroups"], 1.0, False, False)) == 0, "an item"
    assert heading_level(Look(["4. Parabolic subgroups"], 1.0, False, False, is_centred=True)) == 4


def test_levels_follow_the_numbers_of_sections() -> None:
    texts = ["### 3.2 Bends", "### 3.2.1 Sheet bend", "### 3.3 Hitches", "#### Notes"]
    blocks = with_numbered_levels([Block("heading", WHOLE_PAGE, text) for text in texts])
    assert [block.text for block in blocks] == [
        "### 3.2 Bends",
        "#### 3.2.1 Sheet bend",
        "### 3.3 Hitches",
        "#### Notes",
    ]


def segment(text: str, x0: float, x1: float, size: float, is_bold: bool = False) -> Segment:
    box = (x0, 0.0, x1, size)
    return Segment((Line(text, box, size, 0, is_bold),), box)


TITLE = segment("A Manual of Knots", 200, 400, 17)


def test_names_and_dates_under_a_title_head_nothing() -> None:
    page = [
        TITLE,
        segment("Ada Ashley", 260, 340, 12),
        segment("Harbour College", 250, 350, 10),
        segment("1 May 1944", 270, 330, 12),
        segment("Abstract", 280, 320, 12, is_bold=True),
        segment("1 Introduction", 265, 335, 12),
    ]
    assert bylines(page, [True, True, False, True, True, True], 600) == {1, 3}
    assert bylines(page[:2], [True, True], 600) == {1}


@pytest.mark.parametrize(
    "other",
    [
        segment("First steps", 100, 180, 12),  # off the axis
        segment("First steps", 260, 340, 15),  # as large as a subtitle
        segment("First steps", 260, 340, 12, is_bold=True),
    ],
)
def test_what_is_no_name(other: Segment) -> None:
    assert bylines([TITLE, other], [True, True], 600) == set()


def test_a_byline_is_not_of_the_size_of_later_headings_nor_under_a_table() -> None:
    starters, mains = segment("Starters", 270, 330, 12), segment("Mains", 280, 320, 12)
    assert bylines([TITLE, starters, mains], [True, True, True], 600) == {1, 2}
    bold = segment("Prices", 270, 330, 12, is_bold=True)
    assert bylines([TITLE, starters, bold], [True, True, True], 600) == {1}

    below = replace(mains, box=(280.0, 90.0, 320.0, 102.0))
    assert bylines([TITLE, starters, below], [True] * 3, 600, [(100, 20, 500, 80)]) == set()
    assert bylines([TITLE, starters, below], [True] * 3, 600, [(100, 110, 500, 180)]) == {1, 2}
