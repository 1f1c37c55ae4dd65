"""The words before a value name it: the nearest counts, in any script."""

from __future__ import annotations

import pytest

from workers.policies.personal.context import Words, is_named, names_next, words_before

NAMES = Words("tel", "phone number", "電話", "फ़ोन")
OTHERS = Words("no", "order")


def named(text: str, others: Words | None = None) -> bool:
    return is_named(words_before(text, len(text)), NAMES, others)


@pytest.mark.parametrize(
    "text", ["Tel. ", "TEL:", "phone number ", "お電話は", "फ़ोन: ", "(tel) or "]
)
def test_a_word_is_found_in_any_script(text: str) -> None:
    assert named(text)


@pytest.mark.parametrize(
    "text", ["hotel ", "phone ", "number phone ", "tel2 ", "", "tel. " + "x" * 60]
)
def test_other_words_are_not(text: str) -> None:
    assert not named(text)


def test_the_nearest_word_counts() -> None:
    assert named("order, tel. ", OTHERS)
    assert not named("tel, order ", OTHERS)


def test_of_a_phrase_and_its_last_word_the_name_wins() -> None:
    assert is_named(words_before("tel no ", 7), Words("tel no"), OTHERS)


def test_another_paragraph_names_nothing() -> None:
    assert named("tel.\n")
    assert not named("tel.\n\n")


def test_a_heading_stands_before_the_text() -> None:
    assert is_named(words_before("", 0, heading="Phone number"), NAMES)


def test_a_name_is_that_of_the_next_number() -> None:
    for text, expected in (("tel ", True), ("tel 12 ", True), ("tel 030 901820, ", False)):
        before = words_before(text, len(text))
        assert names_next(before, NAMES.last(before)) is expected
    assert not names_next(words_before("", 0), -1)


def test_lists_of_words_join() -> None:
    both = NAMES | OTHERS
    assert is_named(words_before("order ", 6), both)
    assert is_named(words_before("電話 ", 3), both)
