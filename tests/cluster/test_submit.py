"""Jobs over a client whose answers the test sets: ids, races, and broken connections."""

from __future__ import annotations

import asyncio
import hashlib
import signal
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cluster.submit import (
    BACKOFF_S,
    DATASET_KEY,
    RUN_KEY,
    Job,
    JobRequest,
    Jobs,
    _feed,
    _Lines,
    next_id,
)
from schemas.errors import ClusterError, RequestError

DATASET = "s3://lake/data"
NAME = hashlib.sha256(DATASET.encode()).hexdigest()[:12]
REQUEST = JobRequest(DATASET, "a run", "pagefoundry run recipe.yaml", Path("folder"))


def details(
    number: int,
    state: str = "RUNNING",
    run: str = "a run",
    message: str = "",
    exit_code: int | None = None,
) -> Any:
    """Return a job as Ray describes it."""
    return SimpleNamespace(
        submission_id=f"pagefoundry-{NAME}-{number}",
        job_id=None,
        metadata={DATASET_KEY: DATASET, RUN_KEY: run},
        status=state,
        start_time=1_795_449_892_000 + number,
        end_time=0,
        message=message,
        driver_exit_code=exit_code,
        entrypoint="",
    )


@dataclass
class FakeClient:
    """A cluster that holds these jobs and prints these chunks.

    An exception in `logs` or `gets` is raised at its turn. `before_submit` does what others do
    before a job is submitted.
    """

    jobs: list[Any] = field(default_factory=list)
    logs: list[Sequence[str | Exception]] = field(default_factory=list)
    gets: list[Exception | None] = field(default_factory=list)
    before_submit: Callable[[FakeClient], None] = lambda client: None
    submitted: list[dict[str, Any]] = field(default_factory=list)

    def get_address(self) -> str:
        return "http://user:password@head:8265"

    def submit_job(
        self,
        *,
        entrypoint: str,
        submission_id: str,
        runtime_env: dict[str, Any],
        metadata: dict[str, str],
    ) -> str:
        self.before_submit(self)
        if any(job.submission_id == submission_id for job in self.jobs):
            raise RuntimeError(
                "Request failed with status code 500: ValueError: Job with submission_id "
                f"{submission_id} already exists. Please use a different submission_id."
            )
        self.submitted.append(
            {
                "entrypoint": entrypoint,
                "submission_id": submission_id,
                "runtime_env": runtime_env,
                "metadata": metadata,
            }
        )
        self.jobs.append(details(int(submission_id.rpartition("-")[2]), "PENDING"))
        return submission_id

    def list_jobs(self) -> list[Any]:
        return list(self.jobs)

    def get_job_info(self, job_id: str) -> Any:
        if self.gets and (error := self.gets.pop(0)):
            raise error
        matching = [job for job in self.jobs if job.submission_id == job_id]
        if not matching:
            raise RuntimeError(f"Request failed with status code 404: Job {job_id} does not exist.")
        return matching[0]

    def get_job_logs(self, job_id: str) -> str:
        return ""

    def stop_job(self, job_id: str) -> bool:
        return True

    async def tail_job_logs(self, job_id: str) -> AsyncGenerator[str, None]:
        for chunk in self.logs.pop(0) if self.logs else ():
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk


def jobs_of(client: FakeClient, slept: list[float] | None = None) -> Jobs:
    return Jobs(client, sleep=(slept if slept is not None else []).append)


# ---- starting -------------------------------------------------------------------------------


def test_ids_count_up_from_the_highest_of_their_own_kind() -> None:
    assert next_id(DATASET, []) == f"pagefoundry-{NAME}-1"
    used = [f"pagefoundry-{NAME}-{number}" for number in (2, 10, 9)]
    assert next_id(DATASET, [*used, "rayjob-77", "raysubmit_99"]) == f"pagefoundry-{NAME}-11"
    assert next_id("s3://lake/other", []) != next_id(DATASET, [])


