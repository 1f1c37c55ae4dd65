"""Settings for all tests, what they share, and which of them may run side by side."""

import signal

import pytest
from hypothesis import settings

from tests.local_ray import start_local_ray

# No deadline, as nothing asserts on wall-clock time.
settings.register_profile("pagefoundry", deadline=None)
settings.load_profile("pagefoundry")

# A shell has what it starts in the background ignore Ctrl-C, and so would all that tests start,
# those that are to be ended by it among them.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def local_ray() -> None:
    """Some Ray in this process, which goes on after the test."""
    start_local_ray()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """For `--dist loadgroup`: what one process runs from its first test to its last.

    A file's tests are a group, as they share its fixtures. All that starts a Ray is one, too: it
    waits more than it works, so that one beside it finds a core free, and two would not. Groups
    that take long come first, so that none of them is left at the end.
    """
    if not getattr(config.option, "loadgroup", False):
        return
    groups: dict[str, list[pytest.Item]] = {}
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(_group_of(item)))
        (name,) = item.get_closest_marker("xdist_group").args
        groups.setdefault(name, []).append(item)
    items[:] = [item for group in sorted(groups.values(), key=_weight) for item in group]


def _group_of(item: pytest.Item) -> str:
    for name in ("ray", "s3"):
        if item.get_closest_marker(name) is not None:
            return name
    return item.location[0]


def _weight(group: list[pytest.Item]) -> tuple[bool, int, int]:
    """Ray first, then by how many tests take more than ten seconds, then by how many there are."""
    (name,) = group[0].get_closest_marker("xdist_group").args
    slow = sum(item.get_closest_marker("slow") is not None for item in group)
    return (name != "ray", -slow, -len(group))
