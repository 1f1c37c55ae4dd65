"""An estimate matches sums done by hand, and is near the time of a simulated pass."""

from __future__ import annotations

import heapq
import itertools
import json
import random
from collections import deque
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.estimate import YARDSTICK, Estimate, Hardware, PageCosts, Rates, estimate_run
from schemas.timings import ShardTimes

COSTS = PageCosts(
    raster_s=0.1,
    read_s=1.0,
    engine_share=0.5,
    finish_s=0.1,
    publish_s=0.01,
    ramp_s=30,
    sample_share=0.8,
    staged_bytes=1000,
    published_bytes=900,
)


def test_the_yardstick_reads_33_million_pages_a_day_on_20_nodes_of_8() -> None:
    estimate = estimate_run(
        33_000_000, 256, Hardware(160, 1, None), YARDSTICK, price_per_gpu_hour=1.5
    )
    # 33,000,000 / 256 = 128,906.25 shards
    assert estimate.shards == 128_907
    # 128,907 / 160 = 805.7: the busiest replica reads 806 shards = 206,336 pages in 86,333 s; the
    # first shard is drawn in 256 / 25 = 10.24 s, the last one finished in 256 / 100 = 2.56 s.
    assert estimate.pass_s == pytest.approx(206_336 / 2.39 + 12.8)
    assert estimate.limit == "replicas"
    # Evenly spread, the pages would take 33,000,000 / 382.4 = 86,297 s, about a day.
    assert estimate.tail_s == pytest.approx(estimate.pass_s - 33_000_000 / 382.4)
    assert estimate.hours == pytest.approx(23.985, abs=0.001)
    assert estimate.gpu_hours == pytest.approx(160 * estimate.pass_s / 3600)
    assert estimate.cost == pytest.approx(1.5 * estimate.gpu_hours)
    # 382.4 pages/s x (1/25 + 1/100) s = 19.1 cores; 16 cores feed at most 320 pages/s.
    assert estimate.cores_needed == pytest.approx(19.12)
    fewer = estimate_run(33_000_000, 256, Hardware(160, 1, 16), YARDSTICK)
    assert (fewer.limit, round(fewer.pages_per_second)) == ("cores", 320)


def test_replicas_are_the_limit() -> None:
    estimate = estimate_run(1000, 10, Hardware(4, 0.5, 8), COSTS, price_per_gpu_hour=2)
    # A shard of 10 pages is drawn in 1 s, read in 10 x 0.5 x 1.0 = 5 s, finished in 1 s. 100 shards
    # over 4 replicas are 25 rounds: 1 + 25 x 5 + 1 = 127 s. Cores: 1000 x 0.2 / 8 + 5 = 30 s.
    # Admission: ceil(100 / 8) x (1 + 5 + 1) = 91 s.
    assert (estimate.limit, estimate.pass_s) == ("replicas", pytest.approx(127))
    assert estimate.busy_share == pytest.approx(125 / 127)
    assert estimate.tail_s == pytest.approx(2)
    # 30 s of ramp, 127 s, and 1000 x 0.01 = 10 s to publish
    assert estimate.hours == pytest.approx(167 / 3600)
    assert estimate.gpu_hours == pytest.approx(157 * 4 * 0.5 / 3600)
    assert estimate.cost == pytest.approx(2 * estimate.gpu_hours)
    # 4 replicas read 8 pages/s, each of which takes 0.2 s of a core.
    assert estimate.cores_needed == pytest.approx(1.6)
    assert (estimate.engine_pages, estimate.samples) == (500, 800)
    assert (estimate.staged_bytes, estimate.published_bytes) == (1_000_000, 900_000)


def test_cores_are_the_limit() -> None:
    estimate = estimate_run(1000, 10, Hardware(4, 1, 1), COSTS)
    # 1000 x 0.2 s on one core, then the last shard is read in 5 s.
    assert (estimate.limit, estimate.pass_s) == ("cores", pytest.approx(205))
    assert estimate.tail_s == pytest.approx(5)


def test_replicas_that_share_the_cores_take_turns_on_them() -> None:
    estimate = estimate_run(1000, 10, Hardware(4, 0, 8, threads_per_replica=4), COSTS)
    # Drawing and finishing 1000 pages takes 200 core seconds, reading 1000 x 0.5 x 4 = 2000:
    # 275 s on 8 cores, though the four replicas alone would take 125 s to read.
    assert (estimate.limit, estimate.pass_s) == ("cores", pytest.approx(275))
    # To keep four replicas reading, 8 x 0.2 cores must draw, and 16 cores must read.
    assert estimate.cores_needed == pytest.approx(17.6)
    # Two replicas fill the 8 cores, so drawing still delays them: cores are the limit.
    assert estimate_run(1000, 10, Hardware(2, 0, 8, 4), COSTS).limit == "cores"
    # One replica leaves four cores idle, so a second would be faster.
    one = estimate_run(1000, 10, Hardware(1, 0, 8, 4), COSTS)
    assert (one.limit, one.pass_s) == ("replicas", pytest.approx(502))


