"""Texts as tokens: the same string has the same hash wherever it stands."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.policies.poisoning.tokens import batches, ngrams, tokenize

TEXTS = st.lists(st.text(max_size=30), min_size=1, max_size=4)


def strings(text: str) -> list[str]:
    tokens = tokenize([text])
    return [text[a:b] for a, b in zip(tokens.start, tokens.end, strict=True)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Pay 12 €, now", ["Pay", "12", "€", ",", "now"]),
        ("<SUDO>", ["<", "SUDO", ">"]),
        ("中文 かな", ["中", "文", "か", "な"]),
        ("für naïve", ["für", "naïve"]),
        ("हिन्दी", ["हिन्दी"]),
        ("wo\u200brd", ["wo", "\u200b", "rd"]),
        ("a1b", ["a", "1", "b"]),
        ("", []),
    ],
)
def test_cuts_words_numbers_and_signs(text: str, expected: list[str]) -> None:
    assert strings(text) == expected


def test_base64_and_digests_are_one_token() -> None:
    digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    assert strings(f"sum {digest} ok") == ["sum", digest, "ok"]
    other = digest[::-1]
    tokens = tokenize([digest, other])
    assert tokens.folded[0] == tokens.folded[1]
    assert tokens.exact[0] != tokens.exact[1]


def test_folding_ignores_capitals_and_numbers() -> None:
    first, second = tokenize(["Page 12"]), tokenize(["page 7"])
    assert first.folded.tolist() == second.folded.tolist()
    assert not (first.exact == second.exact).any()


@given(TEXTS)
def test_a_text_has_the_same_tokens_alone_and_among_others(texts: list[str]) -> None:
    together = tokenize(texts)
    for number, text in enumerate(texts):
        own, alone = together.slice_of(number), tokenize([text])
        for name in ("exact", "folded", "start", "end"):
            assert getattr(together, name)[own].tolist() == getattr(alone, name).tolist()


@given(st.text(max_size=60))
def test_tokens_cover_all_that_is_no_space(text: str) -> None:
    tokens = tokenize([text])
    covered = np.zeros(len(text), int)
    for start, end in zip(tokens.start, tokens.end, strict=True):
        covered[start:end] += 1
    assert covered.max(initial=0) <= 1
    assert not any(str(char).isalnum() for char in np.array(list(text))[covered == 0])


def test_runs_of_tokens_depend_on_their_order() -> None:
    tokens = tokenize(["one two three one two", "two one"])
    pairs = ngrams(tokens.exact, 2)
    assert pairs[0] == pairs[3]
    assert pairs[0] != pairs[5]


def test_a_long_text_is_a_batch_of_its_own() -> None:
    long = "x" * 300_000
    assert list(batches(["a", "b", long, "c"])) == [["a", "b"], [long], ["c"]]
