"""KubeRay's objects: RayCluster, RayJob, RayCronJob."""

from __future__ import annotations

import json

from cluster.manifests.options import ManifestOptions, Value
from cluster.manifests.pods import (
    CONFIG_FOLDER,
    METRICS_PORT,
    RECIPE_FILE,
    SCRATCH_FOLDER,
    container_security,
    head_pod,
    labels,
    submitter_pod,
    worker_pod,
)
from cluster.manifests.sizes import NodeSize, cluster_size
from cluster.placing import HEAD_MARK, REPLICA_RESOURCE
from cluster.submit import DATASET_KEY
from schemas.recipe import Recipe

API_VERSION = "ray.io/v1"
ENTRYPOINT = f"pagefoundry run {CONFIG_FOLDER}/{RECIPE_FILE} --ray auto"
_IDLE_S = 120  # a node of eight GPUs is released two minutes after its last replica
_CLUSTER_STAYS_S = 60


def ray_cluster(options: ManifestOptions, recipe: Recipe) -> Value:
    """A cluster that stays, for `pagefoundry submit`."""
    return _object(options, "RayCluster", cluster_spec(options, recipe, with_recipe=False))


def ray_job(options: ManifestOptions, recipe: Recipe) -> Value:
    """A cluster for one run, deleted when the run has ended."""
    return _object(options, "RayJob", job_spec(options, recipe))


def ray_cron_job(options: ManifestOptions, recipe: Recipe) -> Value:
    """A RayJob at each time of the schedule. The run's lease prevents overlaps."""
    spec = {
        "schedule": options.schedule,
        "timeZone": options.time_zone,
        "jobTemplate": job_spec(options, recipe),
    }
    return _object(options, "RayCronJob", spec)


def _object(options: ManifestOptions, kind: str, spec: Value) -> Value:
    metadata = {
        "name": options.name,
        "namespace": options.namespace,
        "labels": labels(options),
    }
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}


def job_spec(options: ManifestOptions, recipe: Recipe) -> Value:
    """The spec of a RayJob, without `jobId`: KubeRay makes a new one for each try."""
    spec: Value = {
        # The entrypoint asks for no CPU or GPU, so it runs on the head, which offers none.
        "entrypoint": ENTRYPOINT,
        # `pagefoundry jobs` and `submit` know the dataset of the run by this.
        "metadata": {DATASET_KEY: recipe.dataset},
        # A separate pod follows the driver: its log outlives the cluster, it has the same security
        # settings as the other pods (a sidecar could not), and after a restart it finds the job.
        "submissionMode": "K8sJobMode",
        "submitterConfig": {"backoffLimit": 3},
        "submitterPodTemplate": submitter_pod(options),
        "shutdownAfterJobFinishes": True,
        "ttlSecondsAfterFinished": _CLUSTER_STAYS_S,
        # Each try has a new cluster. A killed run goes on from its receipts once its lease has
        # been still for a minute; a run that cannot succeed fails again before it needs a GPU.
        "backoffLimit": options.retries,
        "rayClusterSpec": cluster_spec(options, recipe, with_recipe=True),
    }
    if options.deadline_hours is not None:
        spec["activeDeadlineSeconds"] = max(1, round(options.deadline_hours * 3600))
    return spec


def cluster_spec(options: ManifestOptions, recipe: Recipe, with_recipe: bool) -> Value:
    """The head, the GPU nodes, which scale with the work, and the CPU nodes."""
    size = cluster_size(options, recipe)
    groups = []
    if size.gpu is not None:
        # num-cpus 0 keeps tasks, which ask for a CPU each, off the GPU nodes, where they would
        # take cores from the engines. Replicas ask for GPUs and no CPU.
        groups.append(_group("gpu", options, size.gpu, options.min_nodes, options.nodes, 0))
    counts = (size.least_cpu_nodes, size.cpu_nodes)
    groups.append(_group("cpu", options, size.cpu, *counts, size.cpu.cpus))
    return {
        "rayVersion": options.ray_version,
        "authOptions": {"mode": "token"},
        "enableInTreeAutoscaling": True,
        "autoscalerOptions": {
            "version": "v2",
            "idleTimeoutSeconds": _IDLE_S,
            "upscalingMode": "Default",
            "resources": {
                kind: {"cpu": "500m", "memory": "1Gi"} for kind in ("requests", "limits")
            },
            "securityContext": container_security(),
            "env": [{"name": "HOME", "value": SCRATCH_FOLDER}],
            "volumeMounts": [{"name": "scratch", "mountPath": SCRATCH_FOLDER}],
        },
        "headGroupSpec": {
            # Ray places nothing here that asks for a CPU, a GPU or a replica's place.
            "rayStartParams": {
                **_start_parameters(size.head, 0),
                "resources": _quoted({HEAD_MARK: 1}),
                "dashboard-host": "0.0.0.0",
            },
            "template": head_pod(options, size.head, with_recipe),
        },
        "workerGroupSpecs": groups,
    }


def _group(
    name: str, options: ManifestOptions, size: NodeSize, least: int, most: int, num_cpus: int
) -> Value:
    return {
        "groupName": name,
        "replicas": least,
        "minReplicas": least,
        "maxReplicas": most,
        "rayStartParams": _start_parameters(size, num_cpus),
        "template": worker_pod(options, size),
    }


def _start_parameters(size: NodeSize, num_cpus: int) -> Value:
    parameters = {
        "num-cpus": str(num_cpus),
        "num-gpus": str(size.gpus),
        "object-store-memory": str(size.object_store),
        "metrics-export-port": str(METRICS_PORT),
    }
    return parameters | (
        {"resources": _quoted({REPLICA_RESOURCE: size.replicas})} if size.replicas else {}
    )


def _quoted(resources: dict[str, int]) -> str:
    """Resources for a shell's command line and for Ray's autoscaler: JSON in double quotes, in
    which the double quotes are escaped."""
    escaped = json.dumps(resources).replace('"', '\\"')
    return f'"{escaped}"'
