"""How many examples a test tries: few each time, many in `make soak`."""

from __future__ import annotations

import os

MANY = os.environ.get("PAGEFOUNDRY_MANY") == "1"


def few(count: int, of: int) -> int:
    """`count`, or `of` in a soak."""
    return of if MANY else count
