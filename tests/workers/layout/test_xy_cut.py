"""The XY-cut keeps every member and the order of the parts, and ends at its depth."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workers.layout.xy_cut import regions


def halves(members: range) -> list[range]:
    middle = len(members) // 2
    return [members[:middle], members[middle:]] if middle else []


@given(st.integers(0, 100), st.integers(0, 10))
def test_regions_hold_all_members_in_the_order_of_the_parts(count: int, max_depth: int) -> None:
    found = regions(range(count), halves, max_depth)
    assert [member for region in found for member in region] == list(range(count))
    assert len(found) <= 2**max_depth


def test_a_region_is_cut_until_nothing_cuts_it_or_the_depth_is_reached() -> None:
    assert regions(range(4), halves, 5) == [range(1), range(1, 2), range(2, 3), range(3, 4)]
    assert regions(range(4), halves, 1) == [range(2), range(2, 4)]
    assert regions(range(4), halves, 0) == [range(4)]


def test_a_single_part_is_no_cut() -> None:
    assert regions([1, 2], lambda members: [members], 5) == [[1, 2]]
