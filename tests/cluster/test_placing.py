"""Replicas without a GPU run on the CPU nodes of a manifest, never on its head."""

from __future__ import annotations

import time

import pytest
from ray.autoscaler._private.kuberay.autoscaling_config import (
    _derive_autoscaling_config_from_ray_cr,
)

from cluster.runtime import Runtime
from cluster.session import ReplicaSpec
from tests.cluster.manifest_samples import ON_CPUS, only, options, rendered
from tests.local_ray import Fleet, Kind

pytestmark = pytest.mark.ray

PATIENCE_S = 120
# Replicas have one thread each, so a node of 2 CPUs has room for two.
MANIFEST = rendered(
    options("raycluster", gpus_per_node=0, nodes=2, cpus_per_cpu_node=2),
    ON_CPUS.replace("threads_per_replica: 2", "threads_per_replica: 1"),
)


class Reader:
    """A replica."""


def node_of(kind: str) -> Kind:
    """Return a manifest node's resources, as Ray's autoscaler reads them."""
    derived = _derive_autoscaling_config_from_ray_cr(only(MANIFEST, "RayCluster"))
    resources = dict(derived["available_node_types"][kind]["resources"])
    return {
        "num_cpus": resources.pop("CPU"),
        "num_gpus": resources.pop("GPU"),
        "resources": {name: count for name, count in resources.items() if name != "memory"},
    }


def ready(runtime: Runtime, count: int) -> list[str]:
    """Wait until `count` replicas are ready; return their nodes."""
    import ray

    deadline_s = time.monotonic() + PATIENCE_S
    while len(lanes := runtime.lanes()) < count:
        assert time.monotonic() < deadline_s, f"{len(lanes)} of {count} replicas are ready"
        time.sleep(0.05)
    return [ray.get(lane.device.remote()).node for lane in lanes]  # type: ignore[attr-defined]


@pytest.mark.slow
def test_replicas_wait_for_a_cpu_node_and_fill_it_and_none_is_on_the_head(fleet: Fleet) -> None:
    head, cpu = node_of("headgroup"), node_of("cpu")
    fleet.have(head)
    with (
        fleet.joined() as session,
        session.runtime(ReplicaSpec(Reader, count=3)) as runtime,
    ):
        assert tuple(runtime.lanes()) == ()
        _, node = fleet.have(head, cpu)
        assert ready(runtime, 2) == [node.node_id] * 2
        assert runtime.pending_lanes() == 1  # Ray's autoscaler would start a node for it
