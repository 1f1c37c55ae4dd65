"""The guard and the loop cut at each step of generation follow the pure rules, for all rows."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from workers.engines.decoding import Confidence, LoopCut, NgramGuard
from workers.engines.guards import banned_tokens
from workers.engines.profiles.profile import Guard

VOCABULARY = 5
rows = st.lists(
    st.tuples(st.integers(0, 12), st.lists(st.integers(0, 3), min_size=16, max_size=16)),
    min_size=1,
    max_size=4,
)


@given(rows, st.integers(2, 4), st.integers(4, 14), st.frozensets(st.integers(0, 3)))
def test_the_guard_bans_for_each_row_what_the_pure_rule_bans(
    batch: list[tuple[int, list[int]]], size: int, window: int, exempt: frozenset[int]
) -> None:
    starts = torch.tensor([start for start, _ in batch])
    ids = torch.tensor([tokens for _, tokens in batch])
    guard = NgramGuard(Guard(size, window), starts, torch.tensor(sorted(exempt), dtype=torch.int64))
    scores = guard(ids, torch.zeros(len(batch), VOCABULARY))
    for row, (start, tokens) in enumerate(batch):
        banned = set(torch.nonzero(scores[row].isinf()).flatten().tolist())
        assert banned == banned_tokens(tokens[start:], size, window, exempt)


def test_a_loop_ends_its_row_and_no_other() -> None:
    prompt = [9] * 40
    prose, loop = list(range(100, 400)), list(range(100, 180)) + [7, 8] * 110
    ids = torch.tensor([prompt + prose, prompt + loop])
    cut = LoopCut([40, 40], frozenset())
    ended = [cut(ids[:, :length], None) for length in range(40, ids.shape[1] + 1)]
    assert not any(step[0] for step in ended)
    first = next(index for index, step in enumerate(ended) if step[1])
    assert 80 < first < 80 + 200
    assert all(step[1] for step in ended[first:])
    assert cut.loops == {1: 80}


def test_what_fills_up_a_row_that_ended_is_no_loop() -> None:
    end, pad = 2, 0
    ids = torch.tensor([[9] * 40 + list(range(100, 150)) + [end] + [pad] * 1500])
    cut = LoopCut([40], frozenset(), frozenset({end}))
    assert not any(cut(ids[:, :length], None).any() for length in range(40, ids.shape[1] + 1))
    assert cut.loops == {}


def test_a_prompt_that_repeats_itself_is_no_loop() -> None:
    ids = torch.tensor([[5] * 640])
    assert not LoopCut([600], frozenset())(ids, None).any()


def test_confidence_is_the_probability_of_the_greedy_choice() -> None:
    record = Confidence()
    scores = torch.tensor([[0.0, 0.0], [2.0, 2.0 - torch.log(torch.tensor(3.0))]])
    assert record(torch.zeros(2, 1), scores) is scores
    assert torch.allclose(record.chosen[0], torch.tensor([0.5, 0.75]))
