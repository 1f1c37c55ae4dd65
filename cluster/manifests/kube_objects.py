"""Kubernetes' own objects: configuration, accounts and their rights, network policies, schedule."""

from __future__ import annotations

from urllib.parse import urlsplit

from cluster.manifests.options import ManifestOptions, Value
from cluster.manifests.pods import (
    COMPONENT,
    CONFIG_FOLDER,
    DASHBOARD_PORT,
    INSTANCE,
    JOB_FILE,
    METRICS_PORT,
    RAY,
    RECIPE_FILE,
    SCHEDULE,
    SCRATCH_FOLDER,
    config_volume,
    container_security,
    empty_dir,
    fenced_pod,
    labels,
)
from cluster.manifests.sizes import GIB
from schemas.recipe import Recipe

_API_PORTS = (443, 6443)
# Where clouds provide the credentials of a role: port 80, on GKE also 988.
_METADATA, _METADATA_PORTS = "169.254.0.0/16", (80, 988)


def config_map(options: ManifestOptions, suffix: str, files: dict[str, str]) -> Value:
    """Files for a pod. None has a secret, because a recipe cannot hold one."""
    return _object(options, "v1", "ConfigMap", suffix) | {"data": files}


def recipe_map(options: ManifestOptions, text: str) -> Value:
    """The recipe, as its author wrote it."""
    return config_map(options, "-recipe", {RECIPE_FILE: text})


def service_account(options: ManifestOptions, suffix: str = "") -> Value:
    """A service account. Its token is mounted only in pods that ask for it."""
    account = _object(options, "v1", "ServiceAccount", suffix)
    return account | {"automountServiceAccountToken": False}


def scheduler_rights(options: ManifestOptions) -> list[Value]:
    """The schedule's account, which may only create, list and delete RayJobs."""
    suffix = "-schedule"
    role = _object(options, "rbac.authorization.k8s.io/v1", "Role", suffix)
    rule = {"apiGroups": ["ray.io"], "resources": ["rayjobs"]}
    role["rules"] = [rule | {"verbs": ["create", "list", "delete"]}]
    binding = _object(options, "rbac.authorization.k8s.io/v1", "RoleBinding", suffix)
    name = options.name + suffix
    binding["roleRef"] = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name}
    subject = {"kind": "ServiceAccount", "name": name, "namespace": options.namespace}
    binding["subjects"] = [subject]
    return [service_account(options, suffix), role, binding]


def ray_network(options: ManifestOptions, recipe: Recipe) -> Value:
    """The network of the Ray pods.

    In: from each other, the operator and the monitoring. Out: to each other, name servers, the
    store and the Kubernetes API. A policy cannot name hosts, so the store is a port on any host.
    """
    ours = {"podSelector": {"matchLabels": {INSTANCE: options.name, COMPONENT: RAY}}}
    # KubeRay's chart gives its pods this label, in any namespace; it needs Ray's token, too.
    operator = {
        "namespaceSelector": {},
        "podSelector": {"matchLabels": {"app.kubernetes.io/name": "kuberay-operator"}},
    }
    ingress = [{"from": [ours]}, {"from": [operator], "ports": _tcp(DASHBOARD_PORT)}]
    if options.monitoring_namespace:
        name = {"kubernetes.io/metadata.name": options.monitoring_namespace}
        monitoring = {"namespaceSelector": {"matchLabels": name}}
        ingress.append({"from": [monitoring], "ports": _tcp(METRICS_PORT)})
    egress = [{"to": [ours]}, _names(), {"ports": _tcp(*sorted({*_API_PORTS, *_asked(recipe)}))}]
    if not options.secrets:
        # Without keys in a Secret the credentials come from a role of the machine or the account.
        egress.append({"to": [{"ipBlock": {"cidr": _METADATA}}], "ports": _tcp(*_METADATA_PORTS)})
    return _network(options, RAY, ingress, egress)


