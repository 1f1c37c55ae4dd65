"""The rules of `keep`: what a recipe may say, and what is refused in one line."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import RecipeError
from schemas.keep import VALUES, Rule, bound_of, columns_of
from schemas.recipe import parse_recipe
from schemas.tables import DOCUMENTS, PAGES


def rules(keep: str) -> dict[str, tuple[Rule, ...]]:
    recipe = parse_recipe(f"dataset: d\nsources: s\npolicies: [{{keep: {keep}}}]\n")
    found: Any = recipe.policies[0].keep
    return dict(found)


def test_every_value_is_a_column() -> None:
    for name in VALUES:
        for column in columns_of(name):
            first, _, field = column.partition(".")
            kinds = [
                schema.field(first).type for schema in (PAGES, DOCUMENTS) if first in schema.names
            ]
            assert kinds, column
            assert not field or all(kind.get_field_index(field) >= 0 for kind in kinds), column


def test_a_share_is_a_percentage_or_a_number() -> None:
    for written in ("10 %", "10%", "0.1", "'0.1'", "1e-1"):
        assert rules(f"{{words: {{top: {written}}}}}")["words"][0].top == 0.1
    assert rules("{words: {bottom: 33.3 %}}")["words"][0].share == 0.333


def test_a_bound_is_for_all_languages_or_by_language() -> None:
    (rule,) = rules("{words: {min: {en: 50, other: 80}, max: 1000}}")["words"]
    assert [bound_of(rule.min, code) for code in ("en", "de")] == [50, 80]
    assert rule.misses(60, "en", {}) is None
    assert rule.misses(60, "de", {}) == "60 is under 80"
    assert rule.misses(1001, "en", {}) == "1001 is over 1000"
    (only,) = rules("{words: {min: {en: 50}}}")["words"]
    assert only.misses(1, "de", {}) is None


@pytest.mark.parametrize("bound", [0.7, 0.3, 0.1, 50.5, 2.0])
def test_a_stored_value_that_equals_a_bound_stays(bound: float) -> None:
    stored = float(np.float32(bound))
    for rule in (Rule(min={"other": bound}), Rule(max={"other": bound})):
        assert rule.misses(stored, "en", {}) is None
    assert Rule(min={"other": bound}).misses(stored * 0.9999, "en", {})
    assert Rule(max={"other": bound}).misses(stored * 1.0001, "en", {})


def test_a_share_is_of_all_rows_or_of_those_of_a_language() -> None:
    best, least = Rule(top=0.1, by="language"), Rule(bottom=0.25)
    assert best.misses(0.5, "en", {"en": 0.6}) == "0.5 is not in the top 10 % of en"
    assert best.misses(0.6, "en", {"en": 0.6}) is None
    assert best.misses(0.1, "de", {"en": 0.6}) is None
    assert least.misses(0.5, "en", {"other": 0.4}) == "0.5 is not in the bottom 25 %"


@given(st.integers(1, 100), st.integers(0, 10**7))
def test_a_share_of_rows_is_rounded_up_exactly(percent: int, rows: int) -> None:
    assert Rule(top=percent / 100).count(rows) == -(-percent * rows // 100)
    assert math.isfinite(Rule(bottom=percent / 100).count(rows))


@pytest.mark.parametrize(
    ("keep", "expected"),
    [
        ("{}", "one value or more belongs here"),
        ("5", "a section with a name and a value"),
        ("{wrds: {min: 1}}", "no value 'wrds'; did you mean 'words'"),
        ("{words: 5}", "keep.words: a rule belongs here, such as {min: 50}, not 5"),
        ("{words: {tip: 10 %}}", "keep.words.0.tip: this key does not exist; did you mean `top`"),
        ("{words: {top: 10}}", "keep.words.0.top: a share of the rows belongs here"),
        ("{words: {top: 0 %}}", "not '0 %'"),
        ("{words: {top: true}}", "a share of the rows belongs here"),
        ("{words: {top: ten}}", "not 'ten'"),
        ("{words: {}}", "`min`, `max` or both, or `top`, or `bottom`"),
        ("{words: {min: 1, top: 0.1}}", "`min`, `max` or both, or `top`, or `bottom`"),
        ("{words: {min: 1, by: language}}", "a number for each language instead"),
        ("{words: {min: .nan}}", "finite"),
        ("{words: [{min: 1}, {max: 3, of: pages}]}", "several rules are for pages"),
        ("{language_score: {min: 0.3, of: documents}}", "documents have no such value"),
    ],
)
def test_what_makes_no_sense_is_refused(keep: str, expected: str) -> None:
    with pytest.raises(RecipeError) as refused:
        rules(keep)
    assert expected in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1
