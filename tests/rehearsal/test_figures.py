"""The rehearsal's figures, on invented spells."""

from __future__ import annotations

import pytest

from tests.rehearsal.figures import (
    Window,
    back_after_s,
    busy_s,
    pages_read,
    ready_s,
    sparkline,
    window,
)
from tests.rehearsal.rehearsal import Measured, Plan
from tests.rehearsal.script import PAGES_PER_DUPLICATE, Spell, page_seconds, page_text
from tests.rehearsal.watching import Watched

PLAN = Plan(nodes=1, gpus_per_node=2, shard_pages=100, shards_per_replica=3, kill_nodes=1)


def spells(replica: str, *times_s: tuple[float, float]) -> list[Spell]:
    return [Spell(replica, start_s, end_s, 100) for start_s, end_s in times_s]


def test_a_spells_pages_are_spread_evenly_over_it() -> None:
    made = spells("a", (10, 20), (20, 40))
    assert pages_read(made, 15, 30) == 50 + 50
    assert busy_s(made, 15, 50) == 25


def test_replica_seconds_follow_the_count_of_replicas() -> None:
    lanes = [(0.0, 1), (10.0, 4), (20.0, 2)]
    assert ready_s(lanes, 5, 25) == 5 * 1 + 10 * 4 + 5 * 2


def test_the_window_is_from_the_last_to_begin_to_the_first_to_run_dry() -> None:
    made = spells("a", (0, 10), (10, 20), (20, 31)) + spells("b", (4, 14), (14, 24), (24, 34))
    starts = [(at_s, 100) for at_s in (-2.0, -2.0, 2.0, 2.0, 10.0, 14.0)]
    assert window(Measured(PLAN, Watched(starts=starts), spells=made)) == Window(4, 31)


def steady(replica: str, *, but_not: tuple[float, float]) -> list[Spell]:
    """Spells of ten seconds, one after the other, except those that overlap `but_not`."""
    begins = [10.0 * turn for turn in range(30)]
    return [
        Spell(replica, begin, begin + 10, 100)
        for begin in begins
        if begin + 10 <= but_not[0] or begin >= but_not[1]
    ]


@pytest.mark.parametrize(("until_s", "back_s"), [(150.0, 50.0), (400.0, None)])
def test_throughput_is_back_when_it_stays_what_it_was(until_s: float, back_s: float | None) -> None:
    made = steady("a", but_not=(400, 400)) + steady("b", but_not=(100, until_s))
    measured = Measured(PLAN, spells=made, killed_s=100.0)
    assert back_after_s(measured, Window(0, 300)) == back_s


def test_bars_rise_with_the_rate() -> None:
    assert sparkline([0, 5, 10], 10) == "▁▅█"


def test_pages_of_a_document_differ_but_for_planned_duplicates() -> None:
    doc = "ab" * 32
    texts = [page_text(f"{doc}/{index:05d}") for index in range(2 * PAGES_PER_DUPLICATE)]
    assert len(set(texts)) == len(texts) - 2
    assert texts[PAGES_PER_DUPLICATE - 1] == texts[PAGES_PER_DUPLICATE - 2]


def test_pages_take_a_second_on_the_average() -> None:
    taken = [page_seconds(f"{'cd' * 32}/{index:05d}") for index in range(4000)]
    assert sum(taken) / len(taken) == pytest.approx(1, abs=0.03)
