"""The sizes of the pods, by the arithmetic of the design's scale on paper (DESIGN, section 10)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from cluster.manifests.options import (
    ManifestOptions,
    replicas_per_cpu_node,
    replicas_per_node,
    uses_no_gpu,
)
from schemas.feeding import shards_at_once
from schemas.recipe import Recipe

GIB = 2**30

# The yardstick: 33 M pages a day on 160 GPUs = 382 pages/s = 2.39 pages/s for each replica.
PAGES_PER_SECOND_OF_REPLICA = 2.39
# One core rasterises 25 pages/s, half of its best (40 to 50 at 1280 pixels); finishing (scores,
# signatures, writing) is counted with the same time.
PAGES_PER_SECOND_OF_CORE = 25 / 2
# A page is 150 KB at 1280 pixels. Twice that leaves room for larger pages and for turned images of
# readings, where a replica has two shards; in many shards the average holds. Ray spills what
# exceeds it to scratch.
PAGE_BYTES = 150_000
ROOM_FOR_TWO_SHARDS = 2
RASTER_EDGE_PX = 1280

CPUS_PER_GPU = 6  # for the engine's process, decoding images, the fallback's OCR
MEMORY_PER_GPU = 24 * GIB  # weights load through host memory: 7 GB in bf16, and as much again
MEMORY_PER_CPU = 2 * GIB  # a worker and its rasterising child: 0.6 GiB; a part of 0.5 GB, twice
# A replica of PP-OCRv6 on CPUs: 0.8 GiB with one thread, 0.3 GiB more for each further one.
MEMORY_PER_REPLICA = GIB
MEMORY_PER_THREAD = GIB // 2
MODELS_GIB = 32  # two checkpoints of 7 GB, loaded and as downloads
SHARED_MEMORY_BESIDE_STORE = GIB  # for what torch and vLLM pass between processes
MIN_OBJECT_STORE = 2 * GIB


@dataclass(frozen=True, slots=True)
class NodeSize:
    """The size of one pod; memory and disk in bytes.

    `shared` is /dev/shm, which counts as memory; `scratch` and `models` are on the node's disk.
    `replicas` is how many replicas without a GPU fit.
    """

    cpus: int
    gpus: int
    memory: int
    object_store: int
    shared: int
    scratch: int
    models: int
    replicas: int = 0


@dataclass(frozen=True, slots=True)
class ClusterSize:
    """The groups of a cluster; `gpu` is None if no replica needs a GPU."""

    head: NodeSize
    cpu: NodeSize
    least_cpu_nodes: int
    cpu_nodes: int
    gpu: NodeSize | None


def cluster_size(options: ManifestOptions, recipe: Recipe) -> ClusterSize:
    """The sizes for a recipe on the nodes of the options."""
    placement = recipe.placement
    on_node = replicas_per_node(options, recipe)
    on_cpu_node = replicas_per_cpu_node(options, recipe)
    replicas = min(placement.replicas[1], options.reading_nodes * on_node)
    cpu_nodes = options.cpu_nodes or _cpu_nodes(options, replicas)
    in_flight = shards_at_once(recipe.engine, placement) + 1
    pages = max(2 * ROOM_FOR_TWO_SHARDS, in_flight) * placement.shard_pages
    page_bytes = PAGE_BYTES * max(1.0, (recipe.raster.longest_edge_px / RASTER_EDGE_PX) ** 2)
    # Without replicas the lanes are the cores, each with one task at a time.
    lanes = replicas or cpu_nodes * options.cpus_per_cpu_node
    cpus = options.cpus_per_cpu_node
    replica_memory = MEMORY_PER_REPLICA + cpus // on_cpu_node * MEMORY_PER_THREAD
    return ClusterSize(
        # The driver holds the plan and Ray's control processes hold tasks; both need few cores.
        head=_node(4, 0, 16 * GIB, 0, scratch_gib=32, models_gib=2),
        # Rasterised pages stay on their node until their shard is finished.
        cpu=_node(
            cpus,
            0,
            cpus * MEMORY_PER_CPU + placement.page_memory_bytes + on_cpu_node * replica_memory,
            lanes * pages * page_bytes / cpu_nodes,
            scratch_gib=64,
            models_gib=2 if options.gpus_per_node or uses_no_gpu(recipe) else MODELS_GIB,
            replicas=on_cpu_node,
        ),
        # One stays up: inventory, text layers and publishing need no GPU node.
        least_cpu_nodes=1 if options.gpus_per_node else max(1, min(options.min_nodes, cpu_nodes)),
        cpu_nodes=cpu_nodes,
        gpu=_node(
            options.gpus_per_node * CPUS_PER_GPU,
            options.gpus_per_node,
            options.gpus_per_node * MEMORY_PER_GPU,
            on_node * pages * page_bytes,
            scratch_gib=64,
            models_gib=MODELS_GIB,
        )
        if options.gpus_per_node
        else None,
    )


def _cpu_nodes(options: ManifestOptions, replicas: int) -> int:
    """160 replicas: 160 × 2.39 / 12.5 = 31 cores, two nodes of 16."""
    if not options.gpus_per_node:
        return options.nodes
    cores = replicas * PAGES_PER_SECOND_OF_REPLICA / PAGES_PER_SECOND_OF_CORE
    return math.ceil(cores / options.cpus_per_cpu_node)


def _node(
    cpus: int,
    gpus: int,
    processes: int,
    in_flight: float,
    scratch_gib: int,
    models_gib: int,
    replicas: int = 0,
) -> NodeSize:
    store = max(MIN_OBJECT_STORE, math.ceil(in_flight / GIB) * GIB)
    shared = store + SHARED_MEMORY_BESIDE_STORE
    memory = math.ceil((processes + shared) / GIB) * GIB
    return NodeSize(
        cpus, gpus, memory, store, shared, scratch_gib * GIB, models_gib * GIB, replicas
    )


def quantity(size: int) -> str:
    """Bytes as Kubernetes writes them, in whole GiB."""
    return f"{size // GIB}Gi"
