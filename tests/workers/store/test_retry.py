"""The retry policy: which requests are sent again, how often, with what pause."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from botocore import exceptions as boto
from hypothesis import given
from hypothesis import strategies as st

from workers.store.retry import AnswerError, RetryPolicy, answer_of, is_transient, retried


def answered(status: int, code: str, **headers: str) -> OSError:
    """What s3fs raises where the store answered with an error."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = {"HTTPStatusCode": status, "HTTPHeaders": named}
    response = {"Error": {"Code": code}, "ResponseMetadata": answer}
    error = OSError(5, code)
    error.__cause__ = boto.ClientError(response, "PutObject")
    return error


def failing(*errors: Exception) -> tuple[Callable[[], Awaitable[str]], list[Exception]]:
    left = list(errors)

    async def send() -> str:
        if left:
            raise left.pop(0)
        return "answer"

    return send, left


def run(send: Callable[[], Awaitable[str]], policy: RetryPolicy) -> tuple[str, list[float]]:
    pauses: list[float] = []

    async def sleep(pause_s: float) -> None:
        pauses.append(pause_s)

    return asyncio.run(retried(send, policy, sleep)), pauses


@given(st.integers(1, 60), st.floats(0, 1))
def test_a_pause_is_below_its_bound(failures: int, chance: float) -> None:
    policy = RetryPolicy()
    bound = min(policy.cap_s, policy.base_s * 2 ** (failures - 1))
    assert policy.pause_s(failures, chance) == chance * bound


def test_transient_failures_are_survived_up_to_the_last_try() -> None:
    policy = RetryPolicy(tries=4)
    send, _ = failing(answered(503, "SlowDown"), ConnectionResetError(), TimeoutError())
    answer, pauses = run(send, policy)
    assert answer == "answer"
    assert len(pauses) == 3


@pytest.mark.parametrize(
    "slow_down",
    [
        answered(503, "SlowDown", retry_after="45"),
        AnswerError("the Hub answers 429", 429, retry_after="45"),
    ],
)
def test_a_store_that_asks_for_a_pause_gets_it(slow_down: OSError) -> None:
    send, _ = failing(slow_down)
    assert run(send, RetryPolicy()) == ("answer", [45.0])


def test_a_pause_past_the_deadline_is_not_waited_for() -> None:
    send, _ = failing(answered(503, "SlowDown", retry_after="3600"))
    with pytest.raises(OSError, match="SlowDown"):
        run(send, RetryPolicy())


def test_the_last_error_is_raised_after_the_last_try() -> None:
    errors = [answered(500, "InternalError") for _ in range(9)]
    send, left = failing(*errors)
    with pytest.raises(OSError, match="InternalError") as caught:
        run(send, RetryPolicy(tries=4))
    assert caught.value is errors[3]
    assert len(left) == 5


def test_no_try_begins_after_the_deadline() -> None:
    send, left = failing(*[ConnectionResetError() for _ in range(9)])
    with pytest.raises(ConnectionResetError):
        run(send, RetryPolicy(base_s=1e9, cap_s=1e9, deadline_s=0))
    assert len(left) == 8


def test_a_try_that_hangs_is_ended() -> None:
    async def hang() -> str:
        await asyncio.Event().wait()
        return "never"

    with pytest.raises(TimeoutError):
        run(hang, RetryPolicy(tries=2, try_timeout_s=0.01))


@pytest.mark.parametrize(
    "error",
    [
        *(answered(status, "Odd") for status in (429, 500, 502, 503, 504)),
        *(answered(400, code) for code in ("RequestTimeout", "IncompleteBody", "SlowDown")),
        answered(409, "ConditionalRequestConflict"),
        boto.ReadTimeoutError(endpoint_url="x"),
        boto.EndpointConnectionError(endpoint_url="x"),
        boto.ConnectionClosedError(endpoint_url="x"),
        ConnectionResetError(),
        TimeoutError(),
    ],
)
def test_what_may_pass_is_transient(error: Exception) -> None:
    assert is_transient(error)


@pytest.mark.parametrize(
    "error",
    [
        *(answered(403, code) for code in ("AccessDenied", "SignatureDoesNotMatch", "403")),
        *(answered(404, code) for code in ("NoSuchBucket", "NoSuchKey", "404")),
        answered(412, "PreconditionFailed"),
        boto.NoCredentialsError(),
        FileNotFoundError(),
        OSError(28, "No space left on device"),
        ValueError(),
    ],
)
def test_what_stays_as_it_is_is_raised_at_once(error: Exception) -> None:
    assert not is_transient(error)
    send, left = failing(error, error)
    with pytest.raises(type(error)):
        run(send, RetryPolicy())
    assert len(left) == 1


def test_the_stores_answer_is_found_behind_what_s3fs_raises() -> None:
    assert answer_of(answered(412, "PreconditionFailed")) == (412, "PreconditionFailed")
    assert answer_of(OSError("disk")) == (None, None)
