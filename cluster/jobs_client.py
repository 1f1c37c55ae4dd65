"""Ray's own client to the Jobs API of a cluster: how it is found, what is used of it, its errors.

The token of a cluster with token authentication is Ray's matter: its client reads RAY_AUTH_MODE,
RAY_AUTH_TOKEN and RAY_AUTH_TOKEN_PATH.
"""

from __future__ import annotations

import http.client
import logging
import os
import re
import socket
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol
from urllib.parse import urlsplit

from cluster.foreign_errors import is_refusal, is_unknown_job, reason
from schemas.errors import ClusterError, RequestError
from schemas.lines import first_line, last_line

CONNECT_TIMEOUT_S = 10
REQUEST_TIMEOUT_S = 60
MESSAGE_PREFIX = "pagefoundry: "
"""Begins the lines that our command prints for people, among those of a job's log."""
_PORTS = {"http": 80, "https": 443, "ray": 10001}
# Ray's client prefers this variable to the address that it is given.
_VARIABLE = "RAY_API_SERVER_ADDRESS"
_TALKATIVE = ("ray", "ray.dashboard.modules.job.sdk", "ray.dashboard.modules.dashboard_sdk")


class JobsClient(Protocol):
    """What is used of `ray.job_submission.JobSubmissionClient`."""

    def get_address(self) -> str:
        """The URL of the Jobs API."""
        ...

    def submit_job(
        self,
        *,
        entrypoint: str,
        submission_id: str,
        runtime_env: dict[str, Any],
        metadata: dict[str, str],
    ) -> str:
        """Start a job. Raises RuntimeError where the id was used before."""
        ...

    def list_jobs(self) -> Sequence[Any]:
        """All jobs, those of other programs too, as `ray.job_submission.JobDetails`."""
        ...

    def get_job_info(self, job_id: str) -> Any:
        """A job, as `ray.job_submission.JobDetails`."""
        ...

    def get_job_logs(self, job_id: str) -> str:
        """All that a job has printed."""
        ...

    def stop_job(self, job_id: str) -> bool:
        """Ask a job to end; False where it has ended."""
        ...

    def tail_job_logs(self, job_id: str) -> AsyncGenerator[str, None]:
        """What a job has printed and prints, from the beginning, until it ends."""
        ...


def connect(address: str | None = None) -> JobsClient:
    """A client to the cluster at `address`: `http://head:8265`, or what Ray takes besides:
    `host:port` of its GCS, `ray://host:port`, `auto`; by default the Ray of this machine.

    Raises:
        RequestError: that is no such address, or the cluster refuses us.
        ClusterError: nothing answers there.
    """
    with asking(without_password(address or "a Ray on this machine")):
        return _client(_resolved(address))


def _resolved(address: str | None) -> str | None:
    """The address, once something listens there: Ray itself may try for minutes."""
    if address in (None, "auto"):
        return address
    assert address is not None
    shown = without_password(address)
    found = _parts(address)
    if found is None:
        raise RequestError(f"{shown} is not an address; give one such as http://head:8265")
    scheme, host, port = found
    try:
        socket.create_connection((host, port), timeout=CONNECT_TIMEOUT_S).close()
    except OSError as exc:
        raise ClusterError(
            f"{shown} does not answer: {exc}; give the address of the cluster's dashboard, "
            "such as http://head:8265"
        ) from exc
    return f"http://{address}" if not scheme and _speaks_http(host, port) else address


def _parts(address: str) -> tuple[str, str, int] | None:
    """Scheme, host and port; None where one is missing or another's."""
    try:
        parts = urlsplit(address if "://" in address else f"//{address}")
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
    if parts.hostname is None or port is None or parts.scheme not in ("", *_PORTS):
        return None
    return parts.scheme, parts.hostname, port


def _speaks_http(host: str, port: int) -> bool:
    """Whether it is a dashboard that was meant, and not a GCS."""
    connection = http.client.HTTPConnection(host, port, timeout=CONNECT_TIMEOUT_S)
    try:
        connection.request("GET", "/api/version")
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def _client(address: str | None) -> JobsClient:
    from ray.job_submission import JobSubmissionClient

    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.ERROR)

    class PatientClient(JobSubmissionClient):  # type: ignore[misc]  # Ray has no types
        """Ray's client, but it does not wait forever."""

        def _do_request(self, *args: Any, **kwargs: Any) -> Any:
            kwargs.setdefault("timeout", REQUEST_TIMEOUT_S)
            return super()._do_request(*args, **kwargs)

    with _preferred(address):
        client: JobsClient = PatientClient(address)
    return client


@contextmanager
def _preferred(address: str | None) -> Iterator[None]:
    """What was given wins over what the environment says."""
    before = os.environ.get(_VARIABLE)
    if address is not None:
        os.environ[_VARIABLE] = address
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(_VARIABLE, None)
        else:
            os.environ[_VARIABLE] = before


# ---- errors --------------------------------------------------------------------------------


@contextmanager
def asking(address: str, job_id: str = "") -> Iterator[None]:
    """Errors of Ray's client inside become ours, as `Jobs` says."""
    import ray.exceptions

    try:
        yield
    except ray.exceptions.RayError as exc:
        if not is_refusal(exc):
            raise ClusterError(f"{address} does not answer: {first_line(exc)}") from exc
        raise RequestError(
            f"{address} refuses us: {first_line(exc)}; set RAY_AUTH_MODE=token, and the cluster's "
            "token in RAY_AUTH_TOKEN or its file in RAY_AUTH_TOKEN_PATH"
        ) from exc
    except OSError as exc:  # requests' errors are too
        raise ClusterError(f"{address} does not answer: {reason(exc)}") from exc
    except RuntimeError as exc:
        if job_id and is_unknown_job(exc):
            raise RequestError(
                f"{address} knows no job {job_id}; `pagefoundry jobs` lists them. A head that was "
                "restarted forgets its jobs: submit again to go on"
            ) from exc
        raise ClusterError(
            f"{address} failed: {last_line(str(exc), MESSAGE_PREFIX).rstrip('.')}"
        ) from exc


def without_password(address: str) -> str:
    """The address, without the user and the password that a URL may have."""
    return re.sub(r"//[^/@]*@", "//", address)
