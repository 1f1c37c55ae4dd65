"""Which tests stay together in one process when three processes share the tests on two cores.

A file's tests stay together, since they share its fixtures. Tests that start a Ray are one group:
two Rays would compete. They often wait for processes and nodes to start and to end, as others wait
for servers and leases, so three processes keep two cores busy.

Tests that need the server of a store are another group, and so are those of the documentation,
which share one run of the tutorial. Those of the viewer's pages share a dataset, and so do those
that click through them.
Groups go by the tests' names, since pytest-xdist knows nothing else when it distributes the tests:
its own groups, set by a mark, do nothing with pytest 9.2
(https://github.com/pytest-dev/pytest-xdist/issues/1386).

The group that takes longest is first, so that the processes end together. `tests/seconds.json` says
what groups took; only the order depends on it. It is written anew from a run of all tests:

    make test OPTIONS=--durations=0 | .venv/bin/python -m tests.side_by_side
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

RAY = (
    # Those that share the Ray of this process, which starts once for all of them.
    "tests/cluster/test_session.py",
    "tests/cluster/test_pace.py::test_the_bound_holds_for_all_tasks_together",
    "tests/pipelines/test_consumers.py::test_ray_data",
    "tests/pipelines/test_containers.py::test_a_bound_travels_to_the_tasks",
    "tests/pipelines/test_determinism.py",
    "tests/pipelines/test_kill.py",
    "tests/pipelines/test_links_kill.py::test_a_task_that_is_killed",
    "tests/pipelines/test_pass_metrics.py",
    "tests/pipelines/test_read.py::test_a_page_that_ends_its_worker",
    "tests/pipelines/test_synthetic.py::test_texts_larger_than_what_a_pipe_holds_are_made[None]",
    "tests/pipelines/version/test_scores_on_ray.py",
    # These share a cluster. Each finds most of its nodes there, if they are in this order.
    "tests/cluster/test_bad_devices.py",
    "tests/cluster/test_replicas.py",
    "tests/rehearsal/test_rehearsal.py",
    "tests/faults/test_faults.py::test_on_ray_nodes",
    "tests/cluster/test_placing.py",
    # These need none in this process; most start one in others.
    "tests/cluster/test_metrics.py::test_ray_refuses",
    "tests/packaging/test_wheel.py",
    "tests/pipelines/cli/test_jobs.py",
    "tests/pipelines/cli/test_manifest.py::test_the_rayjobs_entrypoint_runs",
    "tests/vllm/test_job.py",
)
S3 = ("tests/faults/test_faults.py::test_on_s3", "tests/s3/", "tests/stores/")
DOCS = ("tests/docs/",)
VIEW = ("tests/pipelines/view/test_",)
BROWSER = ("tests/pipelines/view/browser/",)
GROUPS = (("ray", RAY), ("s3", S3), ("docs", DOCS), ("view", VIEW), ("browser", BROWSER))


SECONDS = Path(__file__).with_name("seconds.json")
_DURATION = re.compile(r"([0-9.]+)s (?:setup|call|teardown) +(tests/.+)")


def group_of(name: str) -> str:
    """The group of a test."""
    for group, beginnings in GROUPS:
        if name.startswith(beginnings):
            return group
    return name.partition("::")[0]


def longest_first(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """Sort whole groups by what they took; a new one by the numbers of its tests and slow tests.

    Within Ray's group the tests are in the order of `RAY`.
    """
    seconds = json.loads(SECONDS.read_text())
    groups: dict[str, list[pytest.Item]] = {}
    for item in items:
        groups.setdefault(group_of(item.nodeid), []).append(item)
    groups.get("ray", []).sort(key=_place)

    def length(name: str) -> float:
        slow = sum(item.get_closest_marker("slow") is not None for item in groups[name])
        guess = 10 * slow + 0.3 * len(groups[name])
        return float(seconds.get(name, guess))

    return [i for name in sorted(groups, key=length, reverse=True) for i in groups[name]]


def _place(item: pytest.Item) -> int:
    """Where a test of Ray's group comes: in the order of `RAY`."""
    return next(place for place, name in enumerate(RAY) if item.nodeid.startswith(name))


def seconds_of(lines: Iterable[str], least: float = 10) -> dict[str, int]:
    """What each group took that took `least`, by pytest's `--durations=0`; the longest is first."""
    groups: dict[str, float] = {}
    for line in lines:
        if match := _DURATION.match(line.strip()):
            name = group_of(match[2])
            groups[name] = groups.get(name, 0) + float(match[1])
    longest = sorted(groups, key=lambda name: -groups[name])
    return {name: round(groups[name]) for name in longest if groups[name] >= least}


def scheduler(config: pytest.Config, log: Any) -> Any:
    """A scheduler that distributes whole groups, in the order of their tests."""
    from xdist.scheduler import LoadScopeScheduling

    class GroupScheduling(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return group_of(nodeid)

    config.option.loadscopereorder = False
    return GroupScheduling(config, log)


if __name__ == "__main__":
    SECONDS.write_text(json.dumps(seconds_of(sys.stdin), indent=0) + "\n")
