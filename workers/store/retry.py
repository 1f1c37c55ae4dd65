"""Retries of requests to an object store: which errors are transient, how often, with what pause.

This is the only retry policy: botocore's own retries, s3fs's and obstore's are switched off.
(deltalake sends its own requests, and obstore the parts of a large upload; they have the same
bounds.)
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import aiohttp
from botocore import exceptions as boto

from schemas.retry_after import pause_s as asked_pause_s
from workers.store.remote import CONNECT_TIMEOUT_S

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

_TRANSIENT_STATUS = {408, 429, 500, 502, 503, 504}
_TRANSIENT_CODES = {
    *("SlowDown", "InternalError", "ServiceUnavailable", "Throttling", "ThrottlingException"),
    *(
        "RequestTimeout",
        "RequestLimitExceeded",
        "BandwidthLimitExceeded",
        "PriorRequestNotComplete",
    ),
    # S3's answer to a conditional write while another request for the same key is running.
    *("ConditionalRequestConflict", "OperationAborted"),
    # Bytes were lost or damaged on the way.
    *("IncompleteBody", "BadDigest", "XAmzContentSHA256Mismatch"),
}
_TRANSIENT_ERRORS = (
    boto.HTTPClientError,
    boto.ConnectionError,
    boto.IncompleteReadError,
    boto.ResponseStreamingError,
    boto.FlexibleChecksumError,
    aiohttp.ClientError,
    ConnectionError,
    TimeoutError,
)


class AnswerError(OSError):
    """A store's answer was an error; `code` is the store's word for it, or the status.

    `retry_after` is the header of this name, if the answer has it.
    """

    def __init__(
        self, message: str, status: int, code: str | None = None, retry_after: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code or str(status)
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential backoff with full jitter: the pause before try n is uniform over 0 to
    min(cap_s, base_s * 2^(n-1)) (Brooker, "Exponential Backoff And Jitter", AWS, 2015).

    Nine tries pause 0.25 + 0.5 + 1 + 2 + 4 + 8 + 15 + 15 s at most, 23 s on average: enough for a
    server that restarts. At 5 % faults one request in 5e11 is lost.
    """

    tries: int = 9
    base_s: float = 0.25
    cap_s: float = 15
    # A try moves 16 MiB at most, which takes two minutes at 140 kB/s: slower is a hang.
    try_timeout_s: float = 120
    deadline_s: float = 300

    def pause_s(self, failures: int, chance: float) -> float:
        """The pause after this many failures; `chance` is uniform over 0 to 1."""
        return chance * min(self.cap_s, self.base_s * 2.0 ** (failures - 1))


def deltas_retries(policy: RetryPolicy) -> dict[str, str]:
    """The same bounds as storage options of deltalake."""
    return {
        "max_retries": str(policy.tries - 1),
        "retry_timeout": f"{policy.deadline_s:g}s",
        "backoff_config.init_backoff": f"{policy.base_s * 1000:g}ms",
        "backoff_config.max_backoff": f"{policy.cap_s:g}s",
        "backoff_config.base": "2",
        "connect_timeout": f"{CONNECT_TIMEOUT_S}s",
        "timeout": f"{policy.try_timeout_s:g}s",
    }


async def retried(
    send: Callable[[], Awaitable[Answer]],
    policy: RetryPolicy,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Answer:
    """The answer to a request, sent as often as the policy says.

    A pause that the store asks for is kept, if it ends before the deadline. Raises the error of the
    last try. Earlier tries may have reached the store all the same.
    """
    begin = time.monotonic()
    failures = 0
    while True:
        try:
            async with asyncio.timeout(policy.try_timeout_s):
                return await send()
        except Exception as exc:
            pause_s = max(policy.pause_s(failures + 1, random.random()), _asked_s(exc))
            late = time.monotonic() + pause_s - begin > policy.deadline_s
            if not is_transient(exc) or failures + 1 == policy.tries or late:
                raise
            failures += 1
            log.info("try %d failed (%s); again in %.2f s", failures, _name(exc), pause_s)
            await sleep(pause_s)


def is_transient(exc: BaseException) -> bool:
    """Whether the same request may succeed if it is sent again."""
    status, code = answer_of(exc)
    if code is not None:
        return code in _TRANSIENT_CODES or status in _TRANSIENT_STATUS
    return isinstance(exc, _TRANSIENT_ERRORS)


def answer_of(exc: BaseException) -> tuple[int | None, str | None]:
    """HTTP status and error code of the store's answer that caused `exc`, None where unknown.

    s3fs raises an OSError whose cause is botocore's error.
    """
    error: BaseException | None = exc
    while error is not None:
        if isinstance(error, AnswerError):
            return error.status, error.code
        if isinstance(error, boto.ClientError):
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
            return status, str(error.response.get("Error", {}).get("Code", status))
        error = error.__cause__
    return None, None


def _asked_s(exc: BaseException) -> float:
    """The pause that the store asks for in its answer; 0 where it asks for none."""
    error: BaseException | None = exc
    while error is not None:
        header = None
        if isinstance(error, AnswerError):
            header = error.retry_after
        elif isinstance(error, boto.ClientError):
            answer = error.response.get("ResponseMetadata", {})
            header = answer.get("HTTPHeaders", {}).get("retry-after")
        if header is not None:
            return asked_pause_s(header) or 0.0
        error = error.__cause__
    return 0.0


def _name(exc: BaseException) -> str:
    return answer_of(exc)[1] or type(exc).__name__
