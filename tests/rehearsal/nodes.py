"""A Ray cluster simulated on this machine: a head, CPU nodes, and GPU nodes to add and kill."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psutil
from ray.cluster_utils import Cluster

from tests.local_ray import end_local_ray

MIB = 2**20
_GPU_NODE_STORE_BYTES = 80 * MIB
_CPU_NODE_STORE_BYTES = 1024 * MIB  # two shards a replica: 320 of 0.3 MB, and their copies


@dataclass
class Nodes:
    """The nodes of a simulated cluster. A GPU is only a number that Ray counts."""

    cluster: Cluster
    gpus_per_node: int
    gpu_nodes: list[Any] = field(default_factory=list)

    @property
    def address(self) -> str:
        """The address of the head."""
        return str(self.cluster.address)

    def add_gpu_nodes(self, count: int) -> None:
        """Add nodes with GPUs and no CPUs, so that no task of the graph runs there."""
        for _ in range(count):
            node = self.cluster.add_node(
                num_cpus=0,
                num_gpus=self.gpus_per_node,
                object_store_memory=_GPU_NODE_STORE_BYTES,
            )
            self.gpu_nodes.append(node)

    def kill_gpu_nodes(self, count: int) -> None:
        """Kill the newest nodes with all their processes, as when a spot machine is taken away."""
        for node in self.gpu_nodes[len(self.gpu_nodes) - count :]:
            raylet = psutil.Process(node.all_processes["raylet"][0].process.pid)
            workers = raylet.children(recursive=True)
            self.cluster.remove_node(node, allow_graceful=False)
            _end(workers)
        del self.gpu_nodes[len(self.gpu_nodes) - count :]


@contextmanager
def simulated_cluster(
    gpu_nodes: int, gpus_per_node: int, cpu_nodes: int, cpus_per_node: int
) -> Iterator[Nodes]:
    """A head that runs no work, and these nodes; all processes end with the context."""
    # With glibc's default of eight arenas a core, each process keeps more memory than it uses.
    os.environ.setdefault("MALLOC_ARENA_MAX", "2")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # Each node's agent inspects its processes every 5 s, which takes 1 % of a core. Here 22 nodes
    # share two cores.
    os.environ.setdefault("REPORTER_UPDATE_INTERVAL_MS", "60000")
    head = {
        "num_cpus": 0,
        "num_gpus": 0,
        "object_store_memory": _GPU_NODE_STORE_BYTES,
        "include_dashboard": False,
    }
    end_local_ray()
    nodes = Nodes(Cluster(initialize_head=True, head_node_args=head), gpus_per_node)
    try:
        for _ in range(cpu_nodes):
            nodes.cluster.add_node(
                num_cpus=cpus_per_node,
                num_gpus=0,
                object_store_memory=_CPU_NODE_STORE_BYTES,
            )
        nodes.add_gpu_nodes(gpu_nodes)
        yield nodes
    finally:
        nodes.cluster.shutdown()


def _end(processes: list[psutil.Process]) -> None:
    for process in processes:
        if process.is_running():
            process.kill()
    psutil.wait_procs(processes, timeout=10)
