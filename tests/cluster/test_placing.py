"""Replicas without a GPU run on the CPU nodes of a manifest, never on its head."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from ray.autoscaler._private.kuberay.autoscaling_config import (
    _derive_autoscaling_config_from_ray_cr,
)
from ray.cluster_utils import Cluster

from cluster.runtime import Runtime
from cluster.session import ReplicaSpec, open_session
from tests.cluster.manifest_samples import ON_CPUS, only, options, rendered
from tests.local_ray import STORE_BYTES, cluster_of

pytestmark = pytest.mark.ray

PATIENCE_S = 120
# The recipe's replicas have two threads each, so a node of 4 CPUs has room for two.
MANIFEST = rendered(options("raycluster", gpus_per_node=0, nodes=2, cpus_per_cpu_node=4), ON_CPUS)


class Reader:
    """A replica."""


def node_of(kind: str) -> dict[str, Any]:
    """Return a manifest node's resources, as Ray's autoscaler reads them, for `add_node`."""
    derived = _derive_autoscaling_config_from_ray_cr(only(MANIFEST, "RayCluster"))
    resources = dict(derived["available_node_types"][kind]["resources"])
    return {
        "num_cpus": resources.pop("CPU"),
        "num_gpus": resources.pop("GPU"),
        "resources": {name: count for name, count in resources.items() if name != "memory"},
        "object_store_memory": STORE_BYTES,
    }


def ready(runtime: Runtime, count: int) -> list[str]:
    """Wait until `count` replicas are ready; return their nodes."""
    import ray

    deadline_s = time.monotonic() + PATIENCE_S
    while len(lanes := runtime.lanes()) < count:
        assert time.monotonic() < deadline_s, f"{len(lanes)} of {count} replicas are ready"
        time.sleep(0.05)
    return [ray.get(lane.device.remote()).node for lane in lanes]  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def described() -> Iterator[Cluster]:
    """Start a cluster with only the head of the manifest."""
    with cluster_of(**node_of("headgroup")) as cluster:
        yield cluster


@pytest.mark.slow
def test_while_no_cpu_node_is_up_a_replica_waits_for_one(described: Cluster) -> None:
    with (
        open_session(described.address) as session,
        session.runtime(ReplicaSpec(Reader, count=1)) as runtime,
    ):
        assert tuple(runtime.lanes()) == ()
        node = described.add_node(**node_of("cpu"))
        assert ready(runtime, 1) == [node.node_id]
    described.remove_node(node)


def test_no_replica_is_on_the_head_and_each_node_has_as_many_as_it_has_room_for(
    described: Cluster,
) -> None:
    nodes = [described.add_node(**node_of("cpu")).node_id for _ in range(2)]
    with (
        open_session(described.address) as session,
        session.runtime(ReplicaSpec(Reader, count=5)) as runtime,
    ):
        used_nodes = ready(runtime, 4)
        assert sorted(used_nodes) == sorted(nodes * 2)
        assert runtime.pending_lanes() == 1  # Ray's autoscaler would start a node for it