def test_two_shards_a_replica_are_the_limit() -> None:
    slow = replace(COSTS, raster_s=2)
    estimate = estimate_run(1000, 10, Hardware(4, 1, None), slow)
    # A shard takes 20 + 5 + 1 = 26 s, and 8 are in flight: ceil(100 / 8) x 26 = 338 s. Replicas
    # alone: 20 + 25 x 5 + 1 = 146 s.
    assert (estimate.limit, estimate.pass_s) == ("admission", pytest.approx(338))


def test_shards_are_the_limit_and_spare_replicas_cost_nothing() -> None:
    estimate = estimate_run(30, 10, Hardware(8, 1, None), COSTS)
    # Three shards on three of the replicas: 1 + 5 + 1 s.
    assert (estimate.limit, estimate.pass_s, estimate.replicas) == ("shards", pytest.approx(7), 3)
    assert estimate.gpu_hours == pytest.approx(3 * 37 / 3600)


def test_the_last_round_takes_a_whole_shard_unless_only_the_short_one_is_in_it() -> None:
    # 41 pages on two replicas: 10 10 | 10 10 | 1, so the busiest reads 21 pages at 0.5 s.
    assert estimate_run(41, 10, Hardware(2, 1, None), COSTS).pass_s == pytest.approx(2 + 21 * 0.5)
    # 51 pages: 10 10 | 10 10 | 10 1
    assert estimate_run(51, 10, Hardware(2, 1, None), COSTS).pass_s == pytest.approx(2 + 30 * 0.5)


def test_text_layers_need_cores_alone() -> None:
    estimate = estimate_run(100, 10, Hardware(0, 1, 3), COSTS)
    # 10 shards over 3 cores are 4 rounds of 1 + 1 s; no replica, so no ramp and no GPU.
    assert (estimate.limit, estimate.pass_s, estimate.gpu_hours) == ("cores", pytest.approx(8), 0)
    assert (estimate.ramp_s, estimate.busy_share, estimate.cores_needed) == (0, 0, 0)


def test_nothing_to_read_takes_nothing() -> None:
    estimate = estimate_run(0, 64, Hardware(8, 1, 4), COSTS, price_per_gpu_hour=2)
    assert (estimate.shards, estimate.limit, estimate.hours, estimate.cost) == (0, "nothing", 0, 0)
    assert estimate_run(0, 64, Hardware(0, 0, 4), COSTS).hours == 0


# ---- against a simulated pass -----------------------------------------------------------------


def play(
    shards: int,
    hardware: Hardware,
    times: tuple[float, float, float],
    draw: Callable[[float], float] = lambda mean_s: mean_s,
) -> float:
    """Simulate a pass by events; return its seconds.

    The pool admits two shards for each replica, cores serve requests in order, and a replica reads
    one shard at a time. `times` are those to draw, to read and to finish a shard; `draw` varies
    them.
    """
    raster_s, read_s, finish_s = times
    cores = int(hardware.cores or 2 * shards)
    in_flight = [0] * hardware.replicas
    for_core: deque[tuple[str, int]] = deque()
    for_replica = [0] * hardware.replicas
    reading = [False] * hardware.replicas
    events: list[tuple[float, int, str, int]] = []
    order = itertools.count()
    now, left, finished = 0.0, shards, 0

    def begin(what: str, lane: int, mean_s: float) -> None:
        heapq.heappush(events, (now + draw(mean_s), next(order), what, lane))

    while finished < shards:
        while left and min(in_flight) < 2:
            lane = in_flight.index(min(in_flight))
            in_flight[lane] += 1
            left -= 1
            for_core.append(("raster", lane))
        while cores and for_core:
            what, lane = for_core.popleft()
            cores -= 1
            begin(what, lane, raster_s if what == "raster" else finish_s)
        for lane, waiting in enumerate(for_replica):
            if waiting and not reading[lane]:
                for_replica[lane] -= 1
                reading[lane] = True
                begin("read", lane, read_s)
        now, _, what, lane = heapq.heappop(events)
        if what == "raster":
            cores += 1
            for_replica[lane] += 1
        elif what == "read":
            reading[lane] = False
            for_core.append(("finish", lane))
        else:
            cores += 1
            in_flight[lane] -= 1
            finished += 1
    return now


