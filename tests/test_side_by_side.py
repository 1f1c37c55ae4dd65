"""Every marked test is in the group of its mark when two processes share the tests."""

from __future__ import annotations

import pytest

from tests.side_by_side import RAY, group_of


def test_what_needs_a_ray_or_a_store_is_in_its_group(request: pytest.FixtureRequest) -> None:
    """Checks every collected test: all tests of the project in a run of all of them.

    A block of the documentation may start a Ray of one core in a process of its own.
    """
    for item in request.session.items:
        for name in ("ray", "s3"):
            if item.get_closest_marker(name) is not None:
                assert group_of(item.nodeid) in {name, "docs"}, item.nodeid


def test_a_files_tests_are_one_group_unless_some_start_a_ray() -> None:
    assert group_of("tests/schemas/test_ids.py::test_a[1]") == "tests/schemas/test_ids.py"
    assert group_of("tests/s3/test_faults.py::test_a") == "s3"
    assert {group_of(name) for name in RAY} == {"ray"}
