"""A Ray cluster simulated on this machine: a head, CPU nodes, and GPU nodes to add and kill."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.local_ray import Fleet, new_fleet

_CPU_NODE_STORE_BYTES = 2**30  # two shards a replica: 320 of 0.3 MB, and their copies


@dataclass
class Nodes:
    """The nodes of a simulated cluster. Those with GPUs have no CPU, so no task runs there."""

    fleet: Fleet
    gpus_per_node: int
    gpu_nodes: list[Any]

    def add_gpu_nodes(self, count: int) -> None:
        """Add nodes with GPUs."""
        kind = {"num_gpus": self.gpus_per_node}
        self.gpu_nodes += [self.fleet.add(kind) for _ in range(count)]

    def kill_gpu_nodes(self, count: int) -> None:
        """Kill the newest nodes with all their processes."""
        for node in self.gpu_nodes[len(self.gpu_nodes) - count :]:
            self.fleet.kill(node)
        del self.gpu_nodes[len(self.gpu_nodes) - count :]


@contextmanager
def simulated_cluster(
    gpu_nodes: int, gpus_per_node: int, cpu_nodes: int, cpus_per_node: int
) -> Iterator[Nodes]:
    """A head that runs no work, and these nodes; all processes end with the context."""
    # With glibc's default of eight arenas a core, each process keeps more memory than it uses.
    os.environ.setdefault("MALLOC_ARENA_MAX", "2")
    # Each node's agent inspects its processes every 5 s, which takes 1 % of a core. Here 22 nodes
    # share two cores.
    os.environ.setdefault("REPORTER_UPDATE_INTERVAL_MS", "60000")
    cpu_node = {"num_cpus": cpus_per_node, "object_store_memory": _CPU_NODE_STORE_BYTES}
    with new_fleet(health={}) as fleet:
        fleet.have(*[cpu_node] * cpu_nodes)
        nodes = Nodes(fleet, gpus_per_node, [])
        nodes.add_gpu_nodes(gpu_nodes)
        yield nodes
