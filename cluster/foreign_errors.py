"""Tells the errors of Ray's Jobs API client apart: Ray has one class for nearly all of them.

The texts are those of the version in constraints.txt. `tests/cluster/test_foreign_errors.py` makes
Ray raise each of them, so that an upgrade which changes a text fails there.
"""

from __future__ import annotations

import re

from schemas.lines import first_line

_SYSTEM_ERROR = re.compile(r"\[Errno -?\d+\] [^\"')]+")


def is_refusal(exc: BaseException) -> bool:
    """Whether the cluster rejects our token, or asks for one."""
    return (
        type(exc).__name__ == "AuthenticationError"
    )  # older versions of Ray do not have this class


def is_unknown_job(exc: RuntimeError) -> bool:
    """Whether the cluster knows no such job."""
    return "status code 404" in str(exc)


def is_used_id(exc: RuntimeError, job_id: str) -> bool:
    """Whether the id of a new job is already taken."""
    return f"{job_id} already exists" in str(exc)


def reason(exc: OSError) -> str:
    """The operating system's error, without the class names that requests adds; else a line."""
    match = _SYSTEM_ERROR.search(str(exc))
    return match[0] if match else first_line(exc)