def schedule_network(options: ManifestOptions) -> Value:
    """The network of the schedule's pod: nothing in; out only to the Kubernetes API."""
    return _network(options, SCHEDULE, [], [_names(), {"ports": _tcp(*_API_PORTS)}])


def cron_job(options: ManifestOptions) -> Value:
    """Creates the RayJob at each time of the schedule, with our own image.

    `Forbid` compares only these jobs, which end when the RayJob exists. So the command itself
    checks whether an earlier RayJob still runs; the run's lease guarantees it.
    """
    pod = _schedule_pod(options)
    job = {
        # The RayJob has the job's name, so that a retried pod finds it.
        "backoffLimit": 3,
        "activeDeadlineSeconds": 600,
        "template": pod,
    }
    cron = _object(options, "batch/v1", "CronJob", "")
    cron["spec"] = {
        "schedule": options.schedule,
        "timeZone": options.time_zone,
        "concurrencyPolicy": "Forbid",
        # A controller that was down for an hour still starts the night's run.
        "startingDeadlineSeconds": 3600,
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 3,
        "jobTemplate": {"metadata": {"labels": labels(options)}, "spec": job},
    }
    return cron


def _schedule_pod(options: ManifestOptions) -> Value:
    job_name = {"fieldPath": "metadata.labels['batch.kubernetes.io/job-name']"}
    container: Value = {
        "name": "schedule",
        "image": options.image,
        "command": [
            *("pagefoundry", "create-rayjob", f"{CONFIG_FOLDER}/{JOB_FILE}"),
            *("--name", "$(JOB_NAME)", "--keep-jobs", str(options.keep_jobs)),
        ],
        "env": [
            {"name": "JOB_NAME", "valueFrom": {"fieldRef": job_name}},
            {"name": "HOME", "value": SCRATCH_FOLDER},
        ],
        "resources": {kind: {"cpu": "500m", "memory": "1Gi"} for kind in ("requests", "limits")},
        "securityContext": container_security(),
        "volumeMounts": [
            {"name": "job", "mountPath": CONFIG_FOLDER, "readOnly": True},
            {"name": "scratch", "mountPath": SCRATCH_FOLDER},
        ],
    }
    volumes = [config_volume("job", f"{options.name}-job"), empty_dir("scratch", GIB)]
    pod = fenced_pod(options, SCHEDULE, container, volumes)
    account = {"serviceAccountName": f"{options.name}-schedule"}
    pod["spec"] |= account | {"automountServiceAccountToken": True}
    return pod


def _network(
    options: ManifestOptions, component: str, ingress: list[Value], egress: list[Value]
) -> Value:
    policy = _object(options, "networking.k8s.io/v1", "NetworkPolicy", f"-{component}")
    policy["spec"] = {
        "podSelector": {"matchLabels": {INSTANCE: options.name, COMPONENT: component}},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": ingress,
        "egress": egress,
    }
    return policy


def _names() -> Value:
    """Name servers at any address: a node's own DNS cache is outside the cluster's network."""
    return {"ports": [{"protocol": protocol, "port": 53} for protocol in ("UDP", "TCP")]}


def _asked(recipe: Recipe) -> tuple[int, ...]:
    """The ports of the store and of `endpoint`'s servers, and that of the Hub and AWS."""
    engines = (recipe.engine, recipe.fallback)
    urls = [url for engine in engines if engine is not None for url in engine.urls or ()]
    asked = [urlsplit(url) for url in (recipe.storage.endpoint or "https://", *urls)]
    return (443, *(url.port or {"http": 80}.get(url.scheme, 443) for url in asked))


def _tcp(*ports: int) -> list[Value]:
    return [{"protocol": "TCP", "port": port} for port in ports]


def _object(options: ManifestOptions, api_version: str, kind: str, suffix: str) -> Value:
    metadata = {
        "name": options.name + suffix,
        "namespace": options.namespace,
        "labels": labels(options),
    }
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata}
