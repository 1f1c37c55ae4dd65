"""PageFoundry's jobs on a Ray cluster, through the Ray Jobs API: start, list, follow, read, stop.

Knows nothing of recipes: the caller gives the command of a job and its folder. A job's id is made
of its dataset and the number of jobs that the dataset has had, and Ray accepts an id only once. So
if two callers submit the same run at the same time, one starts it and the other finds it. Nothing
of the caller's environment goes into a job.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cluster.foreign_errors import is_used_id
from cluster.jobs_client import MESSAGE_PREFIX, JobsClient, asking, without_password
from schemas.errors import ClusterError, RequestError
from schemas.lines import last_line

if TYPE_CHECKING:
    from ray.job_submission import JobDetails

log = logging.getLogger(__name__)

# Keys of a job's metadata; a RayJob that a manifest makes has the first.
DATASET_KEY = "pagefoundry_dataset"
RUN_KEY = "pagefoundry_run"

# 5 minutes in all: enough for a head pod to be replaced.
BACKOFF_S = (1.0, 2.0, 4.0, 8.0, *(15.0,) * 19)
# A connection that is silent for so long may be dead; it is opened again.
SILENCE_S = 60.0
_STOP_POLL_S = 0.5
_MAX_RACES = 10
_ENDED = frozenset({"STOPPED", "SUCCEEDED", "FAILED"})
_JOB_ID = re.compile(r"pagefoundry-[0-9a-f]{12}-(\d+)")


@dataclass(frozen=True, slots=True)
class Job:
    """A job, as Ray describes it. Equal requests have an equal `run`; times are Unix seconds."""

    id: str
    dataset: str | None
    run: str | None
    state: str
    started_s: float | None
    ended_s: float | None
    message: str
    exit_code: int | None

    @property
    def has_ended(self) -> bool:
        """Whether the job has ended."""
        return self.state in _ENDED

    @property
    def since(self) -> str:
        """When the job was submitted, for people."""
        if self.started_s is None:
            return "an unknown time"
        return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(self.started_s))


@dataclass(frozen=True, slots=True)
class JobRequest:
    """A job to start: the shell command `entrypoint` in a copy of `folder` on the head.

    Equal requests have an equal `run`. With `beside` the job may start while another request's job
    works on the same dataset.
    """

    dataset: str
    run: str
    entrypoint: str
    folder: Path
    beside: bool = False


class Jobs:
    """The jobs of a cluster.

    Every method raises ClusterError if the cluster does not answer, and RequestError if it refuses
    access or has no such job.
    """

    def __init__(self, client: JobsClient, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._sleep = sleep
        self.address = without_password(client.get_address())

    def list(self) -> list[Job]:
        """PageFoundry's jobs, including ended ones, oldest first."""
        with asking(self.address):
            listed = self._client.list_jobs()
        jobs = [_job(details) for details in listed if details.submission_id and _is_ours(details)]
        return sorted(jobs, key=lambda job: (job.started_s or 0, job.id))

    def get(self, job_id: str) -> Job:
        """A job, whoever started it."""
        with asking(self.address, job_id):
            return _job(self._client.get_job_info(job_id))

    def start(self, request: JobRequest) -> tuple[Job, bool]:
        """The job of a request, and whether it is new: a request that runs is not started again.

        Raises RequestError if another request's job works on the dataset, unless `beside` is set.
        """
        for _ in range(_MAX_RACES):
            jobs = [job for job in self.list() if job.dataset == request.dataset]
            active = [job for job in jobs if not job.has_ended]
            if same := [job for job in active if job.run == request.run]:
                return same[-1], False
            if active and not request.beside:
                raise RequestError(
                    f"{request.dataset}: job {active[-1].id} has worked on it since "
                    f"{active[-1].since} with another recipe or other options; wait for it, stop "
                    f"it with `pagefoundry stop {active[-1].id}`, or give --wait to run after it"
                )
            job_id = next_id(request.dataset, [job.id for job in jobs])
            if self._submit(job_id, request):
                return self.get(job_id), True
        raise RequestError(
            f"{request.dataset}: {_MAX_RACES} other submissions were faster; see `pagefoundry jobs`"
        )

    def _submit(self, job_id: str, request: JobRequest) -> bool:
        """Submit a job; False if its id is already taken."""
        with asking(self.address):
            try:
                self._client.submit_job(
                    entrypoint=request.entrypoint,
                    submission_id=job_id,
                    runtime_env={"working_dir": str(request.folder)},
                    metadata={DATASET_KEY: request.dataset, RUN_KEY: request.run},
                )
            except RuntimeError as exc:
                if not is_used_id(exc, job_id):
                    raise
                return False
        return True

    def logs(self, job_id: str) -> str:
        """All output of a job."""
        with asking(self.address, job_id):
            return self._client.get_job_logs(job_id)

    def stop(self, job_id: str) -> bool:
        """Stop a job; False if it has already ended."""
        with asking(self.address, job_id):
            return self._client.stop_job(job_id)

    def wait(self, job_id: str) -> Job:
        """Wait until a job has ended."""
        while not (job := self.get(job_id)).has_ended:
            self._sleep(_STOP_POLL_S)
        return job

    def follow(
        self, job_id: str, take: Callable[[str], None], say: Callable[[str], None]
    ) -> Job | None:
        """Pass each line of a job's output to `take`, from its beginning until the job ends.

        A lost connection is opened again, and no line is passed twice. Returns None if the cluster
        stopped answering, so that the job's end is unknown. `say` gets a line about each delay.
        """
        lines = _Lines(take)
        pauses = iter(BACKOFF_S)
        last_news = ""
        while True:
            at_end = self._tail(job_id, lines)
            news, job = "", None
            try:
                job = self.get(job_id)
            except ClusterError as exc:
                news = f"{exc}; retrying"
            if job is not None and not job.has_ended:
                pauses = iter(BACKOFF_S)
                if job.state == "PENDING":
                    news = f"{job_id} is waiting: {job.message}"
            if news and news != last_news:
                say(news)
            last_news = news
            has_ended = job is not None and job.has_ended
            pause_s = next(pauses, None)
            if (has_ended and at_end) or pause_s is None:
                lines.close()
                return job
            self._sleep(pause_s)
            lines.rewind()

    def _tail(self, job_id: str, lines: _Lines) -> bool:
        """Read the log; True if it ended, False if the connection was lost."""
        import aiohttp

        feeding = _feed(self._client.tail_job_logs(job_id), lines)
        try:
            asyncio.run(feeding)
        except (aiohttp.ClientError, OSError, RuntimeError) as exc:
            log.info("the connection to the log of %s was lost: %s", job_id, exc)
            return False
        finally:
            feeding.close()  # Ctrl-C may have come before it started
        return True


