"""Creates a RayJob through the Kubernetes API, as the schedule's pod does each night.

By the standard library alone: the image needs no kubectl, which could not do it either, as it
neither looks whether an earlier job still runs nor clears old ones. What reads the pod's token
from its files is the caller.
"""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import quote

from schemas.errors import EnvironmentFault, RequestError

Value = dict[str, Any]

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
        """The status and the object that it answers. Raises EnvironmentFault where it does not."""
        ...


@dataclass(frozen=True, slots=True)
class KubernetesApi:
    """The API over HTTPS, by a pod's token. `authority` is the certificate in PEM."""

    address: str
    token: str = field(repr=False)
    authority: str = field(repr=False)
    namespace: str

    def call(self, method: str, path: str, body: Value | None = None) -> tuple[int, Value]:
        """Ask once: a pod that fails is tried again by its job."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, headers, method=method)
        context = ssl.create_default_context(cadata=self.authority)
        handler = urllib.request.HTTPSHandler(context=context)
        # No proxy of the environment stands between a pod and its cluster.
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
    """What became of a time of the schedule: the RayJob's name, or the earlier one that still
    runs; and the old ones that were cleared."""

    created: str | None
    running: str | None
    cleared: tuple[str, ...]


def create_rayjob(api: Kubernetes, manifest: Value, name: str, keep_jobs: int) -> Scheduled:
    """Create the RayJob under `name`, unless an earlier one of the same instance still runs.

    A RayJob that has the name already was made by an earlier try: that is no failure. Of those
    that have finished, the newest `keep_jobs` stay.
    """
    _check(manifest)
    instance = manifest["metadata"]["labels"][INSTANCE]
    jobs = _expect(api, "GET", f"{_path(api)}?labelSelector={quote(f'{INSTANCE}={instance}')}")
    found: list[Mapping[str, Any]] = jobs["items"]
    finished = [job for job in found if _status(job) in _FINISHED]
    running = [job for job in found if _status(job) not in _FINISHED]
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
                "not the RayJob that `pagefoundry manifest --kind cronjob` prints; print it anew"
            )


def _path(api: Kubernetes) -> str:
    return f"/apis/ray.io/v1/namespaces/{quote(api.namespace)}/rayjobs"


def _name(job: Mapping[str, Any]) -> str:
    return str(job["metadata"]["name"])


def _status(job: Mapping[str, Any]) -> str | None:
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
            f"the pod's account may not {method} rayjobs in {api.namespace}: apply the Role and "
            f"RoleBinding that `pagefoundry manifest` prints ({reason})"
        )
    if status == 404:
        raise RequestError(
            f"the cluster knows no rayjobs.ray.io: install the KubeRay operator ({reason})"
        )
    if status in (400, 422):
        raise RequestError(f"the cluster refuses the RayJob: {reason}")
    raise EnvironmentFault(f"the Kubernetes API answered {method} {path} with {status}: {reason}")
