"""Vertical Japanese and Chinese: columns from the right, whole, without spaces."""

from __future__ import annotations

import pymupdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.textlayer.layer import extract
from workers.textlayer.lines import Line
from workers.textlayer.vertical import joined_columns

LETTER = [
    "いつもお世話になっております。",
    "本日は春の会議についてご案内",
    "いたします。会場は港の近くの",
    "市民会館で、午後二時から始まり",
    "ます。",
]


def page_of_glyphs(columns: list[str], pitch: float = 14, gap: float = 20) -> pymupdf.Page:
    """Each glyph drawn by itself, the columns drawn from the left, as an exporter may do."""
    page = pymupdf.open().new_page()
    for c, column in reversed(list(enumerate(columns))):
        for i, glyph in enumerate(column):
            at = (500 - gap * c, 80 + pitch * i)
            page.insert_text(at, glyph, fontsize=12, fontname="japan")
    return page


def page_in_vertical_mode(columns: list[str]) -> pymupdf.Page:
    """A font with the vertical encoding UniJIS-UTF16-V, which needs no font file."""
    page = pymupdf.open().new_page()
    page.insert_text((60, 60), "x", fontsize=12, fontname="japan")
    document = page.parent
    (font,) = [xref for xref, *_ in page.get_fonts()]
    document.xref_set_key(font, "Encoding", "/UniJIS-UTF16-V")
    strings = "".join(
        f"1 0 0 1 {500 - 20 * c} 760 Tm <{column.encode('utf-16-be').hex()}> Tj "
        for c, column in enumerate(columns)
    )
    (contents,) = page.get_contents()
    document.update_stream(contents, f"BT /japan 12 Tf {strings} ET".encode())
    return pymupdf.open("pdf", document.tobytes())[0]


@pytest.mark.parametrize("page", [page_of_glyphs(LETTER), page_in_vertical_mode(LETTER)])
def test_columns_are_read_from_the_right_as_one_paragraph(page: pymupdf.Page) -> None:
    assert extract(page).text == "".join(LETTER)


def test_a_horizontal_line_beside_the_columns_stays_a_line_of_its_own() -> None:
    page = page_of_glyphs(LETTER)
    page.insert_text((60, 40), "春の会議のお知らせ", fontsize=12, fontname="japan")
    assert set(extract(page).text.split("\n\n")) == {"".join(LETTER), "春の会議のお知らせ"}


def glyphs_down(text: str, x: float = 0, pitch: float = 11) -> list[Line]:
    return [Line(c, (x, pitch * i, x + 10, pitch * i + 10), 10, i) for i, c in enumerate(text)]


def test_cells_of_a_table_are_no_column() -> None:
    answers = glyphs_down("男女女男女")
    names = [Line("港区の住民", (30, 11 * i, 80, 11 * i + 10), 10, i) for i in range(5)]
    assert joined_columns([*answers, *names]) == [*answers, *names]


def test_rows_of_a_table_lie_too_far_apart_for_a_column() -> None:
    days = glyphs_down("日月火水木金土", pitch=16)
    assert joined_columns(days) == days


def test_latin_letters_under_each_other_are_no_column() -> None:
    letters = glyphs_down("ABCDE")
    assert joined_columns(letters) == letters


def test_a_number_set_upright_in_a_column_belongs_to_it() -> None:
    column = glyphs_down("昭和") + [
        Line(t, (0, 22 + 11 * i, 10, 32 + 11 * i), 10, 2 + i)
        for i, t in enumerate(["12", "年", "春"])
    ]
    assert [line.text for line in joined_columns(column)] == ["昭和12年春"]


@given(
    st.lists(
        st.builds(
            Line,
            text=st.sampled_from(["春", "の", "a", "12", "words here", "会議"]),
            box=st.tuples(*[st.sampled_from([0.0, 10.0, 20.0])] * 2).map(
                lambda at: (*at, at[0] + 10, at[1] + 10)
            ),
            size=st.just(10.0),
            block=st.just(0),
            quadrant=st.sampled_from([0, 1]),
        )
    )
)
def test_no_letter_is_lost_or_doubled(lines: list[Line]) -> None:
    def letters(of: list[Line]) -> list[str]:
        return sorted("".join(line.text for line in of).replace(" ", ""))

    assert letters(joined_columns(lines)) == letters(lines)
