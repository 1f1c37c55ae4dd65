"""The options of a manifest, and how many replicas fit on its nodes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal, get_args

from schemas.recipe import Recipe

Value = dict[str, Any]
"""An object of YAML, as Kubernetes and `ray up` take it: strings, numbers, lists, objects."""

Kind = Literal["cronjob", "rayjob", "raycronjob", "raycluster", "ray-up"]
KINDS: tuple[Kind, ...] = get_args(Kind)
SCHEDULED: tuple[Kind, ...] = ("cronjob", "raycronjob")

# KubeRay allows 47 characters for a RayJob. It has the name of a CronJob's job, which adds a hyphen
# and the minute since 1970 (8 digits until 2160); two characters are left as a reserve.
MAX_NAME_CHARS = 36


@dataclass(frozen=True, slots=True)
class Volume:
    """A persistent volume claim, mounted in every Ray pod at an absolute path."""

    claim: str
    path: str


@dataclass(frozen=True, slots=True)
class Machines:
    """The virtual machines of `ray-up`, on AWS."""

    region: str = "us-west-2"
    gpu_type: str = "p4d.24xlarge"  # 8 A100-40G, the machine of the yardstick
    cpu_type: str = "m7i.4xlarge"  # 16 cores, 64 GiB
    head_type: str = "m7i.2xlarge"
    instance_profile: str | None = None
    """The IAM instance profile of all machines, which gives access to the buckets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestOptions:
    """The cluster to describe: `min_nodes` to `nodes` GPU nodes, and one to `cpu_nodes` CPU nodes.

    If `gpus_per_node` is 0 (`default_gpus_per_node`), `nodes` and `min_nodes` count CPU nodes.
    """

    kind: Kind
    image: str
    ray_version: str
    name: str
    nodes: int = 1
    gpus_per_node: int = 8
    min_nodes: int = 0
    cpu_nodes: int | None = None
    cpus_per_cpu_node: int = 16
    namespace: str = "default"
    service_account: str | None = None
    """An existing account, such as one bound to a cloud role; None to print a new one."""
    secrets: tuple[str, ...] = ()
    """Secrets whose keys become environment variables of the Ray pods."""
    volumes: tuple[Volume, ...] = ()
    model_cache: str | None = None
    """A claim that keeps downloaded models; without one each pod downloads them."""
    image_pull_secret: str | None = None
    spot: bool = False
    gpu_node_selector: tuple[tuple[str, str], ...] = ()
    monitoring_namespace: str | None = None
    schedule: str | None = None
    time_zone: str = "Etc/UTC"
    deadline_hours: float | None = None
    retries: int = 3
    keep_jobs: int = 7
    """How many finished RayJobs a `cronjob` keeps for inspection."""
    machines: Machines = Machines()

    @property
    def account(self) -> str:
        """The service account of the Ray pods."""
        return self.service_account or self.name

    @property
    def reading_nodes(self) -> int:
        """The most nodes that replicas run on."""
        return self.nodes if self.gpus_per_node else self.cpu_nodes or self.nodes


def default_name(dataset: str) -> str:
    """A name for the objects of a dataset: `pagefoundry-` and the dataset's last path segment."""
    segment = dataset.rstrip("/").rpartition("/")[2].lower()
    slug = re.sub(r"[^a-z0-9]+", "-", segment).strip("-")
    return f"pagefoundry-{slug}"[:MAX_NAME_CHARS].rstrip("-")


def uses_no_gpu(recipe: Recipe) -> bool:
    """Whether no engine of the recipe could use a GPU, and no score or encoder is to."""
    if recipe.reads_texts and recipe.placement.gpus_per_replica:
        return False
    engines = (recipe.engine, recipe.fallback)
    return all(engine is None or engine.name in ("rapidocr", "endpoint") for engine in engines)


def default_gpus_per_node(recipe: Recipe) -> int:
    """The default GPUs of a node: 0 if the recipe can use none."""
    if not recipe.needs_replicas or (uses_no_gpu(recipe) and not recipe.placement.gpus_per_replica):
        return 0
    return 8


def replicas_per_node(options: ManifestOptions, recipe: Recipe) -> int:
    """How many replicas fit on a node.

    On a GPU node several may share a GPU, or one may have several GPUs. On a CPU node each has its
    threads.
    """
    if not recipe.needs_replicas:
        return 0
    if not options.gpus_per_node:
        return replicas_per_cpu_node(options, recipe)
    gpus = recipe.placement.gpus_per_replica
    if not gpus:
        return 0
    if gpus < 1:
        return options.gpus_per_node * int(1 / gpus)
    return options.gpus_per_node // int(gpus)


def replicas_per_cpu_node(options: ManifestOptions, recipe: Recipe) -> int:
    """How many replicas without a GPU fit on a CPU node.

    In a cluster with GPU nodes it is one, because a cluster that stays may get another recipe.
    """
    if options.gpus_per_node or not recipe.needs_replicas:
        return 1
    threads = recipe.placement.threads_per_replica or options.cpus_per_cpu_node
    return options.cpus_per_cpu_node // threads
