"""The simulation of engines that batch: nothing is lost, and feeding without a gap fills them."""

from __future__ import annotations

from schemas.feeding import BATCH_PAGES
from tests.rehearsal.feeding import MOST_TOKENS, SPREADS, make_shards, simulate

WIDEST = SPREADS["1 % over 6,000"]


def test_lengths_are_those_that_the_table_names() -> None:
    [shard] = make_shards(40_000, 40_000, WIDEST, seed=1)
    lengths = sorted(first for first, _ in shard)
    assert 670 < lengths[20_000] < 730
    assert 0.007 < sum(length > 6000 for length in lengths) / 40_000 < 0.013
    assert max(lengths) <= MOST_TOKENS
    assert 0.027 < sum(second > 0 for _, second in shard) / 40_000 < 0.033


def test_one_page_after_the_other_takes_the_time_of_all() -> None:
    [shard] = make_shards(50, 50, WIDEST, seed=2)
    alone = simulate([shard], replicas=1, calls=1, batch=1)
    assert (alone.pages, alone.steps) == (50, sum(first + second for first, second in shard))


def test_a_shard_takes_as_long_as_its_longest_page_and_its_second_try() -> None:
    shard = ((100, 30), (700, 0), (300, 50), (200, 0))
    assert simulate([shard], replicas=1, calls=1).steps == 750


def test_feeding_without_a_gap_fills_the_places() -> None:
    shards = make_shards(20_000, 64, WIDEST, seed=3)
    one = simulate(shards, replicas=2, calls=1)
    fed = simulate(shards, replicas=2, calls=35)
    assert one.pages == fed.pages == 20_000
    assert one.busy_share < 64 / BATCH_PAGES
    assert fed.busy_share > 0.97
    assert fed.steps < one.steps / 8
