"""Creates a RayJob through the Kubernetes API, as the schedule's pod does each night.

Uses only the standard library, so the image needs no kubectl, which can neither check whether an
earlier job still runs nor delete old ones in one command. The caller reads the pod's token.
"""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import quote

from schemas.errors import EnvironmentFault, RequestError

Value = dict[str, Any]  # an object of Kubernetes

INSTANCE = "app.kubernetes.io/instance"
# KubeRay's `jobDeploymentStatus` of a RayJob that will not change again.
_FINISHED = ("Complete", "Failed", "ValidationFailed")
_TIMEOUT_S = 30


class Kubernetes(Protocol):
    """The API of a cluster, within one namespace."""

    @property
    def namespace(self) -> str:
        """The namespace."""
        ...

    def call(self, method: str, path: str, body: Value | None = None) -> tuple[int, Value]:
        """The HTTP status and the object of the answer. Raises EnvironmentFault if none comes."""
        ...


@dataclass(frozen=True, slots=True)
class KubernetesApi:
    """The API over HTTPS with a pod's token. `authority` is the certificate in PEM."""

    address: str
    token: str = field(repr=False)
    authority: str = field(repr=False)
    namespace: str

    def call(self, method: str, path: str, body: Value | None = None) -> tuple[int, Value]:
        """Send one request, without a retry: the pod's job retries a pod that fails."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, headers, method=method)
        context = ssl.create_default_context(cadata=self.authority)
        handler = urllib.request.HTTPSHandler(context=context)
        # There is no proxy between a pod and its cluster, so the environment's is ignored.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), handler)
        try:
            with opener.open(request, timeout=_TIMEOUT_S) as answer:
                return answer.status, json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as exc:
            return exc.code, {"message": exc.read(500).decode(errors="replace")}
        except (OSError, ValueError) as exc:
            raise EnvironmentFault(
                f"the Kubernetes API at {self.address} does not answer: {exc}"
            ) from exc


@dataclass(frozen=True, slots=True)
class Scheduled:
    """The names of the RayJob that was created, or of an earlier one that still runs, and of the
    old ones that were deleted."""

    created: str | None
    running: str | None
    cleared: tuple[str, ...]


def create_rayjob(api: Kubernetes, manifest: Value, name: str, keep_jobs: int) -> Scheduled:
    """Create the RayJob under `name`, unless an earlier one of the same instance still runs.

    If a RayJob with this name exists, an earlier try has created it, which is no failure. Of the
    finished RayJobs the newest `keep_jobs` stay.
    """
    _check(manifest)
    instance = manifest["metadata"]["labels"][INSTANCE]
    jobs = _expect(api, "GET", f"{_path(api)}?labelSelector={quote(f'{INSTANCE}={instance}')}")
    items: list[Value] = jobs["items"]
    finished = [job for job in items if _status(job) in _FINISHED]
    running = [job for job in items if _status(job) not in _FINISHED]
    others = [_name(job) for job in running if _name(job) != name]
    if not others:
        metadata = manifest["metadata"] | {"name": name, "namespace": api.namespace}
        _expect(api, "POST", _path(api), manifest | {"metadata": metadata}, also=409)
    finished.sort(key=lambda job: (job["metadata"].get("creationTimestamp", ""), _name(job)))
    old = [_name(job) for job in finished[: max(0, len(finished) - keep_jobs)]]
    for job_name in old:
        _expect(api, "DELETE", f"{_path(api)}/{quote(job_name)}", also=404)
    return Scheduled(None if others else name, others[0] if others else None, tuple(old))


def _check(manifest: Value) -> None:
    match manifest:
        case {"kind": "RayJob", "metadata": {"labels": {"app.kubernetes.io/instance": str()}}}:
            return
        case _:
            raise RequestError(
                "the file is not a RayJob that `pagefoundry manifest --kind cronjob` prints; print "
                "it again"
            )


def _path(api: Kubernetes) -> str:
    return f"/apis/ray.io/v1/namespaces/{quote(api.namespace)}/rayjobs"


def _name(job: Value) -> str:
    return str(job["metadata"]["name"])


def _status(job: Value) -> str | None:
    status: str | None = job.get("status", {}).get("jobDeploymentStatus")
    return status


def _expect(
    api: Kubernetes, method: str, path: str, body: Value | None = None, also: int | None = None
) -> Value:
    status, answer = api.call(method, path, body)
    if 200 <= status < 300 or status == also:
        return answer
    reason = str(answer.get("message", ""))[:300]
    if status in (401, 403):
        raise RequestError(
            f"the pod's account may not {method} rayjobs in {api.namespace}; apply the Role and "
            f"RoleBinding that `pagefoundry manifest` prints ({reason})"
        )
    if status == 404:
        raise RequestError(
            f"the cluster has no rayjobs.ray.io; install the KubeRay operator ({reason})"
        )
    if status in (400, 422):
        raise RequestError(f"the cluster refuses the RayJob: {reason}")
    raise EnvironmentFault(f"the Kubernetes API answered {method} {path} with {status}: {reason}")
