"""Ray jobs of ours, through the Ray Jobs API: start, list, follow, read, stop.

Knows nothing of recipes: what a job runs, and the folder that it runs in, are given. A job's id
follows from its dataset and from how many jobs that dataset has had, and Ray takes an id once: so
of two that submit the same run at once, one starts it and the other finds it. Nothing of the
caller's environment goes into a job.
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
from typing import Any

from cluster.foreign_errors import is_used_id
from cluster.jobs_client import MESSAGE_PREFIX, JobsClient, asking, without_password
from schemas.errors import ClusterError, RequestError
from schemas.lines import last_line

log = logging.getLogger(__name__)

# What a job says of itself; a RayJob that was made by a manifest says it too.
DATASET_KEY = "pagefoundry_dataset"
RUN_KEY = "pagefoundry_run"

# 5 minutes in all: a head pod that is replaced is back by then.
BACKOFF_S = (1.0, 2.0, 4.0, 8.0, *(15.0,) * 19)
# A connection that says nothing for so long may be dead; it is made anew.
SILENCE_S = 60.0
_STOP_POLL_S = 0.5
_MOST_RACES = 10
_ENDED = frozenset({"STOPPED", "SUCCEEDED", "FAILED"})
_IDS = re.compile(r"pagefoundry-[0-9a-f]{12}-(\d+)")


@dataclass(frozen=True, slots=True)
class Job:
    """A job as Ray tells of it. `run` is equal for equal requests; times are Unix seconds."""

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
        """Whether it will run no more."""
        return self.state in _ENDED

    @property
    def since(self) -> str:
        """When it was submitted, for people."""
        if self.started_s is None:
            return "an unknown time"
        return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(self.started_s))


@dataclass(frozen=True, slots=True)
class JobRequest:
    """What to start: `entrypoint`, a shell command, in a copy of `folder` on the head.

    `run` tells one request from another; `beside` starts it beside another request's job on the
    same dataset.
    """

    dataset: str
    run: str
    entrypoint: str
    folder: Path
    beside: bool = False


class Jobs:
    """The jobs of a cluster.

    Every method raises ClusterError where the cluster does not answer, and RequestError where it
    refuses us or knows no such job.
    """

    def __init__(self, client: JobsClient, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._sleep = sleep
        self.address = without_password(client.get_address())

    def list(self) -> list[Job]:
        """Our jobs, those that have ended too, oldest first."""
        with asking(self.address):
            found = self._client.list_jobs()
        jobs = [_job(details) for details in found if details.submission_id and _is_ours(details)]
        return sorted(jobs, key=lambda job: (job.started_s or 0, job.id))

    def get(self, job_id: str) -> Job:
        """A job, whoever started it."""
        with asking(self.address, job_id):
            return _job(self._client.get_job_info(job_id))

    def start(self, request: JobRequest) -> tuple[Job, bool]:
        """The job of a request, and whether it was started now: one that runs is not started twice.

        Raises RequestError where another request's job works on the dataset, and not `beside`.
        """
        for _ in range(_MOST_RACES):
            jobs = [job for job in self.list() if job.dataset == request.dataset]
            active = [job for job in jobs if not job.has_ended]
            if same := [job for job in active if job.run == request.run]:
                return same[-1], False
            if active and not request.beside:
                raise RequestError(
                    f"{request.dataset}: job {active[-1].id} with another recipe or other options "
                    f"works on it since {active[-1].since}; wait for it, stop it by `pagefoundry "
                    f"stop {active[-1].id}`, or give --wait to come after it"
                )
            job_id = next_id(request.dataset, [job.id for job in jobs])
            if self._submit(job_id, request):
                return self.get(job_id), True
        raise RequestError(
            f"{request.dataset}: {_MOST_RACES} other submissions came first; see `pagefoundry jobs`"
        )

    def _submit(self, job_id: str, request: JobRequest) -> bool:
        """False where the id has been used."""
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
        """All that a job has printed."""
        with asking(self.address, job_id):
            return self._client.get_job_logs(job_id)

    def stop(self, job_id: str) -> bool:
        """Ask a job to end; False where it has ended by itself."""
        with asking(self.address, job_id):
            return self._client.stop_job(job_id)

    def wait(self, job_id: str) -> Job:
        """The job, once it has ended."""
        while not (job := self.get(job_id)).has_ended:
            self._sleep(_STOP_POLL_S)
        return job

    def follow(
        self, job_id: str, take: Callable[[str], None], say: Callable[[str], None]
    ) -> Job | None:
        """Give each line that a job has printed and prints to `take`, until it ends.

        A lost connection is made anew, and no line given twice. None where the cluster did not
        answer any more, so that nobody knows how the job ended. `say` is told of what takes long.
        """
        lines = _Lines(take)
        pauses = iter(BACKOFF_S)
        told = ""
        while True:
            at_end = self._tail(job_id, lines)
            news, job = "", None
            try:
                job = self.get(job_id)
            except ClusterError as exc:
                news = f"{exc}; trying again"
            if job is not None and not job.has_ended:
                pauses = iter(BACKOFF_S)
                if job.state == "PENDING":
                    news = f"{job_id} waits: {job.message}"
            if news and news != told:
                say(news)
            told = news
            has_ended = job is not None and job.has_ended
            pause_s = next(pauses, None)
            if (has_ended and at_end) or pause_s is None:
                lines.close()
                return job
            self._sleep(pause_s)
            lines.rewind()

    def _tail(self, job_id: str, lines: _Lines) -> bool:
        """Whether the log came to an end, and not the connection."""
        import aiohttp

        feeding = _feed(self._client.tail_job_logs(job_id), lines)
        try:
            asyncio.run(feeding)
        except (aiohttp.ClientError, OSError, RuntimeError) as exc:
            log.info("the log of %s broke off: %s", job_id, exc)
            return False
        finally:
            feeding.close()  # Ctrl-C may have come before it began
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
        if task.cancelling():  # Ctrl-C, of which a client that connects makes its own time-out
            raise asyncio.CancelledError


class _Lines:
    """Makes lines of chunks, also of chunks that come again from the beginning."""

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
        """What was given comes again."""
        self._skip_chars = self._seen_chars

    def close(self) -> None:
        if self._rest:
            self._take(self._rest)
        self._rest = ""


def next_id(dataset: str, used: Sequence[str]) -> str:
    """The id of the next job on a dataset, of which jobs had the ids `used`."""
    numbers = [int(match[1]) for match in map(_IDS.fullmatch, used) if match]
    name = hashlib.sha256(dataset.encode()).hexdigest()[:12]
    return f"pagefoundry-{name}-{max(numbers, default=0) + 1}"


def _is_ours(details: Any) -> bool:
    metadata: Mapping[str, str] = details.metadata or {}
    return DATASET_KEY in metadata or "pagefoundry run " in details.entrypoint


def _job(details: Any) -> Job:
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
