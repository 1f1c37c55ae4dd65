"""Runs of digits, and which of two findings stays."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from workers.policies.personal.evidence import digit_runs, finding, surest

findings = st.builds(
    lambda start, size, certainty: finding("phone", start, start + size, certainty, "x"),
    st.integers(0, 40),
    st.integers(1, 10),
    st.sampled_from([0.2, 0.6, 1.0]),
)


def test_runs_have_four_digits_and_the_signs_between() -> None:
    text = "in 1971, (030) 12-34.5; 12 ab 34"
    assert [text[run.start : run.end] for run in digit_runs(text)] == ["1971, (030) 12-34.5"]


def test_a_table_and_a_line_end_a_run() -> None:
    assert len(digit_runs("| 1234 | 5678 |\n9012")) == 3


def test_the_surest_stays_then_the_longest() -> None:
    sure, long, short = (
        finding("card", 0, 10, 0.9, "a"),
        finding("phone", 2, 20, 0.6, "b"),
        finding("ip", 8, 14, 0.6, "c"),
    )
    assert surest([short, long]) == [long]
    assert surest([short, long, sure]) == [sure]


@given(st.lists(findings))
def test_what_stays_does_not_overlap_and_covers_the_surest(given_: list) -> None:  # type: ignore[type-arg]
    kept = surest(given_)
    assert all(one.end <= other.start for one, other in pairwise(kept))
    assert surest(kept) == kept == surest(reversed(given_))
    for one in given_:
        assert any(
            other.start < one.end and one.start < other.end and other.certainty >= one.certainty
            for other in kept
        )
