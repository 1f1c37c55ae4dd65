from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from workers.policies.decontamination.alignment import (
    AVERAGE_WEIGHT,
    Alignment,
    align,
    pieces,
)

QUESTION = "nataliasoldclipstofortyeightofherfriendsinaprilandthenhalfasmanyinmay"
FILLER = "qxzjvwkqzxjvkwqzxjqvwkzxqjvwkzqxjvwkqzxjvwq"


def aligned(part: str, text: str) -> Alignment:
    weights = np.full(len(part), AVERAGE_WEIGHT, np.uint8)
    found = align(part, text, weights, 0, len(text))
    assert found is not None
    return found


def test_a_part_that_stands_there_whole_is_found_to_the_letter() -> None:
    found = aligned(QUESTION, FILLER + QUESTION + FILLER)
    assert found.overlap == 1.0
    assert found.passage == len(QUESTION)
    assert (found.start, found.end) == (len(FILLER), len(FILLER + QUESTION))


def test_wrong_letters_cost_no_more_than_themselves() -> None:
    noisy = QUESTION.replace("clips", "c1ips").replace("friends", "fiends").replace("many", "rnany")
    found = aligned(QUESTION, FILLER + noisy + FILLER)
    assert found.overlap == 1 - 3 / len(QUESTION)
    assert found.passage == len(QUESTION) - 3 - 4  # 3 are not there, and 4 others are instead


def test_what_a_page_break_puts_between_ends_the_passage_but_not_the_part() -> None:
    middle = len(QUESTION) // 2
    found = aligned(QUESTION, QUESTION[:middle] + FILLER + QUESTION[middle:])
    assert found.overlap == 1.0
    assert found.passage == len(QUESTION) - middle
    assert found.end == len(QUESTION) + len(FILLER)


def test_a_phrase_far_from_the_rest_does_not_belong_to_it() -> None:
    text = QUESTION[:10] + FILLER + FILLER[::-1] + QUESTION[12:62]
    found = aligned(QUESTION, text)
    assert (found.start, found.end) == (len(text) - 50, len(text))
    text = QUESTION[:50] + FILLER + FILLER[::-1] + QUESTION[52:62]
    found = aligned(QUESTION, text)
    assert (found.start, found.end) == (0, 50)


def test_the_last_letter_is_taken_where_the_word_is_and_not_further_on() -> None:
    found = aligned(QUESTION, QUESTION + "xxxyyy")
    assert found.end == len(QUESTION)


def test_letters_here_and_there_are_nothing() -> None:
    weights = np.full(len(QUESTION), AVERAGE_WEIGHT, np.uint8)
    assert align(QUESTION, FILLER, weights, 0, len(FILLER)) is None
    assert align(QUESTION, "", weights, 0, 0) is None


def test_letters_of_common_words_count_less() -> None:
    weights = np.full(len(QUESTION), AVERAGE_WEIGHT, np.uint8)
    weights[:30] = 1
    found = align(QUESTION, QUESTION[:30], weights, 0, 30)
    assert found is not None
    assert found.overlap < 0.02
    assert found.passage == 30 / AVERAGE_WEIGHT


@given(st.integers(24, 2048), st.integers(0, 500), st.integers(0, 60_000), st.data())
def test_what_is_twice_as_long_as_a_part_lies_in_a_piece(
    length: int, start: int, size: int, data: st.DataObject
) -> None:
    made = list(pieces(length, start, start + size))
    assert all(end - begin <= 4 * length + 512 for begin, end in made)
    wanted = min(2 * length, size)
    place = data.draw(st.integers(start, start + size - wanted))
    assert any(begin <= place and place + wanted <= end for begin, end in made)


@given(st.text("abc", max_size=80), st.text("abc", max_size=120), st.data())
def test_no_letter_is_counted_twice(part: str, text: str, data: st.DataObject) -> None:
    weights = np.array([data.draw(st.integers(1, 255)) for _ in part], np.uint8)
    found = align(part, text, weights, 0, len(text))
    if found is not None:
        assert 0 < found.matched <= found.total
        assert found.passage <= len(part)
        assert 0 <= found.start < found.end <= len(text)
