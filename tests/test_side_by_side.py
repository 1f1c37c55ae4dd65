"""Every marked test is in the group of its mark when processes share the tests."""

from __future__ import annotations

import itertools

import pytest

from tests.side_by_side import RAY, group_of, longest_first, seconds_of


def test_what_needs_a_ray_or_a_store_is_in_its_group(request: pytest.FixtureRequest) -> None:
    """Checks every collected test: all tests of the project in a run of all of them."""
    for item in request.session.items:
        for name in ("ray", "s3"):
            if item.get_closest_marker(name) is not None:
                assert group_of(item.nodeid) == name, item.nodeid


def test_a_files_tests_are_one_group_unless_some_start_a_ray() -> None:
    assert group_of("tests/schemas/test_ids.py::test_a[1]") == "tests/schemas/test_ids.py"
    assert group_of("tests/s3/test_faults.py::test_a") == "s3"
    assert {group_of(name) for name in RAY} == {"ray"}


def test_what_groups_took_is_read_from_the_durations_of_a_run() -> None:
    lines = [
        "4952 passed, 13 skipped in 2422.87s (0:40:22)",
        "0.60s setup    tests/schemas/test_ids.py::test_a[1]",
        "  1.20s call     tests/schemas/test_ids.py::test_a[a b]",
        "12.00s teardown tests/s3/test_faults.py::test_b",
    ]
    assert seconds_of(lines, least=0) == {"s3": 12, "tests/schemas/test_ids.py": 2}
    assert seconds_of(lines, least=10) == {"s3": 12}


def test_the_group_that_takes_longest_is_first(request: pytest.FixtureRequest) -> None:
    """In a run of all tests, Ray's."""
    items = request.session.items
    sorted_items = longest_first(items[::-1])
    assert sorted(map(id, sorted_items)) == sorted(map(id, items))
    groups = [group_of(item.nodeid) for item in sorted_items]
    assert "ray" not in groups or groups[0] == "ray"
    assert len(list(itertools.groupby(groups))) == len(set(groups))
    files = [i.nodeid.partition("::")[0] for i in sorted_items if group_of(i.nodeid) == "ray"]
    order = list(dict.fromkeys(name.partition("::")[0] for name in RAY))
    assert files == sorted(files, key=order.index)
