"""What the four graphs share: steps, their settings from a recipe, times, and work under a lease.

Owns the steps of a shard's chain and of the inventory, the settings that a recipe gives to workers,
plain tasks through the pool, and what a pass reports. In which order steps run is decided in the
graphs.

    results = run_tasks(check_part, parts, session)

Start reading in `shard`, then `settings` and `tasks`.
"""

from pipelines.steps.leased import Hold, LeasedSession
from pipelines.steps.outcome import PassReport
from pipelines.steps.tasks import run_tasks, task_results
from pipelines.steps.timed import Stopwatch, Timed

__all__ = [
    "Hold",
    "LeasedSession",
    "PassReport",
    "Stopwatch",
    "Timed",
    "run_tasks",
    "task_results",
]
