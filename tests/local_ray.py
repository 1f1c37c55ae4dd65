"""Ray in this process: one that most tests share, and clusters of a few nodes.

Starting Ray takes 5 s of a core. Tests to which any Ray will do use the fixture `local_ray`, and
their sessions join that Ray. A test with a cluster of its own ends it first; the next test that
needs the shared Ray starts it again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

STORE_BYTES = 80 * 2**20
# A lost node is noticed within two seconds, not twenty.
QUICK_HEALTH = {
    "health_check_initial_delay_ms": 1000,
    "health_check_period_ms": 500,
    "health_check_timeout_ms": 500,
    "health_check_failure_threshold": 4,
}


def start_local_ray() -> None:
    """Start a Ray as a run without `--ray` does, unless this process has one."""
    import ray

    from cluster.session import RaySession

    if not ray.is_initialized():
        os.environ.setdefault("RAY_metrics_report_interval_ms", "1000")  # 10 s by default
        with RaySession().runtime():  # the session is never closed, so its Ray keeps running
            pass


def end_local_ray() -> None:
    """End the Ray that this process started or joined."""
    import ray

    ray.shutdown()


@contextmanager
def cluster_of(**head: Any) -> Iterator[Any]:
    """A `ray.cluster_utils.Cluster` with this head; all its processes end with the context."""
    from ray.cluster_utils import Cluster

    end_local_ray()
    # A dashboard needs a port, which another Ray may hold.
    settings = {"include_dashboard": False, "_system_config": QUICK_HEALTH}
    cluster = Cluster(initialize_head=True, head_node_args=head | settings)
    try:
        yield cluster
    finally:
        cluster.shutdown()