def costs_of(times: tuple[float, float, float]) -> PageCosts:
    raster_s, read_s, finish_s = times
    return replace(COSTS, raster_s=raster_s, read_s=read_s, engine_share=1, finish_s=finish_s)


shard_times = st.tuples(*[st.floats(0.1, 10)] * 3)


def estimated(shards: int, hardware: Hardware, times: tuple[float, float, float]) -> Estimate:
    return estimate_run(shards, 1, hardware, costs_of(times))


@given(st.integers(1, 60), st.integers(1, 8), shard_times)
@settings(max_examples=60, deadline=None)
def test_with_cores_enough_the_estimate_is_a_floor_and_near(shards, replicas, times) -> None:
    hardware = Hardware(replicas, 1, None)
    played_s = play(shards, hardware, times)
    floor_s = estimated(shards, hardware, times).pass_s
    assert floor_s <= played_s + 1e-6
    # The estimate ignores that the two shards of a replica fall out of step.
    assert played_s <= 1.25 * floor_s


@given(st.integers(1, 8), st.integers(1, 8), st.integers(10, 20), shard_times)
@settings(max_examples=60, deadline=None)
def test_with_ten_rounds_the_estimate_is_near_whatever_the_limit(
    replicas, cores, rounds, times
) -> None:
    hardware, shards = Hardware(replicas, 1, cores), rounds * replicas
    estimate = estimated(shards, hardware, times)
    ratio = play(shards, hardware, times) / estimate.pass_s
    assert 0.9 <= ratio <= (1.25 if estimate.limit == "replicas" else 1.5)


@pytest.mark.parametrize("seed", range(5))
def test_shards_of_uneven_pages_take_little_longer(seed: int) -> None:
    # 64 pages of exponential times vary by 1 / sqrt(64) = 12.5 % together.
    chance = random.Random(seed)
    times, hardware = (2.0, 20.0, 1.0), Hardware(8, 1, 4)
    estimate = estimated(160, hardware, times)
    played_s = play(160, hardware, times, lambda mean_s: chance.gauss(mean_s, mean_s / 8))
    assert estimate.limit == "replicas"
    assert played_s == pytest.approx(estimate.pass_s, rel=0.1)


# ---- rates -----------------------------------------------------------------------------------


def measured(pages: int, device: str = "A100", digest: str = "d", slower: float = 1) -> Rates:
    times = ShardTimes(
        raster_s=0.04 * pages,
        read_s=0.2 * pages * slower,
        finish_s=0.01 * pages,
        pages=pages,
        engine_pages=pages // 2,
    )
    return Rates.measured(
        times,
        recipe_digest=digest,
        device=device,
        publish_s=0.001 * pages,
        staged_bytes=150_000 * pages,
        ramp_s=60,
        inventory_pages=2 * pages,
        samples=pages,
        published_bytes=100_000 * pages,
    )


def test_rates_become_costs_of_a_page() -> None:
    estimate = measured(1000).costs()
    assert estimate == PageCosts(
        raster_s=pytest.approx(0.04),
        read_s=pytest.approx(0.4),  # 200 s for the 500 pages that the engine read
        engine_share=0.5,
        finish_s=pytest.approx(0.01),
        publish_s=pytest.approx(0.001),
        ramp_s=60,
        sample_share=0.5,
        staged_bytes=150_000,
        published_bytes=50_000,
    )


def test_without_the_engine_its_pages_cost_nothing() -> None:
    rates = replace(measured(1000), engine_pages=0, read_s=0.0)
    assert (rates.costs().read_s, rates.costs().engine_share) == (0, 0)


def test_a_refresh_of_a_few_pages_hardly_moves_what_many_said() -> None:
    joined = measured(10, slower=5).joined(measured(990))
    assert joined.pages == 1000
    # (10 x 1.0 + 990 x 0.2) s over 500 pages
    assert joined.costs().read_s == pytest.approx(0.416)
    assert joined.inventory_pages == 20


@pytest.mark.parametrize("other", [measured(99, device="H100"), measured(99, digest="e"), None])
def test_rates_of_another_device_or_digest_are_not_mixed(other: Rates | None) -> None:
    assert measured(10).joined(other) == measured(10)


def test_rates_survive_their_json() -> None:
    stored = json.loads(json.dumps(measured(7).to_dict()))
    assert Rates.from_dict(stored) == measured(7)
    assert Rates.from_dict(stored | {"of_a_later_version": 1}) == measured(7)
