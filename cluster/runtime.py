"""What a pool needs of whatever runs its chains: steps, outcomes, and the protocol of a runtime.

`cluster.ray_runtime` runs chains on Ray, `cluster.session` in this process.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a chain: a function of the item and the results of all steps before it.

    A step `on_replica` runs inside a replica, which is its first argument.
    """

    function: Callable[..., Any]
    on_replica: bool = False
    num_cpus: float = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a chain ended: its last result, or the exception that ended it.

    `began` is False if the lane was lost before it had done anything for this chain. `beside` is
    how many other chains had begun on a lane that was lost.
    """

    value: Any = None
    error: Exception | None = None
    began: bool = True
    beside: int = 0


class Runtime(Protocol):
    """Runs the chains of a pool. A lane is a ready replica, or a slot for tasks."""

    def lanes(self) -> Sequence[Hashable]:
        """The lanes that can take work now. Raises EnvironmentFault if there can never be one."""
        ...

    def pending_lanes(self) -> int:
        """How many lanes are wanted and cannot take work yet."""
        ...

    def failed_lanes(self) -> int:
        """How many lanes are wanted and will never take work."""
        ...

    def keep(self, count: int) -> None:
        """From now on only `count` lanes are needed; idle and pending ones beyond them may end."""
        ...

    def start(self, chain: Sequence[Step], item: object, lane: Hashable) -> Hashable:
        """Start a chain on a lane; returns a ticket that `wait` names it by."""
        ...

    def wait(self, timeout_s: float) -> list[tuple[Hashable, Outcome]]:
        """The chains that have ended, as soon as one has; empty after `timeout_s`."""
        ...

    def expire(self, ticket: Hashable) -> None:
        """End a chain that passed its deadline, by force; `wait` then returns it."""
        ...
