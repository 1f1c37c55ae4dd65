from __future__ import annotations

import random
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.decontaminate import Benchmark
from schemas.findings import Finding
from tests.language_texts import TEXTS
from tests.made_prose import in_lines, made_words
from tests.many import few
from workers.policies.decontamination import (
    Item,
    build_index,
    count_items,
    find,
)
from workers.policies.decontamination.index import MAX_PART_LETTERS, Index

BENCHMARK = Benchmark(name="maths", file=("maths.jsonl",), columns=("question", "answer"))
QUESTION = (
    "Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in "
    "May. How many clips did Natalia sell altogether in April and May?"
)
ANSWER = "Natalia sold 48/2 = 24 clips in May. Natalia sold 48+24 = 72 clips altogether."
EIFFEL = "What year was the Eiffel Tower constructed?"
HAN = "人人生而自由,在尊严和权利上一律平等。他们赋有理性和良心"


def item(item_id: str, question: str, answer: str = "") -> Item:
    return Item("maths", item_id, (("question", question), ("answer", answer)))


def made(seed: int, count: int) -> list[str]:
    return made_words(random.Random(seed), count)


ITEMS = [
    item("clips", QUESTION, ANSWER),
    item("eiffel", EIFFEL, "1889"),
    item("lone", "Who wrote the Orrin survey report?"),
    item("han", HAN),
    *(item(str(n), " ".join(made(n, 40)), " ".join(made(100 + n, 12))) for n in range(40)),
]


@pytest.fixture(scope="module")
def index() -> Index:
    return build_index(ITEMS, [BENCHMARK])


def page(*middle: str, seed: int = 0) -> str:
    return "\n".join([in_lines(made(1000 + seed, 120)), *middle, in_lines(made(2000 + seed, 120))])


def only(index: Index, text: str) -> tuple[Finding, str]:
    """The one finding in a text, and what it covers."""
    ((finding,),) = find(index, [text])
    return finding, text[finding.start : finding.end]


def items_in(index: Index, text: str) -> set[str | None]:
    return {finding.detail for finding in find(index, [text])[0]}


def test_an_item_is_found_with_its_span(index: Index) -> None:
    finding, found = only(index, page(QUESTION))
    assert (finding.policy, finding.kind, finding.detail) == ("decontaminate", "maths", "clips")
    assert finding.certainty == 1.0
    assert found == QUESTION.rstrip("?")


def test_question_and_answer_beside_each_other_are_one_finding(index: Index) -> None:
    _, found = only(index, page(f"Q: {QUESTION}", f"A: {ANSWER}"))
    assert found == f"{QUESTION}\nA: {ANSWER}".rstrip(".")


def test_an_item_that_stands_there_twice_is_found_twice(index: Index) -> None:
    text = page(QUESTION, in_lines(made(3000, 90)), QUESTION)
    assert [finding.detail for finding in find(index, [text])[0]] == ["clips", "clips"]


def test_an_item_that_is_repeated_at_once_is_found_to_its_end(index: Index) -> None:
    repeated = f"{QUESTION} {QUESTION} {QUESTION}"
    _, found = only(index, page(repeated))
    assert found == repeated.rstrip("?")


def test_clean_pages_have_no_findings(index: Index) -> None:
    assert find(index, [page(seed=seed) for seed in range(50)]) == [[]] * 50


@pytest.mark.parametrize(
    "text",
    [
        QUESTION.upper(),
        QUESTION.replace(" ", ""),
        QUESTION.replace("friends", "fri-\nends").replace(" How", "\n\nHow"),
        QUESTION.replace("clips", "c1ips").replace("April", "Apnl").replace("sell", "sel"),
        "| " + QUESTION.replace(" in ", " | in ").replace(". ", " |\n|---|---|\n| ") + " |",
        QUESTION.replace("friends", "neighbours").replace("altogether", "overall"),
        " ".join(QUESTION.split()[:20]),
        " ".join(QUESTION.split()[-20:]),
    ],
    ids=["case", "no spaces", "hyphen", "scan", "table", "paraphrase", "first half", "last half"],
)
def test_an_item_is_found_in_other_forms(index: Index, text: str) -> None:
    assert items_in(index, page(text)) == {"clips"}


def test_ten_words_of_an_item_are_not_enough(index: Index) -> None:
    assert items_in(index, page(" ".join(QUESTION.split()[:10]))) == set()


def test_a_short_question_needs_all_its_words_and_its_answer(index: Index) -> None:
    assert items_in(index, page(f"{EIFFEL} A: 1889")) == {"eiffel"}
    assert items_in(index, page(f"1889. {EIFFEL}")) == {"eiffel"}
    assert items_in(index, page(EIFFEL)) == set()
    assert items_in(index, page(f"{EIFFEL.replace('year', 'month')} A: 1889")) == set()
    assert items_in(index, page(EIFFEL, in_lines(made(3003, 80)), "1889")) == set()


def test_a_short_question_without_an_answer_needs_none(index: Index) -> None:
    assert items_in(index, page("Who wrote the Orrin survey report?")) == {"lone"}


