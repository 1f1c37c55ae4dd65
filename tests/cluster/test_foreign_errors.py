"""Error messages of Ray's client of the Jobs API, provoked in Ray itself.

The error for an id that is in use needs a head: `tests/pipelines/cli/test_jobs.py` tests it.
"""

from __future__ import annotations

import json
import re
from contextlib import AbstractContextManager

import pytest

from cluster.foreign_errors import is_refusal, is_unknown_job, reason
from cluster.jobs_client import asking, connect
from schemas.errors import ClusterError, RequestError
from tests.answers import answering

VERSION = json.dumps(
    {"version": "4", "ray_version": "2", "ray_commit": "", "session_name": "session"}
)


def dashboard(status: int, text: str) -> AbstractContextManager[str]:
    """A dashboard that gives this answer to every request except the one for its version."""
    return answering(lambda path: (200, VERSION) if "version" in path else (status, text))


def test_an_unknown_job_is_told_from_a_head_that_fails() -> None:
    for status, is_unknown in ((404, True), (500, False)):
        with dashboard(status, "Traceback: it is so") as url:
            client = connect(url)
            with pytest.raises(RuntimeError) as caught:
                client.get_job_info("job-4040")
            assert is_unknown_job(caught.value) == is_unknown
            expected = RequestError if is_unknown else ClusterError
            with pytest.raises(expected), asking(url, "job-4040"):
                client.get_job_info("job-4040")


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_has_a_class_of_its_own(status: int) -> None:
    with dashboard(status, "Unauthorized: the token is wrong") as url:
        client = connect(url)
        with pytest.raises(Exception, match="token is wrong") as caught:  # Ray's own class
            client.list_jobs()
        assert is_refusal(caught.value)
        with pytest.raises(RequestError, match="refuses access"), asking(url):
            client.list_jobs()


def test_what_the_system_said_is_found_in_the_error_of_a_request() -> None:
    with dashboard(200, "[]") as url:
        client = connect(url)
    with pytest.raises(OSError, match="refused") as caught:
        client.list_jobs()
    assert re.fullmatch(r"\[Errno 111\] Connection refused", reason(caught.value))
