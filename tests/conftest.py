"""Settings for all tests, what they share, and which of them may run side by side."""

import signal
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

from tests import side_by_side
from tests.local_ray import start_local_ray

# No deadline, as nothing asserts on wall-clock time.
settings.register_profile("pagefoundry", deadline=None)
settings.load_profile("pagefoundry")

# A shell has what it starts in the background ignore Ctrl-C, and so would all that tests start,
# those that are to be ended by it among them.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def own_signals() -> Iterator[None]:
    """A command that runs in this process sets handlers of its own; the next test has ours."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    handlers = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, handlers, strict=True):
        signal.signal(number, handler)


@pytest.fixture
def local_ray() -> None:
    """Some Ray in this process, which goes on after the test."""
    start_local_ray()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):  # one of several processes
        items[:] = side_by_side.longest_first(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    return side_by_side.scheduler(config, log)
