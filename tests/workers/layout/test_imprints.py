"""The sender's small print at the foot of a letter is furniture; other last lines are not."""

from __future__ import annotations

import pytest

from workers.layout.furniture import furniture
from workers.layout.imprints import imprint
from workers.layout.placed_lines import PlacedLine

BODY = 0.012


def line(text: str, x: float, y: float, size: float = BODY) -> PlacedLine:
    return PlacedLine(text, (x, y, x + 0.2, y + 1.2 * size), size)


LETTER = [line("The words of a letter go on and on", 0.1, 0.3 + 0.02 * n) for n in range(12)]
ADDRESS = ["Kilns & Sons", "3 Rectory Road", "Ostwick OS1"]
BANK = ["Bank of Corvane", "IBAN GB22 1234", "Tel. 555 0117"]


def foot(
    left: list[str], right: list[str], y: float = 0.92, size: float = 0.009
) -> list[PlacedLine]:
    return [
        line(text, x, y + 0.012 * n, size)
        for x, texts in ((0.1, left), (0.6, right))
        for n, text in enumerate(texts)
    ]


def test_address_and_bank_in_small_print_are_a_foot() -> None:
    page = [*LETTER, *foot(ADDRESS, BANK)]
    labels = furniture(page, {}, BODY)
    assert labels == dict.fromkeys(range(12, 18), "running_foot")


@pytest.mark.parametrize(
    "last",
    [
        foot(ADDRESS, BANK, size=BODY),  # as large as the text
        foot(ADDRESS, BANK, y=0.5),  # not at the foot
        foot(ADDRESS, ["Wheat 412", "Barley 188", "Oats 97"]),  # says nothing of the sender
        foot([], BANK),  # one column, such as a footnote
        [*foot(ADDRESS, BANK), line("A line of text right above", 0.1, 0.9)],
    ],
)
def test_what_is_no_foot(last: list[PlacedLine]) -> None:
    assert imprint([*LETTER, *last], BODY) == set()


def test_a_page_without_lines_has_none() -> None:
    assert imprint([], 0.0) == set()