async def _feed(chunks: AsyncGenerator[str, None], lines: _Lines) -> None:
    """Raises TimeoutError after `SILENCE_S` without a chunk."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    try:
        async with aclosing(chunks), asyncio.timeout(SILENCE_S) as silence:
            async for chunk in chunks:
                lines.feed(chunk)
                silence.reschedule(loop.time() + SILENCE_S)
    finally:
        if task.cancelling():  # Ctrl-C: a client that is connecting turns it into a time-out
            raise asyncio.CancelledError


class _Lines:
    """Cuts chunks into lines, and skips what it has seen when chunks start from the beginning."""

    def __init__(self, take: Callable[[str], None]) -> None:
        self._take = take
        self._rest = ""
        self._seen_chars = 0
        self._skip_chars = 0

    def feed(self, chunk: str) -> None:
        skipped = min(self._skip_chars, len(chunk))
        self._skip_chars -= skipped
        self._seen_chars += len(chunk) - skipped
        *whole, self._rest = (self._rest + chunk[skipped:]).split("\n")
        for line in whole:
            self._take(line.rstrip("\r"))

    def rewind(self) -> None:
        """Expect all chunks again from the beginning."""
        self._skip_chars = self._seen_chars

    def close(self) -> None:
        if self._rest:
            self._take(self._rest)
        self._rest = ""


def next_id(dataset: str, used: Sequence[str]) -> str:
    """The id of the next job on a dataset whose earlier jobs had the ids `used`."""
    numbers = [int(match[1]) for match in map(_JOB_ID.fullmatch, used) if match]
    name = hashlib.sha256(dataset.encode()).hexdigest()[:12]
    return f"pagefoundry-{name}-{max(numbers, default=0) + 1}"


def _is_ours(details: JobDetails) -> bool:
    metadata: Mapping[str, str] = details.metadata or {}
    return DATASET_KEY in metadata or "pagefoundry run " in details.entrypoint


def _job(details: JobDetails) -> Job:
    metadata: Mapping[str, str] = details.metadata or {}
    return Job(
        id=details.submission_id or details.job_id,
        dataset=metadata.get(DATASET_KEY),
        run=metadata.get(RUN_KEY),
        state=str(details.status),
        started_s=None if details.start_time is None else details.start_time / 1000,
        ended_s=None if not details.end_time else details.end_time / 1000,
        message=last_line(details.message or "", MESSAGE_PREFIX),
        exit_code=details.driver_exit_code,
    )
