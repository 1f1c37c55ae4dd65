"""Print that is drawn twice is read once, whole or in parts; what only looks alike is kept."""

from __future__ import annotations

import pymupdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.textlayer import extract
from workers.textlayer.doubled import without_copies
from workers.textlayer.lines import Line

TITLE = "The annual budget of the harbour"


def words(line: str, x: float, y: float) -> list[tuple[str, float, float]]:
    """The words of `line`, each where the line has it."""
    placed = []
    for word in line.split():
        placed.append((word, x, y))
        x += pymupdf.get_text_length(word + " ", fontsize=12)
    return placed


@pytest.mark.parametrize("order", [1, -1], ids=["whole first", "parts first"])
@pytest.mark.parametrize("shift", [0, 0.4, 1.5])
def test_a_line_drawn_whole_and_in_words_is_read_once(order: int, shift: float) -> None:
    page = pymupdf.open().new_page()
    copies = [[(TITLE, 72.0, 100.0)], words(TITLE, 72 + shift, 100 + shift / 2)]
    for copy in copies[::order]:
        for text, x, y in copy:
            page.insert_text((x, y), text, fontsize=12)
    assert extract(page).text.removeprefix("# ") == TITLE


def line(text: str, x: float, y: float = 100, size: float = 10) -> Line:
    return Line(text, (x, y, x + 5 * len(text), y + size), size, 0)


@pytest.mark.parametrize(
    "lines",
    [
        [line("of the harbour", 72), line("of", 150)],  # beside it
        [line("of the harbour", 72), line("of", 72, 112)],  # under it
        [line("of the harbour of", 72), line("harbour", 72)],  # another word of the same line
        [line("10 x 10", 72), line("10", 112)],
        [line("harbour", 72), line("anchor", 72)],
    ],
    ids=["beside", "under", "elsewhere in it", "next to it", "other words"],
)
def test_words_that_stand_elsewhere_are_kept(lines: list[Line]) -> None:
    assert without_copies(lines) == lines


@given(st.lists(st.builds(line, st.text("ab ", min_size=1, max_size=6), st.integers(0, 40))))
def test_copies_leave_in_order_and_what_is_left_has_none(lines: list[Line]) -> None:
    kept = without_copies(lines)
    rest = iter(lines)
    assert all(any(one is other for other in rest) for one in kept)
    assert without_copies(kept) == kept
    assert {"".join(one.text.split()) for one in kept} or not lines
