"""Times add up in any order, and can be sent between processes."""

from __future__ import annotations

import pickle

from hypothesis import given
from hypothesis import strategies as st

from schemas.timings import ShardTimes

# Whole and half seconds add up exactly; other floats may not.
SECONDS = st.integers(0, 10**6).map(lambda halves: halves / 2)
COUNTS = st.integers(0, 10**12)
TIMES = st.builds(
    ShardTimes, SECONDS, SECONDS, SECONDS, *[COUNTS] * 7, st.sampled_from(["", "cpu"])
)


def test_two_add_up_and_the_larger_memory_stays() -> None:
    one = ShardTimes(1.5, 2.0, 0.5, 64, 60, 3, 6400, 60000, 50000, 8, "cpu")
    two = ShardTimes(0.5, 1.0, 0.5, 10, 4, 1, 100, 1000, 900, 5)
    assert one + two == ShardTimes(2.0, 3.0, 1.0, 74, 64, 4, 6500, 61000, 50900, 8, "cpu")


@given(TIMES, TIMES, TIMES)
def test_the_order_does_not_matter_and_none_changes_nothing(
    one: ShardTimes, two: ShardTimes, three: ShardTimes
) -> None:
    assert (one + two) + three == (three + one) + two
    assert one + ShardTimes() == one


def test_they_survive_the_way_to_the_driver() -> None:
    times = ShardTimes(raster_s=0.25, pages=7, gpu_memory_bytes=1)
    assert pickle.loads(pickle.dumps(times)) == times
