"""The pool's promises on a runtime that fails on demand: items end once, suspects run alone."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.pool import Done, Policy, PoolState, run_pool
from cluster.runtime import Step
from cluster.session import IN_PROCESS, ReplicaSpec, open_session
from schemas.errors import AccessError, ModelError, ShardError, StorageError
from tests.cluster.fake_runtimes import (
    ComingAndGoing,
    Dying,
    FakeRuntime,
    LosesOnce,
    Shrinking,
    halves,
)

POLICY = Policy(halves, backoff_s=(0, 0))


@dataclass
class Reader:
    """Reads pages. Killers always fail; a flaky page fails once; the first `faults` calls fail."""

    killers: frozenset[int] = frozenset()
    flaky: set[int] = field(default_factory=set)
    faults: int = 0

    def __call__(self, pages: range) -> list[int]:
        if self.faults:
            self.faults -= 1
            raise StorageError("the store is away")
        if self.killers & set(pages):
            raise ShardError("the replica died")
        if broken := self.flaky & set(pages):
            self.flaky -= broken
            raise ShardError("the node was lost")
        return list(pages)


def run(
    items: Iterable[range],
    read: Callable[[range], Any],
    runtime: FakeRuntime,
    watch: Callable[[PoolState], None] = lambda state: None,
    in_flight: int = 2,
) -> list[Done[range]]:
    policy = replace(POLICY, in_flight_per_lane=in_flight)
    return list(run_pool(items, [Step(read)], runtime, policy, watch))


def cut(pages: int, size: int) -> list[range]:
    return [range(start, min(start + size, pages)) for start in range(0, pages, size)]


def pages_of(done: Iterable[Done[range]]) -> list[int]:
    return sorted(page for result in done for page in result.item)


page_sets = st.frozensets(st.integers(0, 59), max_size=5)


@given(
    pages=st.integers(0, 60),
    size=st.integers(1, 16),
    lanes=st.integers(1, 4),
    in_flight=st.integers(1, 7),
    killers=page_sets,
    flaky=page_sets,
    random=st.randoms(use_true_random=False),
)
def test_every_page_ends_exactly_once_whatever_fails(
    pages, size, lanes, in_flight, killers, flaky, random
):
    runtime = FakeRuntime(range(lanes), choose=random.randrange)
    reader = Reader(killers, set(flaky))
    done = run(cut(pages, size), reader, runtime, in_flight=in_flight)
    assert pages_of(done) == list(range(pages))
    failed = [result for result in done if result.error is not None]
    assert all(len(result.item) == 1 for result in failed)
    assert pages_of(failed) == sorted(killers & set(range(pages)))
    assert all(result.value == list(result.item) for result in done if result.error is None)
    assert runtime.most_on_a_lane <= in_flight


@given(st.integers(0, 63), st.integers(1, 3))
def test_a_killer_page_costs_itself_and_no_other(killer: int, lanes: int) -> None:
    done = run([range(64)], Reader(frozenset({killer})), FakeRuntime(range(lanes)))
    (failed,) = [result for result in done if result.error is not None]
    assert failed.item == range(killer, killer + 1)
    assert str(failed.error) == "the replica died"
    assert pages_of(done) == list(range(64))


def test_a_page_is_given_up_after_failing_alone_twice() -> None:
    runtime = FakeRuntime()
    (done,) = run([range(1)], Reader(frozenset({0})), runtime)
    assert done.error is not None
    assert runtime.begun == [range(1)] * 3  # once with other pages, then twice alone


@given(killers=page_sets, lanes=st.integers(1, 4), random=st.randoms(use_true_random=False))
def test_a_suspect_has_its_lane_to_itself(killers, lanes, random) -> None:
    items = cut(60, 3)
    runtime = FakeRuntime(range(lanes), choose=random.randrange)
    run(items, Reader(killers), runtime)
    fresh = set(items)
    for ticket, item in enumerate(runtime.begun):
        if item not in fresh:  # half of a failed item, or a retry
            assert not runtime.mates[ticket]
        fresh.discard(item)


def test_fresh_items_go_on_beside_suspects() -> None:
    items = cut(64, 4)
    turns = itertools.count()
    runtime = FakeRuntime(range(3), choose=lambda count: next(turns) % count)
    run(items, Reader(frozenset({0})), runtime)
    is_fresh = [item in items for item in runtime.begun]
    first_suspect, last_suspect = is_fresh.index(False), len(is_fresh) - is_fresh[::-1].index(False)
    assert any(is_fresh[first_suspect:last_suspect])


def test_the_suspects_that_a_lost_node_leaves_share_a_quarter_of_the_lanes() -> None:
    lanes = 8
    runtime = LosesOnce(range(lanes), lost_lanes=frozenset(range(4)))
    items = cut(1600, 8)
    states: list[PoolState] = []
    done = run(items, list, runtime, states.append)
    assert pages_of(done) == list(range(1600))
    begun_with_fresh_left = runtime.begun[: runtime.begun.index(items[-1])]
    assert set(begun_with_fresh_left) - set(items) == runtime.suspects
    assert runtime.most_suspects_at_once == lanes // 4
    assert max(state.suspects for state in states) > lanes // 4
    assert (states[-1].splits, states[-1].retries) == (8, 16)


def test_when_nothing_fresh_is_left_all_lanes_are_for_suspects() -> None:
    runtime = LosesOnce(range(8), lost_lanes=frozenset(range(8)))
    done = run(cut(128, 8), list, runtime)
    assert pages_of(done) == list(range(128))
    assert runtime.most_suspects_at_once == 8


def test_of_many_that_lose_a_lane_none_is_a_suspect_at_first() -> None:
    runtime = LosesOnce(range(4), lost_lanes=frozenset({0, 1}))
    states: list[PoolState] = []
    done = run(cut(400, 8), list, runtime, states.append, in_flight=5)
    assert {result.item for result in done} == set(cut(400, 8))
    assert (states[-1].splits, states[-1].retries) == (0, 10)


def test_one_that_loses_a_second_lane_with_many_is_a_suspect() -> None:
    turns = itertools.count()
    runtime = Dying(range(12), choose=lambda count: next(turns) % count)
    states: list[PoolState] = []
    items = cut(1600, 8)
    done = run(items, Reader(frozenset({100})), runtime, states.append, in_flight=6)
    assert pages_of(done) == list(range(1600))
    assert pages_of(result for result in done if result.error) == [100]
    # The five that shared its second lane had lost none before, so no item but its own is split.
    assert states[-1].splits == 3  # 8 pages, 4, 2


def test_an_item_whose_lane_went_before_it_began_is_admitted_whole() -> None:
    runtime = LosesOnce(range(2), lost_lanes=frozenset({0}), began=False)
    states: list[PoolState] = []
    done = run(cut(64, 8), list, runtime, states.append)
    assert {result.item for result in done} == set(cut(64, 8))
    assert len(done) == 8
    assert (states[-1].splits, states[-1].retries) == (0, 2)


@given(
    pages=st.integers(0, 60),
    lanes=st.integers(1, 6),
    killers=page_sets,
    random=st.randoms(use_true_random=False),
)
def test_ending_lanes_that_are_not_needed_loses_nothing(pages, lanes, killers, random) -> None:
    runtime = Shrinking(range(lanes), choose=random.randrange)
    done = run(cut(pages, 4), Reader(killers), runtime)
    assert pages_of(done) == list(range(pages))
    assert pages_of(result for result in done if result.error) == sorted(
        killers & set(range(pages))
    )


def test_lanes_are_given_back_as_the_work_runs_out() -> None:
    runtime = Shrinking(range(8))
    states: list[PoolState] = []
    run(cut(10, 1), list, runtime, states.append)
    assert states[0].busy_lanes == 8
    assert runtime.kept[-2:] == [1, 0]
    assert len(runtime.chosen_lanes) == 0


def test_lanes_stay_while_there_are_fresh_items() -> None:
    runtime = FakeRuntime(range(4))
    pool = run_pool(iter(cut(100, 1)), [Step(list)], runtime, POLICY)
    for _ in range(50):
        next(pool)
    assert not runtime.kept


def test_a_fault_of_the_surroundings_is_waited_out() -> None:
    done = run([range(4)], Reader(faults=2), FakeRuntime())
    assert [result.value for result in done] == [[0, 1, 2, 3]]


def test_a_fault_that_outlasts_the_pauses_stops_the_run() -> None:
    runtime = FakeRuntime()
    with pytest.raises(StorageError, match="the store is away"):
        run([range(4)], Reader(faults=3), runtime)
    assert runtime.begun == [range(4)] * 3  # with the policy's two pauses in between


def test_what_no_waiting_mends_stops_the_run_at_once() -> None:
    def read_only(pages: range) -> None:
        raise AccessError("the disk is read-only")

    runtime = FakeRuntime()
    with pytest.raises(AccessError, match="the disk is read-only"):
        run([range(4)], read_only, runtime)
    assert runtime.begun == [range(4)]


def test_one_outage_counts_once_however_many_chains_it_fails() -> None:
    turns = itertools.count()
    runtime = FakeRuntime(range(4), choose=lambda count: next(turns) // 2 % count)
    done = run(cut(64, 8), Reader(faults=8), runtime)
    assert pages_of(done) == list(range(64))


def test_a_success_between_faults_starts_the_count_again() -> None:
    called: set[range] = set()

    def first_call_of_each_fails(pages: range) -> list[int]:
        if pages not in called:
            called.add(pages)
            raise StorageError("the store is slow")
        return list(pages)

    done = run(cut(10, 1), first_call_of_each_fails, FakeRuntime())
    assert pages_of(done) == list(range(10))


def test_an_item_that_only_ever_meets_faults_stops_the_run_while_others_succeed() -> None:
    def bucket_of_five_is_denied(pages: range) -> list[int]:
        if 5 in pages:
            raise StorageError("access denied")
        return list(pages)

    with pytest.raises(StorageError, match="access denied"):
        run(cut(1000, 1), bucket_of_five_is_denied, FakeRuntime())


def test_items_are_taken_only_as_lanes_have_room() -> None:
    taken: list[range] = []

    def items() -> Iterator[range]:
        for item in cut(1000, 1):
            taken.append(item)
            yield item

    ahead = []
    pool = run_pool(items(), [Step(list)], FakeRuntime(range(3)), POLICY)
    for number, _ in enumerate(pool, start=1):
        ahead.append(len(taken) - number)
    assert max(ahead) < 2 * 3


@given(st.lists(st.lists(st.integers(0, 4), unique=True), max_size=30), page_sets)
def test_lanes_that_come_and_go_lose_nothing(seasons, killers) -> None:
    runtime = ComingAndGoing(seasons=iter(seasons))
    done = run(cut(40, 8), Reader(killers), runtime)
    assert pages_of(done) == list(range(40))
    # Each loss of a node counts against what ran there, so a page may be given up unread.
    unread = {page for result in done if result.error for page in result.item}
    assert unread >= killers & set(range(40))


def test_a_runtime_that_can_never_have_lanes_stops_the_run() -> None:
    class NoReplica(FakeRuntime):
        def lanes(self) -> Sequence[Hashable]:
            raise ModelError("a replica cannot start")

    with pytest.raises(ModelError, match="a replica cannot start"):
        run([range(4)], list, NoReplica())


def test_a_watcher_sees_each_turn() -> None:
    states: list[PoolState] = []
    run(cut(8, 2), list, FakeRuntime(range(2)), states.append)
    assert states[0] == PoolState(lanes=2, busy_lanes=2, in_flight=4)
    assert states[-1] == PoolState(lanes=2, busy_lanes=0, in_flight=0)


def test_a_chain_in_process_hands_on_the_item_and_all_results() -> None:
    chain = [
        Step(lambda item: item * 2),
        Step(lambda replica, item, doubled: [*replica, item, doubled], on_replica=True),
        Step(lambda item, doubled, read: (item, doubled, read)),
    ]
    with (
        open_session(IN_PROCESS) as session,
        session.runtime(ReplicaSpec(lambda: ["replica"], 1)) as runtime,
    ):
        done = list(run_pool([3, 4], chain, runtime, Policy(lambda item: [item])))
    assert [result.value for result in done] == [
        (3, 6, ["replica", 3, 6]),
        (4, 8, ["replica", 4, 8]),
    ]


def test_in_process_an_unforeseen_exception_costs_only_its_item() -> None:
    chain = [Step(lambda pages: [1 // (page - 5) for page in pages])]
    with open_session(IN_PROCESS) as session, session.runtime() as runtime:
        done = list(run_pool(cut(12, 4), chain, runtime, POLICY))
    (failed,) = [result for result in done if result.error is not None]
    assert failed.item == range(5, 6)
    assert isinstance(failed.error, ZeroDivisionError)
    assert pages_of(done) == list(range(12))
