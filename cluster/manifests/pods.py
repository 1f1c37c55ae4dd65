"""The pods: containers, volumes, probes, and the fences around them."""

from __future__ import annotations

from typing import Any

from cluster.manifests.options import ManifestOptions
from cluster.manifests.sizes import GIB, NodeSize, quantity

Value = dict[str, Any]

CONFIG_FOLDER = "/pagefoundry"
RECIPE_FILE = "recipe.yaml"
JOB_FILE = "rayjob.yaml"
MODEL_FOLDER = "/models"
SCRATCH_FOLDER = "/tmp"

USER_ID = 1000  # of the Dockerfile's user
GCS_PORT, DASHBOARD_PORT, AGENT_PORT, METRICS_PORT = 6379, 8265, 52365, 8080

INSTANCE, COMPONENT = "app.kubernetes.io/instance", "app.kubernetes.io/component"
RAY, SCHEDULE = "ray", "schedule"  # components: who may talk to whom

# The taints of nodes that may go at any time, and the labels that name them: GKE, AKS, EKS,
# Karpenter. The terms of a required affinity are alternatives, so one list serves all four.
_SPOT_TAINTS = (
    ("cloud.google.com/gke-spot", "true"),
    ("kubernetes.azure.com/scalesetpriority", "spot"),
)
_SPOT_LABELS = (
    *_SPOT_TAINTS,
    ("eks.amazonaws.com/capacityType", "SPOT"),
    ("karpenter.sh/capacity-type", "spot"),
)


def labels(options: ManifestOptions, component: str | None = None) -> Value:
    """Labels of ours. `app.kubernetes.io/name` is KubeRay's on its pods, so it is left alone."""
    found = {INSTANCE: options.name, "app.kubernetes.io/part-of": "pagefoundry"}
    return found | ({COMPONENT: component} if component else {})


def head_pod(options: ManifestOptions, size: NodeSize, with_recipe: bool) -> Value:
    """The head: Ray's control, its dashboard, the autoscaler that KubeRay adds, and the driver."""
    ports = {"gcs-server": GCS_PORT, "dashboard": DASHBOARD_PORT, "metrics": METRICS_PORT}
    container = _ray_container("ray-head", options, size, ports)
    template = _ray_pod(options, container, size)
    # The autoscaler beside Ray adds and removes worker pods, by the token of this account.
    template["spec"]["automountServiceAccountToken"] = True
    if with_recipe:
        container["volumeMounts"].append(_mount("recipe", CONFIG_FOLDER, read_only=True))
        template["spec"]["volumes"].append(config_volume("recipe", f"{options.name}-recipe"))
    return template


def worker_pod(options: ManifestOptions, size: NodeSize) -> Value:
    """A worker that fills a node: all its GPUs, or CPUs alone."""
    container = _ray_container("ray-worker", options, size, {"metrics": METRICS_PORT})
    template = _ray_pod(options, container, size)
    if size.gpus:
        template["spec"] |= _gpu_nodes(options)
    return template


