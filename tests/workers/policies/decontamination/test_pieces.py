from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.decontaminate import Benchmark
from schemas.findings import Finding
from tests.made_prose import in_lines, made_words
from tests.many import few
from workers.policies.decontamination import (
    Item,
    build_index,
    find,
    pieces_of,
    with_pieces,
)
from workers.policies.decontamination.index import Index
from workers.policies.decontamination.letters import as_text, letters_of
from workers.text.documents import PageText, join_pages

BENCHMARK = Benchmark(name="maths", file=("maths.jsonl",), columns=("question", "answer"))
HEAD = "Natalia sold clips to 48 of her friends in April, and"
TAIL = "then she sold half as many clips in May. How many clips was that"
ANSWER = "Natalia sold 24 clips in May, and altogether she sold 72 of them."
FOOT, TOP = "Orrin survey, page 12", "Appendix B"


@pytest.fixture(scope="module")
def index() -> Index:
    made = (made_words(random.Random(seed), 40) for seed in range(40))
    return build_index(
        [
            Item("maths", "clips", (("question", f"{HEAD} {TAIL}?"), ("answer", ANSWER))),
            *(Item("maths", str(n), (("question", " ".join(w)),)) for n, w in enumerate(made)),
        ],
        [BENCHMARK],
    )  # fmt: skip


def prose(seed: int, words: int = 150) -> str:
    return in_lines(made_words(random.Random(1000 + seed), words))


def findings(index: Index, pages: Sequence[str]) -> list[list[Finding]]:
    """The findings of each page, with what its document says of it."""
    document = join_pages([PageText(page) for page in pages])
    (found,) = find(index, [document.text])
    pieces = list(pieces_of(index, document.text, document.offsets, found))
    return [
        with_pieces(own, [piece for at, piece in pieces if at == number], page)
        for number, (page, own) in enumerate(zip(pages, find(index, pages), strict=True))
    ]


def spans(index: Index, pages: Sequence[str]) -> list[list[str]]:
    return [
        [page[one.start : one.end] for one in found]
        for page, found in zip(pages, findings(index, pages), strict=True)
    ]


def test_both_halves_are_found_without_the_foot_and_head_between_them(index: Index) -> None:
    pages = [f"{prose(0)}\n\n{HEAD}\n\n{FOOT}", f"{TOP}\n\n{TAIL}?\n\n{prose(1)}"]
    head, tail = spans(index, pages)
    assert head == [HEAD]
    # Its page shows this half, too, with letters of another word before it.
    assert [text.endswith(f"\n\n{TAIL}") for text in tail] == [True]
    first, second = findings(index, pages)
    assert {(one.kind, one.detail, one.certainty) for one in first + second} == {
        ("maths", "clips", 1.0)
    }


def test_a_half_of_a_few_words_stays(index: Index) -> None:
    whole = f"{HEAD} {TAIL}"
    pages = [f"{prose(0)}\n\n{whole[:12]}", f"{whole[12:]}?\n\n{prose(1)}"]
    first, second = spans(index, pages)
    assert first == []
    assert second[0].startswith("clips to 48")


def test_an_answer_on_the_next_page_follows_its_question(index: Index) -> None:
    pages = [f"{prose(0)}\n\n{HEAD} {TAIL}?", f"{ANSWER}\n\n{prose(1)}"]
    assert spans(index, pages) == [[f"{HEAD} {TAIL}"], [ANSWER.rstrip(".")]]


def test_an_item_on_three_pages_and_a_word_over_a_break(index: Index) -> None:
    words = made_words(random.Random(7), 40)
    texts = [" ".join(words[:12]), " ".join(words[12:26]), " ".join(words[26:])]
    cut = texts[1].index("rejects") + 4
    pages = [
        f"{prose(0)}\n\n{texts[0]}",
        f"{texts[1][:cut]}-",
        f"{texts[1][cut:]} {texts[2]}\n\n{prose(1)}",
    ]
    expected = [texts[0], texts[1][:cut], f"{texts[1][cut:]} {texts[2]}"]
    assert spans(index, pages) == [[text] for text in expected]
    # The most frequent case: nothing goes over a break.
    assert findings(index, [prose(0), prose(1)]) == [[], []]


def test_repeated_lines_and_edits_of_other_policies_do_not_hide_a_half(index: Index) -> None:
    """The document leaves out the line in the middle of the half; the page was masked."""
    head = HEAD.replace(" of her", f"\n{FOOT}\nof her")
    pages = [f"{TOP}\n{prose(n)}\n{FOOT}" for n in range(6)]
    pages[2] = f"{TOP}\n{prose(2)}\n\n{head}\n{FOOT}"
    pages[3] = f"{TOP}\n{TAIL}?\n\n{prose(3)}\n{FOOT}"
    assert [len(found) for found in spans(index, pages)] == [0, 0, 1, 1, 0, 0]
    assert spans(index, pages)[2] == [head.rstrip(",")]

    document = join_pages([PageText(page) for page in pages])
    (found,) = find(index, [document.text])
    pieces = [p for n, p in pieces_of(index, document.text, document.offsets, found) if n == 2]
    masked = pages[2].replace("48", "[PHONE]")
    (half,) = with_pieces([], pieces, masked)
    assert masked[half.start : half.end] == head.replace("48", "[PHONE]").rstrip(",")
    assert with_pieces([], pieces, prose(2)) == []
    assert with_pieces([], pieces, "") == []


def test_a_half_takes_the_place_of_what_its_page_shows_of_it() -> None:
    pages = "one two three four"
    index = build_index([Item("maths", "a", (("question", pages * 4),))], [BENCHMARK])
    own = Finding(4, 13, "decontaminate", "maths", 0.5, "a")
    other = Finding(4, 13, "decontaminate", "maths", 0.5, "b")
    document = pages * 4
    whole = Finding(0, len(document), "decontaminate", "maths", 0.9, "a")
    pieces = [piece for _, piece in pieces_of(index, document, [0, 36], [whole])][:1]
    assert with_pieces([own, other], pieces, document[:36]) == [
        Finding(0, 36, "decontaminate", "maths", 0.9, "a"), other,
    ]  # fmt: skip


@settings(max_examples=few(30, of=1000), deadline=None)
@given(
    number=st.integers(0, 39),
    place=st.integers(0, 40),
    foot=st.text(max_size=60),
    width=st.integers(20, 200),
)
def test_a_half_is_found_where_it_is_long_enough(
    index: Index, number: int, place: int, foot: str, width: int
) -> None:
    words = made_words(random.Random(number), 40)
    halves = in_lines(words[:place], width), in_lines(words[place:], width)
    pages = [f"{prose(0)}\n\n{halves[0]}\n\n{foot}", f"{foot}\n\n{halves[1]}\n\n{prose(1)}"]
    for half, found in zip(halves, spans(index, pages), strict=True):
        if len(letters(half)) >= 48:
            assert letters(half) in "".join(map(letters, found))


def letters(text: str) -> str:
    return as_text(letters_of([text]).codes)
