"""Ray in this process: one that most tests share, and a cluster of a few nodes that others share.

Starting Ray takes 5 s of a core, and each node of a cluster 2 s. Tests to which any Ray will do use
the fixture `local_ray`, and their sessions join that Ray. Tests of nodes use the fixture `fleet`: a
cluster whose nodes are added when a test needs them and stay for the next. A process is in one
of the two at a time.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psutil

from tests.marked_processes import MARK, kill, marked

if TYPE_CHECKING:
    from ray.cluster_utils import Cluster

    from cluster.session import Session

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


# ---- a cluster -------------------------------------------------------------------------------

Kind = Mapping[str, Any]
"""What a node has: arguments of `Cluster.add_node`. A GPU is only a number that Ray counts."""
# Each CPU of a node starts a worker, needed or not.
CPU_NODE: Kind = {"num_cpus": 1}
GPU_NODE: Kind = {"num_gpus": 1}
_NOTHING: Kind = {"num_cpus": 0, "num_gpus": 0, "object_store_memory": STORE_BYTES}


@dataclass
class Fleet:
    """A Ray cluster on this machine: a head that takes no work, and nodes that come and go.

    Its processes and their children have `mark` in their environment (`tests.marked_processes`).
    """

    cluster: Cluster
    mark: str
    _nodes: list[tuple[Kind, Any]] = field(default_factory=list)

    @property
    def address(self) -> str:
        """The address of the head."""
        return str(self.cluster.address)

    @contextmanager
    def joined(self) -> Iterator[Session]:
        """A session on this cluster; this process leaves whatever Ray it was in."""
        from cluster.session import open_session

        end_local_ray()
        with open_session(self.address) as session:
            yield session

    def have(self, *kinds: Kind) -> list[Any]:
        """Make these all nodes beside the head: add those that lack, end all others.

        Returns the nodes in the order of their kinds.
        """
        spare, found = list(self._nodes), []
        for kind in kinds:
            same = next((one for one in spare if one[0] == kind), None)
            spare = [one for one in spare if one is not same]
            found.append(same)
        for _, node in spare:
            self.kill(node)
        return [
            same[1] if same else self.add(kind) for kind, same in zip(kinds, found, strict=True)
        ]

    def add(self, kind: Kind) -> Any:
        """Add one node."""
        with _marked(self.mark):
            node = self.cluster.add_node(**{**_NOTHING, **kind})
        self._nodes.append((kind, node))
        return node

    def kill(self, node: Any) -> None:
        """Kill a node with all its processes, as when a spot machine is taken away."""
        self._nodes = [one for one in self._nodes if one[1] is not node]
        raylet = psutil.Process(node.all_processes["raylet"][0].process.pid)
        workers = raylet.children(recursive=True)
        self.cluster.remove_node(node, allow_graceful=False)
        kill(workers)


@contextmanager
def new_fleet(health: Mapping[str, int] = QUICK_HEALTH) -> Iterator[Fleet]:
    """A cluster of a head only; all its processes end with the context."""
    from ray._private.authentication import authentication_token_setup as authentication
    from ray.cluster_utils import Cluster

    mark = uuid.uuid4().hex
    end_local_ray()
    # The first `ray.init` of a process makes all that this process starts later ask for a token.
    # The head must ask for one too, or it could not call nodes that are added later.
    authentication.enable_token_auth_by_default()
    authentication.ensure_token_if_auth_enabled()
    # A dashboard needs a port, which another Ray may hold. Nobody reads what the two others watch.
    spared = {"include_dashboard": False, "include_log_monitor": False, "no_monitor": True}
    head = {**_NOTHING, **spared, "_system_config": dict(health)}
    with _marked(mark):
        cluster = Cluster(initialize_head=True, head_node_args=head)
    try:
        yield Fleet(cluster, mark)
    finally:
        end_local_ray()
        cluster.shutdown()
        kill(marked(mark))


@contextmanager
def _marked(mark: str) -> Iterator[None]:
    """Start processes with this mark, and without reports to Ray's makers."""
    variables = {MARK: mark, "RAY_USAGE_STATS_ENABLED": "0"}
    before = {name: os.environ.get(name) for name in variables}
    os.environ |= variables
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
