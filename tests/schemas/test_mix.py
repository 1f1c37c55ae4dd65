"""Mixes: exact proportions, and recipes that do not fit their mix."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from schemas.errors import RecipeError
from schemas.mix import Mix
from schemas.recipe import parse_recipe

GROUPS = ("ocr", "vision", "text")
weights = st.fixed_dictionaries({name: st.integers(1, 100) for name in GROUPS})
available = st.fixed_dictionaries({name: st.integers(0, 2000) for name in GROUPS})


@given(weights, available, st.none() | st.integers(1, 3000))
def test_counts_are_in_the_proportions_of_the_weights_and_as_many_as_there_can_be(
    weight: dict[str, int], have: dict[str, int], samples: int | None
) -> None:
    assume(samples is None or samples >= _unit(weight))
    counts = Mix(weights=weight, samples=samples).counts(have)
    total = sum(counts.values())
    assert all(counts[name] <= have[name] for name in GROUPS)
    assert all(counts[name] * sum(weight.values()) == weight[name] * total for name in GROUPS)
    assert samples is None or total <= samples
    # One more of the smallest unit would exceed a group or the total.
    more = Mix(weights=weight).counts(dict.fromkeys(GROUPS, 10**9))
    unit = {name: more[name] // (sum(more.values()) // _unit(weight)) for name in GROUPS}
    too_many = any(counts[name] + unit[name] > have[name] for name in GROUPS)
    assert too_many or (samples is not None and total + sum(unit.values()) > samples)


def _unit(weight: dict[str, int]) -> int:
    """Return the smallest total of samples that has exact proportions."""
    total = sum(weight.values())
    return next(n for n in range(1, total + 1) if all(n * w % total == 0 for w in weight.values()))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mix: {weights: {a: 1}}\nsources: [{charts: 1}]", "sources.0: with a mix, each source"),
        ("sources: [{charts: 1, group: a}]", "sources.0: group 'a' has no weight in `mix`"),
        ("mix: {weights: {a: 1, b: 1}}\nsources: [{charts: 1, group: a}]",
         "mix: no source is of group 'b'"),
        ("mix: {weights: {a: 0}}\nsources: [{charts: 1, group: a}]",
         "mix.weights.a: 1 or more belongs here, not 0"),
        ("mix: {weights: {a: 1}}\nsources: [{charts: 1, group: a}]\non_missing: keep",
         "a mix needs `on_missing: remove`"),
    ],
)  # fmt: skip
def test_recipes_that_do_not_fit_their_mix_are_refused(text: str, message: str) -> None:
    text = text if "on_missing" in text else f"{text}\non_missing: remove"
    with pytest.raises(RecipeError, match=message):
        parse_recipe(f"dataset: x\n{text}")