def test_an_edited_question_is_found_with_its_edited_answer() -> None:
    # 60 letters each: one of them needs an overlap of 0.93, both together 0.8.
    question = "Which of the two weirs near the mill was taken down by the party of six and why?"
    answer = "The lower one, whose sill held back the silt that had filled the reach above it"
    benchmark = BENCHMARK.model_copy(update={"passage_letters": None})
    index = build_index([*ITEMS, item("weir", question, answer)], [benchmark])
    question, answer = question.replace("party", "group"), answer.replace("filled", "choked")
    assert items_in(index, page(question)) == set()
    assert items_in(index, page(answer)) == set()
    assert items_in(index, page(question, answer)) == {"weir"}


def test_a_column_that_is_too_short_only_bears_out_another() -> None:
    benchmark = BENCHMARK.model_copy(update={"min_letters": 40})
    index = build_index(ITEMS, [benchmark])
    assert count_items(ITEMS, [benchmark])[benchmark.name]["too_short"] == 2
    assert items_in(index, page("Who wrote the Orrin survey report?", f"{EIFFEL} 1889")) == set()


def test_a_han_text_is_found(index: Index) -> None:
    _, found = only(index, "说：" + HAN.replace(",", "，") + "并应以兄弟关系的精神相对待")
    assert found == HAN.replace(",", "，")


def test_items_in_all_languages_are_found() -> None:
    sentences = {code: sentence for code, (_, sentence) in TEXTS.items()}
    index = build_index([item(code, text) for code, text in sentences.items()], [BENCHMARK])
    for (code, text), other in zip(sentences.items(), [*sentences.values()][::-1], strict=True):
        findings = find(index, [f"{other}\n{unicodedata.normalize('NFD', text).upper()}\n{other}"])
        found = {finding.detail: finding.certainty for finding in findings[0]}
        assert found.get(code) == 1.0, code


def test_passages_may_be_switched_off() -> None:
    index = build_index(ITEMS, [BENCHMARK.model_copy(update={"passage_letters": None})])
    assert items_in(index, page(" ".join(QUESTION.split()[:20]))) == set()
    assert items_in(index, page(QUESTION)) == {"clips"}


def test_a_long_item_is_found_by_any_of_its_parts() -> None:
    words = made(5, 1500)
    index = build_index([item("long", " ".join(words))], [BENCHMARK])
    assert len(index.parts.items) > 3
    (findings,) = find(index, [page(" ".join(words[500:900]))])
    assert {finding.detail for finding in findings} == {"long"}
    assert sum(map(len, words)) > MAX_PART_LETTERS


def test_boilerplate_that_all_items_share_is_not_an_item() -> None:
    ask = "You are given a text and a list. Think step by step, then give the one letter that is "
    items = [item(str(n), ask + "right: " + " ".join(made(n, 30))) for n in range(60)]
    index = build_index(items, [BENCHMARK])
    assert items_in(index, page(ask)) == set()
    assert items_in(index, page(items[4].fields[0][1])) == {"4"}


def test_numbers_in_a_row_are_not_looked_up(index: Index) -> None:
    zeros = "0.00 " * 40
    index = build_index([item("zeros", f"{QUESTION} {zeros}"), item("z", zeros)], [BENCHMARK])
    assert items_in(index, page("| 0.00 " * 500)) == set()
    assert items_in(index, page(QUESTION, "| 0.00 " * 500)) == {"zeros"}


def test_a_long_text_is_compared_in_pieces(index: Index) -> None:
    pages = [page(QUESTION, seed=seed) for seed in range(30)]
    (findings,) = find(index, ["\n\n".join(pages)])
    assert [finding.detail for finding in findings] == ["clips"] * 30
    (findings,) = find(index, [" ".join([QUESTION.replace("sold", "so1d")] * 200)])
    assert {finding.detail for finding in findings} == {"clips"}
    assert findings[-1].end > 199 * len(QUESTION)


def test_copies_of_an_item_beyond_the_places_of_a_seed_do_not_hide_it() -> None:
    index = build_index([item(f"{n:03}", QUESTION) for n in range(100)], [BENCHMARK])
    assert "000" in items_in(index, page(QUESTION))


@settings(max_examples=few(30, of=1000), deadline=None)
@given(
    number=st.integers(0, 39),
    before=st.text(max_size=80),
    after=st.text(max_size=80),
    width=st.integers(1, 200),
)
def test_a_planted_item_is_always_found(
    index: Index, number: int, before: str, after: str, width: int
) -> None:
    text = before + "\n" + in_lines(made(number, 40), width) + "\n" + after
    found = {finding.detail: finding for finding in find(index, ["", text])[1]}
    assert found[str(number)].certainty == 1.0


@settings(max_examples=few(50, of=1000), deadline=None)
@given(st.lists(st.text(st.characters(), max_size=300), max_size=6), st.randoms())
def test_find_never_raises_and_treats_each_text_alone(texts: list[str], rng: random.Random) -> None:
    items = [Item("maths", str(n), (("text", text),)) for n, text in enumerate(texts)]
    index = build_index(items, [BENCHMARK])
    found = find(index, texts)
    order = list(range(len(texts)))
    rng.shuffle(order)
    assert find(index, [texts[n] for n in order]) == [found[n] for n in order]
    for text, findings in zip(texts, found, strict=True):
        assert all(0 <= one.start < one.end <= len(text) for one in findings)
