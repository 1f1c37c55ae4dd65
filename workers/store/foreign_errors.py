"""Errors of libraries that only their messages tell apart. No other module here parses messages.

The messages are those of the versions in constraints.txt. The tests of this module get each from
the library itself, so an upgrade that changes one fails there.
"""

from __future__ import annotations

import re

_CODE_IN_ANSWER = re.compile(r"<Code>(\w+)</Code>")


def quoted_code(message: str) -> str | None:
    """The error code in S3's answer, which deltalake quotes in full; None where there is none."""
    found = _CODE_IN_ANSWER.search(message)
    return found[1] if found else None


def was_tried_again(message: str) -> bool:
    """Whether deltalake says that it has used up the retries of its request."""
    return " retries, max_retries" in message
