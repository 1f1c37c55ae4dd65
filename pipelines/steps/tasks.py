"""Run one function over many items through the pool: the plain tasks of inventory and publish."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sized
from typing import TYPE_CHECKING, TypeVar

from cluster.pool import Policy, run_pool
from cluster.runtime import Step
from cluster.session import Session

if TYPE_CHECKING:  # a task draws no bar
    from cluster.progress import Meter

TASK_DEADLINE_S = 6 * 3600
"""The longest time of a task of inventory or publish, waiting for its turn included. The largest
task moves some GB. Each request has a deadline of minutes; this one is for hangs between them."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def run_tasks(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    session: Session,
    meter: Meter | None = None,
) -> list[Result]:
    """Run a one-step chain over items; results in any order. Raises the first failure."""
    return list(task_results(function, items, session, meter))


def task_results(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    session: Session,
    meter: Meter | None = None,
) -> Iterator[Result]:
    """Like `run_tasks`, but yields each result as it comes, so that they need not all be held."""
    if isinstance(items, Sized) and not len(items):
        return
    policy: Policy[Item] = Policy(lambda item: [item], lambda item: TASK_DEADLINE_S)
    with session.runtime() as runtime:
        for done in run_pool(items, [Step(function)], runtime, policy):
            if done.error is not None:
                raise done.error
            if meter is not None:
                meter.add(1)
            yield done.value
