"""Where replicas go that need no GPU: a resource of the CPU nodes keeps them off the head.

Ray places an actor that asks for no CPU and no GPU on any node, the head included, where driver
and control would share memory and cores with an engine. So the CPU nodes of a cluster that a
manifest made have `REPLICA_RESOURCE`, and each such replica asks for one of it: Ray's autoscaler
brings nodes up for them, and leaves a node up while one is on it. The head has
`HEAD_MARK` instead, so that a driver knows it of a cluster whose CPU nodes are all away.

A Ray that has neither, such as one that a run starts on this machine, places them as it likes.
"""

from __future__ import annotations

from dataclasses import replace

from cluster.replicas import ReplicaSpec

REPLICA_RESOURCE = "pagefoundry_replica"
"""Of a CPU node: for how many replicas without a GPU it has room."""
HEAD_MARK = "pagefoundry_head"
"""Of a head whose cluster has CPU nodes with `REPLICA_RESOURCE`, now or when they are asked for."""


def placed(spec: ReplicaSpec) -> ReplicaSpec:
    """The spec with what a replica asks for in the Ray that this process is in."""
    import ray

    if spec.num_gpus or not {REPLICA_RESOURCE, HEAD_MARK} & ray.cluster_resources().keys():
        return spec
    return replace(spec, resources={REPLICA_RESOURCE: 1})
