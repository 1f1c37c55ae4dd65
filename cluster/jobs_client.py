"""Ray's client to the Jobs API of a cluster: how to connect, the methods we use, its errors.

Ray's client handles token authentication itself: it reads RAY_AUTH_MODE, RAY_AUTH_TOKEN and
RAY_AUTH_TOKEN_PATH.
"""

from __future__ import annotations

import http.client
import logging
import os
import re
import socket
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from cluster.foreign_errors import is_refusal, is_unknown_job, reason
from schemas.errors import ClusterError, RequestError
from schemas.lines import first_line, last_line

if TYPE_CHECKING:
    from ray.job_submission import JobDetails
    from requests import Response

CONNECT_TIMEOUT_S = 10
REQUEST_TIMEOUT_S = 60
MESSAGE_PREFIX = "pagefoundry: "
"""Begins the lines that our command prints for people, among those of a job's log."""
_PORTS = {"http": 80, "https": 443, "ray": 10001}
# Ray's client uses this variable instead of the address that it is given.
_VARIABLE = "RAY_API_SERVER_ADDRESS"
_NOISY_LOGGERS = ("ray", "ray.dashboard.modules.job.sdk", "ray.dashboard.modules.dashboard_sdk")


class JobsClient(Protocol):
    """The part of `ray.job_submission.JobSubmissionClient` that we use."""

    def get_address(self) -> str:
        """The URL of the Jobs API."""
        ...

    def submit_job(
        self,
        *,
        entrypoint: str,
        submission_id: str,
        runtime_env: dict[str, object],
        metadata: dict[str, str],
    ) -> str:
        """Start a job. Raises RuntimeError if the id was used before."""
        ...

    def list_jobs(self) -> Sequence[JobDetails]:
        """All jobs, including those of other programs."""
        ...

    def get_job_info(self, job_id: str) -> JobDetails:
        """One job."""
        ...

    def get_job_logs(self, job_id: str) -> str:
        """All that a job has printed."""
        ...

    def stop_job(self, job_id: str) -> bool:
        """Stop a job; False if it has already ended."""
        ...

    def tail_job_logs(self, job_id: str) -> AsyncGenerator[str, None]:
        """The job's output from its beginning, as it comes, until the job ends."""
        ...


def connect(address: str | None = None) -> JobsClient:
    """A client to the cluster at `address`; None for the Ray of this machine.

    The address is `http://head:8265`, or another that Ray accepts: `host:port` of its GCS,
    `ray://host:port`, `auto`.

    Raises:
        RequestError: the address is not valid, or the cluster rejects our token.
        ClusterError: nothing answers at the address.
    """
    with asking(without_password(address or "a Ray on this machine")):
        return _client(_resolved(address))


def _resolved(address: str | None) -> str | None:
    """The address, after a check that something listens there: Ray itself may try for minutes."""
    if address in (None, "auto"):
        return address
    assert address is not None
    shown = without_password(address)
    parts = _parts(address)
    if parts is None:
        raise RequestError(f"{shown} is not a valid address; give one such as http://head:8265")
    scheme, host, port = parts
    try:
        socket.create_connection((host, port), timeout=CONNECT_TIMEOUT_S).close()
    except OSError as exc:
        raise ClusterError(
            f"{shown} does not answer: {exc}; give the address of the cluster's dashboard, "
            "such as http://head:8265"
        ) from exc
    return f"http://{address}" if not scheme and _speaks_http(host, port) else address


def _parts(address: str) -> tuple[str, str, int] | None:
    """Scheme, host and port; None if host or port is missing or the scheme is not Ray's."""
    try:
        parts = urlsplit(address if "://" in address else f"//{address}")
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
    if parts.hostname is None or port is None or parts.scheme not in ("", *_PORTS):
        return None
    return parts.scheme, parts.hostname, port


def _speaks_http(host: str, port: int) -> bool:
    """Whether the address is a dashboard's, and not a GCS's."""
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

    for name in _NOISY_LOGGERS:
        logging.getLogger(name).setLevel(logging.ERROR)

    class PatientClient(JobSubmissionClient):  # type: ignore[misc]  # Ray has no types
        """Ray's client with a time-out."""

        def _do_request(self, *args: object, **options: object) -> Response:
            options.setdefault("timeout", REQUEST_TIMEOUT_S)
            response: Response = super()._do_request(*args, **options)
            return response

    with _preferred(address):
        client: JobsClient = PatientClient(address)
    return client


@contextmanager
def _preferred(address: str | None) -> Iterator[None]:
    """Within this context the address overrides the one in the environment."""
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
    """Turns the errors of Ray's client in this context into ours, as `Jobs` documents them."""
    import ray.exceptions

    try:
        yield
    except ray.exceptions.RayError as exc:
        if not is_refusal(exc):
            raise ClusterError(f"{address} does not answer: {first_line(exc)}") from exc
        raise RequestError(
            f"{address} refuses access: {first_line(exc)}; set RAY_AUTH_MODE=token, and the "
            "cluster's token in RAY_AUTH_TOKEN or its file in RAY_AUTH_TOKEN_PATH"
        ) from exc
    except OSError as exc:  # the errors of requests are OSErrors
        raise ClusterError(f"{address} does not answer: {reason(exc)}") from exc
    except RuntimeError as exc:
        if job_id and is_unknown_job(exc):
            raise RequestError(
                f"{address} has no job {job_id}; `pagefoundry jobs` lists its jobs. A head that "
                "was restarted has lost them: submit the recipe again to go on"
            ) from exc
        raise ClusterError(
            f"{address} failed: {last_line(str(exc), MESSAGE_PREFIX).rstrip('.')}"
        ) from exc


def without_password(address: str) -> str:
    """The address without a user and password."""
    return re.sub(r"//[^/@]*@", "//", address)
