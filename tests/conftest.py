"""Settings and fixtures for all tests, and how parallel processes share the tests."""

import gc
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

from tests import side_by_side
from tests.local_ray import start_local_ray
from tests.many import few

# Processes share the cores; torch's threads in each would wait for one another, and burn both.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# What is imported and collected stays until this process ends. To look through it for garbage, time
# and again, took 4 s of CPU time.
gc.disable()

# No deadline, as nothing asserts on wall-clock time. Examples are new each time, so that those of
# many runs add up.
settings.register_profile("pagefoundry", deadline=None, max_examples=few(50, of=500))
settings.load_profile("pagefoundry")

# A shell makes its background jobs ignore Ctrl-C. Processes that tests start would inherit this,
# even those that a test interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def own_signals() -> Iterator[None]:
    """Restore the handlers after each test: a command run in this process sets its own."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    handlers = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, handlers, strict=True):
        signal.signal(number, handler)


@pytest.fixture
def local_ray() -> None:
    """A Ray in this process, which keeps running after the test."""
    start_local_ray()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):  # this process is one of several
        items[:] = side_by_side.longest_first(items)


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    return side_by_side.scheduler(config, log)
