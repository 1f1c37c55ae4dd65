"""The text of a document: repeated lines, broken words and sentences, true offsets."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.text.documents import PageText, join_columns, join_pages, without_repeats

BODY = "The harbour was dredged in spring, and the ships that lay there were moved to the"


def pages(*texts: str) -> list[PageText]:
    return [PageText(text, ("paragraph",) * bool(text)) for text in texts]


def letters(text: str) -> str:
    return re.sub(r"[\s\u00ad-]", "", text)


def test_a_sentence_that_goes_on_over_the_page_is_joined_and_the_offset_is_true() -> None:
    document = join_pages(pages(f"A title.\n\n{BODY}", "outer basin.\n\nA new paragraph."))
    assert document.text == f"A title.\n\n{BODY} outer basin.\n\nA new paragraph."
    assert document.text[document.offsets[1] :].startswith("outer basin.")


def test_a_word_cut_by_the_page_is_whole_and_the_page_begins_inside_it() -> None:
    document = join_pages(pages(f"{BODY} inter-", "national quay."))
    assert document.text == f"{BODY} international quay."
    assert document.text[document.offsets[1] :] == "national quay."


@pytest.mark.parametrize(
    ("above", "below"),
    [
        (f"{BODY} quay.", "and more"),  # the sentence ended
        (BODY, "The next begins"),
        (BODY, "- a list"),
        (BODY, "| a | table |"),
        (BODY, "# heading"),
        (BODY, "1. numbered"),
        (f"# {BODY}", "of the heading"),
        (f"| {BODY} |", "below the table"),
        (f"{BODY} (see p. 4).", "and more"),
        ("a label", "of a drawing"),
        (f"```\n{BODY}", "code goes on\n```"),
        ("Dr. Brown-", "Smith came"),  # the hyphen is the name's own
    ],
)
def test_what_is_no_broken_sentence_stays_apart(above: str, below: str) -> None:
    assert join_pages(pages(above, below)).text == f"{above}\n\n{below}"


@pytest.mark.parametrize(
    ("above", "below", "text"),
    [
        ("港" * 41, "口的船", "港" * 41 + "口的船"),
        ("港" * 41 + "。", "口的船", "港" * 41 + "。\n\n口的船"),
        ("кораблі " * 6 + "та", "човни", "кораблі " * 6 + "та човни"),
        ("السفن في الميناء " * 4 + "كانت", "كبيرة", "السفن في الميناء " * 4 + "كانت كبيرة"),
    ],
)
def test_other_scripts(above: str, below: str, text: str) -> None:
    assert join_pages(pages(above, below)).text == text


def test_a_page_that_ends_with_footnotes_is_not_joined() -> None:
    first = PageText(f"{BODY}\n\n1 A note without a stop", ("paragraph", "footnote", "page_number"))
    document = join_pages([first, PageText("outer basin.", ("paragraph",))])
    assert document.text == f"{BODY}\n\n1 A note without a stop\n\nouter basin."


def test_a_column_that_cuts_a_sentence() -> None:
    assert join_columns(f"{BODY}\n\nouter basin.\n\nNew.") == f"{BODY} outer basin.\n\nNew."
    code = "```\na\n\nb\n```"
    assert join_columns(f"{code}\n\nand so on") == f"{code}\n\nand so on"


def test_lines_that_pages_repeat_are_left_out() -> None:
    texts = [
        f"The Harbour Report {n}\n\nText {chr(97 + n) * 5} of it.\n\nPage {n}" for n in range(6)
    ]
    assert without_repeats(texts) == [f"Text {chr(97 + n) * 5} of it." for n in range(6)]
    kept = join_pages(pages(*texts), keeps_furniture=True)
    assert "The Harbour Report 3" in kept.text


def test_four_pages_do_not_make_a_repeat_nor_do_five_of_thirty() -> None:
    texts = [f"Same line\n\nText {chr(97 + n)}." for n in range(4)]
    assert without_repeats(texts) == texts
    texts = [f"{'Same line' if n < 5 else f'Line {chr(97 + n)}'}\n\nText." for n in range(30)]
    assert without_repeats(texts)[0].startswith("Same line")


def test_a_repeated_heading_stays_where_it_comes_first() -> None:
    texts = [f"## The Harbour\n\nText {chr(97 + n)} of it." for n in range(6)]
    assert [text.startswith("## The Harbour") for text in without_repeats(texts)] == [True] + [
        False
    ] * 5


@pytest.mark.parametrize(
    ("above", "below", "text", "page"),
    [
        (
            "| a | b |\n|---|---|\n| 1 | 2 |",
            "| a | b |\n|---|---|\n| 3 | 4 |",
            "| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |",
            "\n| 3 | 4 |",
        ),
        (
            "<table><tbody><tr><td>1</td></tr></tbody></table>",
            "<table><tbody><tr><td>2</td></tr></tbody></table>",
            "<table><tr><td>1</td></tr><tr><td>2</td></tr></table>",
            None,
        ),
        (
            "<table><tr><td>1</td></tr></table>",
            "<table><tr><td>2</td></tr></table>",
            "<table><tr><td>1</td></tr><tr><td>2</td></tr></table>",
            "<tr><td>2</td></tr></table>",
        ),
        ("| a | b |\n|---|---|", "| a |\n|---|", None, None),
    ],
)
def test_a_table_that_goes_on(above: str, below: str, text: str | None, page: str | None) -> None:
    document = join_pages(pages(f"Before.\n\n{above}", f"{below}\n\nAfter."))
    if page is None:
        assert document.text == f"Before.\n\n{above}\n\n{below}\n\nAfter."
    else:
        assert document.text == f"Before.\n\n{text}\n\nAfter."
        assert document.text[document.offsets[1] :] == f"{page}\n\nAfter."


def test_rows_of_tables_may_repeat() -> None:
    texts = [f"| Name | Count |\n|---|---|\n| plum | {n} |" for n in range(6)]
    assert without_repeats(texts) == texts


def test_empty_pages_have_empty_parts() -> None:
    document = join_pages(pages("", BODY, "", "outer basin.", ""))
    assert document.text == f"{BODY} outer basin."
    assert document.pages() == ["", f"{BODY} ", "", "outer basin.", ""]


LINES = st.sampled_from(
    [
        "Head 1",
        "head 2",
        BODY,
        f"{BODY} inter-",
        "national.",
        "# A",
        "| a",
        "- item",
        "港口" * 25,
    ]
)
TEXTS = st.lists(LINES, max_size=5).map("\n\n".join)


@given(st.lists(TEXTS, max_size=9), st.booleans())
def test_no_letter_is_lost_but_those_of_repeated_lines(texts: list[str], keeps: bool) -> None:
    document = join_pages(pages(*texts), keeps)
    expected = texts if keeps else without_repeats(texts)
    assert [letters(part) for part in document.pages()] == [letters(text) for text in expected]
    assert "".join(document.pages()) == document.text
    assert list(document.offsets) == sorted(document.offsets)


@given(st.lists(TEXTS, max_size=9))
def test_repeats_are_left_out_once_for_all(texts: list[str]) -> None:
    once = without_repeats(texts)
    assert len(once) == len(texts)
    for before, after in zip(texts, once, strict=True):
        assert set(after.split("\n")) <= set(before.split("\n"))
