"""Errors of Ray's client to the Jobs API, which has one class for nearly all of them.

The words are those of the version in constraints.txt; `tests/cluster/test_foreign_errors.py` has
each from Ray itself, so that an upgrade which changes one fails there.
"""

from __future__ import annotations

import re

from schemas.lines import first_line

_SYSTEMS_WORDS = re.compile(r"\[Errno -?\d+\] [^\"')]+")


def is_refusal(exc: BaseException) -> bool:
    """Whether the cluster does not take our token, or wants one."""
    return type(exc).__name__ == "AuthenticationError"  # a class that older Rays do not have


def is_unknown_job(exc: RuntimeError) -> bool:
    """Whether the cluster knows no such job."""
    return "status code 404" in str(exc)


def is_used_id(exc: RuntimeError, job_id: str) -> bool:
    """Whether the id of a new job is that of another."""
    return f"{job_id} already exists" in str(exc)


def reason(exc: OSError) -> str:
    """What the system said, which requests wraps in the names of its classes; else a line."""
    found = _SYSTEMS_WORDS.search(str(exc))
    return found[0] if found else first_line(exc)
