"""All families together, and one value in many texts."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.many import few
from tests.personal_values import LANGUAGES, MORE_LANGUAGES, decoy, kinds_of, planted, sentence
from workers.policies.personal.finding import compact, find, find_all

PIECES = (
    *(
        "ada@lovelace.org",
        " (at) ",
        "+44 20 7946 0958",
        "4111 1111 1111 1111",
        "\n\n",
        "| ",
        " |\n",
    ),
    *(
        "Tel. ",
        "GB29 NWBK 6016 1331 9268 19",
        "84.17.203.9",
        "Password: Gr8-x!",
        "\\_",
        "電話",
        "．",
    ),
    *("<td>", "</td>", "0", "７", "@", "::", "°", "943 476 5919", "AB 12 34 56 C", "home "),
)
texts = st.one_of(st.text(), st.lists(st.sampled_from(PIECES), max_size=12).map("".join))


@pytest.mark.parametrize("language", LANGUAGES + MORE_LANGUAGES)
def test_what_is_planted_is_found_and_nothing_else(language: str) -> None:
    rng = random.Random(7)
    for kind in kinds_of(language):
        for _ in range(few(6, of=200)):
            one = planted(kind, language, rng)
            text = f"{sentence(language)} {one.label} {one.value}. {decoy(rng)}."
            start = text.index(one.value)
            found = [item for item in find(text, language) if item.certainty >= 0.5]
            assert any(
                item.kind == kind and item.start <= start and item.end >= start + len(one.value)
                for item in found
            ), text
            assert all(item.start < start + len(one.value) for item in found), text


@settings(max_examples=few(200, of=20_000), deadline=None)
@given(texts, st.sampled_from(["en", "de", "zh", "und", "", "x-y"]))
@example("\ud800@\udfff.com 4111", "en")
@example("٠٣٠١٢٣٤٥٦٧٨٩", "ar")
def test_no_text_raises_and_findings_are_in_order(text: str, language: str) -> None:
    found = find(text, language)
    assert all(0 <= one.start < one.end <= len(text) for one in found)
    assert all(one.end <= other.start for one, other in pairwise(found))
    assert all(0 < one.certainty <= 1 and one.policy == "pii" for one in found)
    assert all(compact(text[one.start : one.end]) not in (one.detail or "") for one in found)


def test_wide_signs_and_special_spaces_are_read() -> None:
    assert [one.kind for one in find("ａｄａ＠ｌｏｖｅｌａｃｅ．ｏｒｇ")] == ["email"]
    assert [one.kind for one in find("Tel. 020\u00a07946\u20110958", "en")] == ["phone"]


def test_a_value_is_found_in_all_texts_of_a_row() -> None:
    alone = "2079460958"
    assert find(alone, "en") == []
    in_text, in_cell, elsewhere, longer = find_all(
        [f"Phone: {alone}", alone, f"again 20 7946 0958 {alone}", f"x{alone}7"], "en"
    )
    assert len(in_text) == len(in_cell) == 1
    assert len(elsewhere) == 2
    assert longer == []


def test_a_value_is_found_as_markdown_escapes_it() -> None:
    first, second = find_all(["ada_l@lovelace.org", r"| ada\_l@lovelace.org |"])
    assert first[0].kind == second[0].kind == "email"
    assert second[0].start == 2


def test_a_short_value_does_not_spread() -> None:
    found = find("Password: aB3! and aB3! again")
    assert len([one for one in found if one.kind == "password"]) == 1
