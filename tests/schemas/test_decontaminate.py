from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.decontaminate import Benchmark, check_benchmarks


def benchmark(**more: Any) -> Benchmark:
    return Benchmark.model_validate({"name": "maths", "file": "maths.jsonl"} | more)


def test_one_file_and_one_column_need_no_brackets() -> None:
    made = benchmark(columns="question")
    assert (made.file, made.columns, made.action) == (("maths.jsonl",), ("question",), "reject")


def test_short_texts_need_all_of_their_letters_and_long_ones_the_share() -> None:
    made = benchmark(min_overlap=0.8, short_letters=40)
    assert [made.needed_overlap(n) for n in (24, 40, 70, 100, 5000)] == [1.0, 1.0, 0.9, 0.8, 0.8]


@given(st.integers(24, 400), st.floats(0.01, 1.0))
def test_longer_texts_never_need_more(short: int, share: float) -> None:
    made = benchmark(short_letters=short, min_overlap=share)
    needed = [made.needed_overlap(n) for n in range(0, 1200, 7)]
    assert needed == sorted(needed, reverse=True)
    assert needed[-1] == pytest.approx(share)
    assert needed[0] == 1.0


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            {"short_letters": 30, "min_letters": 31},
            "`short_letters: 30` is below `min_letters: 31`",
        ),
        ({"min_letters": 23}, "greater than or equal to 24"),
        ({"min_overlap": 0}, "greater than 0"),
        ({"passage_letters": 31}, "greater than or equal to 32"),
        ({"action": "mask"}, "'reject', 'cut' or 'tag'"),
        ({"columns": []}, "at least 1 item"),
        ({"colums": ["a"]}, "not permitted"),
    ],
)
def test_settings_that_could_find_nothing_are_refused(more: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        benchmark(**more)


def test_a_name_stands_for_one_benchmark() -> None:
    check_benchmarks([benchmark(), benchmark(name="facts")])
    with pytest.raises(ValueError, match=r"decontaminate\.1: 'maths' is named twice; give all"):
        check_benchmarks([benchmark(), benchmark(action="tag")])