def test_a_job_is_given_its_command_and_folder_and_nothing_else() -> None:
    client = FakeClient()
    job, is_new = jobs_of(client).start(REQUEST)
    assert (job.id, is_new) == (f"pagefoundry-{NAME}-1", True)
    assert client.submitted == [
        {
            "entrypoint": REQUEST.entrypoint,
            "submission_id": job.id,
            "runtime_env": {"working_dir": "folder"},
            "metadata": {DATASET_KEY: DATASET, RUN_KEY: "a run"},
        }
    ]


@pytest.mark.parametrize("state", ["PENDING", "RUNNING"])
def test_a_run_that_is_active_is_not_started_twice(state: str) -> None:
    client = FakeClient([details(1, "SUCCEEDED"), details(2, state)])
    job, is_new = jobs_of(client).start(REQUEST)
    assert (job.id, is_new) == (f"pagefoundry-{NAME}-2", False)
    assert not client.submitted


@pytest.mark.parametrize("state", ["SUCCEEDED", "FAILED", "STOPPED"])
def test_a_run_that_has_ended_is_started_anew(state: str) -> None:
    job, is_new = jobs_of(FakeClient([details(1, state)])).start(REQUEST)
    assert (job.id, is_new) == (f"pagefoundry-{NAME}-2", True)


def test_another_request_for_the_dataset_is_refused_or_comes_beside() -> None:
    client = FakeClient([details(1, run="another run")])
    with pytest.raises(RequestError, match=f"pagefoundry stop pagefoundry-{NAME}-1"):
        jobs_of(client).start(REQUEST)
    beside = JobRequest(DATASET, "a run", "", Path("folder"), beside=True)
    assert jobs_of(client).start(beside)[0].id == f"pagefoundry-{NAME}-2"


def test_who_loses_the_race_for_an_id_finds_the_winners_job() -> None:
    def overtake(client: FakeClient) -> None:
        client.jobs = [details(1)]

    job, is_new = jobs_of(FakeClient(before_submit=overtake)).start(REQUEST)
    assert (job.id, is_new) == (f"pagefoundry-{NAME}-1", False)


def test_who_loses_the_race_to_a_job_that_ends_at_once_starts_the_next() -> None:
    def overtake(client: FakeClient) -> None:
        client.jobs = client.jobs or [details(1, "SUCCEEDED")]

    job, is_new = jobs_of(FakeClient(before_submit=overtake)).start(REQUEST)
    assert (job.id, is_new) == (f"pagefoundry-{NAME}-2", True)


# ---- following ------------------------------------------------------------------------------


def follow(client: FakeClient) -> tuple[Job | None, list[str], list[str], list[float]]:
    lines: list[str] = []
    warnings: list[str] = []
    slept: list[float] = []
    job = jobs_of(client, slept).follow(f"pagefoundry-{NAME}-1", lines.append, warnings.append)
    return job, lines, warnings, slept


def test_lines_are_whole_however_they_are_cut() -> None:
    client = FakeClient([details(1, "SUCCEEDED")], [["on", "e\ntwo\n\nth", "ree"]])
    job, lines, warnings, slept = follow(client)
    assert lines == ["one", "two", "", "three"]
    assert job is not None
    assert job.state == "SUCCEEDED"
    assert (warnings, slept) == ([], [])


def test_a_connection_that_breaks_is_made_anew_and_no_line_comes_twice() -> None:
    client = FakeClient(
        [details(1, "SUCCEEDED")],
        [["one\ntw", ConnectionResetError()], ["one\n", RuntimeError()], ["one\ntwo\nthr", "ee\n"]],
    )
    _, lines, _, slept = follow(client)
    assert lines == ["one", "two", "three"]
    assert slept == list(BACKOFF_S[:2])


