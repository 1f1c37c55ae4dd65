"""The pods: containers, volumes, probes, and their security settings."""

from __future__ import annotations

from cluster.manifests.options import ManifestOptions, Value
from cluster.manifests.sizes import GIB, NodeSize, quantity

CONFIG_FOLDER = "/pagefoundry"
RECIPE_FILE = "recipe.yaml"
JOB_FILE = "rayjob.yaml"
MODEL_FOLDER = "/models"
SCRATCH_FOLDER = "/tmp"

USER_ID = 1000  # of the Dockerfile's user
GCS_PORT, DASHBOARD_PORT, AGENT_PORT, METRICS_PORT = 6379, 8265, 52365, 8080

INSTANCE, COMPONENT = "app.kubernetes.io/instance", "app.kubernetes.io/component"
RAY, SCHEDULE = "ray", "schedule"  # components, which network policies name

# The taints and the labels of spot nodes on GKE, AKS, EKS and Karpenter. The terms of a required
# affinity are alternatives, so one list serves all four.
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
    """Our labels. `app.kubernetes.io/name` is not among them: KubeRay sets it on its pods."""
    ours = {INSTANCE: options.name, "app.kubernetes.io/part-of": "pagefoundry"}
    return ours | ({COMPONENT: component} if component else {})


def head_pod(options: ManifestOptions, size: NodeSize, with_recipe: bool) -> Value:
    """The head: Ray's control processes, its dashboard, KubeRay's autoscaler, and the driver."""
    ports = {"gcs-server": GCS_PORT, "dashboard": DASHBOARD_PORT, "metrics": METRICS_PORT}
    container = _ray_container("ray-head", options, size, ports)
    template = _ray_pod(options, container, size)
    # The autoscaler in this pod adds and removes worker pods with this account's token.
    template["spec"]["automountServiceAccountToken"] = True
    if with_recipe:
        container["volumeMounts"].append(_mount("recipe", CONFIG_FOLDER, read_only=True))
        template["spec"]["volumes"].append(config_volume("recipe", f"{options.name}-recipe"))
    return template


def worker_pod(options: ManifestOptions, size: NodeSize) -> Value:
    """A worker that takes a whole node: all its GPUs, or all CPUs of a CPU node."""
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
    """The pod that submits the job and prints the driver's output until the job ends.

    KubeRay adds the command, the token and the job's id.
    """
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
    """A pod template of one container: no root, no API token, not restarted."""
    spec: Value = {
        "serviceAccountName": options.account,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        # A failed pod is replaced by KubeRay's autoscaler, or by the job's retries.
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
    # The loss of a spot node is announced 30 to 120 s ahead; Ray needs a few seconds to stop.
    template["spec"]["terminationGracePeriodSeconds"] = 30
    return template


def _ray_container(
    name: str, options: ManifestOptions, size: NodeSize, ports: dict[str, int]
) -> Value:
    resources = {
        "cpu": str(size.cpus),
        "memory": quantity(size.memory),
        "ephemeral-storage": quantity(size.scratch + size.models + GIB),  # and for logs
    }
    if size.gpus:
        resources["nvidia.com/gpu"] = str(size.gpus)
    container: Value = {
        "name": name,
        "image": options.image,
        "ports": [{"name": name, "containerPort": port} for name, port in ports.items()],
        "env": _environment(
            {
                # The root file system is read-only: caches go to scratch.
                "HOME": SCRATCH_FOLDER,
                "HF_HOME": MODEL_FOLDER,
                "RAY_USAGE_STATS_ENABLED": "0",
                # A job that is stopped has this time to finish an upload and release its lease.
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
    """Ask the node's agent for its health; on the head it also answers for Ray's control processes.

    KubeRay's own probes would tolerate a dead node for ten minutes, or use `wget`, which the image
    does not have. The agent needs no token (Ray 2.53).
    """
    return {
        "httpGet": {"path": "/api/healthz", "port": AGENT_PORT},
        "initialDelaySeconds": 10,
        "periodSeconds": period_s,
        "timeoutSeconds": 5,
        "failureThreshold": failures,
    }


def pod_security() -> Value:
    """No root, and the runtime's filter of system calls.

    `workers.rasterising.native` adds its own filter in its children, which the runtime's allows.
    """
    return {
        "runAsNonRoot": True,
        "runAsUser": USER_ID,
        "runAsGroup": USER_ID,
        "fsGroup": USER_ID,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def container_security() -> Value:
    """A read-only root file system, and no way to gain rights."""
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "capabilities": {"drop": ["ALL"]},
    }


def empty_dir(name: str, size: int) -> Value:
    """A folder on the node's disk, deleted with the pod."""
    return {"name": name, "emptyDir": {"sizeLimit": quantity(size)}}


def config_volume(name: str, config_map: str) -> Value:
    """A volume with the files of a ConfigMap."""
    return {"name": name, "configMap": {"name": config_map}}


def _mount(name: str, path: str, read_only: bool = False) -> Value:
    mount: Value = {"name": name, "mountPath": path}
    return mount | ({"readOnly": True} if read_only else {})


def _environment(values: dict[str, str]) -> list[Value]:
    return [{"name": name, "value": value} for name, value in values.items()]


def _equal_resources(values: dict[str, str]) -> Value:
    """Requests equal to limits: a full node evicts such pods last."""
    return {"requests": dict(values), "limits": dict(values)}
