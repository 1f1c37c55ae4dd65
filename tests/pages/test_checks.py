"""Checks of the page benchmark pass on right readings and fail on wrong ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from tests.benchmarks.pages.checks import Check, Reading, found, is_found, passes

LONG = "The harbour board met on the first Tuesday of each month."


def does_pass(read: str, kind: str, /, **fields: object) -> bool:
    check: Check = TypeAdapter(Check).validate_python({"kind": kind, **fields})
    return passes(check, Reading.of(read))


# ---- phrases --------------------------------------------------------------------------------


def test_a_phrase_is_found_through_markup_line_ends_and_quotes() -> None:
    text = "# Notes\n\nThe *harbour* board met\non the \u201cfirst\u201d Tuesday"
    assert does_pass(text, "present", text='harbour board met on the "first" Tuesday')


def test_case_counts_for_present() -> None:
    assert not does_pass("the harbour", "present", text="The harbour")


def test_one_edit_for_each_full_twenty_characters() -> None:
    assert not does_pass(LONG, "present", text="harbuor board met on the frist Tuesday of")
    assert does_pass(LONG, "present", text="harbuur board met on the firstt Tuesday of")
    assert not does_pass(LONG, "present", text="harbour boord met")


def test_no_spaces_between_chinese_characters() -> None:
    assert does_pass("港口 档案\n馆", "present", text="港口档案馆")


@given(st.text("abc ", min_size=1), st.text("abc "), st.text("abc "))
def test_a_part_of_a_text_is_found_where_it_is(phrase: str, before: str, after: str) -> None:
    assert len(before) in set(found(phrase, before + phrase + after))


@given(st.text("abcd", min_size=20, max_size=39), st.integers(0, 19), st.sampled_from("abcdx"))
def test_one_wrong_character_is_allowed(phrase: str, at: int, char: str) -> None:
    assert is_found(phrase, "x " + phrase[:at] + char + phrase[at + 1 :] + " x")


@given(st.text("abcd", min_size=20, max_size=39), st.data())
def test_two_strange_characters_are_not(phrase: str, data: st.DataObject) -> None:
    first, second = sorted(data.draw(st.sets(st.integers(0, 19), min_size=2, max_size=2)))
    wrong = phrase[:first] + "x" + phrase[first + 1 : second] + "y" + phrase[second + 1 :]
    assert not is_found(phrase, wrong)


# ---- absent ---------------------------------------------------------------------------------


def test_a_running_head_is_absent_only_if_no_case_of_it_is_there() -> None:
    assert not does_pass("Text\n\nCOUNTY SURVEY\n\nmore", "absent", text="County Survey")
    assert does_pass("The counties surveyed it", "absent", text="County Survey")


def test_a_number_may_be_in_a_line_but_may_not_be_one() -> None:
    assert does_pass("In 18 cases\nof 118", "absent", text="18")
    for line in ("18", "**18**", "- 18 -", "\u2014 18 \u2014", "# 18"):
        assert not does_pass(f"Text\n\n{line}\n\nmore", "absent", text="18"), line
    assert not does_pass("Text\n\nxii", "absent", text="xii")


def test_a_short_head_is_a_word_of_its_own() -> None:
    assert does_pass("Page 12 of the draft", "absent", text="Page 1")
    assert not does_pass("Page 1 of 2", "absent", text="Page 1")


def test_an_empty_reading_passes_nothing() -> None:
    assert not does_pass("", "absent", text="18")
    assert not does_pass("<!-- picture -->\n", "absent", text="County Survey")


# ---- order ----------------------------------------------------------------------------------


def test_order_takes_the_best_of_all_occurrences() -> None:
    text = "second word\n\nfirst word\n\nsecond word"
    assert does_pass(text, "order", first="first word", then="second word")
    assert does_pass(text, "order", first="second word", then="first word")
    assert not does_pass("b then a", "order", first="a", then="b")
    assert not does_pass("a alone", "order", first="a", then="missing")


# ---- cells ----------------------------------------------------------------------------------

MARKDOWN = """
| Parish | Wheat | Oats |
|---|---:|---:|
| Ostwick | 412 | **97** |
| Corvane | 365 | 131 |
"""
SPANS = """
<table><tr><th rowspan="2">Soil</th><th colspan="2">Untreated</th></tr>
<tr><th>1890</th><th>1891</th></tr>
<tr><td>Clay</td><td>31</td><td>44</td></tr></table>
"""


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"text": "412", "left": "Ostwick", "right": "97", "above": "Wheat", "below": "365"}, True),
        ({"text": "131", "row": "Corvane", "column": "Oats"}, True),
        ({"text": "131", "left": "Corvane"}, False),
        ({"text": "131", "column": "Wheat"}, False),
        ({"text": "41", "left": "Ostwick"}, False),
    ],
)
def test_cells_of_markdown(fields: dict[str, str], expected: bool) -> None:
    assert does_pass(MARKDOWN, "cell", **fields) is expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"text": "44", "column": "Untreated", "above": "1891", "row": "Clay"}, True),
        ({"text": "Untreated", "below": "1891", "left": "Soil"}, True),
        ({"text": "1890", "left": "Soil", "above": "Untreated"}, True),
        ({"text": "Clay", "above": "Soil", "right": "31"}, True),
        ({"text": "1891", "left": "Soil"}, False),
    ],
)
def test_cells_of_html_with_spans(fields: dict[str, str], expected: bool) -> None:
    assert does_pass(SPANS, "cell", **fields) is expected


def test_all_neighbours_belong_to_the_same_cell() -> None:
    text = "| a | 1 | x |\n|---|---|---|\n| b | 1 | y |"
    assert does_pass(text, "cell", text="1", left="b", right="y")
    assert not does_pass(text, "cell", text="1", left="a", right="y")


def test_text_without_a_table_has_no_cell() -> None:
    assert not does_pass("Ostwick 412 97", "cell", text="412", left="Ostwick")


def test_a_cell_without_a_neighbour_is_refused() -> None:
    with pytest.raises(ValidationError, match="at least one neighbour"):
        does_pass(MARKDOWN, "cell", text="412")


# ---- headings and coverage ------------------------------------------------------------------


def test_headings_of_markdown_and_html() -> None:
    for text in ("## 2 Tide *pump*\n\nText", "Tide pump\n---\n", "<h2 id=a>Tide pump</h2>"):
        assert does_pass(text, "heading", text="Tide pump")
        assert does_pass(text, "heading", text="Tide pump", level=2)
        assert not does_pass(text, "heading", text="Tide pump", level=1)
    assert not does_pass("**Tide pump**\n\nText", "heading", text="Tide pump")


def test_coverage_counts_whole_words() -> None:
    words = ["tar", "sill", "1.240", "frost", "港口"]
    assert does_pass("tar sill 1.240 frost 港口档案", "coverage", words=words, at_least=1)
    assert does_pass("star sill 1.240 frost 港口", "coverage", words=words, at_least=0.8)
    assert not does_pass("star sill 1.2405 frost 港口", "coverage", words=words, at_least=0.8)


@given(st.text())
def test_any_text_can_be_judged(text: str) -> None:
    reading = Reading.of(text)
    for grid in reading.tables:
        assert len({len(row) for row in grid}) <= 1


@given(
    st.lists(st.lists(st.text("ab1", min_size=1), min_size=2, max_size=4), min_size=1, max_size=4)
)
def test_html_that_looks_like_nothing_else_is_read_back(rows: list[list[str]]) -> None:
    body = "".join("<tr>" + "".join(f"<td>{c}</td>" for c in row) + "</tr>" for row in rows)
    (grid,) = Reading.of(f"<table>{body}</table>").tables
    assert [[cell.text for cell in row if cell is not None] for row in grid] == rows
