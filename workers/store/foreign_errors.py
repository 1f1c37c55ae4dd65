"""Errors of libraries that only their words tell apart. Nothing else here looks at such words.

The words are those of the versions in constraints.txt. `tests/workers/store/test_foreign_errors.py`
gets each from the library itself, so an upgrade that changes one fails there.
"""

from __future__ import annotations

import re

_CODE_IN_ANSWER = re.compile(r"<Code>(\w+)</Code>")


def quoted_code(message: str) -> str | None:
    """The code of S3's answer, which deltalake quotes whole; None where there is none."""
    found = _CODE_IN_ANSWER.search(message)
    return found[1] if found else None


def was_tried_again(message: str) -> bool:
    """Whether deltalake says that it sent the request again, as often as it was told to."""
    return " retries, max_retries" in message
