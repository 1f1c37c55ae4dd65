"""The heuristics of texts, each against numbers counted by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.language_texts import TEXTS
from workers.text.heuristics import heuristics
from workers.text.stop_words import STOP_WORDS

PAGE = """\
# The House of NASA

It was built in 1962 and that is all we have to say of it.
- two rooms
• a roof
And so on ...
It was built in 1962 and that is all we have to say of it.

| year | rooms |
|---|---|
| 1962 | 2 |
"""


def test_a_page_is_counted_as_by_hand() -> None:
    found = heuristics(PAGE, "en")
    assert found == {
        "words": 4 + 15 + 2 + 2 + 3 + 15 + 2 + 2,
        "mean_word_length": round(134 / 45, 4),
        "letter_share": round(41 / 45, 4),  # without 1962 three times, and 2
        "capital_share": round(1 / 45, 4),  # NASA
        "stop_words": 6,  # the, of, and, that, have, to
        "stop_word_share": round((2 + 5 + 1 + 5) / 45, 4),
        "digit_share": round(13 / 157, 4),
        "lines": 9,
        "table_share": round(3 / 9, 4),
        "mean_line_length": round((19 + 58 + 11 + 8 + 13 + 58) / 6, 4),
        "short_line_share": round(4 / 6, 4),
        "bullet_share": round(2 / 6, 4),
        "ellipsis_share": round(1 / 6, 4),
        "punctuated_share": round(3 / 6, 4),
        "duplicate_line_share": round(58 / (19 + 58 + 11 + 8 + 13 + 58), 4),
    }


def test_tags_of_tables_and_targets_of_links_are_no_words() -> None:
    table = '<table><tr><td colspan="2">Hello 5</td></tr>\n<tr><td>x<sup>2</sup></td></tr></table>'
    found = heuristics(table, "en")
    assert (found["words"], found["lines"], found["table_share"]) == (4, 2, 1)
    assert found["mean_line_length"] is None
    link = heuristics("![figure](crops/0123456789abcdef.png)", "en")
    assert (link["words"], link["digit_share"]) == (1, 0)
    # What only looks like a tag is a text.
    assert heuristics("a <trust> b < c", "en")["words"] == 4


def test_scripts_without_spaces_count_characters_and_marks_belong_to_their_words() -> None:
    chinese = heuristics("我在這裡。他不是人。", "zh")
    assert (chinese["words"], chinese["mean_word_length"], chinese["stop_words"]) == (8, 1, 4)
    assert chinese["punctuated_share"] == 1
    hindi = heuristics("हिन्दी में है।", "hi")
    assert (hindi["words"], hindi["stop_words"], hindi["punctuated_share"]) == (3, 2, 1)
    assert heuristics("مُحَمَّد في", "ar")["words"] == 2
    assert heuristics("cafe\u0301 au lait", "fr")["words"] == 3


def test_a_text_of_nothing_has_no_shares() -> None:
    found = heuristics("", "und")
    assert {name: value for name, value in found.items() if value is not None} == {
        "words": 0,
        "lines": 0,
    }


@pytest.mark.parametrize("language", sorted(STOP_WORDS))
def test_every_word_of_a_list_is_a_word_of_a_text(language: str) -> None:
    words = STOP_WORDS[language]
    assert 8 <= len(words) <= 16
    assert heuristics(" ".join(words), language)["stop_words"] == len(words)


def test_a_title_and_a_sentence_have_stop_words_in_most_languages() -> None:
    listed = [code for code in TEXTS if code in STOP_WORDS]
    found = [code for code in listed if heuristics("\n".join(TEXTS[code]), code)["stop_words"]]
    assert len(found) > 0.75 * len(listed) > 30


@given(st.text())
def test_no_text_is_refused_and_shares_are_shares(text: str) -> None:
    found = heuristics(text, "en")
    for name, value in found.items():
        if name.endswith("_share") and value is not None:
            assert 0 <= value <= 1, name
