"""A bound on requests a second that holds for all processes of a run together.

    turn = session.pace("s3://commoncrawl", 300)
    turn()    # returns when another request may be sent

A turn is a value that tasks carry to other machines. On Ray one actor gives all turns of a place,
in the order in which it is asked; it says how long to wait, so clocks need not agree.
"""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from schemas.errors import ClusterError

if TYPE_CHECKING:
    from ray.actor import ActorClass, ActorHandle

ANSWER_TIMEOUT_S = 60.0

Turn = Callable[[], None]
"""Returns when another request may be sent."""


class Pace:
    """Deals turns that are `1 / per_s` seconds apart. Any thread may ask."""

    def __init__(self, per_s: float, now_s: Callable[[], float] = time.monotonic) -> None:
        self._interval_s = 1 / per_s
        self._now_s = now_s
        self._next_s = now_s()
        self._lock = threading.Lock()

    def wait_s(self) -> float:
        """Take the next turn; the seconds until it comes."""
        with self._lock:
            now_s = self._now_s()
            start_s = max(now_s, self._next_s)
            self._next_s = start_s + self._interval_s
            return start_s - now_s


@dataclass(frozen=True, slots=True)
class TurnHere:
    """Turns of a pace in this process."""

    pace: Pace

    def __call__(self) -> None:
        """Wait for a turn."""
        time.sleep(self.pace.wait_s())


@dataclass(frozen=True, slots=True)
class TurnOnRay:
    """Turns of a pace that an actor keeps."""

    actor: ActorHandle

    def __call__(self) -> None:
        """Wait for a turn. Raises ClusterError where nobody gives one."""
        time.sleep(self.wait_s())

    def wait_s(self) -> float:
        """Take the next turn; the seconds until it comes."""
        import ray

        try:
            return float(ray.get(self.actor.wait_s.remote(), timeout=ANSWER_TIMEOUT_S))
        except ray.exceptions.RayError as exc:
            raise ClusterError(
                f"the actor that bounds `requests_per_s` does not answer ({type(exc).__name__})"
            ) from exc


def turn_on_ray(per_s: float) -> TurnOnRay:
    """Start the actor of a pace. It starts again where its node is lost."""
    options = {"num_cpus": 0, "max_restarts": -1, "max_task_retries": -1}
    return TurnOnRay(_actor_class().options(**options).remote(per_s))


@functools.cache
def _actor_class() -> ActorClass:
    import ray

    return ray.remote(Pace)
