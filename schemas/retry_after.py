"""The header `Retry-After` of HTTP, which servers of models and of documents send alike."""

from __future__ import annotations

import email.utils
import math
from datetime import UTC, datetime


def pause_s(retry_after: str | None) -> float | None:
    """The seconds of a Retry-After header, which may be a number or a date; None for none.

    >>> pause_s("120"), pause_s("soon")
    (120.0, None)
    """
    if retry_after is None:
        return None
    try:
        seconds = float(retry_after)
        return max(0.0, seconds) if math.isfinite(seconds) else None
    except ValueError:
        pass
    try:
        until = email.utils.parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.now(UTC)).total_seconds())
