from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.policies.decontamination.letters import as_text, letters_of, places_of

ANY_TEXT = st.text(st.characters(), max_size=60)  # lone surrogates, too


def folded(text: str) -> str:
    return as_text(letters_of([text]).codes)


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        ("The OF-\nFICE", "theoffice"),
        ("| a | 1,5 |\n|---|---|", "a15"),
        ("Naïve — “café”", "naivecafe"),
        ("ﬁn ½ ß Å", "fin12ssa"),
        ("x² ㎏ Ⅷ", "x2kgviii"),
        ("\u200b\u00ad\u202e\U000e0041\ud800", ""),
        ("", ""),
    ],
)
def test_only_folded_letters_and_digits_are_left(text: str, letters: str) -> None:
    assert folded(text) == letters


def test_a_han_or_kana_character_counts_as_two_letters() -> None:
    codes = letters_of(["人a か"]).codes
    assert len(codes) == 2 + 1 + 2
    assert places_of("人a か").tolist() == [0, 0, 1, 3, 3]
    assert len(set(codes.tolist())) == 5


@given(st.lists(ANY_TEXT, max_size=5))
def test_texts_are_folded_one_after_the_other(texts: list[str]) -> None:
    letters = letters_of(texts)
    assert len(letters.starts) == len(texts) + 1
    for number, text in enumerate(texts):
        own = letters.codes[letters.starts[number] : letters.starts[number + 1]]
        assert as_text(own) == folded(text)


@given(ANY_TEXT)
def test_each_letter_has_its_character(text: str) -> None:
    places = places_of(text)
    assert len(places) == len(letters_of([text]).codes)
    assert all(np.diff(places) >= 0)
    parts = [folded(text[place]) for place in sorted(set(places.tolist()))]
    assert "".join(parts) == folded(text)


@given(ANY_TEXT, st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
def test_the_form_of_the_characters_makes_no_difference(text: str, form: str) -> None:
    text = text.encode("utf-8", "ignore").decode()
    assert folded(unicodedata.normalize(form, text)) == folded(text)  # type: ignore[arg-type]