def _gpu_nodes(options: ManifestOptions) -> Value:
    gpu = {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
    spec: Value = {"tolerations": [gpu]}
    if options.gpu_node_selector:
        spec["nodeSelector"] = dict(options.gpu_node_selector)
    if options.spot:
        spec["tolerations"] += [
            {"key": key, "operator": "Equal", "value": value, "effect": "NoSchedule"}
            for key, value in _SPOT_TAINTS
        ]
        terms = [
            {"matchExpressions": [{"key": key, "operator": "In", "values": [value]}]}
            for key, value in _SPOT_LABELS
        ]
        required = {"nodeSelectorTerms": terms}
        spec["affinity"] = {
            "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}
        }
    return spec


def submitter_pod(options: ManifestOptions) -> Value:
    """What submits the job and prints what the driver says, until it ends. KubeRay adds the
    command, the token and the job's id."""
    container: Value = {
        "name": "submitter",
        "image": options.image,
        "env": _environment({"HOME": SCRATCH_FOLDER}),
        "resources": _equal_resources({"cpu": "500m", "memory": "1Gi"}),
        "securityContext": container_security(),
        "volumeMounts": [_mount("scratch", SCRATCH_FOLDER)],
    }
    return fenced_pod(options, RAY, container, [empty_dir("scratch", GIB)])


def fenced_pod(
    options: ManifestOptions, component: str, container: Value, volumes: list[Value]
) -> Value:
    """A pod template of one container, as no root, without an API token, that is not restarted."""
    spec: Value = {
        "serviceAccountName": options.account,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        # A pod that failed is replaced: by KubeRay's autoscaler, or by the job's own count.
        "restartPolicy": "Never",
        "securityContext": pod_security(),
        "containers": [container],
        "volumes": volumes,
    }
    if options.image_pull_secret:
        spec["imagePullSecrets"] = [{"name": options.image_pull_secret}]
    return {"metadata": {"labels": labels(options, component)}, "spec": spec}


def _ray_pod(options: ManifestOptions, container: Value, size: NodeSize) -> Value:
    models: Value = (
        {"name": "models", "persistentVolumeClaim": {"claimName": options.model_cache}}
        if options.model_cache
        else empty_dir("models", size.models)
    )
    volumes = [
        {
            "name": "shared-memory",
            "emptyDir": {"medium": "Memory", "sizeLimit": quantity(size.shared)},
        },
        empty_dir("scratch", size.scratch),
        models,
    ]
    volumes += [
        {"name": f"volume-{index}", "persistentVolumeClaim": {"claimName": volume.claim}}
        for index, volume in enumerate(options.volumes)
    ]
    template = fenced_pod(options, RAY, container, volumes)
    # A spot node is announced 30 to 120 seconds ahead; Ray's own end takes a few of them.
    template["spec"]["terminationGracePeriodSeconds"] = 30
    return template


def _ray_container(
    name: str, options: ManifestOptions, size: NodeSize, ports: dict[str, int]
) -> Value:
    resources = {
        "cpu": str(size.cpus),
        "memory": quantity(size.memory),
        "ephemeral-storage": quantity(size.scratch + size.models + GIB),  # and what it logs
    }
    if size.gpus:
        resources["nvidia.com/gpu"] = str(size.gpus)
    container: Value = {
        "name": name,
        "image": options.image,
        "ports": [{"name": name, "containerPort": port} for name, port in ports.items()],
        "env": _environment(
            {
                # The root is read-only: caches of compilers and libraries go to scratch.
                "HOME": SCRATCH_FOLDER,
                "HF_HOME": MODEL_FOLDER,
                "RAY_USAGE_STATS_ENABLED": "0",
                # A job that is stopped finishes its upload and gives its lease back.
                "RAY_JOB_STOP_WAIT_TIME_S": "30",
            }
        ),
        "resources": _equal_resources(resources),
        "securityContext": container_security(),
        "livenessProbe": _probe(period_s=10, failures=12),
        "readinessProbe": _probe(period_s=5, failures=12),
        "volumeMounts": [
            _mount("shared-memory", "/dev/shm"),
            _mount("scratch", SCRATCH_FOLDER),
            _mount("models", MODEL_FOLDER),
            *(_mount(f"volume-{i}", volume.path) for i, volume in enumerate(options.volumes)),
        ],
    }
    if options.secrets:
        container["envFrom"] = [{"secretRef": {"name": secret}} for secret in options.secrets]
    return container


def _probe(period_s: int, failures: int) -> Value:
    """KubeRay adds probes where there are none, and lives with a dead node for ten minutes, or
    asks by `wget`, which the image has not. The agent answers for its node, the head's also for
    Ray's control, and needs no token for it (Ray 2.53)."""
    return {
        "httpGet": {"path": "/api/healthz", "port": AGENT_PORT},
        "initialDelaySeconds": 10,
        "periodSeconds": period_s,
        "timeoutSeconds": 5,
        "failureThreshold": failures,
    }


def pod_security() -> Value:
    """No root. `workers.rasterising.native` filters the system calls of its children, which the
    runtime's own filter allows."""
    return {
        "runAsNonRoot": True,
        "runAsUser": USER_ID,
        "runAsGroup": USER_ID,
        "fsGroup": USER_ID,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def container_security() -> Value:
    """A root file system that cannot be written, and no way to more rights."""
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "capabilities": {"drop": ["ALL"]},
    }


def empty_dir(name: str, size: int) -> Value:
    """A folder on the node's disk that goes with the pod."""
    return {"name": name, "emptyDir": {"sizeLimit": quantity(size)}}


def config_volume(name: str, config_map: str) -> Value:
    """The files of a ConfigMap."""
    return {"name": name, "configMap": {"name": config_map}}


def _mount(name: str, path: str, read_only: bool = False) -> Value:
    found: Value = {"name": name, "mountPath": path}
    return found | ({"readOnly": True} if read_only else {})


def _environment(values: dict[str, str]) -> list[Value]:
    return [{"name": name, "value": value} for name, value in values.items()]


def _equal_resources(values: dict[str, str]) -> Value:
    """Requests equal to limits: such pods are the last that a full node evicts."""
    return {"requests": dict(values), "limits": dict(values)}
