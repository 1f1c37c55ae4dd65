"""Keeps replicas that need no GPU off the head: they ask for a resource that only CPU nodes have.

Ray may place an actor that asks for no CPU and no GPU on any node, even the head, where an engine
would take memory and cores from the driver and from Ray itself. So in a cluster that a manifest
made, CPU nodes have `REPLICA_RESOURCE`, and each such replica asks for one unit of it. Ray's
autoscaler then starts nodes for replicas, and keeps a node while a replica runs on it. The head has
`HEAD_MARK`, which tells the driver to do so even while no CPU node is up.

In a Ray that has neither resource, such as one that a run starts itself, Ray places the replicas.
"""

from __future__ import annotations

from dataclasses import replace

from cluster.replicas import ReplicaSpec

REPLICA_RESOURCE = "pagefoundry_replica"
"""A resource of CPU nodes: how many replicas without a GPU fit on the node."""
HEAD_MARK = "pagefoundry_head"
"""A resource of a head whose CPU nodes have `REPLICA_RESOURCE`, even if none of them is up."""


def placed(spec: ReplicaSpec) -> ReplicaSpec:
    """The spec with the resource that replicas ask for in this process's Ray."""
    import ray

    if spec.num_gpus or not {REPLICA_RESOURCE, HEAD_MARK} & ray.cluster_resources().keys():
        return spec
    return replace(spec, resources={REPLICA_RESOURCE: 1})
