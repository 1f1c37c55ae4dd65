"""Bank accounts and cards are found by their checksums."""

from __future__ import annotations

import random

import pytest

from schemas.findings import Finding
from tests.personal_values import card, iban
from workers.policies.personal.accounts import cards, ibans
from workers.policies.personal.evidence import digit_runs

CARD = "4111 1111 1111 1111"


def of_ibans(text: str) -> list[Finding]:
    return list(ibans(text, digit_runs(text)))


def of_cards(text: str) -> list[tuple[str, float]]:
    return [
        (text[one.start : one.end], one.certainty)
        for one in cards(text, digit_runs(text))
        if one.certainty >= 0.5
    ]


@pytest.mark.parametrize(
    "number",
    [
        "GB29 NWBK 6016 1331 9268 19",
        "DE89370400440532013000",
        "MT84 MALT 0110 0001 2345 MTLC AST0 01S",
        "NO93 8601 1117 947",
        "de89 3704 0044 0532 0130 00",
        "DE89 3704 0044\n0532 0130 00",
    ],
)
def test_an_iban_is_found_whole(number: str) -> None:
    text = f"IBAN {number}, SWIFT NWBKGB2L 44"
    assert [text[one.start : one.end] for one in of_ibans(text)] == [number]


def test_letters_that_were_read_for_digits_are_allowed_for() -> None:
    (found,) = of_ibans("DE89 37O4 OO44 0532 0130 00")
    assert 0.5 < found.certainty < 1


@pytest.mark.parametrize(
    "text", ["DE88 3704 0044 0532 0130 00", "XX89 3704 0044 0532 0130 00", "DE89 3704 0044"]
)
def test_a_wrong_checksum_is_none(text: str) -> None:
    assert of_ibans(text) == []


def test_made_numbers_are_found() -> None:
    rng = random.Random(1)
    for _ in range(50):
        assert len(of_ibans(f"to {iban('en', rng)}.")) == 1
        assert len(of_cards(f"by card {card('en', rng)}.")) == 1


@pytest.mark.parametrize(
    "number", [CARD, "4111111111111111", "3782 822463 10005", "4111-1111-1111-1111"]
)
def test_a_card_is_found_whole(number: str) -> None:
    assert [span for span, _ in of_cards(f"paid with {number}.")] == [number]


def test_words_make_a_card_certain() -> None:
    assert of_cards(f"Visa {CARD}") == [(CARD, 1.0)]
    assert of_cards(f"with {CARD}") == [(CARD, 0.9)]


def test_a_card_may_wrap() -> None:
    assert of_cards("pays with 4111 1111\n\n1111 1111 as a rule") == [
        ("4111 1111\n\n1111 1111", 0.9)
    ]


def test_a_number_behind_a_card_is_left_out() -> None:
    assert of_cards(f"card {CARD} 123 and more") == [(CARD, 1.0)]


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1112",  # the check digit
        "9111 1111 1111 1111 1111",
        "ISBN 978-3-16-148410-0",
        "serial no. 4111111111111111",
        "41111111111111111111111",
        "x4111111111111111",
    ],
)
def test_other_numbers_are_no_cards(text: str) -> None:
    assert of_cards(text) == []