def test_a_cluster_that_is_gone_is_tried_for_a_while_and_said_once() -> None:
    client = FakeClient(logs=[["one\n"]], gets=[ConnectionError("refused")] * (len(BACKOFF_S) + 1))
    job, lines, warnings, slept = follow(client)
    assert job is None
    assert lines == ["one"]
    assert slept == list(BACKOFF_S)
    assert warnings == ["http://head:8265 does not answer: refused; retrying"]


def test_a_job_that_waits_is_followed_without_end_and_says_why_once() -> None:
    waiting = details(1, "PENDING", message="No node has a GPU.")
    rounds = 3 * len(BACKOFF_S)

    class Starting(FakeClient):
        def get_job_info(self, job_id: str) -> Any:
            nonlocal rounds
            rounds -= 1
            return waiting if rounds else details(1, "SUCCEEDED")

    job, _, warnings, slept = follow(Starting())
    assert job is not None
    assert warnings == [f"pagefoundry-{NAME}-1 is waiting: No node has a GPU."]
    assert set(slept) == {BACKOFF_S[0]}


def test_a_job_that_has_ended_is_told_even_where_its_log_is_lost() -> None:
    broken = [[RuntimeError("no log")] for _ in range(len(BACKOFF_S) + 1)]
    job, lines, _, _ = follow(FakeClient([details(1, "FAILED", exit_code=2)], broken))
    assert job is not None
    assert (job.state, job.exit_code, lines) == ("FAILED", 2, [])


def test_a_head_that_forgot_the_job_says_how_to_go_on() -> None:
    with pytest.raises(RequestError, match="submit the recipe again to go on"):
        follow(FakeClient(logs=[["one\n"]]))


# ---- reporting ------------------------------------------------------------------------------


def test_only_our_jobs_are_listed_oldest_first() -> None:
    driver = SimpleNamespace(submission_id=None, metadata={}, entrypoint="")
    other = details(7)
    other.metadata, other.entrypoint = {}, "python train.py"
    by_manifest = details(3)
    by_manifest.metadata, by_manifest.entrypoint = None, "pagefoundry run /recipe/recipe.yaml"
    jobs = jobs_of(FakeClient([driver, by_manifest, other, details(1)])).list()
    assert [job.id[-1] for job in jobs] == ["1", "3"]
    assert [job.dataset for job in jobs] == [DATASET, None]


def test_the_message_of_a_failed_job_is_its_last_line() -> None:
    message = (
        "Job entrypoint command failed with exit code 2, last available logs:\n"
        "pagefoundry-progress {}\npagefoundry: s3://b: no such bucket\n"
        'pagefoundry-progress {"ended": true}\n'
    )
    job = jobs_of(FakeClient([details(1, "FAILED", message=message)])).list()[0]
    assert job.message == "s3://b: no such bucket"


def test_an_answer_that_is_an_error_is_one_line_without_the_password() -> None:
    broken = RuntimeError("Request failed with status code 500: Traceback\n  File\nOSError: full.")
    with pytest.raises(ClusterError) as caught:
        jobs_of(FakeClient(gets=[broken])).get("x")
    assert str(caught.value) == "http://head:8265 failed: OSError: full"


def test_what_does_not_answer_is_told_by_the_systems_words() -> None:
    wrapped = ConnectionError(
        "HTTPConnectionPool(host='head', port=8265): Max retries exceeded (Caused by "
        'NewConnectionError("HTTPConnection(): [Errno 111] Connection refused"))'
    )
    with pytest.raises(ClusterError) as caught:
        jobs_of(FakeClient(gets=[wrapped])).get("x")
    assert str(caught.value) == ("http://head:8265 does not answer: [Errno 111] Connection refused")


def test_ctrl_c_is_heeded_also_where_a_client_takes_it_for_a_time_out() -> None:
    async def chunks() -> AsyncGenerator[str, None]:
        signal.raise_signal(signal.SIGINT)
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            raise TimeoutError from None
        yield "a line"

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(_feed(chunks(), _Lines(lambda line: None)))
