"""The level that a server allows is found, by counts and in a time of the test's own."""

from __future__ import annotations

import heapq
import random
from collections import Counter, deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.engines.endpoint.limits import START, Level, Pauses

EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("answered"), st.integers(0, 400), st.floats(0, 100), st.floats(0, 100)),
        st.tuples(st.just("refused"), st.integers(0, 3), st.just(0.0), st.just(0.0)),
    ),
    max_size=300,
)


@given(most=st.integers(1, 300), events=EVENTS)
def test_a_level_stays_between_one_and_the_most(
    most: int, events: list[tuple[str, int, float, float]]
) -> None:
    level = Level(most)
    for kind, number, waited_s, served_s in events:
        before, epoch = level.value, level.epoch
        if kind == "answered":
            level.answered(level.epoch, number, waited_s, served_s)
            assert level.value <= before + 1
        else:
            fell = level.refused(level.epoch - number)
            assert fell == (number == 0)
            assert level.value == (max(1, before * 0.75) if fell else before)
        assert 1 <= level.value <= most
        assert 1 <= level.room <= most
        assert level.epoch - epoch in (0, 1)


def test_a_burst_of_refusals_is_one_sign() -> None:
    level = Level(256, value=100)
    assert [level.refused(0) for _ in range(40)] == [True] + [False] * 39
    assert level.value == 75


def test_a_level_that_is_not_used_up_does_not_rise() -> None:
    level = Level(256)
    for _ in range(100):
        level.answered(0, under_way=3, waited_s=0.1, served_s=1)
    assert level.value == START


def simulate(level: Level, slots: int, queues: bool, answers: int, seed: int = 0) -> Counter[str]:
    """A client that always has pages, and a server with `slots`, in virtual time.

    What is beyond its slots it refuses, or lets wait in silence. An answer takes about 10 s.
    """
    dice, counts = random.Random(seed), Counter[str]()
    now_s, running, under_way = 0.0, 0, 0
    ends: list[tuple[float, int, float, float]] = []  # end, epoch, sent, began
    waiting: deque[tuple[int, float]] = deque()

    def begin(epoch: int, sent_s: float) -> None:
        heapq.heappush(ends, (now_s + dice.uniform(5, 15), epoch, sent_s, now_s))

    while counts["answered"] < answers:
        while under_way < level.room:
            if running < slots:
                running += 1
                begin(level.epoch, now_s)
            elif queues:
                waiting.append((level.epoch, now_s))
            else:
                counts["refused"] += 1
                level.refused(level.epoch)
                break
            under_way += 1
        now_s, epoch, sent_s, began_s = heapq.heappop(ends)
        level.answered(epoch, under_way, began_s - sent_s + 0.2, now_s - began_s)
        counts["answered"] += 1
        counts["room"] += level.room
        counts["running"] += running
        under_way, running = under_way - 1, running - 1
        if waiting:
            running += 1
            begin(*waiting.popleft())
    return counts


@pytest.mark.parametrize("slots", [1, 4, 16, 64, 200])
def test_the_level_of_a_server_that_refuses_is_found(slots: int) -> None:
    level = Level(256)
    simulate(level, slots, queues=False, answers=40 * slots)
    counts = simulate(level, slots, queues=False, answers=100 * slots)
    assert 0.7 * slots <= counts["running"] / counts["answered"] <= slots
    # A rise of one a round, and a fall by a quarter: refusals are as rare as rounds.
    assert counts["refused"] <= 100 + 8


@pytest.mark.parametrize("slots", [8, 16, 64])
def test_a_queue_that_says_nothing_stays_short(slots: int) -> None:
    level = Level(256)
    simulate(level, slots, queues=True, answers=60 * slots)
    counts = simulate(level, slots, queues=True, answers=100 * slots)
    assert counts["running"] / counts["answered"] >= 0.95 * slots
    assert counts["room"] / counts["answered"] <= 3 * slots


def test_pages_whose_first_token_takes_longest_do_not_look_like_a_queue() -> None:
    level = Level(256)
    for _ in range(5000):
        level.answered(level.epoch, level.room, waited_s=0.9, served_s=0.1)
    assert level.value == 256


@given(number=st.integers(1, 10_000), seed=st.integers(0, 9))
def test_pauses_are_drawn_up_to_a_cap(number: int, seed: int) -> None:
    pause_s = Pauses(base_s=0.5, cap_s=30).draw(number, random.Random(seed))
    assert 0 <= pause_s <= min(30, 0.5 * 2 ** min(number - 1, 32))


def test_pauses_grow_and_differ() -> None:
    dice = random.Random(0)
    means = [sum(Pauses(1, 64).draw(n, dice) for _ in range(2000)) / 2000 for n in range(1, 8)]
    assert means == pytest.approx([0.5, 1, 2, 4, 8, 16, 32], rel=0.1)
