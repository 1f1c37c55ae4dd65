"""A drop cap belongs to its word; other large letters stay as they are."""

from __future__ import annotations

import pymupdf
from hypothesis import given
from hypothesis import strategies as st

from workers.textlayer.drop_caps import with_drop_caps
from workers.textlayer.layer import extract
from workers.textlayer.lines import Line

TEXT = [
    "he harbour was built before the",
    "town and has been in use ever",
    "since. Boats come each day.",
]


def page_with_cap(cap: str, lines: list[str], indent: float = 0) -> pymupdf.Page:
    page = pymupdf.open().new_page()
    page.insert_text((60, 124), cap, fontsize=34)
    for i, line in enumerate(lines):
        x = 60 if i > 1 else 86 + (indent if i == 0 else 0)
        page.insert_text((x, 110 + 13 * i), line, fontsize=11)
    return page


def test_a_drop_cap_is_joined_to_its_word_and_paragraph() -> None:
    assert extract(page_with_cap("T", TEXT)).text == "T" + " ".join(TEXT)


def test_a_drop_cap_may_be_a_word_of_its_own() -> None:
    text = extract(page_with_cap("A", ["harbour was built before", *TEXT[1:]], indent=4)).text
    assert text.startswith("A harbour was built")


def test_a_large_letter_over_its_entries_is_no_drop_cap() -> None:
    lines = [
        Line("A", (60, 60, 75, 84), 20, 0),
        Line("Anchor, 12", (60, 90, 120, 102), 10, 1),
        Line("Arch, 9", (60, 103, 120, 115), 10, 1),
    ]
    assert with_drop_caps(lines) == lines


def test_a_large_number_beside_a_heading_is_no_drop_cap() -> None:
    lines = [
        Line("3", (60, 60, 75, 84), 30, 0),
        *[Line("Ports", (80, 60 + 12 * i, 120, 71 + 12 * i), 10, 1) for i in (0, 1)],
    ]
    assert with_drop_caps(lines) == lines


@given(
    st.lists(
        st.builds(
            Line,
            text=st.sampled_from(["T", "“W", "he", "of", "x"]),
            box=st.tuples(
                st.sampled_from([0.0, 20.0, 40.0]), st.sampled_from([0.0, 12.0, 24.0])
            ).map(lambda at: (*at, at[0] + 18, at[1] + 30)),
            size=st.sampled_from([10.0, 20.0, 40.0]),
            block=st.just(0),
        ),
        max_size=8,
    )
)
def test_no_letter_is_lost_or_doubled(lines: list[Line]) -> None:
    def letters(of: list[Line]) -> list[str]:
        return sorted("".join(line.text for line in of).replace(" ", ""))

    assert letters(with_drop_caps(lines)) == letters(lines)
